//! A request to its service and the answer back.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ets_listen::{clean_hop, is_want_of_ours};
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode, Uri, Version, request};
use hyper::body::{Body, Incoming};
use tokio::time::Instant;

use crate::body::{Broken, Download, Passing, Upload, Verdict};
use crate::handler::judge;
use crate::headers::clean_request;
use crate::holders::InFlight;
use crate::refusal::Refusal;
use crate::routes::Way;
use crate::streams::Leash;
use crate::upgrade::{self, Wish};
use crate::upstream::{Lease, NoLease, Upstream};
use crate::visit::Visit;

/// Most services answer sooner; only whose answer takes longer is entered among the streams that
/// are judged again. A right that goes meanwhile is noticed with the answer, or then.
const SOON: Duration = Duration::from_millis(20);
/// How often to look whether a body has come to its end.
const LOOK: Duration = Duration::from_secs(1);

/// A request that was let through.
pub(crate) struct Order {
    pub(crate) way: Arc<Way>,
    pub(crate) host: HeaderValue,
    /// [`crate::streams::Streams::turn`] before it was judged.
    pub(crate) turn: u64,
    pub(crate) in_flight: InFlight,
}

/// Passes a request on and its answer back.
pub(crate) async fn forward(
    visit: &Arc<Visit>,
    order: Order,
    mut request: Request<Incoming>,
) -> Result<Response<Download>, Refusal> {
    let counters = &order.way.counters;
    let length = request.body().size_hint();
    if length.lower() > order.way.route.max_body {
        return Err(Refusal::TooLarge(order.way.route.max_body));
    }
    let wish = Wish::of(&mut request);
    if wish.is_some() && announces_body(request.headers()) {
        return Err(Refusal::Unclear);
    }
    let (parts, body) = request.into_parts();
    let mut parts = head(visit, &order, parts, &wish)?;
    let verdict = Verdict::default();
    let upload = if wish.is_some() || body.is_end_stream() {
        promise_nothing(&mut parts.headers, &wish);
        Upload::empty()
    } else {
        frame(&mut parts.headers);
        let leash = Leash::new(visit, &order.way, order.turn);
        Upload::new(body, leash, verdict.clone())
    };
    let sent = send(visit, &order, parts, (upload, &verdict)).await;
    match sent {
        Ok((answer, lease)) => {
            counters.answers.add(answer.status());
            Ok(back(visit, order, (answer, lease), wish))
        }
        Err(refusal) => {
            counters.answers.add(refusal.status());
            if matches!(refusal, Refusal::Broken | Refusal::Slow | Refusal::Down(_)) {
                counters.faults.add(1);
            }
            Err(refusal)
        }
    }
}

/// Whether a body follows, as the head has it.
fn announces_body(headers: &HeaderMap) -> bool {
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    headers.contains_key(header::TRANSFER_ENCODING) || lengths.any(|length| length != "0")
}

