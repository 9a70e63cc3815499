//! Two sockets joined: bytes pass without a copy where there are many, and are counted as they go.

mod pipe;
mod way;

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

pub use pipe::Pool;
use way::Way;

use crate::meters::Meter;

/// How a tunnel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Both sides said that they are done.
    Done,
    /// One of them broke off.
    Broken,
    /// Nothing passed for too long.
    Idle,
    /// It was cut.
    Cut,
}

/// How long a tunnel may be quiet.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// While both sides may speak.
    pub idle: Duration,
    /// Once one of them is done.
    pub half_closed: Duration,
}

/// Joins a client and a far host until both are done, one breaks off, nothing passes, or `cut` is
/// over. Half-closed connections stay open the other way; a reset is passed on as one.
pub async fn join(
    (client, far): (&TcpStream, &TcpStream),
    (meter, pool): (&Meter, &Pool),
    patience: Patience,
    cut: impl Future<Output = ()>,
) -> End {
    let up = Way { from: client, to: far, passed: meter.up(), pool };
    let down = Way { from: far, to: client, passed: meter.down(), pool };
    let (mut up_done, mut down_done) = (false, false);
    let (up, down, cut) = (through(&up), through(&down), cut);
    tokio::pin!(up, down, cut);
    let mut seen = (meter.total(), Instant::now());
    loop {
        let quiet = if up_done || down_done { patience.half_closed } else { patience.idle };
        let ended = tokio::select! {
            ended = &mut up, if !up_done => { up_done = true; ended }
            ended = &mut down, if !down_done => { down_done = true; ended }
            () = &mut cut => return abort((client, far), End::Cut),
            () = sleep_until(seen.1 + quiet) => {
                let now = meter.total();
                if now == seen.0 {
                    return abort((client, far), End::Idle);
                }
                // Bytes passed since then; when, nobody kept. At most twice the patience is given.
                seen = (now, Instant::now());
                continue;
            }
        };
        if ended.is_err() {
            return abort((client, far), End::Broken);
        }
        if up_done && down_done {
            return End::Done;
        }
        seen = (meter.total(), Instant::now());
    }
}

/// One direction and the end of it, told to the other side.
async fn through(way: &Way<'_>) -> io::Result<()> {
    way.carry().await?;
    match SockRef::from(way.to).shutdown(Shutdown::Write) {
        // It has gone already, with all that it had to say.
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        told => told,
    }
}

/// Both sides are told by a reset that what they have is not all.
fn abort((client, far): (&TcpStream, &TcpStream), end: End) -> End {
    for socket in [client, far] {
        drop(SockRef::from(socket).set_linger(Some(Duration::ZERO)));
    }
    end
}

#[cfg(test)]
mod tests;
