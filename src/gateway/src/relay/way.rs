//! One direction of a tunnel.

use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::pipe::{SpliceFlags, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::pipe::{CAPACITY, Pipe, Pool};

/// What is copied at once while little has passed: most tunnels are a few small messages.
const SMALL: usize = 16 << 10;
/// From so many bytes on a direction is a bulk transfer.
const BULK: u64 = 64 << 10;

/// One direction: from a socket to a socket, counted once the far one has taken the bytes.
pub(super) struct Way<'a> {
    pub(super) from: &'a TcpStream,
    pub(super) to: &'a TcpStream,
    pub(super) passed: &'a AtomicU64,
    pub(super) pool: &'a Pool,
}

impl Way<'_> {
    /// Moves bytes until the sender has no more.
    pub(super) async fn carry(&self) -> io::Result<()> {
        let mut moved = 0;
        while moved < BULK {
            self.from.readable().await?;
            match self.copy().await? {
                Some(0) => return Ok(()),
                Some(bytes) => moved += bytes,
                None => {}
            }
        }
        loop {
            // A pipe is taken when there is something to fill it with.
            self.from.readable().await?;
            if !self.flow().await? {
                return Ok(());
            }
        }
    }

    /// One read and its writes; none where nothing was there. The buffer lies on the stack and is
    /// gone before the next wait, unless the far side takes its time.
    async fn copy(&self) -> io::Result<Option<u64>> {
        let rest = {
            let mut buffer = [0; SMALL];
            let read = match self.from.try_read(&mut buffer) {
                Ok(0) => return Ok(Some(0)),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            };
            let written = self.write(&buffer[..read])?;
            if written == read {
                return Ok(Some(read as u64));
            }
            (read, buffer[written..read].to_vec())
        };
        let (read, mut rest) = rest;
        while !rest.is_empty() {
            self.to.writable().await?;
            let written = self.write(&rest)?;
            rest.drain(..written);
        }
        Ok(Some(read as u64))
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
        let pipe = self.pool.take()?;
        loop {
            let filled = match self.fill(&pipe) {
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
        }
    }

    fn fill(&self, pipe: &Pipe) -> io::Result<usize> {
        self.from.try_io(Interest::READABLE, || {
            let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
            Ok(splice(self.from, None, &pipe.write, None, CAPACITY, flags)?)
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
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.to.writable().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn count(&self, bytes: usize) {
        self.passed.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
