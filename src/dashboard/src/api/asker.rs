//! Who asks for a change and on which version, as one argument of a handler.

use axum::extract::FromRequestParts;
use ets_listen::Peer;
use ets_registry::{Author, Registry};
use ets_rights::By;
use http::HeaderMap;
use http::request::Parts;
use serde_json::Value;

use super::body;
use super::segments::Language;
use crate::Error;
use crate::entry::Identity;
use crate::service::App;

/// See the module.
pub(crate) struct Asker {
    /// The application.
    pub app: App,
    /// Who asks.
    pub identity: Identity,
    /// The same, as the registry's journal wants it.
    pub author: Author,
    /// The language of the answer.
    pub language: Language,
    headers: HeaderMap,
}

impl Asker {
    /// What is changed.
    pub(crate) fn registry(&self) -> &Registry {
        &self.app.deps.registry
    }

    /// Who asks, as the rights want it, with his reason.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn changer(&self, reason: &str) -> Result<By, Error> {
        self.app.by(&self.identity, self.author.clone(), reason).await
    }

    /// The version that was seen: `If-Match`, else the body's, else the one that stands.
    pub(crate) fn seen(&self, body: Option<&Value>, current: i64) -> i64 {
        body::seen_version(&self.headers, body).unwrap_or(current)
    }

    /// The same for a segment and a request without a body.
    pub(crate) fn seen_of(&self, id: &str) -> Result<i64, Error> {
        let catalog = self.registry().catalog();
        let segment = catalog.segment(id).ok_or_else(|| Error::segment(id))?;
        Ok(self.seen(None, segment.version))
    }
}

impl FromRequestParts<App> for Asker {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let Ok(language) = Language::from_request_parts(parts, app).await;
        let identity = parts.extensions.get::<Identity>().ok_or(Error::NeedEntry)?.clone();
        let author = body::author(app, &identity, parts.extensions.get::<Peer>());
        Ok(Self { app: app.clone(), identity, author, language, headers: parts.headers.clone() })
    }
}
