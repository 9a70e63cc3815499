//! What anybody in a segment may open: how fast the segment's channel is, measured from his own
//! browser (requirement N8.1). Who asks is known by his address, which the packet filter vouches
//! for; nothing else of the hub is on this listener.

mod card;
mod page;
mod results;
mod transfer;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;

use crate::service::App;

pub(super) use card::card;

/// The routes of the listener that segments reach.
pub(crate) fn router(app: &App) -> Router {
    Router::new()
        .route("/", get(page::show))
        .route("/down", get(transfer::down))
        .route("/up", axum::routing::post(transfer::up).put(transfer::up))
        .layer(DefaultBodyLimit::disable())
        .fallback(super::problem::no_such_page)
        .with_state(app.clone())
        .merge(ets_web::assets::router())
        .merge(ets_web::preferences::router())
}
