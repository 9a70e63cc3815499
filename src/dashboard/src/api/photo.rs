//! `/api/v1/segments/{id}/photo`: the photograph of a segment's site.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use ets_registry::Photo;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::asker::Asker;
use super::segments::done;
use crate::Error;
use crate::error::Fault;
use crate::service::App;

/// `GET /api/v1/segments/{id}/photo`, and the picture on the segment's page.
pub(crate) async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let registry = &app.deps.registry;
    registry.catalog().segment(&id).ok_or_else(|| Error::segment(&id))?;
    let photo = registry.photo(&id).await?;
    let photo = photo.ok_or_else(|| Error::NotFound { what: "photograph", id: id.clone() })?;
    Ok(answer(&id, photo, &headers))
}

/// `PUT /api/v1/segments/{id}/photo`: the bytes themselves; the kind is told by them alone.
pub(crate) async fn put(
    by: Asker,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Error> {
    let photo = Photo::new(bytes.to_vec()).map_err(|fault| {
        let fault = Fault { field: "photo".to_owned(), ..Fault::from(&fault) };
        Error::Invalid(vec![fault])
    })?;
    by.registry().set_photo(&id, Some(photo), &by.author).await?;
    Ok(done())
}

/// `DELETE /api/v1/segments/{id}/photo`
pub(crate) async fn remove(by: Asker, Path(id): Path<String>) -> Result<Response, Error> {
    by.registry().set_photo(&id, None, &by.author).await?;
    Ok(done())
}

/// The picture as what it is and nothing else; a browser that has it already is told so.
fn answer(id: &str, photo: Photo, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", photo.digest());
    let known =
        headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == tag.as_bytes());
    let kind = photo.kind;
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { photo.bytes.into_response() };
    let headers = response.headers_mut();
    ets_web::security::apply(headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.media_type()));
    // It may be kept, but is asked for each time: another picture has the same address.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    let name = format!("inline; filename=\"{id}.{}\"", kind.ending());
    for (header, text) in [(header::ETAG, tag), (header::CONTENT_DISPOSITION, name)] {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(header, value);
        }
    }
    response
}
