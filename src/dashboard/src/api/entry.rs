//! `/api/v1/entry-links` and `/api/v1/sessions`: who may come in.

use axum::extract::{Extension, Path, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::segments::{answer, done};
use super::time;
use crate::Error;
use crate::entry::{Identity, Proof};
use crate::service::{App, entry_url};

/// `POST /api/v1/entry-links`: over the local socket alone, so that a stolen session or
/// certificate cannot make itself another way in.
pub(crate) async fn make_link(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
) -> Result<Response, Error> {
    if !matches!(identity.proof, Proof::System { .. }) {
        return Err(Error::Forbidden("entry links are made over the local socket only"));
    }
    let link = app.sessions.new_link(&identity.actor()).await?;
    let url = entry_url(&app.config, &link);
    let expires = time::rfc3339(link.expires);
    Ok(answer(StatusCode::CREATED, &json!({"url": url, "expires": expires})))
}

/// `GET /api/v1/sessions`
pub(crate) async fn sessions(State(app): State<App>) -> Result<Response, Error> {
    let sessions = app.sessions.list().await?;
    let documents: Vec<_> = sessions
        .iter()
        .map(|session| {
            json!({
                "id": session.hash.short(),
                "name": session.name,
                "opened": time::rfc3339(session.opened),
                "seen": time::rfc3339(session.seen),
                "expires": time::rfc3339(session.expires),
                "agent": session.agent,
            })
        })
        .collect();
    Ok(answer(StatusCode::OK, &documents))
}

/// `DELETE /api/v1/sessions/{id}`
pub(crate) async fn end_session(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let sessions = app.sessions.list().await?;
    let found = sessions.iter().find(|session| session.hash.short() == id);
    let session = found.ok_or_else(|| Error::NotFound { what: "session", id: id.clone() })?;
    app.sessions.end(session.hash, &identity).await?;
    Ok(done())
}
