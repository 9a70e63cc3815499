//! Figures for Prometheus: those of the segments written straight from the live picture, those
//! of the pages and of the process from a registry.

mod exposition;
mod own;
mod traffic;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::service::App;

pub(crate) use own::{Own, count};

/// Every metric there is, one a line: name, type, labels, meaning. A test compares it with what
/// is served.
pub const LIST: &str = include_str!("../../metrics.txt");

const QUALITY: CompressionLevel = CompressionLevel::Fastest;

/// `/metrics`, for a listener that only scrapers reach.
pub(crate) fn router(app: &App) -> Router {
    Router::new()
        .route("/metrics", get(serve))
        // At 10,000 segments the text has some 20 MB: a scraper waits for it, and packs no better.
        .layer(CompressionLayer::new().br(false).no_zstd().no_deflate().quality(QUALITY))
        .with_state(app.clone())
}

async fn serve(State(app): State<App>) -> Response {
    let health = app.deps.watch.health().await;
    let mut text = exposition::write(&app, &health);
    text.push_str(&app.metrics.encode(app.live.viewers()));
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, Bytes::from(text)).into_response()
}
