//! The accept loops for TCP and TLS.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse;
use ets_runtime::Shutdown;
use ets_tls::Acceptor;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{Bound, Connections, Error, Peer};

/// Whether a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

/// What a listener allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; more wait in the kernel's queue.
    pub connections: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long the head of a request may take.
    pub request_head: Duration,
    /// How long connections may finish after shutdown was asked for.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            handshake: Duration::from_secs(10),
            request_head: Duration::from_secs(15),
            drain: Duration::from_secs(3),
        }
    }
}

/// How long to wait after `accept` failed for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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
    serve(listener, None, router, limits, shutdown).await
}

/// Serves HTTP over TLS until shutdown; HTTP/2 where the client offers it. A connection lives no
/// longer than the certificate that opened it.
///
/// # Errors
/// When the listener cannot be used at all.
pub async fn serve_tls(
    listener: std::net::TcpListener,
    (acceptor, connections): (Acceptor, Arc<Connections>),
    router: Router,
    limits: Limits,
    shutdown: Shutdown,
) -> Result<(), Error> {
    serve(listener, Some((acceptor, connections)), router, limits, shutdown).await
}

async fn serve(
    listener: std::net::TcpListener,
    acceptor: Option<(Acceptor, Arc<Connections>)>,
    router: Router,
    limits: Limits,
    shutdown: Shutdown,
) -> Result<(), Error> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.requested() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, address, place)) = accepted else {
            continue;
        };
        let connection = Connection {
            acceptor: acceptor.clone(),
            router: router.clone(),
            limits,
            watcher: graceful.watcher(),
        };
        tokio::spawn(async move {
            connection.run(stream, address).await;
            drop(place);
        });
    }
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::debug!("some connections were cut at the end");
    }
    Ok(())
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

struct Connection {
    acceptor: Option<(Acceptor, Arc<Connections>)>,
    router: Router,
    limits: Limits,
    watcher: Watcher,
}

impl Connection {
    async fn run(self, stream: TcpStream, address: SocketAddr) {
        if stream.set_nodelay(true).is_err() {
            return;
        }
        match self.acceptor.clone() {
            None => {
                self.http(stream, Peer { address, scheme: Scheme::Http }, None, None).await;
            }
            Some((acceptor, connections)) => {
                self.https(acceptor, &connections, stream, address).await;
            }
        }
    }

    async fn https(
        self,
        acceptor: Acceptor,
        connections: &Arc<Connections>,
        stream: TcpStream,
        address: SocketAddr,
    ) {
        let peer = Peer { address, scheme: Scheme::Https };
        match tokio::time::timeout(self.limits.handshake, acceptor.accept(stream)).await {
            Ok(Ok((stream, None))) => self.http(stream, peer, None, None).await,
            Ok(Ok((stream, Some(certificate)))) => match connections.admit(&certificate) {
                Some(admitted) => {
                    let cut = Some(admitted.token());
                    self.http(Bound::new(stream, admitted), peer, Some(certificate), cut).await;
                }
                None => tracing::debug!(%address, "revoked between handshake and entry"),
            },
            Ok(Err(error)) => tracing::debug!(%address, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%address, "TLS handshake took too long"),
        }
    }

    async fn http<S>(
        self,
        stream: S,
        peer: Peer,
        certificate: Option<ets_tls::PeerCertificate>,
        cut: Option<CancellationToken>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router;
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            if let Some(certificate) = &certificate {
                request.extensions_mut().insert(certificate.clone());
            }
            let is_cut = cut.as_ref().is_some_and(CancellationToken::is_cancelled);
            let answered = (!is_cut).then(|| answer(router.clone(), request));
            async move {
                match answered {
                    Some(answered) => answered.await,
                    None => Ok(StatusCode::FORBIDDEN.into_response()),
                }
            }
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(self.limits.request_head);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(128);
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        if let Err(error) = self.watcher.watch(connection.into_owned()).await {
            tracing::debug!(%error, "a connection ended with an error");
        }
    }
}

/// Hands one request to the router; a router cannot fail, only answer with an error page.
pub(crate) async fn answer(
    router: Router,
    request: Request<Incoming>,
) -> Result<axum::response::Response, Infallible> {
    router.oneshot(request.map(axum::body::Body::new)).await
}
