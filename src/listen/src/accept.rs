//! The accept loops for TCP and TLS.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse;
use ets_runtime::Shutdown;
use ets_tls::{Acceptor, CertId, PeerCertificate};
use http::{Request, Response, StatusCode};
use hyper::body::{Body, Bytes, Incoming};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::bounds::{Places, Present, Tally, count};
use crate::handshakes::Handshakes;
use crate::paced::Paced;
use crate::pulse::Pulses;
use crate::{
    Bounds, Client, Connections, Counters, Door, Encrypted, Error, Handler, Limits, Network,
    Signed, serve, socket,
};

/// Whether a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

/// How long to wait after `accept` failed for want of descriptors.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What encrypts connections and who stands on a certificate.
pub type Entry = (Acceptor, Arc<Connections>);
/// The same with the door that it is there.
pub(crate) type Gate = (Acceptor, Arc<Connections>, Door);

/// Serves plain HTTP until shutdown.
///
/// # Errors
/// When the listener cannot be used at all.
pub async fn serve_plain(
    listener: std::net::TcpListener,
    router: Router,
    limits: Limits,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let bounds = Bounds { limits, ..Bounds::default() };
    serve_bounded(listener, None, router, bounds, shutdown).await
}

/// Serves HTTP over TLS until shutdown; HTTP/2 where the client offers it. A connection lives no
/// longer than the certificate that opened it.
///
/// # Errors
/// When the listener cannot be used at all.
pub async fn serve_tls(
    listener: std::net::TcpListener,
    entry: Entry,
    router: Router,
    limits: Limits,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let bounds = Bounds { limits, ..Bounds::default() };
    serve_bounded(listener, Some(entry), router, bounds, shutdown).await
}

/// As [`serve_plain`], or [`serve_tls`] where there is an entry, with bounds of the caller's: for what
/// strangers reach.
///
/// # Errors
/// When the listener cannot be used at all.
pub async fn serve_bounded(
    listener: std::net::TcpListener,
    entry: Option<Entry>,
    router: Router,
    bounds: Bounds,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let make = with_extensions(router, bounds);
    run(listener, entry, make, (bounds, Arc::default()), shutdown).await
}

/// As [`serve_tls`] without a router: `make` makes the handler of each connection and learns there
/// who is at the other end.
///
/// # Errors
/// When the listener cannot be used at all.
pub async fn serve_service<M, H>(
    listener: std::net::TcpListener,
    entry: Entry,
    make: M,
    allowed: (Bounds, Arc<Counters>),
    shutdown: Shutdown,
) -> Result<(), Error>
where
    M: Fn(Arc<Client>) -> H + Send + Sync + 'static,
    H: Handler,
{
    run(listener, Some(entry), make, allowed, shutdown).await
}

/// As [`serve_service`] for what is not HTTP from its first octet on: `talk` has the stream of each
/// connection once its handshake is done and its certificate is entered, until it returns. The
/// stream fails when the connection is cut.
///
/// # Errors
/// When the listener cannot be used at all.
pub async fn serve_streams<T, F>(
    listener: std::net::TcpListener,
    entry: Entry,
    talk: T,
    allowed: (Bounds, Arc<Counters>),
    shutdown: Shutdown,
) -> Result<(), Error>
where
    T: Fn(Arc<Client>, Encrypted) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let begin = |shared: Arc<Shared<T>>, stream: TcpStream, address, places| async move {
        let Some(gate) = &shared.gate else { return };
        if socket::mind(&stream, shared.bounds.stall).is_ok() {
            serve::streamed(&shared, gate, (stream, address), places).await;
        }
    };
    accept_all(listener, Some(entry), (talk, begin), allowed, shutdown).await
}

/// What all connections of one listener share.
pub(crate) struct Shared<M> {
    pub(crate) gate: Option<Gate>,
    pub(crate) make: M,
    pub(crate) bounds: Bounds,
    pub(crate) counters: Arc<Counters>,
    pub(crate) pulses: Arc<Pulses>,
    pub(crate) by_certificate: Arc<Tally<CertId>>,
    pub(crate) handshakes: Arc<Handshakes>,
    pub(crate) shutdown: Shutdown,
}

pub(crate) async fn run<M, H>(
    listener: std::net::TcpListener,
    entry: Option<Entry>,
    make: M,
    (bounds, counters): (Bounds, Arc<Counters>),
    shutdown: Shutdown,
) -> Result<(), Error>
where
    M: Fn(Arc<Client>) -> H + Send + Sync + 'static,
    H: Handler,
{
    accept_all(listener, entry, (make, begin), (bounds, counters), shutdown).await
}

