//! One request from its head to its way: everything that can be refused is refused here.

use std::sync::Arc;

use axum::response::IntoResponse;
use ets_listen::{Handler, Network, Place};
use ets_rights::Decision;
use http::header::{self, HeaderName, HeaderValue};
use http::uri::Scheme;
use http::{Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::{Body, Incoming};
use hyper::ext::Protocol;

use crate::body::Download;
use crate::forward::{Order, forward};
use crate::holders::InFlight;
use crate::pages::{self, Asked};
use crate::refusal::Refusal;
use crate::routes::{Host, Part, Way, plain};
use crate::visit::{Visit, Who};
use crate::{headers, own};

/// Answers the requests of one connection.
pub(crate) struct Door(pub(crate) Arc<Visit>);

impl Handler for Door {
    type Body = Download;

    fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Download>> + Send + 'static {
        answer(Arc::clone(&self.0), request)
    }
}

async fn answer(visit: Arc<Visit>, request: Request<Incoming>) -> Response<Download> {
    let brief = Brief::of(&request);
    let answer = match pass(&visit, request).await {
        Ok(answer) => answer,
        Err(refusal) => {
            let answer = pages::refuse(&visit, (&brief.asked(), brief.has_body), &refusal);
            if tracing::enabled!(tracing::Level::DEBUG) {
                tracing::debug!(reason = refusal.reason().word(), "a request was refused");
            }
            answer
        }
    };
    visit.shared.answers.add(answer.status());
    if tracing::enabled!(tracing::Level::DEBUG) {
        let person = visit.who.as_ref().map(|who| who.certificate.person.as_str());
        let (status, address) = (answer.status().as_u16(), visit.client.peer.address);
        tracing::debug!(%address, person, method = %brief.method, path = brief.uri.path(), status);
    }
    answer
}

/// What is kept of a request for a page about it: clones that share.
struct Brief {
    method: Method,
    uri: Uri,
    version: Version,
    has_body: bool,
    kept: [Option<HeaderValue>; 3],
}

const KEPT: [HeaderName; 3] = [header::ACCEPT, header::ACCEPT_LANGUAGE, header::COOKIE];

impl Brief {
    fn of(request: &Request<Incoming>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            has_body: !request.body().is_end_stream(),
            kept: KEPT.map(|name| request.headers().get(name).cloned()),
        }
    }

    fn asked(&self) -> Asked {
        let pairs = KEPT.into_iter().zip(self.kept.clone());
        let headers = pairs.filter_map(|(name, value)| Some((name, value?))).collect();
        Asked { uri: self.uri.clone(), headers, version: self.version }
    }
}

/// What services take, as far as the proxy is concerned.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

async fn pass(
    visit: &Arc<Visit>,
    request: Request<Incoming>,
) -> Result<Response<Download>, Refusal> {
    if visit.is_over() {
        return Err(Refusal::Left);
    }
    if visit.who.is_none() {
        let (address, now) = (visit.client.peer.address.ip(), visit.shared.clock.boot());
        visit.shared.addresses.take(address, now).map_err(Refusal::Crowded)?;
    }
    let is_websocket = is_second_websocket(&request);
    if matches!(*request.method(), Method::TRACE | Method::CONNECT) && !is_websocket {
        return Err(Refusal::Method(METHODS));
    }
    let (name, host) = host(&request).ok_or(Refusal::Unclear)?;
    // What is not https does not come over TLS (RFC 9110, section 7.4).
    if request.uri().scheme().is_some_and(|scheme| *scheme != Scheme::HTTPS) {
        return Err(Refusal::Misdirected);
    }
    let table = &visit.shared.table;
    let place = table.host(&name).ok_or(Refusal::Misdirected)?;
    let sni = visit.client.session.as_ref().and_then(|session| session.server_name.as_deref());
    if sni.is_some_and(|sni| sni != name) {
        return Err(Refusal::Misdirected);
    }
    let Some(path) = plain(request.uri().path()).map(std::borrow::Cow::into_owned) else {
        return Err(Refusal::Unclear);
    };
    if own::is_preference(&request, &path) {
        return own::prefer(visit, request).await;
    }
    if let Some(answer) = own::public(visit, &request, &path).await {
        return Ok(answer);
    }
    if place.part == Part::Open {
        let way = place.find(&path)?;
        let turn = visit.shared.streams.turn();
        let in_flight = InFlight::OfStranger(stranger(visit)?);
        let order = Order { way: Arc::clone(way), host, turn, in_flight };
        return forward(visit, order, request).await;
    }
    let who = visit.who.as_ref().ok_or_else(|| nobody(visit))?;
    let now = visit.shared.clock.boot();
    let begun = who.holder.begin(visit.shared.per_certificate, now).map_err(Refusal::Busy)?;
    let in_flight = InFlight::OfHolder(begun);
    if own::is_renewal(visit, &path) {
        return own::renew(visit, who, request).await;
    }
    if let Some(answer) = own::closed(visit, who, &request, &path)? {
        return Ok(answer);
    }
    closed(visit, who, (place, &path, host), request, in_flight).await
}

