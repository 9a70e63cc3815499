//! One connection: handshake, entry by certificate, and HTTP with its deadlines.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use ets_runtime::Shutdown;
use ets_tls::{Accepted, Acceptor, PeerCertificate, Session};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::accept::{Gate, Shared};
use crate::bounds::{Places, Present, count};
use crate::pulse::{Listed, Watched};
use crate::{Admitted, Bound, Bounds, Client, Encrypted, Handler, Local, Peer, Scheme};

/// A client over HTTP/2 is asked so often whether it is there, and has so long to say so.
const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(10);
/// What is read ahead and written behind of one connection over HTTP/1.1, in bytes.
const BUFFER: usize = 128 << 10;
/// Streams that a client opened and reset before they were looked at: more are a flood (CVE-2023-44487).
const RESET_EARLY: usize = 20;
/// Streams that were reset because the client broke the protocol on them.
const RESET_FAULTY: usize = 256;

/// Serves plain HTTP on one connection.
pub(crate) async fn plain<M, H>(
    shared: &Shared<M>,
    stream: TcpStream,
    address: SocketAddr,
    places: Places,
) where
    M: Fn(Arc<Client>) -> H,
    H: Handler,
{
    let cut = CancellationToken::new();
    let listed = shared.pulses.enter(cut.clone());
    let bound = (cut.clone(), Arc::clone(&listed.pulse));
    let local = stream.local_addr().ok().map(Local);
    let stream = Bound::held(stream, bound, (None, places));
    let ends = (Peer { address, scheme: Scheme::Http }, local);
    let client = client(ends, (None, None, None), cut, &listed);
    let service = watched((shared.make)(Arc::clone(&client)), client);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let head = shared.bounds.limits.request_head;
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(shared.bounds.streams);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    finish(&shared.shutdown, connection, auto::UpgradeableConnection::graceful_shutdown).await;
}

/// Shakes hands and serves HTTP on one connection.
pub(crate) async fn encrypted<M, H>(
    shared: &Shared<M>,
    gate: &Gate,
    (stream, address): (TcpStream, SocketAddr),
    places: Places,
) where
    M: Fn(Arc<Client>) -> H,
    H: Handler,
{
    if let Some(accepted) = shake(shared, &gate.0, (stream, address)).await {
        // Apart: who waits for a handshake is not to keep room for what comes after it.
        Box::pin(enter(shared, gate, (accepted, address), places)).await;
    }
}

/// Shakes hands and hands the stream over.
pub(crate) async fn streamed<T, F>(
    shared: &Shared<T>,
    gate: &Gate,
    (stream, address): (TcpStream, SocketAddr),
    places: Places,
) where
    T: Fn(Arc<Client>, Encrypted) -> F,
    F: Future<Output = ()>,
{
    let Some(accepted) = shake(shared, &gate.0, (stream, address)).await else { return };
    if let Some((client, stream, _listed)) = admit(shared, gate, (accepted, address), places) {
        Box::pin((shared.make)(client, stream)).await;
    }
}

/// Enters a connection by its certificate and serves HTTP on it.
async fn enter<M, H>(
    shared: &Shared<M>,
    gate: &Gate,
    accepted: (Accepted<TcpStream>, SocketAddr),
    places: Places,
) where
    M: Fn(Arc<Client>) -> H,
    H: Handler,
{
    let bounds = &shared.bounds;
    let is_http2 = accepted.0.session.is_http2;
    let Some((client, stream, _listed)) = admit(shared, gate, accepted, places) else { return };
    let stream = TokioIo::new(stream);
    let service = watched((shared.make)(Arc::clone(&client)), client);
    if is_http2 {
        let connection = second(bounds).serve_connection(stream, service);
        finish(&shared.shutdown, connection, http2::Connection::graceful_shutdown).await;
    } else {
        let connection = first(bounds).serve_connection(stream, service).with_upgrades();
        finish(&shared.shutdown, connection, http1::UpgradeableConnection::graceful_shutdown).await;
    }
}

