//! Requests in absolute form: each goes to its host over a connection of its own.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ets_listen::clean_hop;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Response, StatusCode, Uri, Version, uri};
use http_body_util::{Either, Full};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::asker::Asker;
use super::refused;
use super::stream::Metered;
use super::{LONGEST_HEAD, PATIENCE};
use crate::gateway::{Gateway, Reached, Resolve};
use crate::meters::Meter;
use crate::relay::Patience;
use crate::target::{Host, Target};

pub(super) type Answer = Response<Either<Incoming, Full<Bytes>>>;

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Serves a connection over HTTP/1.1.
pub(super) async fn serve<R: Resolve>(
    gateway: Arc<Gateway<R>>,
    client: impl AsyncRead + AsyncWrite + Unpin,
    asker: Asker,
) -> io::Result<()> {
    let service = service_fn(|request: Request<Incoming>| {
        let (gateway, asker) = (Arc::clone(&gateway), asker.clone());
        async move {
            // What follows a body without a length may be meant as a part of it (RFC 9112, section
            // 6.1), so that nothing is let follow.
            let is_last = request.headers().contains_key(header::TRANSFER_ENCODING);
            let mut answer = answer(&gateway, &asker, request).await;
            if is_last {
                answer.headers_mut().insert(header::CONNECTION, CLOSE);
            }
            Ok::<_, Infallible>(answer)
        }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(client), service)
        .await
        .map_err(io::Error::other)
}

/// Answers one request, over whichever version it came.
pub(super) async fn answer<R: Resolve, B>(
    gateway: &Gateway<R>,
    asker: &Asker,
    mut request: Request<B>,
) -> Answer
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    let Some(target) = prepare(&mut request) else {
        return own(refused::bare(request.headers(), StatusCode::BAD_REQUEST));
    };
    let reached = match gateway.reach(asker.address, asker.person(), &target).await {
        Ok(reached) => reached,
        Err(refusal) => {
            let ask =
                asker.hub.and_then(|hub| gateway.ask_link((&refusal, &target), asker.address, hub));
            return own(refused::answer(request.headers(), (&refusal, &target), ask.as_deref()));
        }
    };
    let headers = request.headers().clone();
    match exchange(reached, request, gateway.patience()).await {
        Ok(answer) => answer.map(Either::Left),
        Err(error) => {
            tracing::debug!(%target, %error, "a host outside broke off");
            own(refused::broken(&headers, &target))
        }
    }
}

/// Whereto a request leads; without a port it is that of its scheme (RFC 9110, sections 4.2.1 and 4.2.2).
pub(super) fn target(uri: &Uri) -> Option<Target> {
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    let usual = if uri.scheme() == Some(&uri::Scheme::HTTPS) { 443 } else { 80 };
    Target::new(Host::read(authority.host())?, authority.port_u16().unwrap_or(usual))
}

/// Whereto a request goes; it is left as its host is to see it. None for what is no request to a
/// proxy.
fn prepare<B: Body>(request: &mut Request<B>) -> Option<Target> {
    // There the two may not differ (RFC 9113, section 8.3.1).
    let is_second = request.version() == Version::HTTP_2;
    let (uri, has_body) = (request.uri().clone(), !request.body().is_end_stream());
    if uri.scheme() != Some(&uri::Scheme::HTTP) {
        return None;
    }
    let (target, authority) = (target(&uri)?, uri.authority()?);
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let named = hosts.next();
    if hosts.next().is_some() || (is_second && named.is_some_and(|one| one != authority.as_str())) {
        return None;
    }
    // What the line says goes before what the header says (RFC 9112, section 3.2.2).
    let host = HeaderValue::from_str(authority.as_str()).ok()?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = Uri::try_from(path).ok()?;
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    clean_hop(headers);
    join_cookies(headers);
    headers.insert(header::HOST, host);
    if has_body && !headers.contains_key(header::CONTENT_LENGTH) {
        // hyper would send no body of unknown length with GET and HEAD.
        headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    Some(target)
}

/// HTTP/2 may send the parts of one cookie line as lines of their own (RFC 9113, section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let parts: Vec<&[u8]> =
        headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if parts.len() < 2 {
        return;
    }
    if let Ok(whole) = HeaderValue::from_bytes(&parts.join(&b"; "[..])) {
        headers.insert(header::COOKIE, whole);
    }
}

/// One request over a connection of its own, which is cut when the rules change.
async fn exchange<B>(
    reached: Reached,
    request: Request<B>,
    patience: Patience,
) -> hyper::Result<Response<Incoming>>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    let (stream, tunnel) = reached.into_parts();
    let watched = tunnel.clone();
    let metered = TokioIo::new(Metered::new(stream, tunnel));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(metered).await?;
    tokio::spawn(async move {
        tokio::select! {
            _ = connection => {}
            _ = watched.is_cut() => {}
            () = is_idle(watched.meter(), patience.idle) => {}
        }
    });
    let mut answer = sender.send_request(request).await?;
    clean_hop(answer.headers_mut());
    Ok(answer)
}

/// Waits until nothing has passed for so long; up to twice as long, as nobody keeps when it did.
pub(super) async fn is_idle(meter: &Meter, patience: Duration) {
    let mut seen = meter.total();
    loop {
        tokio::time::sleep(patience).await;
        let now = meter.total();
        if now == seen {
            return;
        }
        seen = now;
    }
}

fn own(answer: Response<Bytes>) -> Answer {
    answer.map(|text| Either::Right(Full::new(text)))
}
