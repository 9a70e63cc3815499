//! What is counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Result {
    /// By the own zone or the file.
    Own,
    /// Out of the cache.
    Cached,
    /// A server outside was asked.
    Asked,
    /// Out of the cache after its time, because no server outside answers.
    Stale,
    /// The rules let the segment to no such name, or the question is none that is answered.
    Refused,
    /// Nobody outside answers.
    Failed,
    /// It could not be read.
    Malformed,
    /// From no segment: not answered.
    Stranger,
    /// More than the client may ask: told to come by TCP, that it cannot be had now, or nothing.
    Limited,
}

const NAMES: [&str; 9] =
    ["own", "cached", "asked", "stale", "refused", "failed", "malformed", "stranger", "limited"];

/// Counters since the process started.
#[derive(Debug, Default)]
pub struct Figures {
    results: [AtomicU64; NAMES.len()],
    /// Addresses that were taken out of answers from outside because they are inner ones.
    pub(crate) stripped: AtomicU64,
}

impl Figures {
    /// Questions by how they ended.
    pub fn queries(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        NAMES.into_iter().zip(&self.results).map(|(name, of)| (name, of.load(Ordering::Relaxed)))
    }

    /// Inner addresses taken out of answers from outside (DNS rebinding).
    pub fn stripped(&self) -> u64 {
        self.stripped.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self, result: Result) {
        self.results[result as usize].fetch_add(1, Ordering::Relaxed);
    }
}
