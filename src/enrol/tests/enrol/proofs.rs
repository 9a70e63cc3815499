//! Proofs: what is looked at, and what is not taken for one.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::client::{Challenge, Client, encoded};
use crate::ground::{Ground, URL};
use crate::servers::{A, Dns, EC, Web, free_port, openssl};

const NAME: &str = "mail.akimat.test";

async fn asked(client: &Client, name: &str, way: &str) -> Challenge {
    let order = client.order(&[name]).await.must_be(201);
    client.challenge(&order, 0, way).await
}

/// What a web server shows for a challenge.
type Shows = Box<dyn Fn(&Challenge) -> String>;

#[track_caller]
fn must_fail(found: &Value, kind: &str, about: &str) {
    assert_eq!(found["status"], "invalid", "{about}");
    let error = &found["challenges"][0]["error"];
    assert_eq!(error["type"], format!("urn:ietf:params:acme:error:{kind}"), "{about}: {error}");
}

/// covers: T1.2, T-8
#[tokio::test]
async fn a_file_that_is_not_the_one_proves_nothing() {
    let (web, port) = Web::start().await;
    let (_, elsewhere) = Web::start().await;
    let ground = Ground::with(URL, |config| config.http_port = port).await;
    let client = Client::bound(&ground.enrol, &ground.account_key(2).await).await;
    let (own, other) = (client.thumbprint(), Client::new(&ground.enrol).thumbprint());
    let to_other = format!("to http://{NAME}:{elsewhere}/x");
    let answers: [(&str, &str, Shows); 7] = [
        ("another text", "unauthorized", Box::new(|_| "hello".to_owned())),
        ("another account", "unauthorized", Box::new(move |one| format!("{}.{other}", one.token))),
        ("another token", "unauthorized", Box::new(move |_| format!("{}.{own}", "a".repeat(43)))),
        ("the token alone", "unauthorized", Box::new(|one| one.token.clone())),
        ("much more", "incorrectResponse", Box::new(|one| one.answer.clone() + &" ".repeat(5000))),
        ("another server", "unauthorized", Box::new(move |_| to_other.clone())),
        (
            "a circle",
            "connection",
            Box::new(|one| format!("to /.well-known/acme-challenge/{}", one.token)),
        ),
    ];
    for (about, kind, answer) in &answers {
        let challenge = asked(&client, NAME, "http-01").await;
        web.put(&challenge.token, answer(&challenge));
        must_fail(&client.meet(&challenge).await, kind, about);
    }
    let challenge = asked(&client, NAME, "http-01").await;
    let found = client.meet(&challenge).await;
    must_fail(&found, "unauthorized", "no file");
    // What was decided stays so, also when the file comes later.
    web.put(&challenge.token, &challenge.answer);
    assert_eq!(client.meet(&challenge).await["status"], "invalid");
    let challenge = asked(&client, NAME, "http-01").await;
    web.put(&challenge.token, format!("to http://{NAME}:{port}/.well-known/acme-challenge/moved"));
    web.put("moved", &challenge.answer);
    assert_eq!(client.meet(&challenge).await["status"], "valid", "on the same server");
}

/// covers: T1.2, T-8
#[tokio::test]
async fn a_server_that_is_silent_or_away_or_ours_is_given_up() {
    let port = free_port();
    let mut ground = Ground::with(URL, |config| config.http_port = port).await;
    let eab = ground.account_key(2).await;
    let client = Client::bound(&ground.enrol, &eab).await;
    let challenge = asked(&client, NAME, "http-01").await;
    must_fail(&client.meet(&challenge).await, "connection", "nobody listens");
    for (name, about) in [("127.0.0.2", "loopback"), ("other.akimat.test", "no DNS server")] {
        let challenge = asked(&client, name, "http-01").await;
        must_fail(&client.meet(&challenge).await, "dns", about);
    }
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    ground.config.http_port = silent.local_addr().unwrap().port();
    ground.config.deadline = Duration::from_millis(300);
    ground.restart().await;
    let client = Client::bound(&ground.enrol, &eab).await;
    let challenge = asked(&client, NAME, "http-01").await;
    must_fail(&client.meet(&challenge).await, "connection", "it says nothing");
}

/// covers: T1.2, T-8
#[tokio::test]
async fn an_account_that_fails_without_end_is_slowed_down() {
    let port = free_port();
    let ground = Ground::with(URL, |config| {
        config.http_port = port;
        config.failures_per_hour = 2;
    })
    .await;
    let client = Client::bound(&ground.enrol, &ground.account_key(1).await).await;
    for _ in 0..2 {
        let challenge = asked(&client, NAME, "http-01").await;
        must_fail(&client.meet(&challenge).await, "connection", "nobody listens");
    }
    let challenge = asked(&client, NAME, "http-01").await;
    let told = client.post(&challenge.url, "{}").await.must_be(429);
    assert_eq!(told.problem(), "rateLimited");
}

