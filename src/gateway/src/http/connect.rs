//! A tunnel: one head, then octets both ways.

use std::io;
use std::sync::atomic::Ordering;

use http::HeaderMap;
use tokio::io::AsyncWriteExt;

use super::asker::{Asker, Wire};
use super::refused;
use crate::gateway::{Gateway, Resolve};
use crate::target::Target;

const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// Serves a connection that asks for a tunnel; `early` is what the client said without waiting for
/// the answer.
pub(super) async fn serve<R: Resolve>(
    gateway: &Gateway<R>,
    mut client: impl Wire,
    asker: &Asker,
    (target, early): (Target, Vec<u8>),
) -> io::Result<()> {
    let mut reached = match gateway.reach(asker.address, asker.person(), &target).await {
        Ok(reached) => reached,
        Err(refusal) => {
            // Browsers show nothing of it, and programs log it.
            let answer = refused::answer(&HeaderMap::new(), (&refusal, &target), None);
            client.write_all(&refused::octets(&answer)).await?;
            return client.shutdown().await;
        }
    };
    client.write_all(ESTABLISHED).await?;
    client.flush().await?;
    reached.stream.write_all(&early).await?;
    reached.meter().up().fetch_add(early.len() as u64, Ordering::Relaxed);
    drop(early);
    client.relay(gateway, &reached).await;
    Ok(())
}