/// Enters a connection by its certificate; none where it may not be.
fn admit<M>(
    shared: &Shared<M>,
    (_, connections, door): &Gate,
    (accepted, address): (Accepted<TcpStream>, SocketAddr),
    mut places: Places,
) -> Option<(Arc<Client>, Encrypted, Listed)> {
    let (bounds, counters) = (&shared.bounds, &shared.counters);
    let Accepted { stream, peer: certificate, session } = accepted;
    let admitted = match &certificate {
        None => None,
        Some(certificate) => {
            places.of_certificate =
                shared.by_certificate.take(certificate.id, bounds.per_certificate);
            if places.of_certificate.is_none() {
                count(&counters.crowded_certificate);
                tracing::debug!(%address, "too many connections of one certificate");
                return None;
            }
            match connections.admit(certificate, *door) {
                Some(admitted) if !session.is_dropped(certificate.id) => Some(admitted),
                _ => {
                    tracing::debug!(%address, "ended between handshake and entry");
                    return None;
                }
            }
        }
    };
    let cut = admitted.as_ref().map_or_else(CancellationToken::new, Admitted::token);
    let number = admitted.as_ref().map(Admitted::number);
    let listed = shared.pulses.enter(cut.clone());
    let bound = (cut.clone(), Arc::clone(&listed.pulse));
    let stream = Bound::held(stream, bound, (admitted, places));
    let peer = Peer { address, scheme: Scheme::Https };
    let client = client((peer, None), (certificate, Some(session), number), cut, &listed);
    Some((client, stream, listed))
}

/// Waits for its turn and shakes hands, in the time that there is for both.
async fn shake<M>(
    shared: &Shared<M>,
    acceptor: &Acceptor,
    (stream, address): (TcpStream, SocketAddr),
) -> Option<Accepted<TcpStream>> {
    let counters = &shared.counters;
    let shaking = async {
        let turn = shared.handshakes.enter(address.ip().into()).await?;
        let _shaking = Present::new(counters, |counters| &counters.shaking);
        tokio::select! {
            shaken = Box::pin(acceptor.shake(stream)) => Some(shaken),
            () = turn.is_over() => None,
        }
    };
    let (counter, why) = match tokio::time::timeout(shared.bounds.limits.handshake, shaking).await {
        Ok(Some(Ok(accepted))) => {
            let is_resumed = accepted.session.is_resumed;
            count(if is_resumed { &counters.resumed } else { &counters.full });
            return Some(accepted);
        }
        Ok(Some(Err(error))) => (&counters.failed, error.to_string()),
        Ok(None) => (&counters.sent_away, "it had to go for others".to_owned()),
        Err(late) => (&counters.slow, late.to_string()),
    };
    count(counter);
    tracing::debug!(%address, why, "a TLS handshake did not come to its end");
    None
}

fn client(
    (peer, local): (Peer, Option<Local>),
    (certificate, session, number): (Option<PeerCertificate>, Option<Session>, Option<u64>),
    cut: CancellationToken,
    listed: &Listed,
) -> Arc<Client> {
    let (certificate, pulse) = (certificate.map(Arc::new), Arc::clone(&listed.pulse));
    Arc::new(Client { peer, local, certificate, session, number, cut, pulse })
}

/// HTTP/1.1 (RFC 9112).
fn first(bounds: &Bounds) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(bounds.limits.request_head);
    builder.max_header_size(usize::try_from(bounds.head).unwrap_or(usize::MAX));
    builder.max_buf_size(BUFFER.max(usize::try_from(bounds.head).unwrap_or(BUFFER)));
    builder
}

/// HTTP/2 (RFC 9113).
fn second(bounds: &Bounds) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new()).keep_alive_interval(PING).keep_alive_timeout(PONG);
    builder.max_concurrent_streams(bounds.streams).max_header_list_size(bounds.head);
    builder.max_pending_accept_reset_streams(RESET_EARLY);
    builder.max_local_error_reset_streams(RESET_FAULTY);
    if bounds.offers_websocket {
        builder.enable_connect_protocol();
    }
    builder
}

/// The handler with an eye on what is under way on its connection.
fn watched<H: Handler>(handler: H, client: Arc<Client>) -> Watching<H> {
    Watching { handler, client }
}

struct Watching<H> {
    handler: H,
    client: Arc<Client>,
}

type Watch<H> = Pin<Box<dyn Future<Output = Result<Answer<H>, Infallible>> + Send>>;
type Answer<H> = Response<Watched<<H as Handler>::Body>>;

impl<H: Handler> Service<Request<Incoming>> for Watching<H> {
    type Response = Answer<H>;
    type Error = Infallible;
    type Future = Watch<H>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let hold = self.client.hold();
        let (answer, pulse) = (self.handler.answer(request), Arc::clone(&self.client.pulse));
        Box::pin(async move {
            let answer = answer.await;
            if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
                pulse.upgrade();
            }
            Ok(answer.map(|body| Watched::new(body, hold)))
        })
    }
}

/// Drives a connection to its end; from shutdown on it takes no further request.
pub(crate) async fn finish<C, E>(shutdown: &Shutdown, connection: C, end: fn(Pin<&mut C>))
where
    C: Future<Output = Result<(), E>>,
    E: std::fmt::Display,
{
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = shutdown.requested() => {
            end(connection.as_mut());
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended with an error");
    }
}
