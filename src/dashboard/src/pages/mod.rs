//! The administrator's pages: plain HTML that works without a script, kept fresh by one.

mod answers;
mod ca;
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
mod renew;
mod rights_desk;
mod rules;
mod segment;
mod segment_acts;
mod segment_history;
mod segments_table;
mod services;
mod settings;
mod site;
mod speed;
mod stories;
mod together;
mod traffic;
mod trust_tabs;
mod view;
mod wall;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower_http::compression::CompressionLayer;

use crate::entry::Routes;
use crate::service::App;

pub(crate) use cache::Cache;
pub(crate) use csv::guarded;
pub(crate) use overview::{live_groups, summary};
pub(crate) use segment::{FRAGMENTS as SEGMENT_FRAGMENTS, summary as segment_summary};
pub(crate) use services::FRAGMENT as SERVICES_FRAGMENT;
pub(crate) use site::sites;
pub(crate) use speed::router as speed_router;
pub(crate) use traffic::{middle as traffic_middle, told as traffic_told};

/// All pages, behind the gate but for the entry page and the assets.
pub(crate) fn router(app: &App) -> Router {
    routes()
        .build(app)
        .fallback(problem::no_such_page)
        .layer(DefaultBodyLimit::max(crate::api::BODY_LIMIT))
        .layer(from_fn_with_state(app.clone(), problem::problems))
        .layer(from_fn_with_state(app.clone(), crate::metrics::count))
        .layer(CompressionLayer::new())
        .with_state(app.clone())
        .merge(ets_web::assets::router())
        .merge(ets_web::preferences::router())
}

/// Every page there is, with what it needs.
pub(crate) fn routes() -> Routes {
    closed().merge(traffic::routes()).merge(open())
}

/// The pages on which an owner renews his certificate, for another listener.
pub(crate) fn renewal_router(app: &App) -> Router {
    renew::routes()
        .build(app)
        .layer(DefaultBodyLimit::max(crate::api::BODY_LIMIT))
        .layer(from_fn_with_state(app.clone(), problem::problems))
        .with_state(app.clone())
}

fn open() -> Routes {
    Routes::new().public("/enter", get(enter::show).post(enter::open)).public("/me", get(me::show))
}

fn closed() -> Routes {
    Routes::new()
        .route("/", "network.read", get(overview::page))
        .route("/live", "network.read", get(live::overview))
        .route("/live/segments/{id}", "network.read", get(live::segment))
        .route("/segments", "network.read", get(registry::page))
        .route("/segments.csv", "network.read", get(csv::segments))
        .route("/segments/{id}", "network.read", get(segment::page))
        .route(
            "/segments/{id}/edit",
            "network.write",
            get(registry_edit::edit).post(registry_edit::save),
        )
        .route("/segments/{id}/ping", "network.write", post(segment_acts::ping))
        .route("/segments/{id}/ping.stream", "network.write", get(segment_acts::ping_stream))
        .route("/segments/{id}/maintenance", "network.write", post(segment_acts::maintenance))
        .route(
            "/segments/{id}/retire",
            "network.write",
            get(segment_acts::ask_retire).post(segment_acts::retire),
        )
        .route("/segments/{id}/restore", "network.write", post(segment_acts::restore))
        .route("/segments/{id}/photo", "network.read", get(crate::api::photo))
        .route("/segments/{id}/photo/edit", "network.write", get(photo::edit).post(photo::save))
        .route(
            "/segments/{id}/photo/remove",
            "network.write",
            get(photo::ask_remove).post(photo::remove),
        )
        .route("/registry/points", "network.read", get(points::list))
        .route("/registry/points/{id}", "network.read", get(points::page))
        .route(
            "/registry/points/{id}/edit",
            "network.write",
            get(point_edit::edit).post(point_edit::save),
        )
        .route(
            "/registry/points/{id}/remove",
            "network.write",
            get(point_edit::ask_remove).post(point_edit::remove),
        )
        .route(
            "/registry/new-point",
            "network.write",
            get(point_edit::new).post(point_edit::create),
        )
        .route(
            "/registry/new",
            "network.write",
            get(registry_edit::new).post(registry_edit::create),
        )
        .route("/registry/import", "network.write", get(import::show).post(import::preview))
        .route("/registry/import/apply", "network.write", post(import::apply))
        .route("/registry/export.csv", "network.read", get(csv::registry))
        .route("/outages", "network.read", get(outages::page))
        .route("/outages.csv", "network.read", get(csv::outages))
        .route("/outages/{id}", "network.read", get(outage::page))
        .route("/journal", "journal.read", get(journal::page))
        .route("/journal.csv", "journal.read", get(csv::journal))
        .route("/system", "system.read", get(health::page))
        .route("/settings", "system.read", get(settings::page))
        .route("/settings/sessions/{id}/end", "system.write", post(settings::end_session))
        .known("/leave", post(enter::leave))
        .known("/help", get(help::page))
        .known("/help/problems", get(help::problems))
        .route("/wall", "network.read", get(wall::page))
        .merge(rules::routes())
        .merge(services::routes())
        .merge(ca::routes())
        .merge(rights_desk::routes())
        .merge(renew::routes())
}
