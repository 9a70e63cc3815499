//! What a crash leaves at each point between an order and its certificate: nobody loses a
//! certificate by it, or the right to one.
//!
//! A crash is what it leaves in the database: the intent with its mark, or the certificate without
//! the word that it was handed out. The log is ahead of the database, never behind.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ets_ca::State;
use ets_enrol::RouterSecret;
use ets_store::testing::TestStore;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::certificates::Ready;
use crate::est::ROUTER;
use crate::ground::{Ground, URL, migrations, officer};
use crate::orders::run;
use crate::servers::{EC, request, server_request};

/// As it is between the intent and the record of the signature.
const UNSIGNED: &str = "UPDATE ca_certificate SET state = 'intended', certificate = NULL";
/// As it is between the record of the signature and the order's.
const UNTOLD: &str = "UPDATE acme_order SET status = 'processing', certificate = NULL";

async fn an_order_that_was_being_signed_gets_its_certificate_or_another(store: TestStore) {
    let mut hub = Ready::on(store).await;
    let order = hub.order(&["mail.akimat.test"]).await;
    let csr = server_request(hub.ground.dir.path(), "a", "DNS:mail.akimat.test");
    hub.finalize(&order, &csr).await.must_be(200);
    let first = hub.ground.ca.list(10).await.unwrap().remove(0);
    let status = async |hub: &Ready| hub.client.post(&order, "").await.must_be(200).json();
    // Signed and written down, and the order does not know.
    run(&hub.ground, UNTOLD).await;
    hub = hub.crash().await;
    let found = status(&hub).await;
    assert_eq!(found["status"], "valid", "{found}");
    let chain = hub.client.post(found["certificate"].as_str().unwrap(), "").await.must_be(200);
    let chain = String::from_utf8(chain.body).unwrap();
    assert!(chain.starts_with(&first.certificate), "{chain}");
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2, "with the authority's");
    // The same without a crash: the database failed for a moment.
    run(&hub.ground, UNTOLD).await;
    assert_eq!(status(&hub).await["status"], "valid");
    // Intended, and perhaps signed: nobody was handed it, so it is dead and another is issued.
    run(&hub.ground, UNTOLD).await;
    run(&hub.ground, UNSIGNED).await;
    assert_eq!(status(&hub).await["status"], "processing");
    hub = hub.crash().await;
    assert_eq!(status(&hub).await["status"], "ready");
    assert_eq!(hub.ground.ca.find(first.serial).await.unwrap().state, State::Revoked);
    hub.finalize(&order, &csr).await.must_be(200);
    let all = hub.ground.ca.list(10).await.unwrap();
    let alive = all.iter().filter(|one| one.state == State::Active).count();
    assert_eq!((all.len(), alive), (2, 1));
    // As an older release left it: without a number.
    run(&hub.ground, "UPDATE acme_order SET status = 'processing', serial = NULL").await;
    hub = hub.crash().await;
    assert_eq!(status(&hub).await["status"], "ready");
}

ets_store::on_both_databases!(
    /// covers: T-6, T1.2
    acme,
    &migrations(),
    an_order_that_was_being_signed_gets_its_certificate_or_another
);

/// What a router is told that comes with a secret and a request.
async fn enrols(ground: &Ground, secret: &RouterSecret, csr: &[u8]) -> (StatusCode, Vec<u8>) {
    let user = STANDARD.encode(format!("{}:{}", secret.name, secret.secret));
    let request = Request::post("/.well-known/est/simpleenroll")
        .header("content-type", "application/pkcs10")
        .header("authorization", format!("Basic {user}"))
        .body(Body::from(STANDARD.encode(csr)));
    let answer = ground.enrol.est_router().oneshot(request.unwrap()).await.unwrap();
    (answer.status(), answer.into_body().collect().await.unwrap().to_bytes().to_vec())
}

async fn a_secret_leads_to_one_certificate_and_not_to_none(store: TestStore) {
    let mut ground = Ground::on(store, URL, |_| {}).await;
    let secret = ground.enrol.new_router_secret(ROUTER, &officer()).await.unwrap();
    let ask = |name: &str, key: &str| {
        request(ground.dir.path(), name, key, &format!("/CN={ROUTER}"), &[])
    };
    let (own, other) = (ask("own", "RSA -pkeyopt rsa_keygen_bits:2048"), ask("other", EC));
    let (status, first) = enrols(&ground, &secret, &own).await;
    assert_eq!(status, StatusCode::OK);
    // Handed out as far as the hub knows: the same once more for the same key, also after a crash.
    ground = ground.crash().await;
    assert_eq!(enrols(&ground, &secret, &own).await, (StatusCode::OK, first.clone()));
    assert_eq!(enrols(&ground, &secret, &other).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ground.ca.list(10).await.unwrap().len(), 1);
    // Marked and intended, and the hub still signs: whoever comes now waits.
    run(&ground, UNSIGNED).await;
    assert_eq!(enrols(&ground, &secret, &own).await.0, StatusCode::UNAUTHORIZED);
    // It ended there: nobody has a certificate, so the secret leads to another.
    ground = ground.crash().await;
    let (status, second) = enrols(&ground, &secret, &own).await;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(second, first);
    let all = ground.ca.list(10).await.unwrap();
    let alive: Vec<_> = all.iter().filter(|one| one.state == State::Active).collect();
    assert_eq!((all.len(), alive.len()), (2, 1));
    let listed = ground.enrol.router_secrets().await.unwrap();
    assert_eq!(listed[0].serial.as_ref(), Some(&alive[0].serial.to_string()));
    // As an older release left it: used, and nobody knows for what.
    run(&ground, "UPDATE est_secret SET serial = NULL").await;
    assert_eq!(enrols(&ground, &secret, &other).await.0, StatusCode::OK);
    // What it led to was revoked: it does not lead around that.
    let serial = ground.ca.list(10).await.unwrap()[0].serial;
    ground.ca.revoke(serial, ets_ca::Reason::KeyCompromise, &officer()).await.unwrap();
    assert_eq!(enrols(&ground, &secret, &other).await.0, StatusCode::UNAUTHORIZED);
    let fresh = ground.enrol.new_router_secret(ROUTER, &officer()).await.unwrap();
    let twice = tokio::join!(enrols(&ground, &fresh, &own), enrols(&ground, &fresh, &other));
    let won = [twice.0.0, twice.1.0].iter().filter(|status| **status == StatusCode::OK).count();
    assert_eq!(won, 1, "of two at once one gets a certificate: {twice:?}");
}

ets_store::on_both_databases!(
    /// covers: T-6, T1.2
    est,
    &migrations(),
    a_secret_leads_to_one_certificate_and_not_to_none
);
