//! A client of ACME that can be told to do it wrong.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::Router;
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ets_enrol::{AccountKey, Enrol};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::ground::URL;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The kind of problem, without the namespace.
    pub(crate) fn problem(&self) -> String {
        let json = self.json();
        let kind = json["type"].as_str().unwrap_or_default();
        kind.strip_prefix("urn:ietf:params:acme:error:").unwrap_or(kind).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn must_be(self, status: u16) -> Self {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{text}");
        self
    }
}

/// Somebody with a key, and perhaps an account.
pub(crate) struct Client {
    router: Router,
    pub(crate) key: EcdsaKeyPair,
    pub(crate) kid: Option<String>,
}

pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn jwk(key: &EcdsaKeyPair) -> Value {
    let point = &key.public_key().as_ref()[1..];
    json!({ "kty": "EC", "crv": "P-256", "x": encoded(&point[..32]), "y": encoded(&point[32..]) })
}

pub(crate) fn new_key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

/// A flattened JWS by this key.
pub(crate) fn signed(key: &EcdsaKeyPair, header: &Value, payload: &str) -> Value {
    let (protected, payload) = (encoded(header.to_string()), encoded(payload));
    let signature =
        key.sign(&SystemRandom::new(), format!("{protected}.{payload}").as_bytes()).unwrap();
    json!({ "protected": protected, "payload": payload, "signature": encoded(signature) })
}

/// A binding, as an institution's key seals it.
pub(crate) fn binding(eab: &AccountKey, header: &Value, payload: &Value) -> Value {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &URL_SAFE_NO_PAD.decode(&eab.hmac).unwrap());
    let (protected, payload) = (encoded(header.to_string()), encoded(payload.to_string()));
    let tag = hmac::sign(&key, format!("{protected}.{payload}").as_bytes());
    json!({ "protected": protected, "payload": payload, "signature": encoded(tag) })
}

impl Client {
    pub(crate) fn new(enrol: &Enrol) -> Self {
        Self { router: enrol.acme_router(), key: new_key(), kid: None }
    }

    /// With an account under this key.
    pub(crate) async fn bound(enrol: &Enrol, eab: &AccountKey) -> Self {
        let mut client = Self::new(enrol);
        let payload = json!({ "externalAccountBinding": client.binding(eab) });
        let answer = client.register(&payload).await.must_be(201);
        client.kid = Some(answer.header("location"));
        client
    }

    /// The same client, after the hub was started anew.
    pub(crate) fn turn_to(&mut self, enrol: &Enrol) {
        self.router = enrol.acme_router();
    }

    /// Holds nothing of the hub any more.
    pub(crate) fn leave(&mut self) {
        self.router = Router::new();
    }

    pub(crate) fn binding(&self, eab: &AccountKey) -> Value {
        let url = format!("{URL}/acme/new-account");
        let header = json!({ "alg": "HS256", "kid": eab.kid, "url": url });
        binding(eab, &header, &jwk(&self.key))
    }

    pub(crate) async fn register(&self, payload: &Value) -> Answer {
        self.post("/acme/new-account", &payload.to_string()).await
    }

    pub(crate) async fn nonce(&self) -> String {
        let request = Request::head("/acme/new-nonce").body(Body::empty()).unwrap();
        self.send(request).await.header("replay-nonce")
    }

    /// A good header for this path.
    pub(crate) async fn header(&self, path: &str) -> Value {
        let mut header = json!({ "alg": "ES256", "url": format!("{URL}{path}") });
        header["nonce"] = self.nonce().await.into();
        match &self.kid {
            Some(kid) => header["kid"] = kid.clone().into(),
            None => header["jwk"] = jwk(&self.key),
        }
        header
    }

    /// A signed request; an empty payload is a POST-as-GET. Takes whole addresses too.
    pub(crate) async fn post(&self, path: &str, payload: &str) -> Answer {
        let path = path.strip_prefix(URL).unwrap_or(path);
        let header = self.header(path).await;
        self.post_raw(path, signed(&self.key, &header, payload).to_string()).await
    }

    pub(crate) async fn post_raw(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header("content-type", "application/jose+json");
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Orders these names.
    pub(crate) async fn order(&self, names: &[&str]) -> Answer {
        let of = |name: &&str| {
            let kind = if name.parse::<std::net::IpAddr>().is_ok() { "ip" } else { "dns" };
            json!({ "type": kind, "value": name })
        };
        let names: Vec<_> = names.iter().map(of).collect();
        self.post("/acme/new-order", &json!({ "identifiers": names }).to_string()).await
    }

    /// RFC 7638, of a key on P-256.
    pub(crate) fn thumbprint(&self) -> String {
        let jwk = jwk(&self.key);
        let (x, y) = (jwk["x"].as_str().unwrap(), jwk["y"].as_str().unwrap());
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        encoded(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()))
    }

    /// The challenge of this way, of an order's authorization.
    pub(crate) async fn challenge(&self, order: &Answer, place: usize, way: &str) -> Challenge {
        let at = order.json()["authorizations"][place].as_str().unwrap().to_owned();
        let authorization = self.post(&at, "").await.must_be(200).json();
        let all = authorization["challenges"].as_array().unwrap();
        let found = all.iter().find(|one| one["type"] == way).unwrap();
        let token = found["token"].as_str().unwrap().to_owned();
        let answer = format!("{token}.{}", self.thumbprint());
        Challenge { at, url: found["url"].as_str().unwrap().to_owned(), token, answer }
    }

    /// Says that a challenge is met, and waits for what the hub finds.
    pub(crate) async fn meet(&self, challenge: &Challenge) -> Value {
        let answer = self.post(&challenge.url, "{}").await.must_be(200);
        assert!(
            answer
                .headers
                .get_all("link")
                .iter()
                .any(|link| { link.to_str().unwrap() == format!("<{}>;rel=\"up\"", challenge.at) })
        );
        self.decided(challenge).await
    }

    pub(crate) async fn decided(&self, challenge: &Challenge) -> Value {
        for _ in 0..400 {
            let now = self.post(&challenge.at, "").await.must_be(200).json();
            if now["status"] != "pending" {
                return now;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("the validation does not end");
    }
}

/// What is to be shown.
#[derive(Debug)]
pub(crate) struct Challenge {
    /// The authorization's address.
    pub(crate) at: String,
    pub(crate) url: String,
    pub(crate) token: String,
    /// The key authorization.
    pub(crate) answer: String,
}

impl Challenge {
    /// SHA-256 of the key authorization.
    pub(crate) fn hashed(&self) -> Vec<u8> {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.answer.as_bytes());
        digest.as_ref().to_vec()
    }
}
