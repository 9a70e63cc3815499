//! A tunnel whose client is no socket of the kernel's: by TLS, or one stream among many. What passes is
//! copied, as it has to be enciphered or framed.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::{End, Patience, Sides, Stop, both, end_writing, reset};
use crate::lane::Side;
use crate::meters::Meter;

/// What is copied at once. A buffer is there only while something is in it: a quiet tunnel has none.
const PART: usize = 16 << 10;

/// A client's side of a tunnel.
pub(crate) trait Near: AsyncRead + AsyncWrite + Unpin + Send {
    /// Ready once the client takes nothing any more, where that is told while nothing is written.
    fn poll_gone(&mut self, _context: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// As [`super::join`]. Where it does not end well the far host is told by a reset; telling the client
/// is the caller's.
pub(crate) async fn join_near(
    client: &mut impl Near,
    (far, meter): (&TcpStream, &Meter),
    patience: Patience,
    stop: impl Future<Output = Stop>,
) -> End {
    let client = Client { near: Mutex::new(client), leaves: AtomicBool::new(false) };
    let (up, down) = (up(&client, far, meter), down(far, &client, meter));
    let sides = Ends { far, leaves: &client.leaves };
    let end = both((up, down), meter, patience, (stop, &sides)).await;
    if !matches!(end, End::Done | End::Left) {
        reset(far);
    }
    end
}

/// Each direction tells its end by itself.
struct Ends<'a> {
    far: &'a TcpStream,
    leaves: &'a AtomicBool,
}

impl Sides for Ends<'_> {
    fn ended(&self, _outwards: bool, _is_last: bool) -> io::Result<()> {
        Ok(())
    }

    fn ask_after(&self) {
        drop(ets_listen::ask_after(self.far));
    }

    fn leave(&self) {
        self.leaves.store(true, Ordering::Relaxed);
    }
}

/// Both directions have it by turns.
struct Client<'a, N> {
    near: Mutex<&'a mut N>,
    leaves: AtomicBool,
}

impl<N: Near> Client<'_, N> {
    fn with<T>(&self, what: impl FnOnce(Pin<&mut N>) -> T) -> T {
        what(Pin::new(&mut **self.near.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Whether the tunnel is to end because the process does.
    fn leaves(&self) -> bool {
        self.leaves.load(Ordering::Relaxed)
    }

    /// What the client says next; nothing once he is done, or is to be.
    async fn read(&self) -> io::Result<Vec<u8>> {
        poll_fn(|context| {
            if self.leaves() {
                return Poll::Ready(Ok(Vec::new()));
            }
            let mut space = [MaybeUninit::uninit(); PART];
            let mut buffer = ReadBuf::uninit(&mut space);
            ready!(self.with(|client| client.poll_read(context, &mut buffer)))?;
            Poll::Ready(Ok(buffer.filled().to_vec()))
        })
        .await
    }

    /// Says something to him, as fast as it may pass; counted as he takes it.
    async fn write(&self, mut octets: &[u8], meter: &Meter) -> io::Result<()> {
        while !octets.is_empty() {
            let leave = meter.lane().take(Side::Down, octets.len()).await;
            let part = &octets[..leave];
            let write =
                |context: &mut Context<'_>| self.with(|client| client.poll_write(context, part));
            let written = poll_fn(write).await?;
            meter.lane().give_back(Side::Down, leave - written);
            if written == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
            meter.count(Side::Down, written);
            octets = &octets[written..];
        }
        poll_fn(|context| self.with(|client| client.poll_flush(context))).await
    }

    fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()> {
        self.with(|client| client.get_mut().poll_gone(context))
    }
}

async fn up<N: Near>(from: &Client<'_, N>, far: &TcpStream, meter: &Meter) -> io::Result<()> {
    loop {
        let read = from.read().await?;
        if read.is_empty() {
            return end_writing(far);
        }
        let mut left = &read[..];
        while !left.is_empty() {
            far.writable().await?;
            let leave = meter.lane().take(Side::Up, left.len()).await;
            let written = far.try_write(&left[..leave]);
            meter
                .lane()
                .give_back(Side::Up, leave - written.as_ref().map_or(0, |written| *written));
            match written {
                Ok(written) => {
                    meter.count(Side::Up, written);
                    left = &left[written..];
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

async fn down<N: Near>(far: &TcpStream, to: &Client<'_, N>, meter: &Meter) -> io::Result<()> {
    loop {
        poll_fn(|context| match to.poll_gone(context) {
            Poll::Ready(()) => Poll::Ready(Err(ErrorKind::ConnectionReset.into())),
            Poll::Pending if to.leaves() => Poll::Ready(Ok(())),
            Poll::Pending => far.poll_read_ready(context),
        })
        .await?;
        let read = if to.leaves() { Some(Vec::new()) } else { read(far)? };
        match read {
            None => {}
            Some(read) if read.is_empty() => {
                return poll_fn(|context| to.with(|client| client.poll_shutdown(context))).await;
            }
            Some(read) => to.write(&read, meter).await?,
        }
    }
}

/// What is there now; none where nothing is.
fn read(far: &TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut space = [MaybeUninit::uninit(); PART];
    let mut buffer = ReadBuf::uninit(&mut space);
    match far.try_read_buf(&mut buffer) {
        Ok(_) => Ok(Some(buffer.filled().to_vec())),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
