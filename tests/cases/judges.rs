//! Foreign judges of a running star, each named with its result: linters and verifiers of what the
//! authority signs, clients and scanners of what it serves (T-5).

mod entrances;
mod lint;
mod status;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Lab, Options, hub_binary, text, tool};

/// covers: T-5 (pkilint, openssl, gnutls, NSS), T1.2, T1.3
#[test]
fn foreign_judges_find_no_fault_in_certificates_lists_and_answers() {
    let star = Star::start();
    let seen = Seen::of(&star);
    lint::certificates(&star, &seen);
    lint::lists(&star, &seen);
    lint::answers(&star, &seen);
    status::openssl(&star, &seen);
    status::gnutls(&star, &seen);
    status::nss(&star, &seen);
}

/// covers: T-5 (curl with a token, testssl.sh, h2load), T1.2, T2.1
#[test]
fn foreign_clients_come_in_by_a_token_and_foreign_scanners_find_no_weak_entrance() {
    let star = Star::start();
    entrances::token(&star);
    std::thread::scope(|scope| {
        // A scan mostly waits.
        for entrance in ["dashboard_url", "portal_url"] {
            let star = &star;
            scope.spawn(move || entrances::scan(star, entrance));
        }
    });
    entrances::many_questions(&star);
    entrances::many_pages(&star);
}

/// A running star whose authority is judged.
struct Star {
    lab: Lab,
    json: Value,
}

/// A certificate that the authority has issued.
struct Owner {
    serial: String,
    cert: String,
}

/// What every judge of certificates looks at.
struct Seen {
    good: Owner,
    revoked: Owner,
    suspended: Owner,
    /// The certificate of whoever signs the answers.
    answerer: String,
}

impl Star {
    fn start() -> Self {
        let lab = Lab::start(&Options { segments: 2, ..Options::default() });
        Self { json: lab.json(), lab }
    }

    fn text(&self, key: &str) -> &str {
        text(&self.json[key])
    }

    /// A file of the test's own in the lab's folder.
    fn file(&self, name: &str) -> String {
        self.lab.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    /// `ets-hub ca …`; must succeed.
    #[track_caller]
    fn ca(&self, args: &[&str]) -> Value {
        let mut command = Command::new(hub_binary());
        command.args(["ca", "--json", "--dir"]).arg(self.lab.path()).args(args);
        let output = command.output().expect("the command starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    #[track_caller]
    fn issue(&self, profile: &str, subject: &str, more: &[&str]) -> Owner {
        let out = self.file("owners");
        let order = ["issue", "--profile", profile, "--subject", subject, "--out", &out];
        let issued = self.ca(&[&order[..], more].concat());
        Owner {
            serial: text(&issued["serial"]).to_owned(),
            cert: self.alone(text(&issued["cert"])),
        }
    }

    /// The first certificate of a file, without what follows it.
    fn alone(&self, pem: &str) -> String {
        let name = Path::new(pem).file_name().expect("a file").to_str().expect("UTF-8");
        let alone = self.file(&format!("alone-{name}"));
        tool("openssl", &["x509", "-in", pem, "-out", &alone]);
        alone
    }

    fn root(&self) -> String {
        self.alone(self.text("ca_cert"))
    }

    fn issuer(&self) -> String {
        self.alone(self.text("issuer_cert"))
    }

    /// What lies at an address that a certificate names, in a file.
    fn fetch(&self, url: &str, name: &str) -> String {
        let file = self.file(name);
        // Whether the machine resolves the name is the machine's matter.
        let (host, port) = authority(url);
        let resolved = format!("{host}:{port}:127.0.0.1");
        tool("curl", &["-sSf", "--max-time", "10", "--resolve", &resolved, "-o", &file, url]);
        file
    }

    /// A list, in PEM.
    fn list(&self, url: &str, name: &str) -> String {
        let der = self.fetch(url, &format!("{name}.der"));
        let pem = self.file(&format!("{name}.pem"));
        tool("openssl", &["crl", "-inform", "DER", "-in", &der, "-out", &pem]);
        pem
    }

    /// Where the responder is asked: the address that certificates name, on the loopback.
    fn responder(&self) -> String {
        let (_, port) = authority(self.text("pki_url"));
        format!("http://127.0.0.1:{port}/ocsp")
    }
}

impl Seen {
    fn of(star: &Star) -> Self {
        let issue = |subject: &str| star.issue("civil-servant-file", subject, &[]);
        let good = issue("CN=Айгүл Омарова,O=Әкімдік,serialNumber=850101400123");
        let (revoked, suspended) = (issue("CN=Revoked"), issue("CN=Suspended"));
        star.ca(&["revoke", "--serial", &revoked.serial, "--reason", "keyCompromise"]);
        star.ca(&["suspend", "--serial", &suspended.serial]);
        let answerer = status::answerer(star, &good);
        Self { good, revoked, suspended, answerer }
    }
}

/// Host and port of an address.
fn authority(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.split_once(':').unwrap_or((authority, "80"))
}

/// The list that a certificate names.
#[track_caller]
fn list_of(cert: &str) -> String {
    let seen = tool("openssl", &["x509", "-in", cert, "-noout", "-ext", "crlDistributionPoints"]);
    let url = seen.split("URI:").nth(1).and_then(|rest| rest.split_whitespace().next());
    url.expect("it names its list").to_owned()
}

/// Runs a judge: whether it is content, and all that it said.
#[track_caller]
fn judge(program: &str, args: &[&str]) -> (bool, String) {
    let output = crate::support::program(program).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("{program} cannot be started: {error}"));
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Runs a judge that must be content and say all of `words`.
#[track_caller]
fn must(program: &str, args: &[&str], words: &[&str]) -> String {
    let (is_content, said) = judge(program, args);
    assert!(is_content, "{program} {args:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{program} {args:?} does not say {word:?}: {said}");
    }
    said
}

/// Runs a judge that must refuse and say `word`.
#[track_caller]
fn must_not(program: &str, args: &[&str], word: &str) {
    let (is_content, said) = judge(program, args);
    assert!(!is_content, "{program} {args:?}: {said}");
    assert!(said.contains(word), "{program} {args:?} does not say {word:?}: {said}");
}
