//! The HTTP API, `/api/v1`: the machine interface of scripts, checks and commands.

mod amounts;
mod asker;
mod body;
mod ca;
mod entry;
mod events;
mod gateway;
mod gateway_report;
mod health;
mod import;
mod journal;
mod machines;
mod openapi;
mod operation;
mod orders;
mod orders_schema;
mod outages;
mod photo;
mod ping;
mod problem;
mod quotas;
mod renewal;
mod rights;
mod rights_schema;
mod rules;
mod schema;
mod segment_doc;
mod segment_traffic;
mod segments;
mod series;
mod services;
mod services_schema;
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
use axum::middleware::from_fn;
use axum::routing::any;
use tower_http::compression::CompressionLayer;

use crate::entry::Routes;
use crate::service::App;

pub(crate) use body::author;
pub(crate) use gateway_report::name as gateway_line_name;
pub(crate) use import::{csv as csv_answer, to_keep};
pub(crate) use photo::get as photo;
pub(crate) use ping::{
    Request as PingRequest, events as ping_events, failed as ping_failed, start as start_ping,
};
pub(crate) use problem::plain;
pub(crate) use rights::held_document;
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
    routes()
        .build(app)
        // Event streams are left out by the layer's own rule.
        .layer(CompressionLayer::new())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(problem::problems))
        .with_state(app.clone())
}

/// Every operation there is, with what it needs.
pub(crate) fn routes() -> Routes {
    let operations = table::operations();
    let routes = operations.fold(Routes::new(), |routes, one| {
        routes.on(one.method, one.path, one.needs, (one.route)())
    });
    routes.known("/api/{*rest}", any(unknown))
}

async fn unknown(uri: http::Uri) -> crate::Error {
    crate::Error::NotFound { what: "resource", id: uri.path().to_owned() }
}
