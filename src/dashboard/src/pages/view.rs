//! What a handler of a page holds: the application, who asks, and how to speak to him.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use ets_i18n::{Lang, Tr};
use ets_listen::{Peer, Scheme};
use ets_model::SegmentNo;
use ets_registry::{Author, Catalog};
use ets_watch::Snapshot;
use ets_web::{Ctx, Flash, FlashKind, Page, Site};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::net::IpAddr;
use std::sync::Arc;

use crate::Error;
use crate::entry::{Identity, Proof};
use crate::service::App;

/// See the module.
pub(crate) struct View {
    pub app: App,
    pub ctx: Ctx,
    pub who: Option<Identity>,
    pub catalog: Arc<Catalog>,
    pub snapshot: Arc<Snapshot>,
    pub headers: HeaderMap,
    pub authority: Option<String>,
    peer: Option<Peer>,
    query: String,
}

impl FromRequestParts<App> for View {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(app, parts))
    }
}

impl View {
    /// The view of a request whose extensions the guard has filled.
    pub(crate) fn of(app: &App, parts: &Parts) -> Self {
        let who = parts.extensions.get::<Identity>().cloned();
        let snapshot = app.deps.watch.snapshot();
        let now = app.deps.clock.wall();
        let mut ctx = Ctx::from_request(&app.sites[0], &parts.uri, &parts.headers, now);
        ctx.user = who.as_ref().map(|who| who.name.clone());
        if matches!(who.as_ref().map(|who| &who.proof), Some(Proof::Session { .. })) {
            ctx.sign_out = "/leave";
        }
        let peer: Option<Peer> = parts.extensions.get().copied();
        if peer.is_some_and(|peer| peer.scheme == Scheme::Http) {
            ctx.origin = ctx.origin.replacen("https://", "http://", 1);
        }
        let down = u64::from(snapshot.counts.down);
        let may = |right: &str| who.as_ref().is_some_and(|who| app.may(who, right));
        if may("network.read") {
            ctx.badges = vec![("outages", down)];
        }
        let sees_rules = may("rules.read");
        let mut view = Self {
            app: app.clone(),
            ctx,
            who,
            catalog: app.deps.registry.catalog(),
            snapshot,
            headers: parts.headers.clone(),
            authority: parts.uri.authority().map(ToString::to_string),
            peer,
            query: parts.uri.query().unwrap_or_default().to_owned(),
        };
        if sees_rules {
            view.ctx.banner = super::rules::waiting_notice(&view);
        }
        view
    }

    /// The translator.
    pub(crate) fn tr(&self) -> &Tr {
        &self.ctx.tr
    }

    /// Whether the reader has a right somewhere.
    pub(crate) fn may(&self, right: &str) -> bool {
        self.who.as_ref().is_some_and(|who| self.app.may(who, right))
    }

    /// The reader's language.
    pub(crate) fn lang(&self) -> Lang {
        self.ctx.tr.lang()
    }

    /// The frame in the reader's language.
    pub(crate) fn site(&self) -> &Site {
        &self.app.sites[self.lang() as usize]
    }

    /// Who asks; behind the gate there is always somebody.
    pub(crate) fn identity(&self) -> Result<&Identity, Error> {
        self.who.as_ref().ok_or(Error::NeedEntry)
    }

    /// Who asks, as the registry's journal wants it.
    pub(crate) fn author(&self) -> Result<Author, Error> {
        Ok(crate::api::author(&self.app, self.identity()?, self.peer.as_ref()))
    }

    /// The address that the request came from, where it came over the network.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.peer.map(|peer| peer.address.ip())
    }

    /// Whether the request came over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.peer.is_some_and(|peer| peer.scheme == Scheme::Https)
    }

    /// The first value of a query parameter; empty when it is not there.
    pub(crate) fn asked(&self, name: &str) -> String {
        super::lists::query_value(&self.query, name)
    }

    /// Whether a query parameter is there, be it empty.
    pub(crate) fn is_asked(&self, name: &str) -> bool {
        self.query.split('&').any(|pair| pair.split('=').next() == Some(name))
    }

    /// The segment that a list is narrowed to: `Some(None)` where it is not, `None` where there is
    /// no such segment and so nothing to be found.
    pub(crate) fn narrowed_to(&self, id: &str) -> Option<Option<SegmentNo>> {
        match id.trim() {
            "" => Some(None),
            id => self.catalog.segment(id).map(|segment| Some(segment.no)),
        }
    }

    /// The frame with the part of its navigation that leads the reader anywhere.
    pub(crate) fn frame(&self) -> Cow<'_, Site> {
        match &self.who {
            Some(who) if who.is_administrator => Cow::Borrowed(self.site()),
            Some(who) => Cow::Owned(self.narrowed(who)),
            None => Cow::Owned(self.bare()),
        }
    }

    fn narrowed(&self, who: &Identity) -> Site {
        let may = |right: &str| self.app.may(who, right);
        let mut site = self.site().clone();
        site.nav = super::site::nav(may);
        if !may("network.read") {
            site = Site { search: "", wall: "", ..site };
        }
        site
    }

    /// The frame without the administrator's navigation.
    pub(crate) fn bare(&self) -> Site {
        Site { nav: Vec::new(), search: "", wall: "", ..self.site().clone() }
    }

    /// The page as a response.
    pub(crate) fn respond(&self, page: &Page) -> Response {
        page.respond(&self.frame(), &self.ctx)
    }

    /// Sends the reader on after something was changed, with a word about it.
    pub(crate) fn done(&self, to: &str, text: impl Into<String>) -> Response {
        self.go(to, FlashKind::Done, text.into())
    }

    /// Sends the reader on, or back, with a word about why something was not done.
    pub(crate) fn failed(&self, to: &str, text: impl Into<String>) -> Response {
        self.go(to, FlashKind::Failed, text.into())
    }

    fn go(&self, to: &str, kind: FlashKind, text: String) -> Response {
        let flash = Flash { kind, text };
        let place = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/"));
        let head = [(header::LOCATION, place), (header::SET_COOKIE, flash.set_cookie())];
        (StatusCode::SEE_OTHER, head).into_response()
    }
}
