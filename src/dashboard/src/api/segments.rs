//! `/api/v1/segments`: the star, and its register.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{Extension, FromRequestParts, Path, Query, State};
use axum::response::{IntoResponse, Response};
use ets_listen::Peer;
use ets_model::{Lang, LinkState, Segment, WallTime};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

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
    let documents: Vec<_> = found
        .into_iter()
        .filter(|segment| filter.retired || segment.is_active())
        .filter(|segment| filter.state.is_none_or(|state| state_of(segment) == state))
        .map(|segment| segment_doc::brief(&catalog, &snapshot, segment, language))
        .collect();
    answer(StatusCode::OK, &documents)
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
pub(crate) async fn create(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    peer: Option<Extension<Peer>>,
    language: Language,
    body: Bytes,
) -> Result<Response, Error> {
    let segment = segment_doc::read(body::object(&body)?)?;
    let author = body::author(&app, &identity, peer.as_deref());
    let made = app.deps.registry.create_segment(segment, &author).await?;
    let mut response = document(&app, &made, language, StatusCode::CREATED)?;
    if let Ok(place) = HeaderValue::try_from(format!("/api/v1/segments/{}", made.id)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// `PUT /api/v1/segments/{id}`
pub(crate) async fn replace(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    peer: Option<Extension<Peer>>,
    language: Language,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let catalog = app.deps.registry.catalog();
    let current = catalog.segment(&id).ok_or_else(|| Error::segment(&id))?;
    let mut map = body::object(&body)?;
    let version = body::seen_version(&headers, map.get("version")).unwrap_or(current.version);
    map.entry("id").or_insert_with(|| id.clone().into());
    let mut segment = segment_doc::read(map)?;
    if segment.id != current.id {
        return Err(Error::Invalid(vec![Fault {
            field: "id".to_owned(),
            message: "an identifier does not change".to_owned(),
            remedy: "add a new segment and retire this one".to_owned(),
        }]));
    }
    segment.no = current.no;
    segment.version = version;
    segment.retired = current.retired;
    let author = body::author(&app, &identity, peer.as_deref());
    let made = app.deps.registry.update_segment(segment, &author).await?;
    document(&app, &made, language, StatusCode::OK)
}

/// `DELETE /api/v1/segments/{id}`: it is retired and keeps its history.
pub(crate) async fn retire(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    peer: Option<Extension<Peer>>,
    language: Language,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let version = version(&app, &id, &headers)?;
    let author = body::author(&app, &identity, peer.as_deref());
    let made = app.deps.registry.retire_segment(&id, version, &author).await?;
    document(&app, &made, language, StatusCode::OK)
}

/// `POST /api/v1/segments/{id}/restore`
pub(crate) async fn restore(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    peer: Option<Extension<Peer>>,
    language: Language,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let version = version(&app, &id, &headers)?;
    let author = body::author(&app, &identity, peer.as_deref());
    let made = app.deps.registry.restore_segment(&id, version, &author).await?;
    document(&app, &made, language, StatusCode::OK)
}

/// `PUT /api/v1/segments/{id}/maintenance`: `{"until": moment}`; null ends it.
pub(crate) async fn maintenance(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    peer: Option<Extension<Peer>>,
    language: Language,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    let map = body::object(&body)?;
    body::only(&map, &["until"])?;
    let until = match map.get("until") {
        None | Some(Value::Null) => None,
        Some(value) => Some(until(value)?),
    };
    let author = body::author(&app, &identity, peer.as_deref());
    let made = app.deps.registry.set_maintenance(&id, until, &author).await?;
    document(&app, &made, language, StatusCode::OK)
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

fn version(app: &App, id: &str, headers: &HeaderMap) -> Result<i64, Error> {
    let catalog = app.deps.registry.catalog();
    let segment = catalog.segment(id).ok_or_else(|| Error::segment(id))?;
    Ok(body::seen_version(headers, None).unwrap_or(segment.version))
}

fn document(
    app: &App,
    segment: &Segment,
    language: Language,
    status: StatusCode,
) -> Result<Response, Error> {
    let (catalog, snapshot) = (app.deps.registry.catalog(), app.deps.watch.snapshot());
    let document = segment_doc::full(&catalog, &snapshot, segment, language)?;
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
