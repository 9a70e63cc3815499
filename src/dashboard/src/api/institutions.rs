//! `/api/v1/institutions`: whose networks the segments are.

use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::response::Response;
use ets_listen::Peer;
use ets_model::{Institution, InstitutionId};
use http::{HeaderMap, StatusCode};

use super::body;
use super::segments::{answer, done};
use crate::Error;
use crate::entry::Identity;
use crate::service::App;

const TAKEN: &[&str] =
    &["id", "name", "kind", "budget_level", "district", "address", "head", "duty", "version"];

/// `GET /api/v1/institutions`
pub(crate) async fn list(State(app): State<App>) -> Response {
    let catalog = app.deps.registry.catalog();
    let all: Vec<&Institution> = catalog.institutions().map(AsRef::as_ref).collect();
    answer(StatusCode::OK, &all)
}

/// `GET /api/v1/institutions/{id}`
pub(crate) async fn get(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Error> {
    let institution = app.deps.registry.catalog().institution(&read_id(&id)?).cloned();
    let institution = institution.ok_or_else(|| not_found(&id))?;
    Ok(answer(StatusCode::OK, institution.as_ref()))
}

/// `POST /api/v1/institutions`
pub(crate) async fn create(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    peer: Option<Extension<Peer>>,
    body: Bytes,
) -> Result<Response, Error> {
    let map = body::object(&body)?;
    body::only(&map, TAKEN)?;
    let author = body::author(&app, &identity, peer.as_deref());
    let made = app.deps.registry.create_institution(body::typed(map)?, &author).await?;
    Ok(answer(StatusCode::CREATED, made.as_ref()))
}

/// `PUT /api/v1/institutions/{id}`
pub(crate) async fn replace(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    peer: Option<Extension<Peer>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let catalog = app.deps.registry.catalog();
    let current = catalog.institution(&read_id(&id)?).ok_or_else(|| not_found(&id))?;
    let mut map = body::object(&body)?;
    body::only(&map, TAKEN)?;
    let version = body::seen_version(&headers, map.get("version")).unwrap_or(current.version);
    map.insert("id".to_owned(), id.into());
    map.insert("version".to_owned(), version.into());
    let author = body::author(&app, &identity, peer.as_deref());
    let made = app.deps.registry.update_institution(body::typed(map)?, &author).await?;
    Ok(answer(StatusCode::OK, made.as_ref()))
}

/// `DELETE /api/v1/institutions/{id}`
pub(crate) async fn remove(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    peer: Option<Extension<Peer>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let key = read_id(&id)?;
    let catalog = app.deps.registry.catalog();
    let current = catalog.institution(&key).ok_or_else(|| not_found(&id))?;
    let version = body::seen_version(&headers, None).unwrap_or(current.version);
    let author = body::author(&app, &identity, peer.as_deref());
    app.deps.registry.remove_institution(&key, version, &author).await?;
    Ok(done())
}

fn read_id(id: &str) -> Result<InstitutionId, Error> {
    id.parse().map_err(|_| not_found(id))
}

fn not_found(id: &str) -> Error {
    Error::NotFound { what: "institution", id: id.to_owned() }
}
