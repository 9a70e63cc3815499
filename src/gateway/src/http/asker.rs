//! Who asks, and on what kind of connection.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ets_listen::{Client, Encrypted, PeerCertificate};
use ets_model::PersonId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::gateway::{Gateway, Reached, Resolve};
use crate::relay::{End, Near, reset};

/// Who asks: his segment is known by the address, he himself by his certificate.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    pub(super) address: IpAddr,
    /// The hub's address to which he came, where it is known: pages of the hub are there too.
    pub(super) hub: Option<IpAddr>,
    certificate: Option<Arc<PeerCertificate>>,
}

impl Asker {
    /// Nobody that is known, at an address.
    pub(super) fn at(address: IpAddr) -> Self {
        Self { address, hub: None, certificate: None }
    }

    /// Who came to this address of the hub.
    pub(super) fn came_to(self, hub: Option<IpAddr>) -> Self {
        Self { hub, ..self }
    }

    /// The owner of the certificate that was proved in the handshake.
    pub(super) fn of(client: &Client) -> Self {
        let address = client.peer.address.ip();
        Self { address, hub: None, certificate: client.certificate.clone() }
    }

    /// The person; a machine's certificate is nobody's.
    pub(super) fn person(&self) -> Option<&PersonId> {
        let certificate = self.certificate.as_ref().filter(|certificate| !certificate.is_machine);
        certificate.map(|certificate| &certificate.person)
    }
}

/// A client's connection as a whole.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The hub's address to which the client came.
    fn hub(&self) -> Option<IpAddr> {
        None
    }

    /// Has it end by a reset, where it has one of its own.
    fn reset(&self) {}

    /// Joins it with what was reached.
    fn relay<R: Resolve>(
        &mut self,
        gateway: &Gateway<R>,
        reached: &Reached,
    ) -> impl Future<Output = End> + Send;
}

impl Wire for TcpStream {
    fn hub(&self) -> Option<IpAddr> {
        Some(self.local_addr().ok()?.ip().to_canonical())
    }

    fn reset(&self) {
        reset(self);
    }

    async fn relay<R: Resolve>(&mut self, gateway: &Gateway<R>, reached: &Reached) -> End {
        gateway.relay(self, reached).await
    }
}

/// A connection by TLS, and who may cut it.
pub(super) struct Secure {
    stream: Encrypted,
    client: Arc<Client>,
}

impl Near for Encrypted {}

impl Secure {
    pub(super) fn new(stream: Encrypted, client: Arc<Client>) -> Self {
        Self { stream, client }
    }
}

impl AsyncRead for Secure {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Secure {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Wire for Secure {
    async fn relay<R: Resolve>(&mut self, gateway: &Gateway<R>, reached: &Reached) -> End {
        self.client.hand_on();
        tokio::select! {
            end = gateway.relay_near(&mut self.stream, reached) => end,
            // The stream fails then too, but only who reads or writes is told.
            () = self.client.cut.cancelled() => {
                reset(&reached.stream);
                End::Cut
            }
        }
    }
}
