//! The HTTP API, `/api/v1`: the machine interface of scripts, checks and commands.

mod amounts;
mod asker;
mod body;
mod ca;
mod entry;
mod events;
mod health;
mod import;
mod journal;
mod openapi;
mod operation;
mod outages;
mod photo;
mod ping;
mod problem;
mod quotas;
mod rules;
mod schema;
mod segment_doc;
mod segment_traffic;
mod segments;
mod series;
mod shared;
mod speed;
mod table;
mod talkers;
mod tally;
mod time;
mod traffic;
mod traffic_report;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::any;
use tower_http::compression::CompressionLayer;

use crate::entry::require_entry;
use crate::service::App;

pub(crate) use body::author;
pub(crate) use import::{csv as csv_answer, to_keep};
pub(crate) use photo::get as photo;
pub(crate) use ping::{
    Request as PingRequest, events as ping_events, failed as ping_failed, start as start_ping,
};
pub(crate) use problem::plain;
pub(crate) use segment_doc::current_rtt;
pub(crate) use series::fitting_step;
pub(crate) use speed::document as measured_document;
pub(crate) use talkers::group as talkers_by;
pub(crate) use tally::by_parent;
pub(crate) use time::{parse as parse_moment, rfc3339};
pub(crate) use traffic::length as period_length;
pub(crate) use traffic_report::month;

/// The largest body that is taken: a CSV of 10,000 segments has about 3 MB.
pub(crate) const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// Every operation of the API behind the gate, and its OpenAPI document.
pub(crate) fn router(app: &App) -> Router {
    let mut router = Router::new();
    for operation in table::operations() {
        router = router.route(operation.path, (operation.route)());
    }
    router
        .route("/api/{*rest}", any(unknown))
        // Event streams are left out by the layer's own rule.
        .layer(CompressionLayer::new())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(app.clone(), require_entry))
        .layer(from_fn(problem::problems))
        .with_state(app.clone())
}

async fn unknown(uri: http::Uri) -> crate::Error {
    crate::Error::NotFound { what: "resource", id: uri.path().to_owned() }
}
