//! Figures for Prometheus: those of the segments written straight from the live picture, those
//! of the pages and of the process from a registry.

mod dns;
mod entrance;
mod exposition;
mod gateway;
mod own;
mod services;
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

pub use entrance::Entrance;
pub(crate) use own::{Own, count};

/// Every metric there is, one a line: name, type, labels, meaning. A test compares it with what
/// is served.
pub const LIST: &str = include_str!("../../metrics.txt");

const QUALITY: CompressionLevel = CompressionLevel::Fastest;

/// `/metrics`, for a listener that only scrapers reach.
pub(crate) fn router(app: &App, entrance: Entrance) -> Router {
    Router::new()
        .route("/metrics", get(serve))
        // At 10,000 segments the text has some 20 MB: a scraper waits for it, and packs no better.
        .layer(CompressionLayer::new().br(false).no_zstd().no_deflate().quality(QUALITY))
        .with_state((app.clone(), entrance))
}

/// How many letters there are; none while the database does not answer.
async fn letters(app: &App) -> Option<ets_notify::Figures> {
    let figures = ets_notify::figures(&app.deps.store).await;
    figures.inspect_err(|error| tracing::warn!(%error, "figures of letters are left out")).ok()
}

async fn serve(State((app, entrance)): State<(App, Entrance)>) -> Response {
    let health = app.deps.watch.health().await;
    let letters = letters(&app).await;
    let mut text = exposition::write(&app, &health, letters.as_ref());
    text.push_str(&entrance::write(&entrance()));
    text.push_str(&app.metrics.encode(app.live.viewers()));
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, Bytes::from(text)).into_response()
}
