//! Certificates of the hub's own authority in a running star: issued, shown, and dead from the
//! moment of their revocation, whatever they had opened (T1, T2).

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Lab, Options, hub_binary, program, tool, wait_for};

/// From the answer to a revocation to the end of what its certificate had opened (T-1).
const AT_ONCE: Duration = Duration::from_millis(100);
const OFTEN: Duration = Duration::from_millis(20);
const SOON: Duration = Duration::from_secs(10);

/// A person's certificate with its key, as the command handed it over.
struct Person {
    serial: String,
    cert: String,
    key: String,
}

fn ca(lab: &Lab, args: &[&str]) -> (Option<i32>, Value, String) {
    let output = Command::new(hub_binary())
        .args(["ca", "--json", "--dir"])
        .arg(lab.path())
        .args(args)
        .output()
        .expect("the command starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}

fn issue(lab: &Lab, profile: &str, subject: &str) -> Person {
    let out = lab.path().join("people");
    let out = out.to_str().expect("UTF-8");
    let order = ["issue", "--profile", profile, "--subject", subject, "--out", out];
    let (code, issued, said) = ca(lab, &order);
    assert_eq!(code, Some(0), "{said}");
    let text = |key: &str| issued[key].as_str().expect("a text").to_owned();
    Person { serial: text("serial"), cert: text("cert"), key: text("key") }
}

/// A question to the dashboard by certificate: the status and the body, or what curl said.
fn ask(lab: &Json, person: &Person, path: &str) -> Result<(u16, String), String> {
    let output = curl(lab, person)
        .args(["-w", "\n%{http_code}", "-H", "accept: application/json"])
        .arg(lab.url(path))
        .output()
        .expect("curl starts");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = said.rsplit_once('\n').expect("a status");
    Ok((status.parse().expect("a status"), body.to_owned()))
}

fn curl(lab: &Json, person: &Person) -> Command {
    let mut curl = program("curl");
    curl.args(["-sSN", "--max-time", "20", "--cacert", lab.text("ca_cert")]);
    curl.args(["--cert", &person.cert, "--key", &person.key]);
    curl
}

/// What `lab.json` says.
struct Json(Value);

impl Json {
    fn text(&self, key: &str) -> &str {
        self.0[key].as_str().expect("a text")
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.text("dashboard_url"))
    }

    /// `localhost:8443`
    fn authority(&self) -> &str {
        self.text("dashboard_url").trim_start_matches("https://").trim_end_matches('/')
    }
}

/// An idle connection that stands on a certificate, with a session to be resumed.
fn idle(lab: &Json, person: &Person, more: &[&str]) -> Child {
    let mut openssl = program("openssl");
    openssl.args(["s_client", "-connect", lab.authority(), "-servername", "localhost"]);
    openssl.args(["-CAfile", lab.text("ca_cert"), "-cert", &person.cert, "-key", &person.key]);
    openssl.args(["-cert_chain", &person.cert, "-ign_eof", "-alpn", "http/1.1"]).args(more);
    openssl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    openssl.spawn().expect("openssl starts")
}

/// Asks over a connection of openssl and waits for the whole answer.
fn over(mut openssl: Child) -> String {
    let request = b"GET /me HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nConnection: close\r\n\r\n";
    drop(openssl.stdin.take().expect("a pipe").write_all(request));
    let output = openssl.wait_with_output().expect("openssl ends");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Waits until the child has printed `word`.
fn until(child: &mut Child, word: &str) {
    let (mut all, mut bytes) = (Vec::new(), [0; 4096]);
    let stdout = child.stdout.as_mut().expect("a pipe");
    while !String::from_utf8_lossy(&all).contains(word) {
        let length = stdout.read(&mut bytes).expect("it can be read");
        assert!(length > 0, "it ended before {word}: {}", String::from_utf8_lossy(&all));
        all.extend(&bytes[..length]);
    }
}

/// When the child's output ended.
fn end_of(mut child: Child) -> Instant {
    let mut rest = Vec::new();
    drop(child.stdout.take().expect("a pipe").read_to_end(&mut rest));
    let ended = Instant::now();
    drop(child.wait());
    ended
}

/// covers: T1.2, T1.3, T2.1, T2.2
#[test]
fn a_certificate_opens_what_its_owner_may_until_it_is_revoked_and_then_nothing() {
    let lab = Lab::start(&Options { segments: 4, ..Options::default() });
    let json = Json(lab.json());
    let person = issue(&lab, "civil-servant-file", "CN=Айгүл Омарова,O=Әкімдік");
    let officer = issue(&lab, "administrator", "CN=Officer");
    for text in ["root", "chain"] {
        let chain = ["-CAfile", json.text("ca_cert"), "-untrusted", json.text("issuer_cert")];
        tool(
            "openssl",
            &[&["verify", "-purpose", "sslclient"], &chain[..], &[&person.cert]].concat(),
        );
        println!("openssl verifies the {text}");
    }
    let (status, me) = ask(&json, &person, "/me").expect("it opens");
    let me: Value = serde_json::from_str(&me).expect("JSON");
    let rights = json!(["portal.enter"]);
    assert_eq!((status, &me["name"], &me["rights"]), (200, &json!("Айгүл Омарова"), &rights));
    assert_eq!(me["serial"], json!(person.serial));
    let (status, refused) = ask(&json, &person, "/api/v1/segments").expect("an answer");
    assert_eq!(status, 403, "a civil servant is no administrator: {refused}");
    assert_eq!(ask(&json, &officer, "/api/v1/segments").expect("an answer").0, 200);

    let session = lab.path().join("session");
    let session = session.to_str().expect("UTF-8");
    let first = over(idle(&json, &officer, &["-sess_out", session]));
    assert!(first.contains("\"administrator\""), "{first}");
    let again = over(idle(&json, &officer, &["-sess_in", session]));
    assert!(again.contains("Reused, ") && again.contains("\"administrator\""), "{again}");

    let stream = |http: &str| {
        let mut curl = curl(&json, &officer);
        curl.args([http, &json.url("/api/v1/events")]).stdout(Stdio::piped());
        curl.stderr(Stdio::null()).spawn().expect("curl starts")
    };
    let mut open = [stream("--http1.1"), stream("--http2"), idle(&json, &officer, &[])];
    until(&mut open[0], "event:");
    until(&mut open[1], "event:");
    until(&mut open[2], "Verify return code");
    let ends: Vec<_> =
        open.into_iter().map(|child| std::thread::spawn(move || end_of(child))).collect();
    let (code, revoked, said) =
        ca(&lab, &["revoke", "--serial", &officer.serial, "--reason", "keyCompromise"]);
    let answered = Instant::now();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        (&revoked["state"], &revoked["reason"]),
        (&json!("revoked"), &json!("keyCompromise"))
    );
    for end in ends {
        let late = end.join().expect("it ended").saturating_duration_since(answered);
        assert!(late < AT_ONCE, "something lived on for {late:?}");
    }
    let dead = |when: &str| {
        let refused = ask(&json, &officer, "/me");
        assert!(refused.is_err(), "{when}: {refused:?}");
        let resumed = over(idle(&json, &officer, &["-sess_in", session]));
        assert!(!resumed.contains("HTTP/1.1 200"), "{when}: {resumed}");
    };
    dead("after the revocation");
    assert_eq!(ask(&json, &person, "/me").expect("others go on").0, 200);
    let before = lab.pid("serve");
    Lab::signal(before, Signal::SIGKILL);
    wait_for("serve to come back", SOON, OFTEN, || {
        (lab.pid("serve") != before && ask(&json, &person, "/me").is_ok()).then_some(())
    });
    dead("after a restart");
    let journal = lab.api().get("/api/v1/journal?kind=certificate");
    let entries = journal.as_array().expect("a list");
    let of_officer = |entry: &&Value| entry["subject"]["id"] == json!(officer.serial);
    let actions: Vec<_> = entries.iter().filter(of_officer).map(|one| &one["action"]).collect();
    assert_eq!(actions, [&json!("certificate.revoke"), &json!("certificate.issue")]);
}

/// covers: T1.1, T1.3, T2.1
#[test]
fn an_administrators_certificate_makes_no_other_and_stays_dead_once_revoked() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = Json(lab.json());
    let text = |key: &str| json.text(key).to_owned();
    let (cert, key) = (text("admin_cert"), text("admin_key"));
    let serial = tool("openssl", &["x509", "-in", &cert, "-noout", "-serial"]);
    let serial = serial.trim().trim_start_matches("serial=").to_lowercase();
    let admin = Person { serial, cert, key };
    let order = |path: &str, profile: &str| {
        let body = format!("{{\"profile\":\"{profile}\",\"subject\":\"CN=Other\"}}");
        let output = curl(&json, &admin)
            .args(["-w", "%{http_code}", "-o", "/dev/null", "-H", "content-type: application/json"])
            .args(["-d", &body, &json.url(path)])
            .output()
            .expect("curl starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for path in ["/api/v1/ca/certificates", "/api/v1/ca/orders"] {
        assert_eq!(order(path, "civil-servant-file"), "201");
        for own in ["administrator", "hub", "ocsp"] {
            assert_eq!(order(path, own), "403", "a stolen certificate makes no other way in");
        }
    }
    assert_eq!(ca(&lab, &["revoke", "--serial", &admin.serial]).0, Some(0));
    assert!(ask(&json, &admin, "/me").is_err());
    let before = lab.pid("serve");
    Lab::signal(before, Signal::SIGKILL);
    wait_for("serve to come back", SOON, OFTEN, || {
        (lab.pid("serve") != before && lab.api().try_get("/api/v1/health").is_some()).then_some(())
    });
    assert!(ask(&json, &admin, "/me").is_err(), "the hub gives no new one to who was revoked");
    let page = curl(&json, &issue(&lab, "civil-servant-file", "CN=A")).arg(json.url("/")).output();
    let page = String::from_utf8_lossy(&page.expect("curl starts").stdout).into_owned();
    assert!(page.contains("<h1") && !page.contains("href=\"/journal\""), "{page}");
}

/// covers: T1.3
#[test]
fn a_suspended_certificate_opens_nothing_until_the_suspension_ends() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = Json(lab.json());
    let person = issue(&lab, "civil-servant-file", "CN=A");
    assert!(ask(&json, &person, "/me").is_ok());
    assert_eq!(ca(&lab, &["suspend", "--serial", &person.serial]).0, Some(0));
    assert!(ask(&json, &person, "/me").is_err());
    assert_eq!(ca(&lab, &["resume", "--serial", &person.serial]).0, Some(0));
    assert!(ask(&json, &person, "/me").is_ok());
    let (code, _, said) = ca(&lab, &["resume", "--serial", &person.serial]);
    assert_eq!(code, Some(1));
    assert!(said.contains("is active"), "{said}");
    let (code, _, said) = ca(&lab, &["revoke", "--serial", &person.serial, "--reason", "whim"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("keyCompromise"), "the reasons are named: {said}");
}
