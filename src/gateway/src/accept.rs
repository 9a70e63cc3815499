//! The accept loop of one socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ets_runtime::Shutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::Error;

/// Connections of one socket at once; who comes above that waits in the kernel's queue.
const MOST: usize = 60_000;
/// How long to wait after `accept` failed for want of descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves what comes until shutdown. Connections that are open then end with the process.
pub(crate) async fn accept<F>(
    listener: std::net::TcpListener,
    talk: impl Fn(TcpStream, SocketAddr) -> F,
    shutdown: Shutdown,
) -> Result<(), Error>
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let accepted = tokio::select! {
            () = shutdown.requested() => return Ok(()),
            accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            } => accepted,
        };
        match accepted {
            (place, Ok((client, peer))) => {
                let talk = talk(client, peer);
                tokio::spawn(async move {
                    // That a client breaks off is an ordinary thing.
                    if let Err(error) = talk.await {
                        tracing::trace!(%peer, %error, "a client of the gateway broke off");
                    }
                    drop(place);
                });
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "the gateway cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
