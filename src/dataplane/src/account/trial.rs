//! Running a pinned program on a frame of one's own, without an interface (`BPF_PROG_TEST_RUN`): for
//! tests, for the doctor and for measuring. Needs `CAP_BPF` and `CAP_NET_ADMIN`. The frame is counted
//! like any other.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use ets_netd_api::{Counter, Direction};

use super::layout::{TOTAL, config, index};
use super::memory::Use;
use super::program::Which;
use super::{Error, pins, sys};

/// `sizeof(struct __sk_buff)`
const CONTEXT: usize = 192;

/// How a frame was merged; all zero when it was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Payload bytes of each packet (`gso_size`).
    pub size: u32,
    /// How many packets (`gso_segs`); 0 where the kernel does not know.
    pub packets: u32,
}

/// A pinned program for Ethernet frames.
#[derive(Debug)]
pub struct Trial {
    program: OwnedFd,
}

impl Trial {
    /// The program of one direction, as set up in `directory`.
    ///
    /// # Errors
    /// When nothing is set up there.
    pub fn open(directory: &Path, direction: Direction) -> Result<Self, Error> {
        let newest = pins::generations(directory)?.pop_last();
        let (_, place) = newest.ok_or_else(|| Error::NotSetUp(directory.to_owned()))?;
        let which = Which { direction, ethernet: true };
        Ok(Self { program: pins::open(&place, which.name())? })
    }

    /// Runs it on an Ethernet frame; gives what the program answered to tc and how long one run took.
    ///
    /// # Errors
    /// When the kernel does not take the frame: shorter than 14 bytes, or longer than a page.
    pub fn run(&self, frame: &[u8], merged: Merged, times: u32) -> Result<(i32, Duration), Error> {
        let mut context = [0u8; CONTEXT];
        context[164..168].copy_from_slice(&merged.packets.to_ne_bytes());
        context[176..180].copy_from_slice(&merged.size.to_ne_bytes());
        let (answer, nanoseconds) = sys::run(self.program.as_fd(), frame, &context, times)
            .map_err(|cause| Error::Access("running a program on a frame", cause))?;
        Ok((answer.cast_signed(), Duration::from_nanos(u64::from(nanoseconds))))
    }
}

/// Writes totals as a stranger would: for tests of what is said then. Needs the right to open the
/// pins.
///
/// # Errors
/// When nothing is set up there, or the map cannot be written.
pub fn overwrite(directory: &Path, counters: &[Counter]) -> Result<(), Error> {
    let maps = newest(directory)?;
    let segments = maps.config_memory()?.load(config::SEGMENTS) as u32;
    let memory = maps.totals_memory(segments, Use::Write)?;
    for counter in counters {
        let at = index(counter.segment, counter.class.code(), counter.direction) * TOTAL as usize;
        memory.store(at, counter.bytes);
        memory.store(at + 8, counter.packets);
    }
    Ok(())
}

/// Writes another life as a stranger would, for the same.
///
/// # Errors
/// The same.
pub fn overwrite_life(directory: &Path, life: u64) -> Result<(), Error> {
    newest(directory)?.config_memory()?.store(config::LIFE, life);
    Ok(())
}

fn newest(directory: &Path) -> Result<pins::Maps, Error> {
    let newest = pins::generations(directory)?.pop_last();
    let (_, place) = newest.ok_or_else(|| Error::NotSetUp(directory.to_owned()))?;
    pins::Maps::open(&place)
}
