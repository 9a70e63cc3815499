//! EST: what routers get, asked for by curl, openssl and strongSwan's `pki` (T-5).

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ets_ca::{Kept, Reason, Serial, State};
use ets_enrol::{Error, RouterSecret};
use ets_listen::{Peer, PeerCertificate, Scheme};
use ets_model::{PersonId, Stamp};
use ets_runtime::{Clock, stamp_now};
use ets_store::testing::TestStore;
use ets_tls::Standing;
use http::{Request, StatusCode};
use tower::ServiceExt;

use crate::foreign::is_there;
use crate::ground::{Ground, Served, URL, listener, migrations, officer};
use crate::servers::{EC, openssl, request, request_of};

pub(crate) const ROUTER: &str = "router-7.segments.test";

/// The time of a day so many days ago.
fn days_ago(days: u32) -> Stamp {
    let now = stamp_now();
    Stamp { wall: now.wall.minus(days * Duration::from_secs(86_400)), ..now }
}

/// A hub that listens, and a router's secret. It is twenty days ago by the hub's clock, so that a
/// certificate is past half of its life where that clock is put right: the authority ends in eight.
async fn ready() -> (Ground, Served, RouterSecret) {
    let (listener, url) = listener();
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::at(Clock::by_hand(days_ago(20)), store, &url, |_| {}).await;
    let served = ground.serve(listener);
    let secret = ground.enrol.new_router_secret(ROUTER, &officer()).await.unwrap();
    (ground, served, secret)
}

