//! The gateway as a part of `serve`.

use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use ets_listen::{Bounds, Client, Entry, Limits, serve_streams};
use ets_runtime::Shutdown;

use crate::accept::accept;
use crate::relay::Patience;
use crate::{Config, Deps, Desk, Error, Speak, http, socks, transparent};

/// How long a tunnel may be quiet: longer than the keep-alive of most programs (two hours, RFC
/// 9293, section 3.8.4, would be kept by nothing on the way).
const PATIENCE: Patience =
    Patience { idle: Duration::from_secs(3600), half_closed: Duration::from_secs(300) };

/// What is spoken on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP.
    Http,
    /// SOCKS version 5.
    Socks,
    /// Nothing to us: what was sent to others and taken on its way.
    Transparent,
}

/// Opens the desk: the last version of the rules is in force then.
///
/// # Errors
/// [`Error::Resolver`], [`Error::Unreadable`]; the database's.
pub async fn open(config: &Config, deps: Deps) -> Result<Desk, Error> {
    Desk::open(config, deps, PATIENCE).await
}

/// Serves one listening socket until shutdown.
///
/// # Errors
/// When it cannot be used at all.
pub async fn serve(
    desk: Desk,
    speaks: Speaks,
    listener: TcpListener,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let gateway = Arc::clone(desk.gateway());
    let ending = Arc::clone(&gateway);
    let places = (Arc::clone(gateway.places()), move || ending.leave());
    match speaks {
        Speaks::Http => {
            let talk = |client, peer| http::serve(Arc::clone(&gateway), client, peer);
            accept(listener, talk, places, shutdown).await
        }
        Speaks::Socks => {
            let talk = |client, peer| {
                let gateway = Arc::clone(&gateway);
                async move { socks::serve(&gateway, client, peer).await }
            };
            accept(listener, talk, places, shutdown).await
        }
        Speaks::Transparent => {
            let talk = |client, peer| {
                let gateway = Arc::clone(&gateway);
                async move { transparent::serve(&gateway, client, peer).await }
            };
            accept(listener, talk, places, shutdown).await
        }
    }
}

/// Serves datagrams that were taken on their way until shutdown; `speak` gives the sockets that answer.
///
/// # Errors
/// When the socket cannot be used at all.
pub async fn serve_datagrams(
    desk: Desk,
    socket: UdpSocket,
    speak: Arc<dyn Speak>,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let gateway = Arc::clone(desk.gateway());
    let places = Arc::clone(gateway.places());
    transparent::serve_datagrams(gateway, socket, (speak, places), shutdown).await
}

/// Serves HTTP by TLS on one listening socket until shutdown; `entry` is what hands are shaken with.
///
/// # Errors
/// When the socket cannot be used at all.
pub async fn serve_tls(
    desk: Desk,
    entry: Entry,
    listener: TcpListener,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let gateway = Arc::clone(desk.gateway());
    let allowed = (bounds(gateway.places().most()), Arc::default());
    let talk = move |client: Arc<Client>, stream| {
        let gateway = Arc::clone(&gateway);
        async move {
            if let Err(error) = http::serve_encrypted(gateway, client, stream).await {
                tracing::trace!(%error, "a client of the gateway broke off");
            }
        }
    };
    Ok(serve_streams(listener, entry, talk, allowed, shutdown).await?)
}

/// Listens for the relays of the rules in force, whatever they are, until shutdown.
///
/// # Errors
/// None; parts have one shape.
pub async fn hold(desk: Desk, shutdown: Shutdown) -> Result<(), Error> {
    crate::fixed::hold(&desk, shutdown).await;
    Ok(())
}

/// A browser that speaks HTTP/1.1 has a connection for each tunnel.
fn bounds(places: usize) -> Bounds {
    let connections = (places / 4).max(256);
    let limits = Limits { connections, ..Limits::default() };
    let per_certificate = 512;
    Bounds { limits, per_certificate, stall: PATIENCE.idle, ..Bounds::default() }
}
