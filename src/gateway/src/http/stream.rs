//! Streams for hyper: one that begins with what was read already, and one that is metered.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::gateway::Tunnel;

/// A connection whose first octets were read already.
pub(super) struct Begun<S> {
    read: Vec<u8>,
    stream: S,
}

/// A connection outside, each octet of which is counted.
pub(super) struct Metered {
    pub(super) stream: TcpStream,
    pub(super) tunnel: Tunnel,
}

impl<S> Begun<S> {
    pub(super) fn new(read: Vec<u8>, stream: S) -> Self {
        Self { read, stream }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Begun<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.read.len().min(buffer.remaining());
        buffer.put_slice(&self.read[..length]);
        self.read.drain(..length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        count(self.tunnel.meter().down(), buffer.filled().len() - before);
        Poll::Ready(read)
    }
}

/// Writes to the stream inside, and does something with how much it took.
macro_rules! write_through {
    ($kind:ty $(, $stream:ident)?; $self:ident, $took:expr) => {
        impl$(<$stream: AsyncWrite + Unpin>)? AsyncWrite for $kind {
            fn poll_write(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                octets: &[u8],
            ) -> Poll<io::Result<usize>> {
                let $self = &mut *self;
                let written = ready!(Pin::new(&mut $self.stream).poll_write(context, octets))?;
                $took($self, written);
                Poll::Ready(Ok(written))
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                octets: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let $self = &mut *self;
                let stream = Pin::new(&mut $self.stream);
                let written = ready!(stream.poll_write_vectored(context, octets))?;
                $took($self, written);
                Poll::Ready(Ok(written))
            }

            fn is_write_vectored(&self) -> bool {
                self.stream.is_write_vectored()
            }

            fn poll_flush(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                Pin::new(&mut self.stream).poll_flush(context)
            }

            fn poll_shutdown(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                Pin::new(&mut self.stream).poll_shutdown(context)
            }
        }
    };
}

write_through!(Begun<S>, S; this, |_: &Begun<S>, _| ());
write_through!(Metered; this, |this: &Metered, written| count(this.tunnel.meter().up(), written));

fn count(meter: &AtomicU64, octets: usize) {
    meter.fetch_add(octets as u64, Ordering::Relaxed);
}
