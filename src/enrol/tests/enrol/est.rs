//! EST: what routers get, asked for by curl, openssl and strongSwan's `pki` (T-5).

use std::path::Path;
use std::process::Command;

use ets_ca::State;
use ets_enrol::{Error, RouterSecret};
use ets_tls::Standing;

use crate::foreign::is_there;
use crate::ground::{Ground, Served, listener, officer};
use crate::servers::{EC, openssl, request, request_of};

pub(crate) const ROUTER: &str = "router-7.segments.test";

/// A hub that listens, and a router's secret.
async fn ready() -> (Ground, Served, RouterSecret) {
    let (listener, url) = listener();
    let ground = Ground::with(&url, |_| {}).await;
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
    assert_eq!(send(dir, &served, "simplereenroll", "second", &shown).await, BAG);
    unpack(dir, "second");
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
    ground.ca.revoke(serial, ets_ca::Reason::KeyCompromise, &officer()).await.unwrap();
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
    let old = words(&["--in", "second.csr", "--cert", "first.pem", "--key", "first.key"]);
    pki(old, "second.pem").await;
    let (root, issuing) = (ground.authority("root.pem"), ground.authority("issuing.pem"));
    let verify = ["verify", "-CAfile", &root, "-untrusted", &issuing, "first.pem", "second.pem"];
    assert_eq!(openssl(&dir, &verify).matches("OK").count(), 2);
    println!("strongSwan pki: enrolled and renewed");
}
