//! Requests that are not what they must be (T-8).

use aws_lc_rs::hmac;
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::client::{Client, encoded, jwk, new_key, signed};
use crate::ground::{Ground, URL};

const ORDER: &str = r#"{"identifiers":[{"type":"dns","value":"mail.akimat.test"}]}"#;
const AT: &str = "/acme/new-order";

/// covers: T1.2, T-8
#[tokio::test]
async fn a_request_counts_once_at_its_address_and_by_its_key() {
    let ground = Ground::new().await;
    let client = Client::bound(&ground.enrol, &ground.account_key(1).await).await;
    let once = signed(&client.key, &client.header(AT).await, ORDER).to_string();
    client.post_raw(AT, once.clone()).await.must_be(201);
    let told = client.post_raw(AT, once).await.must_be(400);
    assert_eq!(told.problem(), "badNonce");
    assert!(!told.header("replay-nonce").is_empty(), "it may try again at once");
    let good = client.header(AT).await;
    let with = |key: &str, value: Value| {
        let mut header = good.clone();
        header[key] = value;
        header
    };
    let kid = client.kid.clone().unwrap();
    let nobody = format!("{URL}/acme/account/ffffffffffffffffffffffff");
    let elsewhere = kid.replace(URL, "https://other.test");
    for (name, header, problem) in [
        ("no nonce", with("nonce", Value::Null), "badNonce"),
        ("a made-up nonce", with("nonce", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")), "badNonce"),
        ("no address", with("url", Value::Null), "unauthorized"),
        ("another address", with("url", json!(format!("{URL}/acme/key-change"))), "unauthorized"),
        ("another host", with("url", json!("https://other.test/acme/new-order")), "unauthorized"),
        ("an account of nobody", with("kid", json!(nobody)), "accountDoesNotExist"),
        ("an account elsewhere", with("kid", json!(elsewhere)), "accountDoesNotExist"),
        ("an account and a key", with("jwk", jwk(&client.key)), "malformed"),
        ("nobody", with("kid", Value::Null), "malformed"),
        ("no algorithm", with("alg", json!("none")), "badSignatureAlgorithm"),
        ("another algorithm", with("alg", json!("ES384")), "malformed"),
    ] {
        let body = signed(&client.key, &header, ORDER).to_string();
        assert_eq!(client.post_raw(AT, body).await.problem(), problem, "{name}");
    }
    let other = signed(&new_key(), &client.header(AT).await, ORDER).to_string();
    assert_eq!(client.post_raw(AT, other).await.problem(), "malformed");
    // HS256 with the public key, which everybody knows, as the secret.
    let header = encoded(with("alg", json!("HS256")).to_string());
    let text = format!("{header}.{}", encoded(ORDER));
    let key = hmac::Key::new(hmac::HMAC_SHA256, jwk(&client.key).to_string().as_bytes());
    let tag = encoded(hmac::sign(&key, text.as_bytes()));
    let body = json!({ "protected": header, "payload": encoded(ORDER), "signature": tag });
    let told = client.post_raw(AT, body.to_string()).await;
    assert_eq!(told.problem(), "badSignatureAlgorithm");
    assert_eq!(told.json()["algorithms"][0], "ES256");
    let unknown = Client::new(&ground.enrol).post(AT, ORDER).await;
    assert_eq!(unknown.problem(), "malformed", "a key without an account");
}

/// covers: T1.2, T-8
#[tokio::test]
async fn what_is_no_request_of_acme_is_told_so_and_costs_little() {
    let ground = Ground::new().await;
    let client = Client::bound(&ground.enrol, &ground.account_key(1).await).await;
    let get = Request::get(AT).body(Body::empty()).unwrap();
    assert_eq!(client.send(get).await.must_be(405).problem(), "malformed");
    let body = signed(&client.key, &client.header(AT).await, ORDER).to_string();
    let plain = Request::post(AT).header("content-type", "application/json");
    client.send(plain.body(Body::from(body)).unwrap()).await.must_be(415);
    let huge = client.post_raw(AT, vec![b'a'; 33 * 1024]).await.must_be(413);
    assert_eq!(huge.problem(), "malformed");
    // A body without an end is read no further either.
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'a'; 1024]));
    client.post_raw(AT, Body::from_stream(endless)).await.must_be(413);
    for body in ["", "{}", "[1]", "\u{0}", r#"{"protected":"","payload":"","signature":""}"#] {
        assert_eq!(client.post_raw(AT, body).await.must_be(400).problem(), "malformed", "{body:?}");
    }
    let deep = "[".repeat(30_000);
    client.post_raw(AT, deep).await.must_be(400);
    for said in ["{}", "[]", "null", r#"{"identifiers":[]}"#, r#"{"identifiers":[{"type":"dns"}]}"#]
    {
        assert_eq!(client.post(AT, said).await.must_be(400).problem(), "malformed", "{said}");
    }
    let directory = client.send(Request::get("/acme/directory").body(Body::empty()).unwrap()).await;
    let directory = directory.must_be(200).json();
    assert_eq!(directory["meta"]["externalAccountRequired"], true);
    assert_eq!(directory["newOrder"], format!("{URL}{AT}"));
    let nonce = Request::get("/acme/new-nonce").body(Body::empty()).unwrap();
    let nonce = client.send(nonce).await.must_be(204);
    assert_eq!(nonce.header("cache-control"), "no-store");
    assert_eq!(nonce.header("link"), format!("<{URL}/acme/directory>;rel=\"index\""));
}
