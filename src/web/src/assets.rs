//! What pages fetch: style sheet, script, fonts, icon. Built into the program, named by their
//! content, compressed beforehand.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::security;

/// One file.
#[derive(Debug)]
struct Asset {
    path: &'static str,
    mime: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The route of all assets. They may be kept for ever: a new content has a new name.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{file}", get(serve))
}

/// The asset that stands at the request's path, for whoever routes a few of them alone.
pub async fn serve(request: Request) -> Response {
    let path = request.uri().path();
    let Some(asset) = ASSETS.iter().find(|asset| asset.path == path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (bytes, encoding) = choose(asset, request.headers());
    let mut response = Bytes::from_static(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.mime));
    let for_ever = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, for_ever);
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    security::apply(headers);
    response
}

fn choose(asset: &Asset, headers: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    if let Some(bytes) = asset.brotli.filter(|_| accepts(headers, "br")) {
        return (bytes, Some("br"));
    }
    if let Some(bytes) = asset.gzip.filter(|_| accepts(headers, "gzip")) {
        return (bytes, Some("gzip"));
    }
    (asset.plain, None)
}

/// Whether the browser takes this encoding (RFC 9110, section 12.5.3).
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|part| {
            let (name, weight) = part.split_once(';').unwrap_or((part, ""));
            let refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
            name.trim().eq_ignore_ascii_case(encoding) && !refused
        })
}

/// How many bytes a first visit fetches of assets, compressed: (all, scripts alone).
#[must_use]
pub fn weight() -> (usize, usize) {
    let size = |asset: &Asset| asset.brotli.unwrap_or(asset.plain).len();
    let all = ASSETS.iter().map(size).sum();
    let scripts = ASSETS.iter().filter(|asset| asset.mime.starts_with("text/javascript"));
    (all, scripts.map(size).sum())
}
