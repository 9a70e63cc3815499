//! From a proved order to a certificate, and its end.

use axum::body::Body;
use ets_store::testing::TestStore;
use http::Request;
use serde_json::{Value, json};

use crate::client::{Answer, Client, encoded, jwk};
use crate::ground::{Ground, URL, migrations};
use crate::orders::run;
use crate::servers::{EC, Web, openssl, request, server_request};

pub(crate) struct Ready {
    pub(crate) ground: Ground,
    web: Web,
    pub(crate) client: Client,
}

impl Ready {
    async fn new() -> Self {
        Self::on(TestStore::sqlite(&migrations()).await).await
    }

    pub(crate) async fn on(store: TestStore) -> Self {
        let (web, port) = Web::start().await;
        let ground = Ground::on(store, URL, |config| {
            config.http_port = port;
            let local = [127, 0, 0, 1].into();
            config.hosts.insert("akimat.test".to_owned(), local);
            config.hosts.insert("10.9.0.1".to_owned(), local);
        })
        .await;
        let client = Client::bound(&ground.enrol, &ground.account_key(2).await).await;
        Self { ground, web, client }
    }

    /// As after a crash of the whole hub.
    pub(crate) async fn crash(self) -> Self {
        let Self { ground, web, mut client } = self;
        client.leave();
        let ground = ground.crash().await;
        client.turn_to(&ground.enrol);
        Self { ground, web, client }
    }

    /// An order of these names, all of them proved.
    pub(crate) async fn order(&self, names: &[&str]) -> String {
        self.order_by(&self.client, names).await
    }

    async fn order_by(&self, client: &Client, names: &[&str]) -> String {
        let order = client.order(names).await.must_be(201);
        for place in 0..names.len() {
            let challenge = client.challenge(&order, place, "http-01").await;
            self.web.put(&challenge.token, &challenge.answer);
            let proved = client.meet(&challenge).await;
            assert_eq!(proved["status"], "valid", "{proved}");
        }
        order.header("location")
    }

    pub(crate) async fn finalize(&self, order: &str, csr: &[u8]) -> Answer {
        let payload = json!({ "csr": encoded(csr) }).to_string();
        self.client.post(&format!("{order}/finalize"), &payload).await
    }

    /// A certificate in DER.
    async fn certificate(&self, key: &str) -> Vec<u8> {
        self.certificate_of(key, &["mail.akimat.test"]).await
    }

    async fn certificate_of(&self, key: &str, names: &[&str]) -> Vec<u8> {
        let order = self.order(names).await;
        let all: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
        let csr = server_request(self.ground.dir.path(), key, &all.join(","));
        let done = self.finalize(&order, &csr).await.must_be(200).json();
        let at = done["certificate"].as_str().unwrap().replace(URL, "");
        let header = self.client.header(&at).await;
        let body = crate::client::signed(&self.client.key, &header, "").to_string();
        let der = Request::post(&at)
            .header("content-type", "application/jose+json")
            .header("accept", "application/pkix-cert");
        self.client.send(der.body(Body::from(body)).unwrap()).await.must_be(200).body
    }
}

