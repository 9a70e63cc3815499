//! `/api/v1/segments`: the star, and its register.

use std::collections::HashMap;
use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::response::{IntoResponse, Response};
use ets_model::{InstitutionId, Lang, LinkState, Segment, SegmentNo, WallTime};
use ets_rights::Object;
use ets_traffic::{Both, Total};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asker::Asker;
use super::{body, segment_doc, time};
use crate::Error;
use crate::entry::Identity;
use crate::error::Fault;
use crate::service::App;

/// The language in which names are given: the best of `Accept-Language`, else Russian.
#[derive(Clone, Copy)]
pub(crate) struct Language(pub Lang);

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let header = parts.headers.get(header::ACCEPT_LANGUAGE);
        let wanted = header.and_then(|line| line.to_str().ok()).and_then(|line| {
            line.split(',').find_map(|tag| tag.trim().split(['-', ';']).next()?.parse().ok())
        });
        Ok(Self(wanted.unwrap_or_default()))
    }
}

/// Which segments.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    state: Option<LinkState>,
    q: String,
    retired: bool,
}

/// `GET /api/v1/segments`
pub(crate) async fn list(
    State(app): State<App>,
    language: Language,
    Query(filter): Query<Filter>,
) -> Response {
    let (catalog, snapshot) = (app.deps.registry.catalog(), app.deps.watch.snapshot());
    let found: Vec<_> = if filter.q.is_empty() {
        catalog.all_segments().collect()
    } else {
        catalog.search(&filter.q, usize::MAX)
    };
    let state_of = |segment: &Segment| {
        snapshot.segment(segment.no).map_or(LinkState::Unknown, |now| now.state)
    };
    let moved = moved(&app);
    let documents: Vec<_> = found
        .into_iter()
        .filter(|segment| filter.retired || segment.is_active())
        .filter(|segment| filter.state.is_none_or(|state| state_of(segment) == state))
        .map(|segment| {
            let moved = moved.as_ref().map(|all| all.get(&segment.no).copied().unwrap_or_default());
            segment_doc::brief(&catalog, &snapshot, segment, moved, language)
        })
        .collect();
    answer(StatusCode::OK, &documents)
}

/// The bytes that every segment has ever moved, where that is counted.
fn moved(app: &App) -> Option<HashMap<SegmentNo, Both<u64>>> {
    let ever = app.deps.traffic.as_ref()?.ever();
    Some(ever.into_iter().map(|(no, total)| (no, bytes(&total))).collect())
}

fn bytes(total: &Total) -> Both<u64> {
    Both { up: total.amount.up.bytes, down: total.amount.down.bytes }
}

/// `GET /api/v1/segments/{id}`
pub(crate) async fn get(
    State(app): State<App>,
    language: Language,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let catalog = app.deps.registry.catalog();
    let segment = catalog.segment(&id).ok_or_else(|| Error::segment(&id))?;
    document(&app, segment, language, StatusCode::OK)
}

/// `POST /api/v1/segments`
pub(crate) async fn create(by: Asker, body: Bytes) -> Result<Response, Error> {
    let segment = segment_doc::read(body::object(&body)?)?;
    let made = by.registry().create_segment(segment, &by.author).await?;
    let mut response = document(&by.app, &made, by.language, StatusCode::CREATED)?;
    if let Ok(place) = HeaderValue::try_from(format!("/api/v1/segments/{}", made.id)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// `PUT /api/v1/segments/{id}`
pub(crate) async fn replace(
    by: Asker,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    let catalog = by.registry().catalog();
    let current = catalog.segment(&id).ok_or_else(|| Error::segment(&id))?;
    let mut map = body::object(&body)?;
    let version = by.seen(map.get("version"), current.version);
    map.entry("id").or_insert_with(|| id.clone().into());
    let mut segment = segment_doc::read(map)?;
    if segment.id != current.id {
        return Err(Error::Invalid(vec![Fault {
            field: "id".to_owned(),
            message: "an identifier does not change".to_owned(),
            remedy: "add a new segment and retire this one".to_owned(),
        }]));
    }
    if segment.institution != current.institution {
        may_move(&by.app, &by.identity, &current.institution, &segment.institution)?;
    }
    segment.no = current.no;
    segment.version = version;
    segment.retired = current.retired;
    let made = by.registry().update_segment(segment, &by.author).await?;
    document(&by.app, &made, by.language, StatusCode::OK)
}

/// A segment is taken from one institution and given to another: whoever does it needs the right
/// on both, or rights on a segment would reach wherever its holder moves it.
fn may_move(
    app: &App,
    who: &Identity,
    from: &InstitutionId,
    to: &InstitutionId,
) -> Result<(), Error> {
    for one in [from, to] {
        app.judge(who, "network.write", &Object::Institution(one.clone()))?;
    }
    Ok(())
}

/// `DELETE /api/v1/segments/{id}`: it is retired and keeps its history.
pub(crate) async fn retire(by: Asker, Path(id): Path<String>) -> Result<Response, Error> {
    let made = by.registry().retire_segment(&id, by.seen_of(&id)?, &by.author).await?;
    document(&by.app, &made, by.language, StatusCode::OK)
}

/// `POST /api/v1/segments/{id}/restore`
pub(crate) async fn restore(by: Asker, Path(id): Path<String>) -> Result<Response, Error> {
    let made = by.registry().restore_segment(&id, by.seen_of(&id)?, &by.author).await?;
    document(&by.app, &made, by.language, StatusCode::OK)
}

/// `PUT /api/v1/segments/{id}/maintenance`: `{"until": moment}`; null ends it.
pub(crate) async fn maintenance(
    by: Asker,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    let map = body::object(&body)?;
    body::only(&map, &["until"])?;
    let until = match map.get("until") {
        None | Some(Value::Null) => None,
        Some(value) => Some(until(value)?),
    };
    let made = by.registry().set_maintenance(&id, until, &by.author).await?;
    document(&by.app, &made, by.language, StatusCode::OK)
}

fn until(value: &Value) -> Result<WallTime, Error> {
    value.as_str().and_then(time::parse).ok_or_else(|| {
        Error::Invalid(vec![Fault {
            field: "until".to_owned(),
            message: format!("{value} is no moment"),
            remedy: "write it like 2026-11-22T15:00:00+05:00, or null to end it".to_owned(),
        }])
    })
}

fn document(
    app: &App,
    segment: &Segment,
    language: Language,
    status: StatusCode,
) -> Result<Response, Error> {
    let (catalog, snapshot) = (app.deps.registry.catalog(), app.deps.watch.snapshot());
    let moved = app.deps.traffic.as_ref().map(|traffic| bytes(&traffic.ever_of(segment.no)));
    let document = segment_doc::full(&catalog, &snapshot, segment, moved, language)?;
    let mut response = answer(status, &document);
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", segment.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// A JSON answer that nobody keeps.
pub(crate) fn answer(status: StatusCode, document: &impl serde::Serialize) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    match serde_json::to_vec(document) {
        Ok(bytes) => (status, kind, bytes).into_response(),
        Err(error) => Error::internal(error).into_response(),
    }
}

/// `{"done": true}`, for what answers with nothing else.
pub(crate) fn done() -> Response {
    answer(StatusCode::OK, &json!({"done": true}))
}
