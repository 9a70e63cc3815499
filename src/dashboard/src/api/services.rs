//! `/api/v1/services/health` and the history of one: whether the services answer.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use ets_model::{HealthState, Service};
use ets_poll::{Health, Line, Reason};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::segments::answer;
use super::time::{moment, rfc3339};
use crate::Error;
use crate::service::App;

/// The longest history at once.
const LONGEST: u32 = 1_000;

/// How many changes are wanted.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Part {
    limit: Option<u32>,
}

/// `GET /api/v1/services/health`
pub(crate) async fn health(State(app): State<App>) -> Result<Response, Error> {
    let rules = app.deps.rules.as_ref().ok_or(Error::NetdAway)?;
    let (rights, picture) =
        (rules.rights(), app.deps.services.as_ref().map(ets_poll::Handle::picture));
    let of = |one: &Service| picture.as_ref().and_then(|all| all.services.get(&one.id).cloned());
    let all: Vec<Value> = rights.active().map(|one| document(one, of(one).as_deref())).collect();
    Ok(answer(StatusCode::OK, &all))
}

/// `GET /api/v1/segments/{id}/services`
pub(crate) async fn of_segment(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let catalog = app.deps.registry.catalog();
    let segment = catalog.segment(&id).ok_or_else(|| Error::segment(&id))?;
    let reachable = app.deps.reachable.as_ref().ok_or(Error::NetdAway)?;
    let all: Vec<Value> = reachable
        .reachable_from(&segment.id)
        .iter()
        .map(|one| {
            let mut document = json!(one);
            document["since"] = moment(one.since);
            document
        })
        .collect();
    Ok(answer(StatusCode::OK, &all))
}

/// `GET /api/v1/services/{id}/history`
pub(crate) async fn history(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Response, Error> {
    let missing = || Error::NotFound { what: "service", id: id.clone() };
    let parsed = id.parse().map_err(|_| missing())?;
    let rules = app.deps.rules.as_ref().ok_or(Error::NetdAway)?;
    rules.service(&parsed).ok_or_else(missing)?;
    let services = app.deps.services.as_ref().ok_or(Error::NetdAway)?;
    let limit = part.limit.unwrap_or(50).clamp(1, LONGEST);
    let changes = services.history(&parsed, limit).await.map_err(Error::internal)?;
    let all: Vec<Value> = changes
        .iter()
        .map(|one| {
            json!({
                "at": rfc3339(one.at),
                "from": one.from,
                "to": one.to,
                "reason": one.reason.as_ref().map(reason),
            })
        })
        .collect();
    Ok(answer(StatusCode::OK, &all))
}

fn document(service: &Service, health: Option<&Health>) -> Value {
    let none = Health::default();
    let known = health.unwrap_or(&none);
    json!({
        "id": service.id,
        "name": service.name,
        "state": health.map_or(HealthState::Unknown, |health| health.state),
        "checked": health.is_some(),
        "since": moment(known.since),
        "reason": known.reason.as_ref().map(reason),
        "took_ms": known.took().map(|took| took.as_secs_f64() * 1e3),
        "checks": known.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn line(line: &Line) -> Value {
    json!({
        "check": line.target.check.to_string(),
        "address": line.target.address,
        "state": line.state,
        "since": moment(line.since),
        "asked": moment(line.asked),
        "took_ms": line.took.map(|took| took.as_secs_f64() * 1e3),
        "reason": line.reason.as_ref().map(reason),
        "failed": line.failed.as_ref().map(|(at, why)| {
            json!({ "at": rfc3339(*at), "reason": reason(why) })
        }),
    })
}

/// The reason with its sentence.
fn reason(reason: &Reason) -> Value {
    let mut document = json!(reason);
    document["text"] = ets_poll::words(reason).into();
    document
}