/// Accepts until shutdown; `begin` takes each connection to its end.
async fn accept_all<M, F>(
    listener: std::net::TcpListener,
    entry: Option<Entry>,
    (make, begin): (M, impl Fn(Arc<Shared<M>>, TcpStream, SocketAddr, Places) -> F),
    (bounds, counters): (Bounds, Arc<Counters>),
    shutdown: Shutdown,
) -> Result<(), Error>
where
    F: Future<Output = ()> + Send + 'static,
{
    let gate = entry.map(|(acceptor, connections)| {
        let door = connections.door(&acceptor);
        (acceptor, connections, door)
    });
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(bounds.limits.connections));
    let by_address = Arc::new(Tally::default());
    let running = TaskTracker::new();
    let (pulses, by_certificate) = (Pulses::new(), Arc::default());
    let deadlines = (bounds.idle, bounds.stall);
    let looking = Arc::clone(&pulses).watch(deadlines, Arc::clone(&counters), shutdown.clone());
    tokio::spawn(looking);
    let ending = shutdown.clone();
    let handshakes = Handshakes::new(bounds.handshakes, bounds.handshakes_per_address);
    let shared = Shared {
        gate,
        make,
        bounds,
        counters,
        pulses,
        by_certificate,
        handshakes,
        shutdown: ending,
    };
    let shared = Arc::new(shared);
    loop {
        let accepted = tokio::select! {
            () = shutdown.requested() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, address, place)) = accepted else {
            continue;
        };
        count(&shared.counters.accepted);
        let network = Network::from(address.ip());
        let Some(of_address) = by_address.take(network, bounds.per_address) else {
            count(&shared.counters.crowded_address);
            continue;
        };
        let places = Places {
            _of_all: place,
            _of_address: of_address,
            of_certificate: None,
            _open: Present::new(&shared.counters, |counters| &counters.open),
        };
        running.spawn(begin(Arc::clone(&shared), stream, address, places));
    }
    running.close();
    if tokio::time::timeout(bounds.limits.drain, running.wait()).await.is_err() {
        tracing::debug!("some connections were cut at the end");
    }
    Ok(())
}

async fn begin<M, H>(shared: Arc<Shared<M>>, stream: TcpStream, address: SocketAddr, places: Places)
where
    M: Fn(Arc<Client>) -> H + Send + Sync + 'static,
    H: Handler,
{
    if socket::mind(&stream, shared.bounds.stall).is_err() {
        return;
    }
    match &shared.gate {
        None => Box::pin(serve::plain(&shared, stream, address, places)).await,
        Some(gate) => serve::encrypted(&shared, gate, (stream, address), places).await,
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => Some((stream, address, place)),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// Makes the service of a connection that puts who speaks into each request, for a router.
pub(crate) fn with_extensions(
    router: Router,
    bounds: Bounds,
) -> impl Fn(Arc<Client>) -> Told + Send + Sync + 'static {
    move |client| Told { router: router.clone(), client, bounds }
}

/// A router that is told who speaks.
pub(crate) struct Told {
    router: Router,
    client: Arc<Client>,
    bounds: Bounds,
}

impl Handler for Told {
    type Body = axum::body::Body;

    fn answer(
        &self,
        mut request: Request<Incoming>,
    ) -> impl Future<Output = Response<axum::body::Body>> + Send + 'static {
        request.extensions_mut().insert(self.client.peer);
        if let Some(local) = self.client.local {
            request.extensions_mut().insert(local);
        }
        if let Some(certificate) = &self.client.certificate {
            request.extensions_mut().insert(PeerCertificate::clone(certificate));
        }
        if let Some(session) = &self.client.session {
            request.extensions_mut().insert(Signed(session.signed));
        }
        let (body, slowest) = (self.bounds.body, self.bounds.slowest);
        let request = request.map(|sent| Paced::new(sent, body, slowest));
        let answer =
            (!self.client.cut.is_cancelled()).then(|| answer(self.router.clone(), request));
        async move {
            match answer {
                Some(answer) => answer.await.unwrap_or_else(|never| match never {}),
                None => StatusCode::FORBIDDEN.into_response(),
            }
        }
    }
}

/// Hands one request to the router; a router cannot fail, only answer with an error page.
pub(crate) async fn answer<B>(
    router: Router,
    request: Request<B>,
) -> Result<axum::response::Response, Infallible>
where
    B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    router.oneshot(request.map(axum::body::Body::new)).await
}
