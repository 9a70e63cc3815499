//! The ACME server (RFC 8555): its resources, and what every answer has in common.

mod account;
mod authorization;
pub(crate) mod finalize;
mod order;
mod renewal;
mod request;
mod revoke;
pub(crate) mod rows;
pub(crate) mod validate;

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use crate::Enrol;
use crate::problem::Problem;

/// RFC 8555, section 6.5.1.
const REPLAY_NONCE: HeaderName = HeaderName::from_static("replay-nonce");
/// Clients come back after so many seconds to what is still under way.
const SOON: HeaderValue = HeaderValue::from_static("1");

const DIRECTORY: &str = "/acme/directory";
const NEW_NONCE: &str = "/acme/new-nonce";
const NEW_ACCOUNT: &str = "/acme/new-account";
const NEW_ORDER: &str = "/acme/new-order";
const KEY_CHANGE: &str = "/acme/key-change";
const REVOKE: &str = "/acme/revoke-cert";
const RENEWAL: &str = "/acme/renewal-info";
/// In front of an account's id.
const ACCOUNT: &str = "/acme/account/";

pub(crate) fn router(enrol: Enrol) -> Router {
    Router::new()
        .route(DIRECTORY, get(directory))
        .route(NEW_NONCE, get(new_nonce))
        .route(NEW_ACCOUNT, post(account::create))
        .route("/acme/account/{id}", post(account::update))
        .route("/acme/account/{id}/orders", post(account::orders))
        .route(KEY_CHANGE, post(account::change_key))
        .route(NEW_ORDER, post(order::create))
        .route("/acme/order/{id}", post(order::show))
        .route("/acme/order/{id}/finalize", post(finalize::finalize))
        .route("/acme/certificate/{id}", post(finalize::download))
        .route("/acme/authorization/{id}", post(authorization::show))
        .route("/acme/challenge/{id}/{kind}", post(authorization::challenge))
        .route(REVOKE, post(revoke::revoke))
        .route("/acme/renewal-info/{id}", get(renewal::info))
        .method_not_allowed_fallback(not_allowed)
        .layer(middleware::from_fn_with_state(enrol.clone(), finished))
        .with_state(enrol)
}

async fn directory(State(enrol): State<Enrol>) -> Response {
    let at = |path: &str| enrol.at(path);
    Json(json!({
        "newNonce": at(NEW_NONCE),
        "newAccount": at(NEW_ACCOUNT),
        "newOrder": at(NEW_ORDER),
        "revokeCert": at(REVOKE),
        "keyChange": at(KEY_CHANGE),
        "renewalInfo": at(RENEWAL),
        "meta": { "externalAccountRequired": true },
    }))
    .into_response()
}

/// `HEAD` answers 200, `GET` 204 (RFC 8555, section 7.2).
async fn new_nonce(method: http::Method) -> StatusCode {
    if method == http::Method::HEAD { StatusCode::OK } else { StatusCode::NO_CONTENT }
}

/// RFC 8555, section 6.3: what is not public is asked for by signed requests only.
async fn not_allowed() -> Problem {
    let detail = "ask with a signed POST (POST-as-GET, RFC 8555 section 6.3)";
    Problem::malformed(detail).with_status(StatusCode::METHOD_NOT_ALLOWED)
}

/// A nonce for the next request, the way to the directory, and nothing for caches.
async fn finished(State(enrol): State<Enrol>, request: Request, next: Next) -> Response {
    let is_directory = request.uri().path() == DIRECTORY;
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(nonce) = HeaderValue::from_str(&enrol.0.nonces.draw()) {
        headers.insert(REPLAY_NONCE, nonce);
    }
    if !is_directory {
        headers.append(header::LINK, link(&enrol.at(DIRECTORY), "index"));
    }
    response
}

/// A `Link` (RFC 8288).
fn link(to: &str, relation: &str) -> HeaderValue {
    let text = format!("<{to}>;rel=\"{relation}\"");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// An answer with the address of what it shows.
fn with_location(mut response: Response, at: &str) -> Response {
    if let Ok(at) = HeaderValue::from_str(at) {
        response.headers_mut().insert(header::LOCATION, at);
    }
    response
}
