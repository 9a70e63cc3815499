//! `/api/v1/segments/{id}/speed`: what was measured of a segment's channel.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use ets_speed::Measured;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::segments::answer;
use super::{segment_doc, time};
use crate::Error;
use crate::service::App;

/// The longest list.
const LONGEST: u16 = 1_000;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    limit: Option<u16>,
}

/// The handler.
pub(crate) async fn list(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let no = segment_doc::number(&app.deps.registry.catalog(), &id)?;
    let limit = asked.limit.unwrap_or(100).clamp(1, LONGEST);
    let list = app.deps.speed.last(no, limit).await?;
    Ok(answer(StatusCode::OK, &list.iter().map(document).collect::<Vec<_>>()))
}

/// One measurement; rates in layer-3 bits a second, times in milliseconds.
pub(crate) fn document(one: &Measured) -> Value {
    json!({
        "at": time::rfc3339(one.at),
        "direction": one.direction,
        "rate_bps": one.rate,
        "work_bps": one.work,
        "contracted_bps": one.contracted,
        "rtt_idle_ms": one.idle.map(segment_doc::millis),
        "rtt_loaded_ms": one.loaded.map(segment_doc::millis),
        "limit": one.limit.code(),
        "asked_from": one.from,
    })
}
