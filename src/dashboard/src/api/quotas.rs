//! `/api/v1/quotas`: what segments may move, and how they stand.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use ets_model::SegmentNo;
use ets_registry::Catalog;
use ets_traffic::{Quota, Standing};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::asker::Asker;
use super::segments::{answer, done};
use super::{body, segment_doc, time};
use crate::Error;
use crate::service::App;

/// What is taken.
const TAKEN: &[&str] =
    &["id", "name", "segment", "limit", "way", "warn_percent", "action", "version", "standings"];

/// `GET /api/v1/quotas`
pub(crate) async fn list(State(app): State<App>) -> Result<Response, Error> {
    let traffic = app.traffic()?;
    let (quotas, standings) = (traffic.quotas().await?, traffic.standings().await?);
    let catalog = app.deps.registry.catalog();
    let documents: Vec<Value> =
        quotas.iter().map(|quota| document(&catalog, quota, &standings)).collect();
    Ok(answer(StatusCode::OK, &documents))
}

/// `GET /api/v1/quotas/{id}`
pub(crate) async fn get(State(app): State<App>, Path(id): Path<i64>) -> Result<Response, Error> {
    let quota = current(&app, id).await?;
    shown(&app, &quota, StatusCode::OK).await
}

/// `POST /api/v1/quotas`
pub(crate) async fn create(by: Asker, sent: Bytes) -> Result<Response, Error> {
    let quota = Quota { id: 0, version: 0, ..read(&by.app, body::object(&sent)?)? };
    let made = by.app.traffic()?.put_quota(quota, &by.author).await?;
    let mut response = shown(&by.app, &made, StatusCode::CREATED).await?;
    if let Ok(place) = HeaderValue::try_from(format!("/api/v1/quotas/{}", made.id)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// `PUT /api/v1/quotas/{id}`
pub(crate) async fn replace(
    by: Asker,
    Path(id): Path<i64>,
    sent: Bytes,
) -> Result<Response, Error> {
    let known = current(&by.app, id).await?;
    let map = body::object(&sent)?;
    let version = by.seen(map.get("version"), known.version);
    let quota = Quota { id, version, ..read(&by.app, map)? };
    let made = by.app.traffic()?.put_quota(quota, &by.author).await?;
    shown(&by.app, &made, StatusCode::OK).await
}

/// `DELETE /api/v1/quotas/{id}`
pub(crate) async fn remove(by: Asker, Path(id): Path<i64>) -> Result<Response, Error> {
    let known = current(&by.app, id).await?;
    let version = by.seen(None, known.version);
    by.app.traffic()?.remove_quota(id, version, &by.author).await?;
    Ok(done())
}

async fn current(app: &App, id: i64) -> Result<Quota, Error> {
    let found = app.traffic()?.quotas().await?.into_iter().find(|quota| quota.id == id);
    found.ok_or_else(|| Error::NotFound { what: "quota", id: id.to_string() })
}

/// Segments go by their identifiers; the quota keeps their numbers.
fn read(app: &App, mut map: Map<String, Value>) -> Result<Quota, Error> {
    body::only(&map, TAKEN)?;
    map.retain(|name, _| !["id", "version", "standings"].contains(&name.as_str()));
    if let Some(Value::String(id)) = map.get("segment") {
        let no = segment_doc::number(&app.deps.registry.catalog(), id)?;
        map.insert("segment".to_owned(), no.0.into());
    }
    body::typed(map)
}

async fn shown(app: &App, quota: &Quota, status: StatusCode) -> Result<Response, Error> {
    let standings = app.traffic()?.standings().await?;
    let document = document(&app.deps.registry.catalog(), quota, &standings);
    let mut response = answer(status, &document);
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", quota.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

fn document(catalog: &Catalog, quota: &Quota, standings: &[Standing]) -> Value {
    let id = |no: SegmentNo| catalog.by_no(no).map(|segment| segment.id.to_string());
    let stands = standings.iter().filter(|one| one.quota == quota.id).map(|one| {
        json!({
            "segment": id(one.segment),
            "level": one.level,
            "since": time::rfc3339(one.since),
        })
    });
    json!({
        "id": quota.id,
        "name": quota.name,
        "segment": quota.segment.and_then(id),
        "limit": quota.limit,
        "way": quota.way,
        "warn_percent": quota.warn_percent,
        "action": quota.action,
        "version": quota.version,
        "standings": stands.collect::<Vec<_>>(),
    })
}