/// A body of unknown length is told as one: for GET and HEAD hyper would send none at all.
fn frame(headers: &mut HeaderMap) {
    if !headers.contains_key(header::CONTENT_LENGTH) {
        headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
}

/// A service that waits for a body that does not come would take the next request for it.
fn promise_nothing(headers: &mut HeaderMap, wish: &Wish) {
    let had = headers.remove(header::CONTENT_LENGTH).is_some();
    if had && !wish.is_some() {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}

/// The head as the service sees it.
fn head(
    visit: &Visit,
    order: &Order,
    parts: request::Parts,
    wish: &Wish,
) -> Result<request::Parts, Refusal> {
    let (mut head, ()) = Request::new(()).into_parts();
    head.method = if wish.is_some() { Method::GET } else { parts.method };
    head.uri = target(&order.way, &parts.uri).ok_or(Refusal::Unclear)?;
    head.headers = parts.headers;
    let headers = &mut head.headers;
    if clean_request(headers) {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    visit.path.write(&order.host, headers);
    if let Some(who) = visit.who.as_ref().filter(|_| !order.way.route.open) {
        who.said.write((visit, who), &order.way, order.turn, headers);
    }
    if parts.version == Version::HTTP_2 {
        join_cookies(headers);
    }
    wish.write(headers).ok_or(Refusal::Broken)?;
    Ok(head)
}

/// HTTP/2 may split the cookies; over HTTP/1.1 they are one line (RFC 9113, section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut all = headers.get_all(header::COOKIE).iter();
    let (Some(first), Some(second)) = (all.next(), all.next()) else { return };
    let rest = std::iter::once(second).chain(all);
    let line = rest.fold(first.as_bytes().to_vec(), |mut line, one| {
        line.extend_from_slice(b"; ");
        line.extend_from_slice(one.as_bytes());
        line
    });
    if let Ok(line) = HeaderValue::from_bytes(&line) {
        headers.insert(header::COOKIE, line);
    }
}

/// The path with its query, without the prefix where the route says so.
fn target(way: &Way, uri: &Uri) -> Option<Uri> {
    let whole = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    if !way.route.strip_prefix {
        return Some(Uri::from(whole));
    }
    // A prefix that was written with percent signs is not cut off by guess.
    let rest = whole.as_str().strip_prefix(way.route.prefix.trim_end_matches('/'))?;
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    rest.parse().ok()
}

/// Sends it to a service that is up. It is sent a second time only where the service has surely
/// not begun it, or where it may be done twice and not a byte came back (RFC 9110, section 9.2.2).
async fn send(
    visit: &Arc<Visit>,
    order: &Order,
    head: request::Parts,
    (body, verdict): (Upload, &Verdict),
) -> Result<(Response<Incoming>, Lease), Refusal> {
    let upstreams = &order.way.upstreams;
    let is_repeatable = body.is_end_stream()
        && matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS)
        && !head.headers.contains_key(header::UPGRADE);
    let mut again = is_repeatable.then(|| head.clone());
    let mut request = Request::from_parts(head, body);
    let mut tried: Option<Arc<Upstream>> = None;
    loop {
        let upstream = upstreams.pick(tried.as_ref()).ok_or_else(|| down(visit, &order.way))?;
        let is_second = tried.is_some();
        let mut lease = lease(visit, order, upstream, is_second).await?;
        tried = Some(Arc::clone(&lease.upstream));
        match exchange(visit, order, &mut lease, (request, verdict)).await? {
            Ok(answer) => {
                lease.upstream.answered();
                return Ok((answer, lease));
            }
            Err(mut failed) => {
                if let Some(broken) = verdict.get() {
                    return Err(of_client(broken, &order.way));
                }
                let unsent = failed.take_message().filter(|_| !is_second);
                let repeated = again.take().map(|head| Request::from_parts(head, Upload::empty()));
                let next = unsent.or(repeated).filter(|_| !is_second);
                if next.is_none() || !lease.is_reused {
                    lease.upstream.failed_for(visit.witness(), visit.shared.clock.wall());
                }
                request = next.ok_or(Refusal::Broken)?;
            }
        }
    }
}

/// A connection to this service, or to another one that takes it.
async fn lease(
    visit: &Visit,
    order: &Order,
    first: &Arc<Upstream>,
    fresh: bool,
) -> Result<Lease, Refusal> {
    let (upstreams, timeouts) = (&order.way.upstreams, order.way.route.timeouts);
    let mut upstream = Some(first);
    let mut was_full = false;
    // Each failure takes one out of the turn, and of those that are full two are asked: this ends.
    while let Some(one) = upstream {
        let now = || visit.shared.clock.wall();
        match one.lease(timeouts, fresh).await {
            Ok(lease) => return Ok(lease),
            Err(NoLease::Full) => {
                tracing::debug!(address = %one.address, "a service has no room for more");
                if std::mem::replace(&mut was_full, true) {
                    return Err(Refusal::Down(now()));
                }
                upstream = upstreams.pick(Some(one));
                continue;
            }
            Err(NoLease::Open(error)) if is_want_of_ours(&error) => {
                tracing::warn!(address = %one.address, %error, "no connection more can be made");
                return Err(Refusal::Down(now()));
            }
            Err(NoLease::Open(error)) => {
                tracing::debug!(address = %one.address, %error, "a service takes no connection");
                one.is_gone(now());
            }
        }
        upstream = upstreams.pick(None);
    }
    Err(down(visit, &order.way))
}

fn down(visit: &Visit, way: &Way) -> Refusal {
    let since = way.upstreams.down_since().unwrap_or_else(|| visit.shared.clock.wall());
    Refusal::Down(since)
}

fn of_client(broken: Broken, way: &Way) -> Refusal {
    match broken {
        Broken::TooLarge => Refusal::TooLarge(way.route.max_body),
        Broken::TooSlow | Broken::Client => Refusal::TooSlow,
        Broken::Lost => {
            let (missing, whom) = (way.route.right.clone(), Vec::new());
            Refusal::NoRight { missing, whom }
        }
    }
}

type Failed = hyper::client::conn::TrySendError<Request<Upload>>;

/// One try. Who loses the right while the service thinks does not hear what it says.
async fn exchange(
    visit: &Arc<Visit>,
    order: &Order,
    lease: &mut Lease,
    (request, verdict): (Request<Upload>, &Verdict),
) -> Result<Result<Response<Incoming>, Failed>, Refusal> {
    let mut leash = Leash::new(visit, &order.way, order.turn);
    let patience = order.way.route.timeouts.answer;
    verdict.is_with_service();
    let mut beat = pin!(tokio::time::sleep(SOON.min(patience)));
    let mut is_watched = false;
    let mut sending = pin!(lease.sender.try_send_request(request));
    let answered = poll_fn(|context| {
        if let Poll::Ready(answered) = sending.as_mut().poll(context) {
            return Poll::Ready(Ok(answered));
        }
        while beat.as_mut().poll(context).is_ready() {
            let Some(next) = next_look(verdict, patience) else {
                return Poll::Ready(Err(Broken::TooSlow));
            };
            is_watched = true;
            beat.as_mut().reset(next);
        }
        if is_watched && leash.poll_lost(context).is_ready() {
            return Poll::Ready(Err(Broken::Lost));
        }
        Poll::Pending
    });
    let answered = answered.await;
    match answered {
        Ok(answered) if leash.holds() => Ok(answered),
        Ok(_) | Err(Broken::Lost) => Err(lost(visit, &order.way)),
        Err(_) => {
            lease.upstream.failed_for(visit.witness(), visit.shared.clock.wall());
            Err(Refusal::Slow)
        }
    }
}

/// When to look again whether the service has had its time; `None` when it has. While it waits for
/// the client its time stands still: that of a body is looked after by the body.
fn next_look(verdict: &Verdict, patience: Duration) -> Option<Instant> {
    let now = Instant::now();
    match verdict.with_service() {
        None => Some(now + LOOK.min(patience)),
        Some(since) => Some(since + patience).filter(|end| *end > now),
    }
}

/// The right that is gone, as it is now.
fn lost(visit: &Visit, way: &Way) -> Refusal {
    let judged = visit.who.as_ref().map(|who| judge(visit, who, way));
    match judged {
        Some(Err(refusal)) => refusal,
        _ => of_client(Broken::Lost, way),
    }
}

/// The answer as the client sees it.
fn back(
    visit: &Arc<Visit>,
    order: Order,
    (answer, mut lease): (Response<Incoming>, Lease),
    wish: Wish,
) -> Response<Download> {
    lease.is_spent = wish.is_some();
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        return upgrade::switch(visit, (order, lease), answer, wish);
    }
    let (mut parts, body) = answer.into_parts();
    clean_hop(&mut parts.headers);
    parts.version = Version::HTTP_11;
    parts.extensions = http::Extensions::new();
    let mut lease = Some(lease);
    if body.is_end_stream()
        && let Some(lease) = lease.take()
    {
        lease.give_back();
    }
    let is_events = parts
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let leash = Leash::new(visit, &order.way, order.turn);
    let passing =
        Passing { body, lease, leash, is_events, deadline: None, _in_flight: order.in_flight };
    Response::from_parts(parts, Download::Passing(Box::new(passing)))
}