/// covers: T1.2, T-8
#[tokio::test]
async fn a_request_must_ask_for_the_names_of_its_order_with_a_good_key() {
    let ready = Ready::new().await;
    let dir = ready.ground.dir.path();
    let pending = ready.client.order(&["mail.akimat.test"]).await.must_be(201);
    let good = server_request(dir, "good", "DNS:mail.akimat.test,IP:10.9.0.1");
    let told = ready.finalize(&pending.header("location"), &good).await.must_be(403);
    assert_eq!(told.problem(), "orderNotReady");
    let order = ready.order(&["mail.akimat.test", "10.9.0.1"]).await;
    let names = "DNS:mail.akimat.test,IP:10.9.0.1";
    let extension = format!("subjectAltName={names}");
    let with = |name: &str, key: &str, subject: &str, more: &[&str]| {
        request(dir, name, key, subject, &[&["-addext", &extension], more].concat())
    };
    let mut tampered = good.clone();
    let last = tampered.len() - 1;
    tampered[last] ^= 1;
    let trailing = [&good[..], &[0]].concat();
    let pem = openssl(dir, &["req", "-inform", "DER", "-in", "good.csr"]);
    for (name, csr) in [
        ("another name", server_request(dir, "a", "DNS:mail.school.test,IP:10.9.0.1")),
        ("one more", server_request(dir, "b", &format!("{names},DNS:a.akimat.test"))),
        ("one less", server_request(dir, "c", "DNS:mail.akimat.test")),
        ("another name in the subject", with("d", EC, "/CN=mail.school.test", &[])),
        ("a person in the subject", with("e", EC, "/CN=A B", &[])),
        ("a mail address", server_request(dir, "f", &format!("{names},email:a@akimat.test"))),
        ("an authority", with("g", EC, "/", &["-addext", "basicConstraints=CA:TRUE"])),
        ("a short key", with("h", "RSA -pkeyopt rsa_keygen_bits:1024", "/", &[])),
        ("a strange curve", with("i", "EC -pkeyopt ec_paramgen_curve:secp256k1", "/", &[])),
        ("a broken signature", tampered),
        ("something behind it", trailing),
        ("PEM", pem.into_bytes()),
        ("nothing", Vec::new()),
    ] {
        let told = ready.finalize(&order, &csr).await;
        assert_eq!(told.problem(), "badCSR", "{name}: {}", told.json());
    }
    assert!(ready.ground.ca.list(10).await.unwrap().is_empty());
    let subject =
        with("j", "RSA -pkeyopt rsa_keygen_bits:2048", "/CN=mail.akimat.test/O=School", &[]);
    ready.finalize(&order, &subject).await.must_be(200);
    let told = ready.finalize(&order, &subject).await.must_be(403);
    assert_eq!(told.problem(), "orderNotReady", "only once");
    let kept = &ready.ground.ca.list(10).await.unwrap()[0];
    assert!(!kept.subject.contains("School"), "of the request only the key: {}", kept.subject);
    assert_eq!(kept.names, ["mail.akimat.test", "10.9.0.1"]);
}

/// covers: T1.2
#[tokio::test]
async fn of_two_that_finalize_at_once_one_gets_a_certificate() {
    let ready = Ready::new().await;
    let order = ready.order(&["mail.akimat.test"]).await;
    let csr = server_request(ready.ground.dir.path(), "a", "DNS:mail.akimat.test");
    let all = futures_util::future::join_all((0..8).map(|_| ready.finalize(&order, &csr))).await;
    let won = all.iter().filter(|one| one.status == 200).count();
    assert_eq!((won, ready.ground.ca.list(10).await.unwrap().len()), (1, 1));
}

/// covers: T1.2, T1.3
#[tokio::test]
async fn a_certificate_is_revoked_by_who_ordered_it_or_has_its_key_and_by_nobody_else() {
    let ready = Ready::new().await;
    let other = Client::bound(&ready.ground.enrol, &ready.ground.account_key(1).await).await;
    let der = ready.certificate("a").await;
    let said = |der: &[u8], reason: Value| {
        json!({ "certificate": encoded(der), "reason": reason }).to_string()
    };
    let at = "/acme/revoke-cert";
    assert_eq!(other.post(at, &said(&der, json!(1))).await.problem(), "unauthorized");
    let stranger = Client::new(&ready.ground.enrol);
    assert_eq!(stranger.post(at, &said(&der, json!(1))).await.problem(), "unauthorized");
    for reason in [2, 6, 7, 8, 9, 10, 11] {
        let told = ready.client.post(at, &said(&der, json!(reason))).await;
        assert_eq!(told.problem(), "badRevocationReason", "{reason}");
    }
    let mut changed = der.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let told = ready.client.post(at, &said(&changed, json!(1))).await;
    assert_eq!(told.problem(), "unauthorized", "not as it is kept");
    assert_eq!(ready.client.post(at, &said(b"x", json!(1))).await.problem(), "malformed");
    ready.client.post(at, &said(&der, json!(4))).await.must_be(200);
    let told = ready.client.post(at, &said(&der, json!(4))).await.must_be(400);
    assert_eq!(told.problem(), "alreadyRevoked");
    // Now by the certificate's own key, without an account.
    let der = ready.certificate("b").await;
    let pem = std::fs::read(ready.ground.path("b.key")).unwrap();
    std::fs::write(ready.ground.path("b.pem"), pem).unwrap();
    let dir = ready.ground.dir.path();
    openssl(
        dir,
        &["pkcs8", "-topk8", "-nocrypt", "-in", "b.pem", "-outform", "DER", "-out", "b.der"],
    );
    let signing = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = std::fs::read(ready.ground.path("b.der")).unwrap();
    let mut owner = Client::new(&ready.ground.enrol);
    owner.key = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(signing, &pkcs8).unwrap();
    owner.post(at, &said(&der, Value::Null)).await.must_be(200);
    for kept in ready.ground.ca.list(10).await.unwrap() {
        assert_eq!(kept.state, ets_ca::State::Revoked);
        let standing = ready.ground.revoked.standing(kept.id());
        assert_eq!(standing, ets_tls::Standing::Revoked);
    }
    assert!(jwk(&owner.key).is_object());
}