/// Runs curl; answers the status, and writes the body to `out`.
async fn curl(dir: &Path, served: &Served, path: &str, args: &[&str]) -> String {
    let url = served.url(&format!("/.well-known/est/{path}"));
    let mut command = Command::new("curl");
    command.args(["-sS", "--max-time", "10", "--cacert", &served.root, "-o", "out"]);
    command.args(["-w", "%{http_code} %{content_type}"]).args(args).arg(url).current_dir(dir);
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.unwrap().expect("curl starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Sends `NAME.csr` in base64.
async fn send(dir: &Path, served: &Served, path: &str, name: &str, args: &[&str]) -> String {
    let (csr, text) = (format!("{name}.csr"), format!("{name}.b64"));
    openssl(dir, &["base64", "-in", &csr, "-out", &text]);
    let body = format!("@{text}");
    let post = ["--data-binary", &body, "-H", "content-type: application/pkcs10"];
    curl(dir, served, path, &[&post[..], args].concat()).await
}

/// The certificates of the bag that came last, in `NAME.pem`.
fn unpack(dir: &Path, name: &str) {
    openssl(dir, &["base64", "-d", "-A", "-in", "out", "-out", "out.p7"]);
    let out = format!("{name}.pem");
    openssl(dir, &["pkcs7", "-inform", "DER", "-in", "out.p7", "-print_certs", "-out", &out]);
}

const BAG: &str = "200 application/pkcs7-mime; smime-type=certs-only";

/// covers: T1.2, T-5 (curl and openssl)
#[tokio::test(flavor = "multi_thread")]
async fn a_router_enrols_with_its_secret_once_and_then_with_its_certificate() {
    let (ground, served, secret) = ready().await;
    let dir = ground.dir.path();
    assert_eq!(curl(dir, &served, "cacerts", &[]).await, BAG);
    unpack(dir, "authorities");
    let authorities = openssl(dir, &["storeutl", "-noout", "-certs", "authorities.pem"]);
    assert!(authorities.contains("Total found: 2"), "{authorities}");
    assert_eq!(curl(dir, &served, "csrattrs", &[]).await, "200 application/csrattrs");
    openssl(dir, &["base64", "-d", "-A", "-in", "out", "-out", "out.der"]);
    let attributes = openssl(dir, &["asn1parse", "-inform", "DER", "-in", "out.der"]);
    assert!(attributes.contains("prime256v1") && attributes.contains("ecdsa-with-SHA256"));
    assert!(curl(dir, &served, "serverkeygen", &["-X", "POST"]).await.starts_with("501"));
    let user = format!("{}:{}", secret.name, secret.secret);
    request(dir, "first", EC, &format!("/CN={ROUTER}"), &[]);
    assert_eq!(send(dir, &served, "simpleenroll", "first", &["-u", &user]).await, BAG);
    unpack(dir, "first");
    let root = ground.authority("root.pem");
    let issuing = ground.authority("issuing.pem");
    let verify = ["verify", "-CAfile", &root, "-untrusted", &issuing, "-purpose", "sslclient"];
    assert!(openssl(dir, &[&verify[..], &["first.pem"]].concat()).contains("OK"));
    request(dir, "thief", EC, &format!("/CN={ROUTER}"), &[]);
    let again = send(dir, &served, "simpleenroll", "thief", &["-u", &user]).await;
    assert!(again.starts_with("401"), "a secret leads to one certificate: {again}");
    // Whose answer was lost gets it again.
    assert_eq!(send(dir, &served, "simpleenroll", "first", &["-u", &user]).await, BAG);
    unpack(dir, "again");
    let read = |name: &str| std::fs::read_to_string(ground.path(name)).unwrap();
    assert_eq!(read("first.pem"), read("again.pem"));
    let shown = ["--cert", "first.pem", "--key", "first.key"];
    request(
        dir,
        "second",
        EC,
        &format!("/CN={ROUTER}"),
        &["-addext", &format!("subjectAltName=DNS:{ROUTER}")],
    );
    let told = send(dir, &served, "simplereenroll", "second", &shown).await;
    assert!(told.starts_with("403") && read("out").contains("can be renewed from"), "{told}");
    ground.clock.set(days_ago(0));
    assert_eq!(send(dir, &served, "simplereenroll", "second", &shown).await, BAG);
    unpack(dir, "second");
    // Whose answer was lost gets it again, and nobody another one.
    assert_eq!(send(dir, &served, "simplereenroll", "second", &shown).await, BAG);
    unpack(dir, "again");
    assert_eq!(read("second.pem"), read("again.pem"));
    let told = send(dir, &served, "simplereenroll", "thief", &shown).await;
    assert!(told.starts_with("409"), "one at a time: {told}");
    assert!(openssl(dir, &[&verify[..], &["second.pem"]].concat()).contains("OK"));
    let kept = ground.ca.list(10).await.unwrap();
    assert_eq!(kept.len(), 2);
    for one in &kept {
        assert_eq!((one.profile.as_str(), one.state), ("router", State::Active));
        assert_eq!(
            (&one.subject, &one.names[..]),
            (&format!("CN={ROUTER}"), &[ROUTER.to_owned()][..])
        );
    }
    let listed = ground.enrol.router_secrets().await.unwrap();
    assert!(listed[0].used.is_some());
    assert!(kept.iter().any(|one| Some(one.serial.to_string()) == listed[0].serial));
    let told = ground.actions().await;
    let expected =
        ["est.secret.create", "certificate.issue", "est.secret.use", "certificate.issue"];
    assert_eq!(told, expected);
}

/// covers: T1.2, T1.3, T-8
#[tokio::test(flavor = "multi_thread")]
async fn a_router_gets_nothing_for_what_is_not_its_own() {
    let (ground, served, secret) = ready().await;
    let dir = ground.dir.path();
    let user = format!("{}:{}", secret.name, secret.secret);
    let basic = ["-u", user.as_str()];
    request(dir, "good", EC, &format!("/CN={ROUTER}"), &[]);
    let other = format!("router-8.segments.test:{}", secret.secret);
    let guess = format!("{ROUTER}:guess");
    for args in [&[][..], &["-u", &other], &["-u", &guess], &["-H", "authorization: Bearer x"]] {
        let told = send(dir, &served, "simpleenroll", "good", args).await;
        assert!(told.starts_with("401"), "{args:?}: {told}");
    }
    let told = send(dir, &served, "simplereenroll", "good", &basic).await;
    assert!(told.starts_with("403"), "no certificate: {told}");
    request(dir, "weak", "RSA -pkeyopt rsa_keygen_bits:1024", &format!("/CN={ROUTER}"), &[]);
    request(dir, "name", EC, "/CN=router-8.segments.test", &[]);
    request(dir, "more", EC, &format!("/CN={ROUTER}/O=Akimat"), &[]);
    request(dir, "alt", EC, &format!("/CN={ROUTER}"), &["-addext", "subjectAltName=DNS:hub.test"]);
    let authority = ["-addext", "basicConstraints=CA:TRUE"];
    request(dir, "ca", EC, &format!("/CN={ROUTER}"), &authority);
    std::fs::write(ground.path("junk.csr"), b"junk").unwrap();
    for name in ["weak", "name", "more", "alt", "ca", "junk"] {
        let told = send(dir, &served, "simpleenroll", name, &basic).await;
        assert!(told.starts_with("400"), "{name}: {told}");
    }
    std::fs::write(ground.path("huge.csr"), vec![0; 40 * 1024]).unwrap();
    // Over HTTP/2 curl does not tell an answer from the stream's end that follows it at once.
    let told = send(dir, &served, "simpleenroll", "huge", &["--http1.1", "-u", &user]).await;
    assert!(told.starts_with("413"), "{told}");
    let post = ["--data-binary", "@good.b64", "-H", "content-type: text/plain", "-u", &user];
    assert!(curl(dir, &served, "simpleenroll", &post).await.starts_with("415"));
    assert!(ground.ca.list(10).await.unwrap().is_empty());
    // None of that used the secret up.
    assert_eq!(send(dir, &served, "simpleenroll", "good", &basic).await, BAG);
    unpack(dir, "good");
    let shown = ["--cert", "good.pem", "--key", "good.key"];
    request(dir, "stranger", EC, "/CN=router-8.segments.test", &[]);
    let told = send(dir, &served, "simplereenroll", "stranger", &shown).await;
    assert!(told.starts_with("400"), "another subject: {told}");
    // A revoked router does not even shake hands; see the acceptor's own tests.
    let serial = ground.ca.list(10).await.unwrap()[0].serial;
    ground.ca.revoke(serial, Reason::KeyCompromise, &officer()).await.unwrap();
    let id = ground.ca.find(serial).await.unwrap().id();
    assert_eq!(ground.revoked.standing(id), Standing::Revoked);
    let next = ground.enrol.new_router_secret(ROUTER, &officer()).await.unwrap();
    assert_ne!(next.secret, secret.secret);
    ground.enrol.revoke_router_secret(ROUTER, &officer()).await.unwrap();
    let gone = ground.enrol.revoke_router_secret(ROUTER, &officer()).await;
    assert!(matches!(gone, Err(Error::NoSecret { .. })));
    let user = format!("{}:{}", next.name, next.secret);
    let told = send(dir, &served, "simpleenroll", "good", &["-u", &user]).await;
    assert!(told.starts_with("401"), "taken back: {told}");
    for name in ["", "a b", "a/b", &"a".repeat(65)] {
        let made = ground.enrol.new_router_secret(name, &officer()).await;
        assert!(matches!(made, Err(Error::Name { .. })), "{name}");
    }
}

/// covers: T1.2, T-8
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_kind_is_no_routers() {
    let (ground, served, _) = ready().await;
    let dir = ground.dir.path();
    let csr = request(dir, "person", EC, "/CN=x", &[]);
    let wanted = ets_ca::Wanted {
        profile: "civil-servant".to_owned(),
        subject: format!("CN={ROUTER}").parse().unwrap(),
        names: Vec::new(),
        until: None,
    };
    let issued = ground.ca.issue(wanted, Some(&csr), &officer()).await.unwrap();
    std::fs::write(ground.path("person.pem"), issued.certificate).unwrap();
    request_of(dir, "person", &format!("/CN={ROUTER}"), &[]);
    let shown = ["--cert", "person.pem", "--key", "person.key"];
    let told = send(dir, &served, "simplereenroll", "person", &shown).await;
    assert!(told.starts_with("403"), "{told}");
}

/// What a router is told that renews, without TLS.
async fn renews(ground: &Ground, kept: &Kept, csr: &[u8]) -> StatusCode {
    let peer = PeerCertificate {
        subject: ROUTER.to_owned(),
        person: PersonId::of_subject(None, ROUTER, None),
        institution: None,
        serial_hex: kept.serial.to_string(),
        fingerprint: String::new(),
        id: kept.id(),
        not_after: SystemTime::now(),
        is_machine: true,
    };
    let request = Request::post("/.well-known/est/simplereenroll")
        .header("content-type", "application/pkcs10")
        .extension(peer)
        .body(Body::from(STANDARD.encode(csr)));
    ground.enrol.est_router().oneshot(request.unwrap()).await.unwrap().status()
}

/// Waits until a certificate is so.
async fn becomes(ground: &Ground, serial: Serial, state: State) -> Kept {
    for _ in 0..200 {
        let kept = ground.ca.find(serial).await.unwrap();
        if kept.state == state {
            return kept;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{serial} does not become {}", state.code());
}

async fn what_a_certificate_brought_is_taken_with_it(store: TestStore) {
    let mut ground = Ground::at(Clock::by_hand(days_ago(400)), store, URL, |_| {}).await;
    let own = request(ground.dir.path(), "own", EC, &format!("/CN={ROUTER}"), &[]);
    let other = request(ground.dir.path(), "other", EC, &format!("/CN={ROUTER}"), &[]);
    let wanted = ets_ca::Wanted {
        profile: "router".to_owned(),
        subject: format!("CN={ROUTER}").parse().unwrap(),
        names: vec![ROUTER.to_owned()],
        until: Some(SystemTime::now() - 370 * Duration::from_secs(86_400)),
    };
    let issued = ground.ca.issue(wanted, Some(&own), &officer()).await.unwrap();
    let first = ground.ca.find(issued.serial).await.unwrap();
    let newest = async |ground: &Ground| ground.ca.list(1).await.unwrap().remove(0);
    assert_eq!(renews(&ground, &first, &own).await, StatusCode::FORBIDDEN, "too early");
    ground.clock.set(days_ago(384));
    // Of many at once one gets a certificate.
    let twice = tokio::join!(renews(&ground, &first, &own), renews(&ground, &first, &other));
    let won = [twice.0, twice.1].iter().filter(|status| **status == StatusCode::OK).count();
    assert_eq!(won, 1, "{twice:?}");
    let second = newest(&ground).await;
    let life = |kept: &Kept| kept.not_after.since(kept.not_before);
    assert!(life(&second) <= life(&first) + Duration::from_secs(300), "not longer than it was");
    ground.clock.set(days_ago(367));
    assert_eq!(renews(&ground, &second, &own).await, StatusCode::OK);
    let third = newest(&ground).await;
    // What was superseded takes nothing with it.
    ground.ca.revoke(second.serial, Reason::Superseded, &officer()).await.unwrap();
    ground = ground.crash().await;
    ground.clock.set(days_ago(350));
    ground.ca.suspend(first.serial, &officer()).await.unwrap();
    assert_eq!(renews(&ground, &third, &other).await, StatusCode::FORBIDDEN, "taken before");
    becomes(&ground, third.serial, State::Suspended).await;
    ground.ca.revoke(first.serial, Reason::KeyCompromise, &officer()).await.unwrap();
    let third = becomes(&ground, third.serial, State::Revoked).await;
    assert_eq!(third.reason, Some(Reason::KeyCompromise));
}

ets_store::on_both_databases!(
    /// covers: T1.2, T-8
    renewed,
    &migrations(),
    what_a_certificate_brought_is_taken_with_it
);

/// covers: T1.2, T-8 (floods)
#[tokio::test]
async fn who_guesses_secrets_is_made_to_wait_and_others_are_not() {
    let ground = Ground::new().await;
    let asked = async |address: &str| {
        let address = address.parse().unwrap();
        let request = Request::post("/.well-known/est/simpleenroll")
            .header("content-type", "application/pkcs10")
            .header("authorization", "Basic YTpi")
            .extension(Peer { address, scheme: Scheme::Https })
            .body(Body::from("AAAA"));
        ground.enrol.est_router().oneshot(request.unwrap()).await.unwrap().status()
    };
    let mut told = Vec::new();
    for _ in 0..70 {
        told.push(asked("10.9.0.1:5000").await);
    }
    assert_eq!(told[..60], [StatusCode::UNAUTHORIZED; 60]);
    assert!(told[60..].contains(&StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(asked("10.9.0.2:5000").await, StatusCode::UNAUTHORIZED);
}

/// covers: T1.2, T-5 (strongSwan's pki)
#[tokio::test(flavor = "multi_thread")]
async fn strongswan_enrols_and_renews() {
    if !is_there("pki") {
        return;
    }
    let (ground, served, secret) = ready().await;
    let dir = ground.dir.path().to_owned();
    let pki = |args: Vec<String>, out: &'static str| {
        let (dir, url, root) = (dir.clone(), served.url(""), served.root.clone());
        let authorities = ["root.pem", "issuing.pem"].map(|name| ground.authority(name));
        async move {
            let mut command = Command::new("pki");
            command.args(["--est", "--url", &url, "--cacert", &root, "--outform", "pem"]);
            command.args(authorities.iter().flat_map(|file| ["--cacert", file]));
            command.args(args).current_dir(&dir);
            let output = tokio::task::spawn_blocking(move || command.output());
            let output = output.await.unwrap().expect("pki starts");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
            std::fs::write(dir.join(out), output.stdout).unwrap();
        }
    };
    let words = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let user = format!("{}:{}", secret.name, secret.secret);
    request(&dir, "first", EC, &format!("/CN={ROUTER}"), &[]);
    pki(words(&["--in", "first.csr", "--userpass", &user]), "first.pem").await;
    request(&dir, "second", EC, &format!("/CN={ROUTER}"), &[]);
    ground.clock.set(days_ago(0));
    let old = words(&["--in", "second.csr", "--cert", "first.pem", "--key", "first.key"]);
    pki(old, "second.pem").await;
    let (root, issuing) = (ground.authority("root.pem"), ground.authority("issuing.pem"));
    let verify = ["verify", "-CAfile", &root, "-untrusted", &issuing, "first.pem", "second.pem"];
    assert_eq!(openssl(&dir, &verify).matches("OK").count(), 2);
    println!("strongSwan pki: enrolled and renewed");
}