#[cfg(test)]
mod tests {
    use http::header::HeaderName;

    use super::*;
    use crate::{AtOnce, Route, headers};

    fn stripped(prefix: &str, uri: &str) -> Option<String> {
        let route = Route { prefix: prefix.to_owned(), strip_prefix: true, ..Route::default() };
        target(&Way::new(route, AtOnce::default()), &uri.parse().unwrap())
            .map(|uri| uri.to_string())
    }

    /// covers: T2.1
    #[test]
    fn a_prefix_is_cut_off_where_it_stands_and_nowhere_else() {
        assert_eq!(stripped("/docs", "/docs/a?b=/docs").as_deref(), Some("/a?b=/docs"));
        assert_eq!(stripped("/docs", "/docs").as_deref(), Some("/"));
        assert_eq!(stripped("/docs/", "/docs?x").as_deref(), Some("/?x"));
        assert_eq!(stripped("/", "/docs").as_deref(), Some("/docs"));
        assert_eq!(stripped("/docs", "/d%6fcs/a"), None);
    }

    /// covers: T-8 (request smuggling)
    #[test]
    fn a_head_promises_no_body_that_does_not_come() {
        let map = |name: HeaderName, value| HeaderMap::from_iter([(name, value)]);
        let text = HeaderValue::from_static;
        assert!(announces_body(&map(header::CONTENT_LENGTH, text("5"))));
        assert!(announces_body(&map(header::TRANSFER_ENCODING, text("chunked"))));
        assert!(!announces_body(&map(header::CONTENT_LENGTH, text("0"))));
        assert!(!announces_body(&HeaderMap::new()));
        let mut headers = map(header::CONTENT_LENGTH, text("5"));
        promise_nothing(&mut headers, &Wish::None);
        assert_eq!(headers, map(header::CONTENT_LENGTH, text("0")));
        let mut none = HeaderMap::new();
        promise_nothing(&mut none, &Wish::None);
        assert!(none.is_empty());
    }

    /// covers: T2.1 (RFC 9113, section 8.2.3)
    #[test]
    fn split_cookies_become_one_line() {
        let mut map = HeaderMap::new();
        for cookie in ["a=1", "b=2", "c=3"] {
            map.append(header::COOKIE, HeaderValue::from_static(cookie));
        }
        join_cookies(&mut map);
        assert_eq!(map.get_all(header::COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2; c=3"]);
        assert!(!headers::has(&map, header::UPGRADE, "websocket"));
    }
}
