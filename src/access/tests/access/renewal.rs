//! The pages of another room on which an owner renews his certificate: who comes there, and what
//! they are told of him.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use axum::extract::{Extension, Request};
use axum::routing::any;
use axum::{Json, Router};
use ets_access::Renewal;
use ets_listen::{Peer, PeerCertificate, Signed};
use serde_json::{Value, json};

use crate::bed::Bed;

/// Pages that say who came; `/me` leads to them half a day before the end.
pub(crate) fn pages() -> Renewal {
    let pages = Router::new().route("/me/renew", any(told)).route("/me/renew/{*rest}", any(told));
    Renewal { pages, window: Duration::from_secs(43_200) }
}

async fn told(
    Extension(peer): Extension<Peer>,
    Extension(certificate): Extension<PeerCertificate>,
    Extension(signed): Extension<Signed>,
    request: Request,
) -> Json<Value> {
    let method = request.method().to_string();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    Json(json!({
        "renewal_of": certificate.subject,
        "address": peer.address.ip().to_string(),
        "signed_ms": u64::try_from(signed.0.elapsed().as_millis()).unwrap(),
        "method": method,
        "body": String::from_utf8_lossy(&body),
    }))
}

/// covers: T1.4
#[tokio::test(flavor = "multi_thread")]
async fn only_who_came_in_reaches_the_renewal_and_it_knows_who_that_is() {
    let bed = Bed::start(|_| {}).await;
    let (status, body) = bed.ask(&["--data", "a=b"], "/me/renew").await;
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &told["renewal_of"]), (200, &json!("Айгүл Омарова")));
    assert_eq!((&told["method"], &told["body"]), (&json!("POST"), &json!("a=b")));
    let (status, body) = bed.ask(&[], "/me/renew/end?x").await;
    assert!(status == 200 && body.contains("renewal_of"), "{body}");
    // A name that only begins so is a service's.
    let (_, body) = bed.ask(&[], "/me/renewals").await;
    assert!(!body.contains("renewal_of"), "{body}");
    let json = ["-H", "accept: application/json"];
    let closed = "https://closed.example/me/renew";
    let (status, body) = bed.ask_as(None, &json, closed).await;
    assert!(status == 403 && body.contains("no-certificate"), "{status} {body}");
    let (_, body) = bed.ask_as(None, &json, "https://open.example/me/renew").await;
    assert!(!body.contains("renewal_of"), "{body}");
    bed.connections.revoke(bed.id("aigul"));
    let (status, body) = bed.ask_as(Some("aigul"), &json, closed).await;
    assert!(status != 200 && !body.contains("renewal_of"), "{status} {body}");
}

/// covers: T1.4
#[tokio::test(flavor = "multi_thread")]
async fn me_leads_there_when_the_end_is_near() {
    let bed = Bed::start(|_| {}).await;
    let page = async |who| {
        let more = ["-H", "accept-language: en", "-H", "accept: text/html"];
        bed.ask_as(Some(who), &more, "https://closed.example/me").await.1
    };
    let soon = page("soon").await;
    assert!(soon.contains("href=\"/me/renew\"") && soon.contains("good for 1 more day"), "{soon}");
    let later = page("aigul").await;
    assert!(later.contains("Айгүл") && !later.contains("/me/renew"), "{later}");
}

/// covers: T1.4
#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_session_is_as_old_as_the_signature_that_it_goes_back_to() {
    let bed = Bed::start(|_| {}).await;
    let file = bed.dir.path().join("session");
    let file = file.to_str().unwrap();
    let first = age(&bed, &["-tls1_3", "-sess_out", file]).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let resumed = age(&bed, &["-tls1_3", "-sess_in", file]).await;
    let anew = age(&bed, &["-tls1_3"]).await;
    assert!(first < 1_000 && anew < 1_000 && resumed >= 1_500, "{first} {resumed} {anew}");
}

/// How long ago the key signed, in milliseconds, as the pages are told.
async fn age(bed: &Bed, more: &[&str]) -> u64 {
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", "-ign_eof", "-servername", "closed.example", "-connect"]);
    openssl.arg(bed.address.to_string()).arg("-CAfile").arg(&bed.paths.ca_cert).args(more);
    openssl.arg("-cert").arg(bed.dir.path().join("aigul.pem"));
    openssl.arg("-key").arg(bed.dir.path().join("aigul.key"));
    openssl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = openssl.spawn().unwrap();
    let request = "GET /me/renew HTTP/1.1\r\nHost: closed.example\r\nConnection: close\r\n\r\n";
    drop(child.stdin.take().unwrap().write_all(request.as_bytes()));
    let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let body = said.split_once("{\"").map(|(_, rest)| format!("{{\"{rest}"));
    let body = body.unwrap_or_else(|| panic!("{said}"));
    // What openssl itself says stands behind it.
    let mut values = serde_json::Deserializer::from_str(&body).into_iter::<Value>();
    let body = values.next().unwrap().unwrap();
    body["signed_ms"].as_u64().unwrap()
}
