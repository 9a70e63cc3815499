//! Lists, certificates and OCSP answers over plain HTTP (RFC 5280, 4.2.1.13 and 4.2.2.1; RFC 6960,
//! appendix A; RFC 5019, section 5 and 6). Nothing here is secret, and everything is signed.

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, EXPIRES, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

use super::lists::Which;
use crate::Ca;
use crate::build::SHARDS;

/// A request for an answer is no longer than this: 64 certificates fit, and a nonce.
const REQUEST: usize = 16 << 10;
/// The authority's own certificates and the root's list may be kept for an hour.
const HOUR: i64 = 3_600;
const CERTIFICATE: &str = "application/pkix-cert";
const LIST: &str = "application/pkix-crl";
const ANSWER: &str = "application/ocsp-response";
/// Some clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Ca {
    /// What relying parties fetch over plain HTTP: `/root.cer`, `/root.crl`, `/issuing.cer`,
    /// `/issuing.crl`, `/crl/NNN.crl` and `/ocsp`. Whole paths; open to everybody.
    pub fn status_router(&self) -> Router {
        Router::new()
            .route("/root.cer", get(root))
            .route("/root.crl", get(root_list))
            .route("/issuing.cer", get(issuing))
            .route("/issuing.crl", get(whole_list))
            .route("/crl/{name}", get(part))
            .route("/ocsp", post(posted))
            .route("/ocsp/{*request}", get(got))
            .layer(DefaultBodyLimit::max(REQUEST))
            .with_state(self.clone())
    }
}

async fn root(State(ca): State<Ca>, headers: HeaderMap) -> Response {
    let body = Bytes::copy_from_slice(ca.0.deps.authority.root());
    fixed(&body, CERTIFICATE, &headers)
}

async fn issuing(State(ca): State<Ca>, headers: HeaderMap) -> Response {
    let body = Bytes::copy_from_slice(ca.0.deps.authority.certificate());
    fixed(&body, CERTIFICATE, &headers)
}

/// From its file: an operator replaces it by what his root signed elsewhere.
async fn root_list(State(ca): State<Ca>, headers: HeaderMap) -> Response {
    match tokio::fs::read(ca.0.deps.authority.files().root_list()).await {
        Ok(body) => fixed(&body.into(), LIST, &headers),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn whole_list(State(ca): State<Ca>, headers: HeaderMap) -> Response {
    list(&ca, Which::All, &headers).await
}

async fn part(State(ca): State<Ca>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let digits = name
        .strip_suffix(".crl")
        .filter(|digits| digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit()));
    let number = digits.and_then(|digits| digits.parse().ok()).filter(|number| *number < SHARDS);
    match number {
        Some(number) => list(&ca, Which::Part(number), &headers).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn list(ca: &Ca, which: Which, headers: &HeaderMap) -> Response {
    match ca.0.status.list_or_last(which).await {
        Ok(list) => {
            let span = (list.from, list.until);
            // A revocation makes a new list: whoever asks again is answered in few octets.
            let control = "public, no-cache".to_owned();
            let kept = Kept { tag: &list.tag, span: Some(span), control };
            respond(list.body.clone(), LIST, kept, headers)
        }
        Err(error) => {
            tracing::error!(%error, "a revocation list could not be signed");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// A body that changes when an operator changes it.
fn fixed(body: &Bytes, kind: &'static str, headers: &HeaderMap) -> Response {
    let control = format!("public, max-age={HOUR}");
    respond(body.clone(), kind, Kept { tag: &tag(body), span: None, control }, headers)
}

async fn posted(State(ca): State<Ca>, body: Bytes) -> Response {
    let answer = ca.answer(&body).await;
    ([(CONTENT_TYPE, ANSWER)], answer.body).into_response()
}

/// The request in base64, in the path; the server has undone the percent signs.
async fn got(State(ca): State<Ca>, Path(text): Path<String>, headers: HeaderMap) -> Response {
    // What is no base64 is no request, and is refused as such.
    let request = BASE64.decode(text.as_bytes()).unwrap_or_default();
    let answer = ca.answer(&request).await;
    let Some((from, until)) = answer.span else {
        let headers = [(CONTENT_TYPE, ANSWER), (CACHE_CONTROL, "no-cache, no-store")];
        return (headers, answer.body).into_response();
    };
    let left = (until - ca.0.status.now()).max(0);
    let control = format!("max-age={left}, public, no-transform, must-revalidate");
    let kept = Kept { tag: &tag(&answer.body), span: Some((from, until)), control };
    respond(answer.body.clone(), ANSWER, kept, &headers)
}

/// What a cache may do with a body.
struct Kept<'a> {
    tag: &'a str,
    /// Made, and over: seconds since 1970.
    span: Option<(i64, i64)>,
    control: String,
}

/// The body, or the word that the one that is known still holds (RFC 9110, section 13).
fn respond(body: Bytes, kind: &'static str, kept: Kept<'_>, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", kept.tag);
    let is_known = match asked.get(IF_NONE_MATCH).map(|value| value.to_str()) {
        Some(known) => known.is_ok_and(|known| names(known, &tag)),
        None => kept.span.is_some_and(|(from, _)| is_since(asked, from)),
    };
    let mut response = match is_known {
        true => Response::new(Body::empty()),
        false => Response::new(Body::from(body)),
    };
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let dates = kept.span.map(|(from, until)| [(LAST_MODIFIED, from), (EXPIRES, until)]);
    let dates = dates.into_iter().flatten().map(|(name, at)| (name, date(at)));
    for (name, value) in dates.chain([(ETAG, tag), (CACHE_CONTROL, kept.control)]) {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    response
}

/// Whether a list of tags names this one.
fn names(list: &str, tag: &str) -> bool {
    list.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// Whether a client knows what was made at this moment.
fn is_since(asked: &HeaderMap, made: i64) -> bool {
    let since = asked.get(IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    let since = since.and_then(|text| DateTimeParser::new().parse_timestamp(text).ok());
    since.is_some_and(|since| since.as_second() >= made)
}

/// As HTTP writes a moment (RFC 9110, section 5.6.7).
fn date(seconds: i64) -> String {
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

fn tag(body: &[u8]) -> String {
    hex::encode(&digest(&SHA256, body).as_ref()[..16])
}
