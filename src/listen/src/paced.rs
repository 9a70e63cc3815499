//! The body of a request that a router reads: whoever sends it must not hold a place by saying
//! nothing.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// A body that ends with an error once it was waited for too long. Only the time in which its
/// reader waits counts: a router may take as long as it likes before it reads.
#[derive(Debug)]
pub(crate) struct Paced<B> {
    body: B,
    patience: Duration,
    slowest: u64,
    passed: u64,
    waited: Duration,
    waits: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<B> Paced<B> {
    /// `patience` is the longest wait, and the head start before the `slowest` average counts, in
    /// bytes a second.
    pub(crate) fn new(body: B, patience: Duration, slowest: u64) -> Self {
        let slowest = slowest.max(1);
        Self { body, patience, slowest, passed: 0, waited: Duration::ZERO, waits: None }
    }

    fn wait(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let on_average = self.patience + Duration::from_secs(self.passed / self.slowest);
        let left = on_average.saturating_sub(self.waited).min(self.patience);
        let begin = || {
            let now = Instant::now();
            (now, Box::pin(sleep_until(now + left)))
        };
        self.waits.get_or_insert_with(begin).1.as_mut().poll(context)
    }
}

impl<B> Body for Paced<B>
where
    B: Body<Error: Into<axum::BoxError>> + Unpin,
{
    type Data = B::Data;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, axum::BoxError>>> {
        let Poll::Ready(polled) = Pin::new(&mut self.body).poll_frame(context) else {
            let slow = std::io::Error::from(std::io::ErrorKind::TimedOut);
            return self.wait(context).map(|()| Some(Err(slow.into())));
        };
        if let Some((since, _)) = self.waits.take() {
            self.waited += since.elapsed();
        }
        if let Some(Ok(frame)) = &polled {
            let length = frame.data_ref().map_or(0, bytes_of);
            self.passed = self.passed.saturating_add(length);
        }
        Poll::Ready(polled.map(|polled| polled.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn bytes_of(data: &impl hyper::body::Buf) -> u64 {
    u64::try_from(data.remaining()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener};
    use std::sync::Arc;

    use axum::Router;
    use axum::routing::post;
    use ets_runtime::{Shutdown, ShutdownTrigger};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;
    use crate::accept::{run, with_extensions};
    use crate::{Bounds, Limits};

    const PATIENCE: Duration = Duration::from_millis(300);

    /// A listener with two places, whose router takes its time before it reads.
    fn start() -> (SocketAddr, ShutdownTrigger) {
        let read = async |request: axum::extract::Request| {
            tokio::time::sleep(2 * PATIENCE).await;
            axum::body::to_bytes(request.into_body(), 1000).await.map_or("broken", |_| "whole")
        };
        let router = Router::new().route("/", post(read));
        let limits = Limits { connections: 2, ..Limits::default() };
        let bounds = Bounds { limits, body: PATIENCE, slowest: 1000, ..Bounds::default() };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (end, shutdown) = Shutdown::new();
        let make = with_extensions(router, bounds);
        tokio::spawn(run(listener, None, make, (bounds, Arc::default()), shutdown));
        (address, end)
    }

    /// Sends a body of 100 bytes in parts of `size`, `pause` after each, and hears what is said.
    async fn post_in(address: SocketAddr, size: usize, pause: Duration) -> String {
        let (mut reader, mut writer) = TcpStream::connect(address).await.unwrap().into_split();
        let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n";
        writer.write_all(head).await.unwrap();
        let sending = tokio::spawn(async move {
            for _ in 0..100 / size {
                tokio::time::sleep(pause).await;
                drop(writer.write_all(&vec![b'x'; size]).await);
            }
            writer
        });
        let (mut said, mut part) = (String::new(), [0; 1000]);
        while !said.contains("whole") {
            let read = tokio::time::timeout(Duration::from_secs(5), reader.read(&mut part)).await;
            let Ok(length @ 1..) = read.expect("it is closed in time") else { break };
            said.push_str(&String::from_utf8_lossy(&part[..length]));
        }
        sending.abort();
        said
    }

    /// covers: T-8 (slow clients)
    #[tokio::test(flavor = "multi_thread")]
    async fn a_body_that_does_not_come_gives_its_place_back() {
        let (address, _end) = start();
        let never = Duration::from_secs(60);
        let all = [(); 6].map(|()| tokio::spawn(post_in(address, 100, never)));
        for said in all {
            let said = said.await.unwrap();
            assert!(said.contains("broken"), "each has its turn and its end: {said}");
        }
        let said = post_in(address, 1, PATIENCE / 6).await;
        assert!(said.contains("broken"), "one that drips: {said}");
        let said = post_in(address, 50, PATIENCE / 2).await;
        assert!(said.contains("whole"), "one that comes in parts: {said}");
    }
}
