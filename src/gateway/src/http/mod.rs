//! The HTTP proxy: CONNECT (RFC 9110, section 9.3.6) and requests in absolute form (RFC 9112,
//! section 3.2.2).

mod connect;
mod plain;
mod refused;
mod stream;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::gateway::{Gateway, Resolve};

/// How long the head of a request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest head.
const LONGEST_HEAD: usize = 32 << 10;
/// How a tunnel is asked for.
const CONNECT: &[u8] = b"CONNECT ";

/// Serves one connection to its end.
///
/// # Errors
/// The client's end of it, when he breaks off or speaks something else.
pub async fn serve<R: Resolve>(
    gateway: Arc<Gateway<R>>,
    mut client: TcpStream,
    peer: SocketAddr,
) -> io::Result<()> {
    let mut read = Vec::with_capacity(1 << 10);
    // A tunnel is told by its first word; hyper takes everything else, with what was read.
    while read.len() < CONNECT.len() && CONNECT.starts_with(&read) {
        if timeout(PATIENCE, client.read_buf(&mut read)).await?? == 0 {
            return Ok(());
        }
    }
    if read.starts_with(CONNECT) {
        connect::serve(&gateway, client, peer, read).await
    } else {
        plain::serve(gateway, client, peer, read).await
    }
}
