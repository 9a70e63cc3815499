//! The pages as a part of `serve`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use ets_i18n::TimeZone;
use ets_model::Reachable;
use ets_registry::Registry;
use ets_runtime::Clock;
use ets_web::assets;

use crate::frame::Sheet;
use crate::guard::{Guard, guard};
use crate::month::Months;
use crate::visit::Visit;
use crate::{Config, mine, request, stranger};

/// The largest request with a body, in bytes.
const BODY: usize = 8 << 10;

/// What the pages stand on.
#[derive(Clone)]
pub struct Deps {
    /// Whose address it is.
    pub registry: Registry,
    /// The picture of now, outages and availability.
    pub watch: ets_watch::Handle,
    /// What passed.
    pub traffic: ets_traffic::Handle,
    /// What was measured of the channel.
    pub speed: ets_speed::Desk,
    /// What a segment may reach.
    pub services: Arc<dyn Reachable>,
    /// Who takes requests for what was refused; none where nobody gets out.
    pub gateway: Option<ets_gateway::Desk>,
    /// The clock.
    pub clock: Clock,
}

/// The pages. Cheap to clone.
#[derive(Clone)]
pub struct Front {
    app: App,
}

/// What every handler holds.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) deps: Deps,
    pub(crate) zone: TimeZone,
    pub(crate) months: Months,
    pub(crate) sheet: Sheet,
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Builds the pages.
///
/// # Errors
/// When the configured time zone is unknown.
pub fn build(config: Config, deps: Deps) -> Result<Front, ets_i18n::Error> {
    let zone = ets_i18n::zone(&config.time_zone)?;
    let inner = Inner { config, deps, zone, months: Months::default(), sheet: Sheet::new() };
    Ok(Front { app: App(Arc::new(inner)) })
}

impl Front {
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// What is answered at the hub's addresses inside: "my connection", or how to come into the
    /// network. Needs [`ets_listen::Peer`] and [`ets_listen::Local`] in the request's extensions.
    /// `beside` is answered on the same port.
    pub fn router(&self, beside: Router) -> Router {
        let app = &self.app;
        Router::new()
            .route("/", get(page))
            .route("/request", get(request::form).post(request::file))
            .fallback(lost)
            .layer(DefaultBodyLimit::max(BODY))
            .with_state(app.clone())
            .merge(files(&app.sheet))
            .merge(beside)
            .layer(from_fn_with_state(Guard::new(app.deps.clock.clone()), guard))
    }
}

/// `GET /`
async fn page(State(app): State<App>, visit: Visit) -> Response {
    let catalog = app.deps.registry.catalog();
    match catalog.by_address(visit.from) {
        Some(segment) => mine::page(&app, &visit, (&catalog, segment)).await,
        None => stranger::page(&app, &visit),
    }
}

/// What these pages fetch, and nothing else: a stranger is given no script of the dashboard.
pub(crate) fn files(sheet: &Sheet) -> Router {
    let assets = [assets::PLEX_SANS_400_WOFF2, assets::PLEX_SANS_600_WOFF2, assets::STAR_SVG];
    let of_all = |router: Router, path| router.route(path, get(assets::serve));
    let (path, sheet) = (sheet.path(), sheet.clone());
    let router = assets.into_iter().fold(Router::new(), of_all);
    router.route(path, get(move || std::future::ready(sheet.respond())))
}

/// Any other path leads to the page: people type what they remember.
async fn lost() -> Response {
    use axum::response::IntoResponse;
    (http::StatusCode::NOT_FOUND, [(http::header::CONTENT_TYPE, "text/html; charset=utf-8")], "<!doctype html><meta http-equiv=\"refresh\" content=\"0; url=/\"><p><a href=\"/\">/</a></p>\n").into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use http::{Request, StatusCode};
    use tower::ServiceExt;

    use super::*;

    /// covers: N10.1, T-8
    #[tokio::test]
    async fn whoever_comes_is_given_what_the_pages_need_and_not_which_release_it_is() {
        let sheet = Sheet::new();
        assert!(!sheet.path().contains(env!("CARGO_PKG_VERSION")), "{}", sheet.path());
        let get = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            files(&sheet).oneshot(request).await.unwrap()
        };
        let answer = get(sheet.path()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let text = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        let named: Vec<&str> =
            text.split("url(").skip(1).map(|rest| &rest[..rest.find(')').unwrap()]).collect();
        assert_eq!(named.len(), 2);
        for path in named.into_iter().chain([assets::STAR_SVG]) {
            assert_eq!(get(path).await.status(), StatusCode::OK, "{path}");
        }
        for path in [assets::LIVE_JS, assets::SPEED_JS, assets::SITE_CSS] {
            assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
