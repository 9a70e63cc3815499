//! What became of all probes of a time: how many were lost, and the round trips of the others.

use std::time::Duration;

use ets_model::{Outcome, WallTime};

use crate::varint::{Reader, put};
use crate::{Histogram, Minute, Point};

/// Probes of one segment in one minute, hour or step.
///
/// Stored as: lost, number of filled buckets; where there is one, the shortest round trip, the
/// span to the longest (microseconds), and for each bucket its distance from the one before it
/// and its count. How many were sent follows from that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    lost: u32,
    min_us: u32,
    max_us: u32,
    hist: Histogram,
}

impl Tally {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Lost => self.lost = self.lost.saturating_add(1),
            Outcome::Answered(rtt) => {
                let us = micros(rtt);
                self.stretch(us, us);
                self.hist.add(rtt);
            }
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.lost = self.lost.saturating_add(other.lost);
        if !other.hist.is_empty() {
            self.stretch(other.min_us, other.max_us);
            self.hist.merge(&other.hist);
        }
    }

    /// To be called before the round trip is in the histogram.
    fn stretch(&mut self, min_us: u32, max_us: u32) {
        if self.hist.is_empty() {
            (self.min_us, self.max_us) = (min_us, max_us);
        } else {
            self.min_us = self.min_us.min(min_us);
            self.max_us = self.max_us.max(max_us);
        }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put(out, self.lost.into());
        let filled = self.hist.filled();
        put(out, filled.len() as u64);
        if filled.is_empty() {
            return;
        }
        put(out, self.min_us.into());
        put(out, (self.max_us - self.min_us).into());
        let mut before = 0;
        for (bucket, count) in filled {
            put(out, (bucket - before).into());
            put(out, (*count).into());
            before = *bucket;
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        let mut tally = Self { lost: reader.small()?, ..Self::default() };
        let filled: u8 = reader.small()?;
        if filled == 0 {
            return Some(tally);
        }
        tally.min_us = reader.small()?;
        tally.max_us = tally.min_us.checked_add(reader.small()?)?;
        let mut bucket = 0u8;
        for _ in 0..filled {
            bucket = bucket.checked_add(reader.small()?)?;
            tally.hist.add_bucket(bucket, reader.small()?);
        }
        Some(tally)
    }

    /// Bytes in memory.
    pub(crate) fn footprint(&self) -> usize {
        size_of::<Self>() + self.hist.footprint()
    }

    /// The same in short, as a minute that begins at `at`.
    pub(crate) fn brief(&self, at: WallTime) -> Minute {
        let answered = u32::try_from(self.hist.count()).unwrap_or(u32::MAX);
        let p50_us = self.hist.quantile(0.5).map_or(0, micros);
        Minute { at, sent: answered.saturating_add(self.lost), lost: self.lost, p50_us }
    }

    /// The same as a point that begins at `at`.
    pub(crate) fn point(self, at: WallTime) -> Point {
        let measured = !self.hist.is_empty();
        let exact = |us: u32| measured.then(|| Duration::from_micros(us.into()));
        let (min, max) = (exact(self.min_us), exact(self.max_us));
        // A bucket's middle may lie outside of what was seen.
        let within = |q| {
            let quantile = self.hist.quantile(q)?;
            Some(quantile.clamp(min?, max?))
        };
        let (p50, p95) = (within(0.5), within(0.95));
        let lost = u64::from(self.lost);
        let sent = lost + self.hist.count();
        Point { at, sent, lost, min, max, p50, p95, hist: self.hist }
    }
}

/// Whole microseconds, at least one: nothing answers in no time.
pub(crate) fn micros(rtt: Duration) -> u32 {
    let nanos = rtt.as_nanos().saturating_add(500);
    u32::try_from(nanos / 1_000).unwrap_or(u32::MAX).max(1)
}
