//! Streams for hyper: one that begins with what was read already, and one that is metered.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::gateway::Tunnel;
use crate::lane::{Lane, Side};

/// Leave is taken for so many bytes at most.
const AT_ONCE: usize = 64 << 10;

/// A connection whose first octets were read already.
pub(super) struct Begun<S> {
    read: Vec<u8>,
    stream: S,
}

/// A connection outside, each octet of which is counted and has leave.
pub(super) struct Metered<S> {
    stream: S,
    tunnel: Tunnel,
    up: Leave,
    down: Leave,
}

/// Leave to move bytes, where the segment's are limited.
#[derive(Default)]
struct Leave {
    bytes: usize,
    waits: Option<Pin<Box<dyn Future<Output = usize> + Send>>>,
}

impl Leave {
    /// How many bytes may be moved now.
    fn poll(&mut self, lane: &Arc<Lane>, side: Side, context: &mut Context<'_>) -> Poll<usize> {
        if !lane.is_limited() {
            return Poll::Ready(usize::MAX);
        }
        if self.bytes == 0 {
            let lane = Arc::clone(lane);
            let new = || Box::pin(async move { lane.take(side, AT_ONCE).await }) as _;
            self.bytes = ready!(self.waits.get_or_insert_with(new).as_mut().poll(context));
            self.waits = None;
        }
        Poll::Ready(self.bytes)
    }

    fn used(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, tunnel: Tunnel) -> Self {
        Self { stream, tunnel, up: Leave::default(), down: Leave::default() }
    }
}

impl<S> Drop for Metered<S> {
    fn drop(&mut self) {
        let lane = self.tunnel.meter().lane();
        lane.give_back(Side::Up, self.up.bytes);
        lane.give_back(Side::Down, self.down.bytes);
    }
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

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let meter = this.tunnel.meter();
        let leave = ready!(this.down.poll(meter.lane(), Side::Down, context));
        let before = buffer.filled().len();
        let read = if leave < buffer.remaining() {
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(leave));
            let read = ready!(Pin::new(&mut this.stream).poll_read(context, &mut part));
            let octets = part.filled().len();
            buffer.advance(octets);
            read
        } else {
            ready!(Pin::new(&mut this.stream).poll_read(context, buffer))
        };
        let octets = buffer.filled().len() - before;
        this.down.used(octets);
        count(meter.down(), octets);
        Poll::Ready(read)
    }
}

/// What both do alike with the stream inside.
macro_rules! pass_on {
    () => {
        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_flush(context)
        }

        fn poll_shutdown(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_shutdown(context)
        }
    };
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Begun<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    pass_on!();
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let meter = this.tunnel.meter();
        let leave = ready!(this.up.poll(meter.lane(), Side::Up, context)).min(octets.len());
        let written = ready!(Pin::new(&mut this.stream).poll_write(context, &octets[..leave]))?;
        this.up.used(written);
        count(meter.up(), written);
        Poll::Ready(Ok(written))
    }

    pass_on!();
}

fn count(meter: &AtomicU64, octets: usize) {
    meter.fetch_add(octets as u64, Ordering::Relaxed);
}
