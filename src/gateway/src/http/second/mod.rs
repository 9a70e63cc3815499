//! HTTP/2 (RFC 9113): each stream is a tunnel or a request of its own. Spoken without hyper's server,
//! which ends a tunnel that broke off as if it were whole; section 8.5 wants a reset.

mod body;
mod tunnel;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Builder, Connection, SendResponse};
use h2::{Ping, PingPong, RecvStream};
use http::{Method, Request};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};

use super::asker::Asker;
use super::{LONGEST_HEAD, PATIENCE};
use crate::gateway::{Gateway, Resolve};

/// Streams at once.
const STREAMS: u32 = 100;
/// What a client may send of one stream, and of all, before the far side has taken it, in octets.
const STREAM_WINDOW: u32 = 256 << 10;
const WINDOW: u32 = 1 << 20;
/// What is kept of one stream for a client who takes nothing. All of it together, which is what a
/// connection can cost: 1 MiB and 100 times this.
const KEPT: usize = 64 << 10;
/// Streams that a client opened and reset before they were looked at: more are a flood
/// (CVE-2023-44487).
const RESET_EARLY: usize = 20;
/// Streams that were reset because the client broke the protocol on them.
const RESET_FAULTY: usize = 256;
/// A client is asked so often whether it is there, and has so long to say so: on a slow line the
/// question waits behind all that was sent before it.
const PING: Duration = Duration::from_secs(30);
const PONG: Duration = Duration::from_secs(120);
/// How long there may be no stream.
const IDLE: Duration = Duration::from_secs(180);
/// How long the farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Serves a connection to its end.
pub(super) async fn serve<R: Resolve>(
    gateway: Arc<Gateway<R>>,
    client: impl AsyncRead + AsyncWrite + Unpin,
    asker: Asker,
) -> io::Result<()> {
    let mut connection = timeout(PATIENCE, builder().handshake(client)).await?.map_err(other)?;
    let pings = connection.ping_pong();
    // Every stream has one; where there is no other, nothing is open.
    let open = Arc::new(());
    let deserted = async {
        tokio::select! {
            () = is_gone(pings) => {}
            () = is_idle(&open) => {}
        }
    };
    tokio::pin!(deserted);
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            () = &mut deserted => return farewell(connection).await,
        };
        let Some(accepted) = accepted else { return Ok(()) };
        let (request, respond) = accepted.map_err(other)?;
        let (gateway, asker, open) = (Arc::clone(&gateway), asker.clone(), Arc::clone(&open));
        tokio::spawn(async move {
            // Whoever resets a stream knows that he did.
            if let Err(error) = answer(&gateway, &asker, request, respond).await {
                tracing::trace!(%error, "a stream ended early");
            }
            drop(open);
        });
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(LONGEST_HEAD as u32)
        .max_send_buffer_size(KEPT)
        .max_pending_accept_reset_streams(RESET_EARLY)
        .max_local_error_reset_streams(Some(RESET_FAULTY));
    builder
}

async fn answer<R: Resolve>(
    gateway: &Gateway<R>,
    asker: &Asker,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    if request.method() == Method::CONNECT {
        tunnel::serve(gateway, asker, request, respond).await
    } else {
        body::serve(gateway, asker, request, respond).await
    }
}

/// Waits until the client does not answer any more.
async fn is_gone(pings: Option<PingPong>) {
    let Some(mut pings) = pings else { return std::future::pending().await };
    loop {
        sleep(PING).await;
        if !matches!(timeout(PONG, pings.ping(Ping::opaque())).await, Ok(Ok(_))) {
            return;
        }
    }
}

/// Waits until no stream was open for the idle time; up to twice that, as nobody keeps since when.
async fn is_idle(open: &Arc<()>) {
    let mut was_idle = false;
    loop {
        sleep(IDLE).await;
        let is_idle = Arc::strong_count(open) == 1;
        if is_idle && was_idle {
            return;
        }
        was_idle = is_idle;
    }
}

/// Says that no stream more is taken, and ends.
async fn farewell<S>(mut connection: Connection<S, Bytes>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    connection.abrupt_shutdown(h2::Reason::NO_ERROR);
    let end = async { while connection.accept().await.is_some() {} };
    drop(timeout(FAREWELL, end).await);
    Ok(())
}

fn other(error: h2::Error) -> io::Error {
    io::Error::other(error)
}
