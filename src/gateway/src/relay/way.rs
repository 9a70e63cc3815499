//! One direction of a tunnel.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, ready};

use rustix::pipe::{SpliceFlags, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::pipe::{CAPACITY, Pipe, Pool};
use crate::lane::Side;
use crate::meters::Meter;

/// What is copied at once while little has passed: most tunnels are a few small messages.
const SMALL: usize = 16 << 10;
/// From so many bytes on a direction is a bulk transfer.
const BULK: u64 = 64 << 10;

/// One direction: from a socket to a socket, counted once the far one has taken the bytes.
pub(super) struct Way<'a> {
    pub(super) from: &'a TcpStream,
    pub(super) to: &'a TcpStream,
    pub(super) counted: (&'a Meter, Side),
    pub(super) pool: &'a Pool,
    /// Set once the tunnel is to end: nothing more is read then.
    pub(super) leaves: &'a AtomicBool,
}

impl Way<'_> {
    /// Moves bytes until the sender has no more, or the tunnel is to end.
    pub(super) async fn carry(&self) -> io::Result<()> {
        let mut moved = 0;
        while moved < BULK {
            if !self.comes().await? {
                return Ok(());
            }
            let leave = self.take(SMALL).await;
            match self.copy(leave).await? {
                Some(0) => return Ok(()),
                Some(bytes) => moved += bytes,
                None => {}
            }
        }
        loop {
            // A pipe is taken when there is something to fill it with.
            if !self.comes().await? || !self.flow().await? {
                return Ok(());
            }
        }
    }

    /// Waits until there is something to read; false when nothing more is to be.
    async fn comes(&self) -> io::Result<bool> {
        poll_fn(|context| {
            if self.leaves.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(false));
            }
            ready!(self.from.poll_read_ready(context))?;
            Poll::Ready(Ok(true))
        })
        .await
    }

    /// Waits until the far side takes more.
    async fn takes(&self) -> io::Result<()> {
        poll_fn(|context| self.to.poll_write_ready(context)).await
    }

    /// One read and its writes; none where nothing was there. The buffer lies on the stack and is
    /// gone before the next wait, unless the far side takes its time.
    async fn copy(&self, leave: usize) -> io::Result<Option<u64>> {
        let rest = {
            let mut buffer = [MaybeUninit::uninit(); SMALL];
            let read = self.read(&mut buffer[..leave]);
            let used = read.as_ref().ok().and_then(Option::as_ref).map_or(0, |read| read.len());
            self.give_back(leave - used);
            let Some(read) = read? else { return Ok(None) };
            let written = if read.is_empty() { 0 } else { self.write(read)? };
            if written == read.len() {
                return Ok(Some(written as u64));
            }
            (read.len(), read[written..].to_vec())
        };
        let (read, mut rest) = rest;
        while !rest.is_empty() {
            self.takes().await?;
            let written = self.write(&rest)?;
            rest.drain(..written);
        }
        Ok(Some(read as u64))
    }

    /// What is there now, at most a buffer; nothing at the end, none where nothing is there.
    fn read<'b>(&self, buffer: &'b mut [MaybeUninit<u8>]) -> io::Result<Option<&'b [u8]>> {
        let (mut read, whole) = (None, buffer.len());
        let asked = self.from.try_io(Interest::READABLE, || {
            let (filled, _) = rustix::io::read(self.from, buffer)?;
            let is_all = (1..whole).contains(&filled.len());
            read = Some(&*filled);
            // Less than was asked for is all there is: no need to hear so by another call.
            if is_all { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match asked {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(read),
        }
    }

    /// As much as the far side takes now.
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.to.try_write(bytes) {
            Ok(written) => {
                self.count(written);
                Ok(written)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Moves what is there by way of a pipe, without a copy; whether more may come.
    async fn flow(&self) -> io::Result<bool> {
        let leave = self.take(CAPACITY).await;
        let pipe = self.pool.take()?;
        loop {
            let filled = self.fill(&pipe, leave);
            self.give_back(leave - filled.as_ref().map_or(0, |filled| *filled));
            let filled = match filled {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.pool.give(pipe);
                    return Ok(true);
                }
                filled => filled?,
            };
            if filled == 0 {
                self.pool.give(pipe);
                return Ok(false);
            }
            self.drain(&pipe, filled).await?;
            if self.leaves.load(Ordering::Relaxed) {
                self.pool.give(pipe);
                return Ok(false);
            }
            if self.counted.0.lane().is_limited() {
                // Who waits for leave needs no pipe.
                self.pool.give(pipe);
                return Ok(true);
            }
        }
    }

    fn fill(&self, pipe: &Pipe, most: usize) -> io::Result<usize> {
        self.from.try_io(Interest::READABLE, || {
            let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
            Ok(splice(self.from, None, &pipe.write, None, most, flags)?)
        })
    }

    /// Empties a pipe; one that was not emptied is never given back.
    async fn drain(&self, pipe: &Pipe, mut left: usize) -> io::Result<()> {
        while left > 0 {
            let taken = self.to.try_io(Interest::WRITABLE, || {
                let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
                Ok(splice(&pipe.read, None, self.to, None, left, flags)?)
            });
            match taken {
                Ok(taken) => {
                    self.count(taken);
                    left -= taken;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.takes().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Leave to move some bytes.
    async fn take(&self, most: usize) -> usize {
        let (meter, side) = self.counted;
        let lane = meter.lane();
        if lane.is_limited() { lane.take(side, most).await } else { most }
    }

    fn give_back(&self, bytes: usize) {
        let (meter, side) = self.counted;
        meter.lane().give_back(side, bytes);
    }

    fn count(&self, bytes: usize) {
        let (meter, side) = self.counted;
        meter.count(side, bytes);
    }
}
