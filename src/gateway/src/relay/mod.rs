//! Two sockets joined: bytes pass without a copy where there are many, and are counted as they go.

mod near;
mod pipe;
mod way;

use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

pub(crate) use near::{Near, join_near};
pub use pipe::Pool;
use way::Way;

use crate::lane::Side;
use crate::meters::Meter;

/// A tunnel that lasts longer is held against peers that vanish; most are over by then.
const YOUNG: Duration = Duration::from_secs(60);
/// How long a tunnel may take to end once it is told that the process does.
const LEAVE: Duration = Duration::from_millis(500);

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
    /// The process ends: both sides heard an orderly end.
    Left,
}

/// Why a tunnel is to end before its sides are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The rules say no: both sides hear a reset.
    Cut,
    /// The process ends: what was read is written, then both sides hear that it is all.
    Leave,
}

/// How long a tunnel may be quiet.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// While both sides may speak.
    pub idle: Duration,
    /// Once one of them is done.
    pub half_closed: Duration,
}

impl Patience {
    /// How often it is looked whether anything passed.
    fn step(self) -> Duration {
        self.idle.min(self.half_closed)
    }
}

/// What the sides of a tunnel are told while both directions are driven.
trait Sides {
    /// A direction is over, the one outwards or the one back; `is_last` where the other is too and
    /// the close of the sockets tells it.
    fn ended(&self, outwards: bool, is_last: bool) -> io::Result<()>;
    /// Peers that vanish are to be noticed from now on.
    fn ask_after(&self);
    /// Both directions are to end as soon as what was read is written.
    fn leave(&self);
}

/// Two sockets.
struct Pair<'a> {
    client: &'a TcpStream,
    far: &'a TcpStream,
    leaves: &'a AtomicBool,
}

impl Sides for Pair<'_> {
    fn ended(&self, outwards: bool, is_last: bool) -> io::Result<()> {
        if is_last {
            return Ok(());
        }
        end_writing(if outwards { self.far } else { self.client })
    }

    fn ask_after(&self) {
        for socket in [self.client, self.far] {
            drop(ets_listen::ask_after(socket));
        }
    }

    fn leave(&self) {
        self.leaves.store(true, Ordering::Relaxed);
    }
}

/// Joins a client and a far host until both are done, one breaks off, nothing passes, or `stop` is
/// over. Half-closed connections stay open the other way; a reset is passed on as one. The side that
/// is done last is told so by the close of its socket, which is the caller's.
pub async fn join(
    (client, far): (&TcpStream, &TcpStream),
    (meter, pool): (&Meter, &Pool),
    patience: Patience,
    stop: impl Future<Output = Stop>,
) -> End {
    let leaves = &AtomicBool::new(false);
    let way = |from, to, side| Way { from, to, counted: (meter, side), pool, leaves };
    let (up, down) = (way(client, far, Side::Up), way(far, client, Side::Down));
    let pair = Pair { client, far, leaves };
    let end = both((up.carry(), down.carry()), meter, patience, (stop, &pair)).await;
    match end {
        End::Done => {}
        End::Left => {
            drop(timeout(LEAVE, async { tokio::join!(forget(client), forget(far)) }).await);
        }
        // Both sides are told that what they have is not all.
        End::Broken | End::Idle | End::Cut => {
            reset(client);
            reset(far);
        }
    }
    end
}

/// Drives two directions until both are done, one breaks off, nothing passes, or `stop` is over.
async fn both(
    (up, down): (impl Future<Output = io::Result<()>>, impl Future<Output = io::Result<()>>),
    meter: &Meter,
    patience: Patience,
    (stop, sides): (impl Future<Output = Stop>, &impl Sides),
) -> End {
    let (mut up_done, mut down_done, mut is_leaving) = (false, false, false);
    let (mut seen, mut is_asked_after) = ((meter.total(), Instant::now()), false);
    let timer = sleep(patience.step().min(YOUNG));
    tokio::pin!(up, down, stop, timer);
    loop {
        let (outwards, ended) = tokio::select! {
            biased;
            ended = &mut up, if !up_done => { up_done = true; (true, ended) }
            ended = &mut down, if !down_done => { down_done = true; (false, ended) }
            told = &mut stop, if !is_leaving => {
                if told == Stop::Cut {
                    return End::Cut;
                }
                // Both directions see it when they are asked next, which is at once.
                is_leaving = true;
                sides.leave();
                timer.as_mut().reset(Instant::now() + LEAVE);
                continue;
            }
            () = &mut timer => {
                if is_leaving {
                    return End::Cut;
                }
                let now = meter.total();
                let quiet = if up_done || down_done { patience.half_closed } else { patience.idle };
                // When bytes passed, nobody kept: that they did is seen at the next step.
                if now != seen.0 {
                    seen = (now, Instant::now());
                } else if seen.1.elapsed() >= quiet {
                    return End::Idle;
                }
                if !is_asked_after {
                    is_asked_after = true;
                    sides.ask_after();
                }
                timer.as_mut().reset(Instant::now() + patience.step());
                continue;
            }
        };
        let is_over = up_done && down_done;
        if ended.and_then(|()| sides.ended(outwards, is_over && !is_leaving)).is_err() {
            return End::Broken;
        }
        if is_over {
            return if is_leaving { End::Left } else { End::Done };
        }
        seen = (meter.total(), Instant::now());
    }
}

fn end_writing(to: &TcpStream) -> io::Result<()> {
    match SockRef::from(to).shutdown(Shutdown::Write) {
        // It has gone already, with all that it had to say.
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        told => told,
    }
}

/// Reads what a side still sends, until it is done too: closing with unread octets is a reset (RFC
/// 9293, section 3.10.4) and would take back what the side has not read yet.
async fn forget(side: &TcpStream) {
    // On the heap: a tunnel would have room for it from its beginning.
    let mut part = vec![0; 4 << 10];
    loop {
        if side.readable().await.is_err() {
            return;
        }
        match side.try_read(&mut part) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
            _ => {}
        }
    }
}

/// Its end is a reset.
pub(crate) fn reset(socket: &TcpStream) {
    drop(SockRef::from(socket).set_linger(Some(Duration::ZERO)));
}

#[cfg(test)]
mod tests;
