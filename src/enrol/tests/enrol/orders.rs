//! Orders: whose they are, what they may hold, and what a restart does to them.

use ets_ca::State;
use ets_store::testing::TestStore;
use ets_store::values;
use serde_json::json;

use crate::client::{Client, encoded};
use crate::ground::{Ground, URL, migrations, officer, words};
use crate::servers::{Web, openssl, server_request};

async fn an_order_becomes_a_certificate(store: TestStore) {
    let (web, port) = Web::start().await;
    let mut ground = Ground::on(store, URL, |config| config.http_port = port).await;
    ground.config.http_port = port;
    let mut client = Client::bound(&ground.enrol, &ground.account_key(1).await).await;
    let order = client.order(&["mail.akimat.test"]).await.must_be(201);
    assert_eq!(order.json()["status"], "pending");
    let at = order.header("location");
    ground.restart().await;
    client.turn_to(&ground.enrol);
    let challenge = client.challenge(&order, 0, "http-01").await;
    web.put(&challenge.token, format!("{}\r\n", challenge.answer));
    let proved = client.meet(&challenge).await;
    assert_eq!(proved["status"], "valid", "{proved}");
    assert_eq!(proved["challenges"].as_array().unwrap().len(), 1);
    ground.restart().await;
    client.turn_to(&ground.enrol);
    assert_eq!(client.post(&at, "").await.must_be(200).json()["status"], "ready");
    let csr = server_request(ground.dir.path(), "mail", "DNS:mail.akimat.test");
    let csr = json!({ "csr": encoded(csr) }).to_string();
    let done = client.post(&format!("{at}/finalize"), &csr).await.must_be(200).json();
    assert_eq!(done["status"], "valid", "{done}");
    ground.restart().await;
    client.turn_to(&ground.enrol);
    let chain = client.post(done["certificate"].as_str().unwrap(), "").await.must_be(200);
    assert_eq!(chain.header("content-type"), "application/pem-certificate-chain");
    std::fs::write(ground.path("chain.pem"), &chain.body).unwrap();
    let root = ground.authority("root.pem");
    let verify = ["verify", "-CAfile", &root, "-untrusted", "chain.pem", "-purpose", "sslserver"];
    let verify = [&verify[..], &["-verify_hostname", "mail.akimat.test", "chain.pem"]].concat();
    assert!(openssl(ground.dir.path(), &verify).contains("OK"));
    let kept = ground.ca.list(10).await.unwrap();
    assert_eq!((kept.len(), kept[0].state), (1, State::Active));
    assert_eq!(kept[0].profile, "server");
    assert_eq!(kept[0].subject, "O=Akimat\\, \\\"city\\\" of \u{49a}ala,CN=mail.akimat.test");
    assert_eq!(kept[0].names, ["mail.akimat.test"]);
    let told = ground.actions().await;
    let expected =
        ["acme.key.create", "acme.account.create", "certificate.issue", "acme.order.finalize"];
    assert_eq!(told, expected);
}

ets_store::on_both_databases!(
    /// covers: T1.2, S9
    whole,
    &migrations(),
    an_order_becomes_a_certificate
);

