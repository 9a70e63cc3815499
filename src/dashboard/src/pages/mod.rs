//! The administrator's pages: plain HTML that works without a script, kept fresh by one.

mod cache;
mod changed;
mod csv;
mod enter;
mod evidence;
mod form_check;
mod form_fields;
mod form_hints;
mod health;
mod help;
mod import;
mod journal;
mod kinds;
mod lists;
mod live;
mod me;
mod outage;
mod outages;
mod overview;
mod photo;
mod point_edit;
mod points;
mod problem;
mod registry;
mod registry_edit;
mod rules;
mod segment;
mod segment_acts;
mod segment_history;
mod segments_table;
mod settings;
mod site;
mod speed;
mod stories;
mod together;
mod traffic;
mod view;
mod wall;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower_http::compression::CompressionLayer;

use crate::entry::require_entry;
use crate::service::App;

pub(crate) use cache::Cache;
pub(crate) use overview::{live_groups, summary};
pub(crate) use segment::{FRAGMENTS as SEGMENT_FRAGMENTS, summary as segment_summary};
pub(crate) use site::sites;
pub(crate) use speed::router as speed_router;
pub(crate) use traffic::{middle as traffic_middle, told as traffic_told};

/// All pages, behind the gate but for the entry page and the assets.
pub(crate) fn router(app: &App) -> Router {
    closed()
        .merge(traffic::routes())
        .layer(from_fn_with_state(app.clone(), require_entry))
        .merge(open())
        .fallback(problem::no_such_page)
        .layer(DefaultBodyLimit::max(crate::api::BODY_LIMIT))
        .layer(from_fn_with_state(app.clone(), problem::problems))
        .layer(from_fn_with_state(app.clone(), crate::metrics::count))
        .layer(CompressionLayer::new())
        .with_state(app.clone())
        .merge(ets_web::assets::router())
        .merge(ets_web::preferences::router())
}

fn open() -> Router<App> {
    Router::new().route("/enter", get(enter::show).post(enter::open)).route("/me", get(me::show))
}

fn closed() -> Router<App> {
    Router::new()
        .route("/", get(overview::page))
        .route("/live", get(live::overview))
        .route("/live/segments/{id}", get(live::segment))
        .route("/segments", get(registry::page))
        .route("/segments.csv", get(csv::segments))
        .route("/segments/{id}", get(segment::page))
        .route("/segments/{id}/edit", get(registry_edit::edit).post(registry_edit::save))
        .route("/segments/{id}/ping", post(segment_acts::ping))
        .route("/segments/{id}/ping.stream", get(segment_acts::ping_stream))
        .route("/segments/{id}/maintenance", post(segment_acts::maintenance))
        .route("/segments/{id}/retire", get(segment_acts::ask_retire).post(segment_acts::retire))
        .route("/segments/{id}/restore", post(segment_acts::restore))
        .route("/segments/{id}/photo", get(crate::api::photo))
        .route("/segments/{id}/photo/edit", get(photo::edit).post(photo::save))
        .route("/segments/{id}/photo/remove", get(photo::ask_remove).post(photo::remove))
        .route("/registry/points", get(points::list))
        .route("/registry/points/{id}", get(points::page))
        .route("/registry/points/{id}/edit", get(point_edit::edit).post(point_edit::save))
        .route("/registry/points/{id}/remove", get(point_edit::ask_remove).post(point_edit::remove))
        .route("/registry/new-point", get(point_edit::new).post(point_edit::create))
        .route("/registry/new", get(registry_edit::new).post(registry_edit::create))
        .route("/registry/import", get(import::show).post(import::preview))
        .route("/registry/import/apply", post(import::apply))
        .route("/registry/export.csv", get(csv::registry))
        .route("/outages", get(outages::page))
        .route("/outages.csv", get(csv::outages))
        .route("/outages/{id}", get(outage::page))
        .route("/journal", get(journal::page))
        .route("/journal.csv", get(csv::journal))
        .route("/system", get(health::page))
        .route("/settings", get(settings::page))
        .route("/settings/sessions/{id}/end", post(settings::end_session))
        .route("/leave", post(enter::leave))
        .route("/help", get(help::page))
        .route("/help/problems", get(help::problems))
        .route("/wall", get(wall::page))
        .merge(rules::routes())
}
