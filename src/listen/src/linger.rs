//! After the last answer: what a client still sends is read and forgotten for a while. Closing with
//! unread data is a reset (RFC 9293, section 3.10.4), and that takes back what the client has not
//! read yet: who is still sending would never see why that was refused (RFC 9112, section 9.6).

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// What is read at a time, in bytes.
const PART: usize = 8 << 10;

/// How much is listened to.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// The longest in all.
    time: Duration,
    /// The longest without a byte.
    silence: Duration,
    /// In bytes.
    most: usize,
}

const PATIENCE: Patience =
    Patience { time: Duration::from_secs(10), silence: Duration::from_secs(2), most: 64 << 20 };

/// A connection whose side of ours is closed.
#[derive(Debug)]
pub(crate) struct Linger {
    end: Instant,
    deadline: Pin<Box<Sleep>>,
    silence: Duration,
    left: usize,
}

impl Linger {
    pub(crate) fn new() -> Self {
        Self::with(PATIENCE)
    }

    fn with(Patience { time, silence, most }: Patience) -> Self {
        let now = Instant::now();
        let deadline = Box::pin(sleep_until(now + silence));
        Self { end: now + time, deadline, silence, left: most }
    }

    /// Ready once the client has closed too, or was waited for long enough.
    pub(crate) fn poll<S>(&mut self, stream: &mut S, context: &mut Context<'_>) -> Poll<()>
    where
        S: AsyncRead + Unpin,
    {
        let mut part = [0; PART];
        while self.deadline.as_mut().poll(context).is_pending() {
            let mut part = ReadBuf::new(&mut part);
            let read = ready!(Pin::new(&mut *stream).poll_read(context, &mut part));
            let length = part.filled().len();
            if read.is_err() || length == 0 || length > self.left {
                break;
            }
            self.left -= length;
            self.deadline.as_mut().reset(self.end.min(Instant::now() + self.silence));
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const SHORT: Patience = Patience {
        time: Duration::from_millis(800),
        silence: Duration::from_millis(200),
        most: 1 << 20,
    };

    async fn lasts(mut ours: DuplexStream) -> Duration {
        let begun = Instant::now();
        let mut linger = Linger::with(SHORT);
        let ended = poll_fn(|context| linger.poll(&mut ours, context));
        tokio::time::timeout(3 * SHORT.time, ended).await.expect("it comes to an end");
        begun.elapsed()
    }

    /// How long one listens to a client that sends `part` bytes again and again, `pause` apart.
    async fn listens(part: usize, pause: Duration) -> Duration {
        let (ours, mut theirs) = duplex(PART);
        let sending = tokio::spawn(async move {
            while theirs.write_all(&vec![0; part]).await.is_ok() {
                tokio::time::sleep(pause).await;
            }
        });
        let lasted = lasts(ours).await;
        sending.abort();
        lasted
    }

    /// covers: T-8 (a body that nobody takes)
    #[tokio::test]
    async fn who_still_sends_is_listened_to_but_not_for_ever() {
        let silent = listens(1, Duration::from_secs(60)).await;
        assert!(silent >= SHORT.silence && silent < SHORT.time, "{silent:?}");
        let drips = listens(1, SHORT.silence / 4).await;
        assert!(drips >= SHORT.time && drips < 2 * SHORT.time, "{drips:?}");
        let pours = listens(64 << 10, Duration::ZERO).await;
        assert!(pours < SHORT.time, "{pours:?}");
    }

    /// covers: T-8
    #[tokio::test]
    async fn a_client_that_closes_is_not_waited_for() {
        let (ours, mut theirs) = duplex(PART);
        theirs.write_all(b"the rest").await.expect("there is room");
        drop(theirs);
        assert!(lasts(ours).await < SHORT.silence);
    }
}