/// covers: T1.2, T-8
#[tokio::test]
async fn a_record_proves_a_name_and_all_below_it() {
    for is_short in [false, true] {
        let (dns, resolver) = Dns::start(is_short).await;
        let ground = Ground::with(URL, |config| config.resolver = Some(resolver)).await;
        let client = Client::bound(&ground.enrol, &ground.account_key(1).await).await;
        let challenge = asked(&client, NAME, "dns-01").await;
        must_fail(&client.meet(&challenge).await, "dns", "no record");
        let at = format!("_acme-challenge.{NAME}");
        dns.put_text(&at, "something else");
        let challenge = asked(&client, NAME, "dns-01").await;
        dns.put_text(&at, &challenge.answer);
        must_fail(&client.meet(&challenge).await, "unauthorized", "not hashed");
        let challenge = asked(&client, NAME, "dns-01").await;
        dns.put_text(&at, &encoded(challenge.hashed()));
        assert_eq!(client.meet(&challenge).await["status"], "valid", "over TCP: {is_short}");
        let challenge = asked(&client, "*.akimat.test", "dns-01").await;
        dns.put_text("_acme-challenge.akimat.test", &encoded(challenge.hashed()));
        let found = client.meet(&challenge).await;
        assert_eq!((&found["status"], &found["wildcard"]), (&"valid".into(), &true.into()));
    }
}

/// covers: T1.2, T-8
#[tokio::test]
async fn a_name_that_leads_to_the_hub_itself_is_not_asked() {
    let (dns, resolver) = Dns::start(false).await;
    let (web, port) = Web::start().await;
    let ground = Ground::with(URL, |config| {
        config.resolver = Some(resolver);
        config.http_port = port;
    })
    .await;
    let client = Client::bound(&ground.enrol, &ground.account_key(1).await).await;
    dns.put("trap.akimat.test", A, [127, 0, 0, 1]);
    let challenge = asked(&client, "trap.akimat.test", "http-01").await;
    web.put(&challenge.token, &challenge.answer);
    must_fail(&client.meet(&challenge).await, "dns", "loopback by DNS");
}

/// A TLS server by openssl.
struct Tls(Child);

impl Tls {
    fn start(ground: &Ground, port: u16, challenge: &Challenge, more: &Shown) -> Self {
        let critical = if more.is_critical { "critical," } else { "" };
        let hash =
            challenge.hashed().iter().map(|octet| format!(":{octet:02X}")).collect::<String>();
        let hash = if more.is_right { hash } else { ":00".repeat(32) };
        let identifier = format!("1.3.6.1.5.5.7.1.31={critical}DER:04:20{hash}");
        let names = format!("subjectAltName={}", more.names);
        let key: Vec<&str> = EC.split(' ').collect();
        let base =
            ["req", "-x509", "-nodes", "-keyout", "alpn.key", "-out", "alpn.pem", "-days", "1"];
        let more_args = ["-subj", "/CN=x", "-addext", &names, "-addext", &identifier, "-newkey"];
        openssl(ground.dir.path(), &[&base[..], &more_args, &key[..]].concat());
        let child = Command::new("openssl")
            .args(["s_server", "-quiet", "-accept", &port.to_string(), "-alpn", more.protocol])
            .args(["-cert", "alpn.pem", "-key", "alpn.key", more.version])
            .current_dir(ground.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl starts");
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        Self(child)
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[derive(Clone)]
struct Shown {
    names: String,
    is_critical: bool,
    is_right: bool,
    protocol: &'static str,
    version: &'static str,
}

/// covers: T1.2, T-8
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_made_for_the_proof_proves_a_name() {
    let port = free_port();
    let ground = Ground::with(URL, |config| {
        config.tls_port = port;
        config.hosts.insert("10.9.0.1".to_owned(), [127, 0, 0, 1].into());
    })
    .await;
    let client = Client::bound(&ground.enrol, &ground.account_key(1).await).await;
    let names = format!("DNS:{NAME}");
    let protocol = "acme-tls/1";
    let good = Shown { names, is_critical: true, is_right: true, protocol, version: "-tls1_3" };
    let cases = [
        ("as it must be", NAME, good.clone(), None),
        ("over TLS 1.2", NAME, Shown { version: "-tls1_2", ..good.clone() }, None),
        ("an address", "10.9.0.1", Shown { names: "IP:10.9.0.1".to_owned(), ..good.clone() }, None),
        (
            "another name",
            NAME,
            Shown { names: "DNS:www.akimat.test".to_owned(), ..good.clone() },
            Some("unauthorized"),
        ),
        (
            "one more name",
            NAME,
            Shown { names: format!("DNS:{NAME},DNS:www.akimat.test"), ..good.clone() },
            Some("unauthorized"),
        ),
        ("not critical", NAME, Shown { is_critical: false, ..good.clone() }, Some("unauthorized")),
        ("another hash", NAME, Shown { is_right: false, ..good.clone() }, Some("unauthorized")),
        ("another protocol", NAME, Shown { protocol: "http/1.1", ..good }, Some("tls")),
    ];
    for (about, name, shown, problem) in cases {
        let challenge = asked(&client, name, "tls-alpn-01").await;
        let server = Tls::start(&ground, port, &challenge, &shown);
        let found = client.meet(&challenge).await;
        drop(server);
        match problem {
            None => assert_eq!(found["status"], "valid", "{about}: {found}"),
            Some(kind) => must_fail(&found, kind, about),
        }
    }
}