/// One more request of somebody who is known by his address alone.
fn stranger(visit: &Visit) -> Result<Place<Network>, Refusal> {
    let (shared, address) = (&visit.shared, visit.client.peer.address.ip());
    let most = shared.at_once.of_address;
    shared.strangers.take(Network::from(address), most).ok_or(Refusal::Crowded(1))
}

/// A request of the closed part that is for a service.
async fn closed(
    visit: &Arc<Visit>,
    who: &Who,
    (place, path, host): (&Host, &str, HeaderValue),
    request: Request<Incoming>,
    in_flight: InFlight,
) -> Result<Response<Download>, Refusal> {
    let way = match place.find(path) {
        Err(Refusal::Unknown) if path == "/" => return Ok(to_me()),
        found => found?,
    };
    let turn = visit.shared.streams.turn();
    judge(visit, who, way)?;
    let signed = visit.client.session.as_ref().map(|session| session.signed);
    if let Some(fresh) = way.route.fresh
        && signed.is_none_or(|signed| signed.elapsed() > fresh)
    {
        return Err(Refusal::Stale);
    }
    let order = Order { way: Arc::clone(way), host, turn, in_flight };
    forward(visit, order, request).await
}

/// Whether the owner may take the route now.
pub(crate) fn judge(visit: &Visit, who: &Who, way: &Way) -> Result<(), Refusal> {
    let shared = &visit.shared;
    match shared.judge.decide(&who.certificate.person, &way.route, shared.clock.wall()) {
        Decision::Allowed { .. } => Ok(()),
        Decision::Denied { missing, whom_to_ask } => {
            Err(Refusal::NoRight { missing, whom: whom_to_ask })
        }
    }
}

fn nobody(visit: &Visit) -> Refusal {
    visit.ended().map_or(Refusal::NoCertificate, Refusal::Expired)
}

/// Where no service has the first page, it is that of one's rights.
fn to_me() -> Response<Download> {
    let to = [(header::LOCATION, "/me"), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::SEE_OTHER, to).into_response().map(Download::own)
}

/// A WebSocket over HTTP/2 (RFC 8441).
pub(crate) fn is_second_websocket<B>(request: &Request<B>) -> bool {
    request.method() == Method::CONNECT
        && request.extensions().get::<Protocol>().is_some_and(|one| one.as_str() == "websocket")
}

/// The host that is asked for: its name in lower case, and as it was written. `None` when it is
/// missing, given twice, or two of them differ (RFC 9112, section 3.2; RFC 9113, section 8.3.1).
fn host<B: Body>(request: &Request<B>) -> Option<(String, HeaderValue)> {
    let mut headers = request.headers().get_all(header::HOST).iter();
    let (written, more) = (headers.next(), headers.next());
    if more.is_some() {
        return None;
    }
    let host = match (request.uri().authority(), written) {
        (Some(authority), Some(written)) => {
            written.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()).then_some(())?;
            written.clone()
        }
        (Some(authority), None) => HeaderValue::from_str(authority.as_str()).ok()?,
        (None, Some(written)) => written.clone(),
        (None, None) => return None,
    };
    let text = host.to_str().ok()?;
    let (name, port) = text.rsplit_once(':').unwrap_or((text, "0"));
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_clear = port.bytes().all(|byte| byte.is_ascii_digit()) && name.bytes().all(is_name);
    let name = is_clear.then(|| name.trim_end_matches('.').to_ascii_lowercase())?;
    Some((name, host))
}

/// A WebSocket over HTTP/1.1 (RFC 6455, section 4.1).
pub(crate) fn is_first_websocket<B>(request: &Request<B>) -> bool {
    request.version() == Version::HTTP_11
        && request.method() == Method::GET
        && headers::has(request.headers(), header::CONNECTION, "upgrade")
        && headers::has(request.headers(), header::UPGRADE, "websocket")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Empty;

    fn of(target: &str, hosts: &[&str]) -> Option<String> {
        let mut request = Request::new(Empty::<bytes::Bytes>::new());
        *request.uri_mut() = target.parse().unwrap();
        for host in hosts {
            request.headers_mut().append(header::HOST, HeaderValue::from_str(host).unwrap());
        }
        host(&request).map(|(name, _)| name)
    }

    /// covers: T-8 (wrong names, request smuggling)
    #[test]
    fn there_is_one_host_or_none() {
        assert_eq!(of("/", &["A.example:8443"]).as_deref(), Some("a.example"));
        assert_eq!(of("/", &["a.example."]).as_deref(), Some("a.example"));
        assert_eq!(of("https://a.example/", &["A.EXAMPLE"]).as_deref(), Some("a.example"));
        assert_eq!(of("https://a.example/", &[]).as_deref(), Some("a.example"));
        for (target, hosts) in [
            ("/", &[][..]),
            ("/", &["a.example", "a.example"]),
            ("/", &["a.example", "b.example"]),
            ("https://b.example/", &["a.example"]),
            ("/", &["user@a.example"]),
            ("/", &["a.example:80x"]),
            ("/", &["a.example\"x"]),
            ("/", &["a example"]),
        ] {
            assert_eq!(of(target, hosts), None, "{target} {hosts:?}");
        }
    }
}
