//! What the outside address answers: port 80 leads to 443, and 443 says what this is and how to come
//! in. Nothing inside is named.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ets_listen::Local;
use ets_runtime::Clock;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use tower::ServiceExt;

use crate::guard::{Guard, guard};
use crate::site::{App, files};
use crate::visit::{Visit, written};
use crate::{Front, stranger};

/// Browsers that came once come by HTTPS for a year (RFC 6797).
const FOREVER: (HeaderName, HeaderValue) =
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));

/// Proofs that an authority fetches while it issues us a certificate (RFC 8555, section 8.3): tokens
/// and what belongs under them.
#[derive(Clone, Debug, Default)]
pub struct Proofs(Arc<RwLock<HashMap<String, String>>>);

impl Proofs {
    /// Shows a proof from now on.
    pub fn show(&self, token: &str, answer: &str) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(token.to_owned(), answer.to_owned());
    }

    /// Shows none any more.
    pub fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Where the authority looks, over plain HTTP on port 80.
    pub fn router(&self) -> Router {
        let path = "/.well-known/acme-challenge/{token}";
        Router::new().route(path, get(proof)).with_state(self.clone())
    }

    fn of(&self, token: &str) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }
}

/// Where port 80 leads.
#[derive(Clone, Debug)]
pub struct Target {
    /// Names that are ours; who asked for another one is led to the first.
    pub names: Vec<String>,
    /// The port of HTTPS.
    pub port: u16,
}

impl Front {
    /// What HTTPS answers at the outside address. One for all its sockets: what an address may ask
    /// for is counted in it.
    pub fn open_router(&self) -> Router {
        let app = self.app();
        let pages = Router::new()
            .route("/", get(landing))
            .fallback(|| async { StatusCode::NOT_FOUND })
            .with_state(app.clone())
            .merge(files(&app.sheet));
        guarded(pages, app.deps.clock.clone())
    }

    /// What plain HTTP answers there. `beside` is answered too, and not led away.
    pub fn redirect_router(&self, target: Target, proofs: &Proofs, beside: Router) -> Router {
        proofs
            .router()
            .merge(beside)
            .fallback(move |request: Request| std::future::ready(lead(&target, &request)))
            .layer(from_fn_with_state(Guard::new(self.app().deps.clock.clone()), guard))
    }
}

/// Requests that came to one of `addresses` of ours go to `outside`, others to `inside`: for a port
/// that is held once for all addresses.
pub fn by_address(inside: Router, addresses: Vec<IpAddr>, outside: Router) -> Router {
    let parts: (Arc<[IpAddr]>, Router) = (addresses.into(), outside);
    inside.layer(from_fn_with_state(parts, choose))
}

async fn choose(
    State((addresses, outside)): State<(Arc<[IpAddr]>, Router)>,
    request: Request,
    next: Next,
) -> Response {
    let local = request.extensions().get::<Local>().map(|local| local.0.ip().to_canonical());
    match local {
        // Not known is not inside.
        Some(local) if !addresses.contains(&local) => next.run(request).await,
        _ => outside.oneshot(request).await.unwrap_or_else(|never| match never {}),
    }
}

async fn landing(State(app): State<App>, visit: Visit) -> Response {
    stranger::page(&app, &visit)
}

/// The refusal of who asks too much has the headers as well.
fn guarded(pages: Router, clock: Clock) -> Router {
    pages.layer(from_fn_with_state(Guard::new(clock), guard)).layer(from_fn(secured))
}

async fn secured(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let mut ours = HeaderMap::new();
    ets_web::security::apply(&mut ours);
    let headers = answer.headers_mut();
    for (name, value) in &ours {
        // The page's own are the narrower ones.
        headers.entry(name).or_insert_with(|| value.clone());
    }
    headers.insert(FOREVER.0, FOREVER.1);
    answer
}

async fn proof(State(proofs): State<Proofs>, Path(token): Path<String>) -> Response {
    match proofs.of(&token) {
        Some(answer) => {
            ([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn lead(target: &Target, request: &Request) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let local = request.extensions().get::<Local>().map(|local| local.0.ip().to_canonical());
    let Some(place) = place(target, host, local, request.uri()) else {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    };
    // With the method that came (RFC 9110, section 15.4.9).
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, place)]).into_response()
}

/// The same page by HTTPS, at a name of ours: a host that somebody made up is not repeated.
fn place(
    target: &Target,
    host: Option<&str>,
    local: Option<IpAddr>,
    uri: &Uri,
) -> Option<HeaderValue> {
    let asked = host.and_then(|host| host.parse::<Authority>().ok());
    let asked = asked.as_ref().map(Authority::host);
    let is_asked = |name: &&String| asked.is_some_and(|asked| name.eq_ignore_ascii_case(asked));
    let host = match target.names.iter().find(is_asked).or(target.names.first()) {
        Some(name) => name.clone(),
        None => written(local?),
    };
    let port = if target.port == 443 { String::new() } else { format!(":{}", target.port) };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    HeaderValue::from_str(&format!("https://{host}{port}{path}")).ok()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use ets_listen::{Peer, Scheme};

    use super::*;

    /// covers: N6.2, T-8
    #[test]
    fn port_80_leads_to_a_name_of_ours_whatever_host_was_asked_for() {
        let named = Target { names: vec!["hub.example".into(), "www.example".into()], port: 443 };
        let bare = Target { names: Vec::new(), port: 8443 };
        let local = Some("203.0.113.1".parse().unwrap());
        let led = |target: &Target, host: Option<&str>, path: &str| {
            let to = place(target, host, local, &path.parse().unwrap()).unwrap();
            to.to_str().unwrap().to_owned()
        };
        assert_eq!(led(&named, Some("WWW.example:80"), "/a?b=c"), "https://www.example/a?b=c");
        for host in [Some("evil.example"), Some("hub.example@evil.example"), Some("\u{7f}"), None] {
            assert_eq!(led(&named, host, "/"), "https://hub.example/");
        }
        assert_eq!(led(&bare, Some("evil.example"), "/"), "https://203.0.113.1:8443/");
        assert_eq!(led(&named, None, "http://evil.example/x"), "https://hub.example/x");
    }

    /// covers: T-8
    #[tokio::test]
    async fn every_answer_of_the_open_side_has_the_headers_and_pages_keep_their_narrower_ones() {
        let page = || async { [(header::REFERRER_POLICY, "no-referrer")] };
        let open = guarded(Router::new().route("/", get(page)), Clock::system());
        let peer = Peer { address: ([192, 0, 2, 1], 9).into(), scheme: Scheme::Https };
        let ask = async || {
            let mut request = Request::new(Body::empty());
            request.extensions_mut().insert(peer);
            open.clone().oneshot(request).await.unwrap()
        };
        let answer = ask().await;
        assert_eq!(answer.headers()[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let refused = loop {
            let answer = ask().await;
            if answer.status() != StatusCode::OK {
                break answer;
            }
        };
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        for header in [header::STRICT_TRANSPORT_SECURITY, header::CONTENT_SECURITY_POLICY] {
            assert!(refused.headers().contains_key(&header), "{header}");
        }
    }
}
