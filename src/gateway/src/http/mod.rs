//! The HTTP proxy: CONNECT (RFC 9110, section 9.3.6) and requests in absolute form (RFC 9112,
//! section 3.2.2), over HTTP/1.1 and HTTP/2, with TLS or without.

mod asker;
mod connect;
mod head;
mod plain;
mod refused;
mod second;
mod stream;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ets_listen::{Client, Encrypted};
use http::HeaderMap;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::gateway::{Gateway, Resolve};
use asker::{Asker, Secure, Wire};
use head::Head;
use stream::Begun;

/// How long the head of a request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest head.
const LONGEST_HEAD: usize = 32 << 10;

/// Serves one connection to its end.
///
/// # Errors
/// The client's end of it, when he breaks off or speaks something else.
pub async fn serve<R: Resolve>(
    gateway: Arc<Gateway<R>>,
    client: TcpStream,
    peer: SocketAddr,
) -> io::Result<()> {
    talk(gateway, client, Asker::at(peer.ip())).await
}

/// Serves one connection by TLS to its end; who asks is said by the certificate, where there is one.
///
/// # Errors
/// As [`serve`].
pub async fn serve_encrypted<R: Resolve>(
    gateway: Arc<Gateway<R>>,
    client: Arc<Client>,
    stream: Encrypted,
) -> io::Result<()> {
    // What is open too long without a use is looked for here.
    let _hold = client.hold();
    let asker = Asker::of(&client);
    if client.session.as_ref().is_some_and(|session| session.is_http2) {
        return second::serve(gateway, stream, asker).await;
    }
    // One over HTTP/2 takes a place for each stream.
    let Some(_place) = gateway.places().take(asker.address) else { return Ok(()) };
    talk(gateway, Secure::new(stream, client), asker).await
}

async fn talk<R: Resolve>(
    gateway: Arc<Gateway<R>>,
    mut client: impl Wire,
    asker: Asker,
) -> io::Result<()> {
    let mut read = Vec::with_capacity(1 << 10);
    match head::read(&mut client, &mut read).await? {
        Head::Gone => Ok(()),
        // Apart, so that a tunnel at rest does not hold room for them.
        Head::Second => {
            let asker = asker.came_to(client.hub());
            Box::pin(second::serve(gateway, Begun::new(read, client), asker)).await
        }
        Head::Request => {
            let asker = asker.came_to(client.hub());
            Box::pin(plain::serve(gateway, Begun::new(read, client), asker)).await
        }
        Head::Tunnel(target, length) => {
            let early = read.split_off(length);
            drop(read);
            connect::serve(&gateway, client, &asker, (target, early)).await
        }
        Head::Wrong(status) => {
            let answer = refused::bare(&HeaderMap::new(), status);
            client.write_all(&refused::octets(&answer)).await?;
            client.shutdown().await
        }
    }
}

#[cfg(test)]
mod tests;
