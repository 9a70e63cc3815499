//! `GET /api/v1/events`: every change as it happens, as server-sent events.
//!
//! Each has an `id:`; a follower that comes back with `Last-Event-ID` within five minutes misses
//! nothing, a later one gets `event: reset` and takes `GET /api/v1/segments`.

use axum::extract::{Extension, Query, State};
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;

use crate::entry::Identity;
use crate::live;
use crate::service::App;

/// Where to go on, for who cannot set headers.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    after: Option<String>,
}

/// The handler.
pub(crate) async fn get(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let after = live::resume_from(&headers, asked.after.as_deref());
    live::watched(&app, identity, after)
}
