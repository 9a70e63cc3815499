//! Requests in absolute form: each goes to its host over a connection of its own.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ets_listen::clean_hop;
use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode, Uri, uri};
use http_body_util::{Either, Full};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;

use super::refused;
use super::stream::{Begun, Metered};
use super::{LONGEST_HEAD, PATIENCE};
use crate::gateway::{Gateway, Reached, Resolve};
use crate::meters::Meter;
use crate::relay::Patience;
use crate::target::{Host, Target};

type Answer = Response<Either<Incoming, Full<Bytes>>>;

/// Serves a connection that begins with `read`.
pub(super) async fn serve<R: Resolve>(
    gateway: Arc<Gateway<R>>,
    client: TcpStream,
    peer: SocketAddr,
    read: Vec<u8>,
) -> io::Result<()> {
    let service = service_fn(|request| {
        let gateway = Arc::clone(&gateway);
        async move { Ok::<_, Infallible>(answer(&gateway, peer, request).await) }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(Begun::new(read, client)), service)
        .await
        .map_err(io::Error::other)
}

async fn answer<R: Resolve>(
    gateway: &Gateway<R>,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> Answer {
    let Some(target) = prepare(&mut request) else {
        return own(refused::bare(request.headers(), StatusCode::BAD_REQUEST));
    };
    let reached = match gateway.reach(peer.ip(), None, &target).await {
        Ok(reached) => reached,
        Err(refusal) => return own(refused::answer(request.headers(), (&refusal, &target))),
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

/// Whereto a request goes; it is left as its host is to see it. None for what is no request to a
/// proxy.
fn prepare(request: &mut Request<Incoming>) -> Option<Target> {
    let (uri, has_body) = (request.uri().clone(), !request.body().is_end_stream());
    if uri.scheme() != Some(&uri::Scheme::HTTP) {
        return None;
    }
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    let target = Target::new(Host::read(authority.host())?, authority.port_u16().unwrap_or(80))?;
    // What the line says goes before what the header says (RFC 9112, section 3.2.2).
    let host = HeaderValue::from_str(authority.as_str()).ok()?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = Uri::try_from(path).ok()?;
    let headers = request.headers_mut();
    clean_hop(headers);
    headers.insert(header::HOST, host);
    if has_body && !headers.contains_key(header::CONTENT_LENGTH) {
        // hyper would send no body of unknown length with GET and HEAD.
        headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    Some(target)
}

/// One request over a connection of its own, which is cut when the rules change.
async fn exchange(
    reached: Reached,
    request: Request<Incoming>,
    patience: Patience,
) -> hyper::Result<Response<Incoming>> {
    let (stream, tunnel) = reached.into_parts();
    let watched = tunnel.clone();
    let metered = TokioIo::new(Metered { stream, tunnel });
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
async fn is_idle(meter: &Meter, patience: Duration) {
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