/// covers: T1.2, T1.3
#[tokio::test]
async fn another_account_revokes_what_bears_only_names_that_it_has_proved() {
    let ready = Ready::new().await;
    let names = ["akimat.test", "mail.akimat.test"];
    let der = ready.certificate_of("a", &names).await;
    let said = json!({ "certificate": encoded(&der), "reason": 1 }).to_string();
    let other = Client::bound(&ready.ground.enrol, &ready.ground.account_key(1).await).await;
    let refused = async |when: &str| {
        let told = other.post("/acme/revoke-cert", &said).await;
        assert_eq!(told.problem(), "unauthorized", "{when}");
        assert_eq!(ready.ground.ca.list(10).await.unwrap()[0].state, ets_ca::State::Active);
    };
    ready.order_by(&other, &names[..1]).await;
    refused("one of two names").await;
    let second = other.order(&names[1..]).await.must_be(201);
    refused("the other one is not proved").await;
    let challenge = other.challenge(&second, 0, "http-01").await;
    ready.web.put(&challenge.token, &challenge.answer);
    assert_eq!(other.meet(&challenge).await["status"], "valid");
    let of_other = "UPDATE acme_authorization SET expires = expires - 1000000000000000";
    run(&ready.ground, of_other).await;
    refused("the proofs are over").await;
    run(&ready.ground, "UPDATE acme_authorization SET expires = expires + 1000000000000000").await;
    other.post("/acme/revoke-cert", &said).await.must_be(200);
    let kept = &ready.ground.ca.list(10).await.unwrap()[0];
    assert_eq!(kept.reason, Some(ets_ca::Reason::KeyCompromise));
    assert_eq!(ready.ground.revoked.standing(kept.id()), ets_tls::Standing::Revoked);
}

/// covers: T1.2
#[tokio::test]
async fn a_client_learns_when_to_renew() {
    let ready = Ready::new().await;
    let der = ready.certificate("a").await;
    std::fs::write(ready.ground.path("a.cer"), &der).unwrap();
    let dir = ready.ground.dir.path();
    let text = openssl(dir, &["x509", "-inform", "DER", "-in", "a.cer", "-noout", "-text"]);
    let hex = |text: &str| hex::decode(text.trim().replace(':', "")).unwrap();
    let after = |word: &str| text.split(word).nth(1).unwrap().lines().nth(1).unwrap().to_owned();
    let (authority, serial) =
        (hex(&after("Authority Key Identifier:")), hex(&after("Serial Number:")));
    let ask = |id: String| {
        let request = Request::get(format!("/acme/renewal-info/{id}"));
        ready.client.send(request.body(Body::empty()).unwrap())
    };
    let id = format!("{}.{}", encoded(&authority), encoded(&serial));
    let told = ask(id.clone()).await.must_be(200);
    assert!(!told.header("retry-after").is_empty());
    let moment = |told: &Answer, which: &str| -> jiff::Timestamp {
        told.json()["suggestedWindow"][which].as_str().unwrap().parse().unwrap()
    };
    let now = jiff::Timestamp::now();
    assert!(now < moment(&told, "start") && moment(&told, "start") < moment(&told, "end"));
    let other = format!("{}.{}", encoded([7; 20]), encoded(&serial));
    for id in [other, "a.b".to_owned(), encoded(&serial)] {
        ask(id).await.must_be(404);
    }
    let said = json!({ "certificate": encoded(&der) }).to_string();
    ready.client.post("/acme/revoke-cert", &said).await.must_be(200);
    let told = ask(id).await.must_be(200);
    assert!(moment(&told, "end") <= jiff::Timestamp::now(), "at once");
}