/// covers: T1.2
#[tokio::test]
async fn an_institution_orders_its_own_names_and_sees_its_own_orders() {
    let ground = Ground::new().await;
    let client = Client::bound(&ground.enrol, &ground.account_key(1).await).await;
    for names in [&["mail.school.test"][..], &["a.akimat.test", "akimat.test.evil"], &["10.8.0.1"]]
    {
        let told = client.order(names).await.must_be(400);
        assert_eq!(told.problem(), "rejectedIdentifier", "{names:?}");
        assert_eq!(told.json()["subproblems"].as_array().unwrap().len(), 1);
    }
    let many: Vec<String> = (0..101).map(|at| format!("a{at}.akimat.test")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(client.order(&many).await.problem(), "malformed");
    let long = format!("{}.akimat.test", "a".repeat(60));
    assert_eq!(client.order(&[&long]).await.problem(), "rejectedIdentifier");
    let dated = r#"{"identifiers":[{"type":"dns","value":"akimat.test"}],"notAfter":"2030-01-01T00:00:00Z"}"#;
    assert_eq!(client.post("/acme/new-order", dated).await.problem(), "malformed");
    let names = [long.as_str(), "Akimat.test", "*.akimat.test", "akimat.test", "10.9.1.1"];
    let order = client.order(&names).await.must_be(201);
    let json = order.json();
    assert_eq!(json["identifiers"].as_array().unwrap().len(), 4, "each once: {json}");
    let mut offered = Vec::new();
    for at in json["authorizations"].as_array().unwrap() {
        let one = client.post(at.as_str().unwrap(), "").await.must_be(200).json();
        let ways: Vec<_> = one["challenges"].as_array().unwrap().iter().collect();
        let tokens: std::collections::BTreeSet<_> =
            ways.iter().map(|way| way["token"].to_string()).collect();
        assert_eq!(tokens.len(), ways.len(), "each has its own token");
        offered.push((one["wildcard"] == true, one["identifier"]["value"].clone(), ways.len()));
    }
    let value = |text: &str| json!(text);
    assert_eq!(
        offered[1..],
        [
            (false, value("akimat.test"), 3),
            (true, value("akimat.test"), 1),
            (false, value("10.9.1.1"), 2),
        ]
    );
    // The neighbour's account knows the addresses and sees nothing.
    let names = words(&["school.test"]);
    let eab = ground.enrol.new_account_key("School", &names, 1, &officer()).await.unwrap();
    let other = Client::bound(&ground.enrol, &eab).await;
    let challenge = client.challenge(&order, 0, "http-01").await;
    let at = order.header("location");
    let id = at.rsplit('/').next().unwrap();
    for address in [
        at.clone(),
        format!("{at}/finalize"),
        format!("{URL}/acme/certificate/{id}"),
        challenge.at.clone(),
        challenge.url.clone(),
        format!("{URL}/acme/order/ffffffffffffffffffffffff"),
    ] {
        let payload = if address.ends_with("finalize") { r#"{"csr":""}"# } else { "" };
        let told = other.post(&address, payload).await.must_be(403);
        assert_eq!(told.problem(), "unauthorized", "{address}");
    }
    let told = client.post(&format!("{}x", challenge.url), "{}").await;
    assert_eq!(told.problem(), "unauthorized", "no such way");
    let gone = client.post(&challenge.at, r#"{"status":"deactivated"}"#).await.must_be(200);
    assert_eq!(gone.json()["status"], "deactivated");
    assert_eq!(client.post(&at, "").await.json()["status"], "invalid");
}

/// covers: T1.2, T-8
#[tokio::test]
async fn an_account_that_orders_without_end_is_slowed_down() {
    let ground = Ground::with(URL, |config| config.orders_per_hour = 3).await;
    let eab = ground.account_key(2).await;
    let client = Client::bound(&ground.enrol, &eab).await;
    for _ in 0..3 {
        client.order(&["mail.akimat.test"]).await.must_be(201);
    }
    let told = client.order(&["mail.akimat.test"]).await.must_be(429);
    assert_eq!(
        (told.problem().as_str(), told.header("retry-after").as_str()),
        ("rateLimited", "3600")
    );
    let other = Client::bound(&ground.enrol, &eab).await;
    other.order(&["mail.akimat.test"]).await.must_be(201);
}

/// covers: T1.2
#[tokio::test]
async fn a_restart_goes_on_with_validations_and_what_takes_too_long_is_over() {
    let (web, port) = Web::start().await;
    let mut ground = Ground::with(URL, |config| config.http_port = port).await;
    let mut client = Client::bound(&ground.enrol, &ground.account_key(1).await).await;
    let order = client.order(&["mail.akimat.test"]).await.must_be(201);
    let challenge = client.challenge(&order, 0, "http-01").await;
    web.put(&challenge.token, &challenge.answer);
    // As a process leaves it that is killed while it looks.
    let sql = "UPDATE acme_authorization SET challenge = 'http-01'";
    run(&ground, sql).await;
    ground.restart().await;
    client.turn_to(&ground.enrol);
    assert_eq!(client.decided(&challenge).await["status"], "valid");
    let order = client.order(&["mail.akimat.test"]).await.must_be(201);
    let challenge = client.challenge(&order, 0, "http-01").await;
    run(&ground, "UPDATE acme_order SET expires = 1").await;
    run(&ground, "UPDATE acme_authorization SET expires = 1").await;
    assert_eq!(client.post(&order.header("location"), "").await.json()["status"], "invalid");
    assert_eq!(client.meet(&challenge).await["status"], "invalid");
    client.order(&["mail.akimat.test"]).await.must_be(201);
    let left = ground.store.query("SELECT id FROM acme_order", &[]).await.unwrap();
    assert_eq!(left.len(), 1, "what led to nothing is forgotten");
}

pub(crate) async fn run(ground: &Ground, sql: &'static str) {
    let done = ground
        .store
        .write(move |tx| Box::pin(async move { tx.execute(sql, &values![]).await.map(drop) }));
    done.await.unwrap();
}
