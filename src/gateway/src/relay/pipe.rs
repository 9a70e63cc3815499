//! Pipes for splice(2): taken while bytes move, given back when they are empty.
//!
//! A process without privileges may hold 16,384 pages in pipes (`fs.pipe-user-pages-soft`); beyond
//! that new ones are small. Thousands of tunnels that are quiet must therefore hold none.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use rustix::fs::OFlags;
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

/// Bytes that one pipe is asked to hold: what a socket's buffer gives at once.
pub(super) const CAPACITY: usize = 256 << 10;
/// So many wait for use; the rest are closed.
const KEPT: usize = 64;

/// Pipes that nobody uses at the moment.
#[derive(Debug, Default)]
pub struct Pool(Mutex<Vec<Pipe>>);

/// The two ends of a pipe, non-blocking.
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) read: OwnedFd,
    pub(super) write: OwnedFd,
}

impl Pool {
    /// One that is empty.
    pub(super) fn take(&self) -> io::Result<Pipe> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        waiting.map_or_else(Pipe::new, Ok)
    }

    /// Gives one back. It must be empty: another tunnel's bytes come next.
    pub(super) fn give(&self, pipe: Pipe) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < KEPT {
            waiting.push(pipe);
        }
    }
}

#[cfg(test)]
impl Pool {
    /// How many pipes nobody uses.
    pub(super) fn waiting(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Pipe {
    fn new() -> io::Result<Self> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        debug_assert!(rustix::fs::fcntl_getfl(&read).is_ok_and(|to| to.contains(OFlags::NONBLOCK)));
        // Beyond the user's share the kernel refuses; a small pipe works as well.
        let _ = fcntl_setpipe_size(&write, CAPACITY);
        Ok(Self { read, write })
    }
}
