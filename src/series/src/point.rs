//! What a question about the past is answered with.

use std::time::Duration;

use ets_model::WallTime;

use crate::Histogram;

/// From when to when, in steps of what length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The beginning; moved back to a whole step.
    pub from: WallTime,
    /// The end, not included.
    pub to: WallTime,
    /// Whole seconds below a minute, else whole minutes, from 91 days back whole hours. At most
    /// 20,000 steps.
    pub step: Duration,
}

/// One step of a range.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// Its beginning.
    pub at: WallTime,
    /// Probes that came to their end in it; 0 where nothing was measured.
    pub sent: u64,
    /// How many of them were lost.
    pub lost: u64,
    /// The shortest round trip; exact to a microsecond.
    pub min: Option<Duration>,
    /// The longest one; exact to a microsecond.
    pub max: Option<Duration>,
    /// The median, to within [`Histogram::ERROR`].
    pub p50: Option<Duration>,
    /// 95 of 100 were not longer, to within [`Histogram::ERROR`].
    pub p95: Option<Duration>,
    /// All of them.
    pub hist: Histogram,
}

impl Point {
    /// The share of lost probes, 0 to 1; `None` where nothing was measured.
    #[allow(clippy::cast_precision_loss)]
    pub fn loss(&self) -> Option<f64> {
        (self.sent > 0).then(|| self.lost as f64 / self.sent as f64)
    }
}

/// One second of one segment, as kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Second {
    /// Its beginning.
    pub at: WallTime,
    /// Probes that came to their end in it, 0 to 31.
    pub sent: u8,
    /// How many of them were lost.
    pub lost: u8,
    /// The mean round trip of the others, to a microsecond and at most 4.19 s.
    pub rtt: Option<Duration>,
}

/// One minute of one segment, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute {
    /// Its beginning.
    pub at: WallTime,
    /// Probes that came to their end in it.
    pub sent: u32,
    /// How many of them were lost.
    pub lost: u32,
    /// The median round trip in microseconds, to within [`Histogram::ERROR`]; 0 where none was
    /// answered.
    pub p50_us: u32,
}
