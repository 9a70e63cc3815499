//! From the kernel's packet stamps, which are wall time, to boot time.
//!
//! Both clocks are read together at each round. Their difference is constant but for steps of the
//! wall clock (and suspend); a stamp near a step is read with the difference, old or new, that puts
//! it between the last round and now. Whatever cannot be right is bounded by boot time.

use ets_model::BootTime;
use ets_runtime::Clock;

/// Differences smaller than this are reading error, not steps.
const READING_ERROR: i64 = 1_000;
/// Two readings of boot time further apart than this are taken again.
const TIGHT: u64 = 2_000;
/// A packet may have lain this long between its stamp and the queue.
const BACKLOG: u64 = 20_000_000;
/// A stamp may lie this far in the future: the two clocks are read one after the other.
const AHEAD: u64 = 1_000_000;

/// The difference between the two clocks.
#[derive(Debug)]
pub(crate) struct Timebase {
    /// Wall minus boot time, in nanoseconds.
    offset: i64,
    /// The offset before a step since the round before.
    before: Option<i64>,
    /// Start of the round before.
    earlier: u64,
}

impl Timebase {
    pub(crate) fn new(clock: &Clock) -> Self {
        let (offset, now) = read(clock);
        Self { offset, before: None, earlier: now }
    }

    /// Reads both clocks; called at the begin of each round.
    pub(crate) fn refresh(&mut self, clock: &Clock, earlier: u64) {
        let (offset, _) = read(clock);
        self.earlier = earlier;
        self.before = None;
        if (offset - self.offset).abs() > READING_ERROR {
            self.before = Some(self.offset);
            self.offset = offset;
        }
    }

    /// The boot time of a packet stamp that was read at `seen`. Never later than `seen`.
    pub(crate) fn boot_of(&self, stamp: Option<i64>, seen: u64) -> BootTime {
        let Some(stamp) = stamp else { return BootTime(seen) };
        let possible =
            |boot: &u64| *boot + BACKLOG >= self.earlier && *boot <= seen.saturating_add(AHEAD);
        let candidates = [Some(self.offset), self.before];
        let boot = candidates
            .into_iter()
            .flatten()
            .filter_map(|offset| u64::try_from(stamp.checked_sub(offset)?).ok())
            .find(possible);
        BootTime(boot.map_or(seen, |boot| boot.min(seen)))
    }
}

/// Wall minus boot time, from the tightest of a few readings, and the boot time of it.
fn read(clock: &Clock) -> (i64, u64) {
    let mut best = (0, u64::MAX, 0);
    for _ in 0..4 {
        let before = clock.boot().0;
        let wall = clock.wall_nanos();
        let after = clock.boot().0;
        let width = after.saturating_sub(before);
        if width < best.1 {
            let middle = i64::try_from(before + width / 2).unwrap_or(i64::MAX);
            best = (wall.saturating_sub(middle), width, after);
        }
        if width <= TIGHT {
            break;
        }
    }
    (best.0, best.2)
}

#[cfg(test)]
#[path = "timebase_tests.rs"]
mod tests;
