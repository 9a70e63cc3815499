//! Connections of a relay.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use ets_runtime::Shutdown;
use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;

use super::Port;
use crate::accept::{Places, accept};
use crate::gateway::{Gateway, Reached, Refusal, Resolve, connect};
use crate::relay::reset;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// Opens a port; what comes is served until shutdown, or until the future is dropped.
///
/// # Errors
/// When the port cannot be had.
pub(super) fn serve<R: Resolve>(
    gateway: Arc<Gateway<R>>,
    port: Port,
    places: Arc<Places>,
    shutdown: Shutdown,
) -> io::Result<impl Future<Output = ()> + Send> {
    let listener = listen(port.at)?;
    Ok(async move {
        let talk = |client, peer| talk(Arc::clone(&gateway), port.clone(), client, peer);
        let ending = (places, || gateway.leave());
        if let Err(error) = accept(listener, talk, ending, shutdown).await {
            tracing::warn!(relay = %port.relay, %error, "a port of a relay cannot be served");
        }
    })
}

fn listen(at: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&at.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

async fn talk<R: Resolve>(
    gateway: Arc<Gateway<R>>,
    port: Port,
    client: TcpStream,
    peer: SocketAddr,
) -> io::Result<()> {
    match reach(&gateway, &port, peer).await {
        Ok(reached) => drop(gateway.relay(&client, &reached).await),
        Err(refusal) => {
            tracing::debug!(%peer, relay = %port.relay, ?refusal, "refused by a relay");
            // What is spoken here has no word for a refusal: a reset is the clearest there is.
            reset(&client);
        }
    }
    Ok(())
}

async fn reach<R: Resolve>(
    gateway: &Gateway<R>,
    port: &Port,
    peer: SocketAddr,
) -> Result<Reached, Refusal> {
    let ask = port.ask(gateway.segment_of(peer.ip()));
    let tunnel = gateway.let_by(&port.relay, &ask)?;
    let stream = tokio::select! {
        stream = connect(port.target) => stream.ok_or(Refusal::Unreachable)?,
        _ = tunnel.is_cut() => return Err(Refusal::Unreachable),
    };
    Ok(Reached::new(stream, tunnel))
}
