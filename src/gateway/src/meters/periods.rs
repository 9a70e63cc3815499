//! What had passed for each segment when a period began, in the file of the meters beside what has
//! passed: what passed in the period is the difference, and neither a restart nor a `kill -9` can
//! part the two.
//!
//! A period begins for all segments at once. Its number is written down last; until then the next
//! start does it again, which changes nothing for who had his turn. The two words of a segment's
//! period are written beside those in force, and one store puts them in force: the process may end
//! between any two stores.

use std::sync::atomic::{AtomicU64, Ordering};

use ets_model::SegmentNo;

use super::{Layout, Meters, Total, place};
use crate::policy::{MOST_PERIODS, Per};

/// The periods of one segment.
#[repr(C)]
pub(super) struct Periods {
    kept: [Kept; MOST_PERIODS],
    spare: AtomicU64,
}

/// One period of one segment.
#[repr(C)]
struct Kept {
    /// Number and what had passed when it began, twice: one pair is in force.
    pairs: [[AtomicU64; 2]; 2],
    /// Which pair is in force, in the lowest bit; above it what was told of the period.
    state: AtomicU64,
}

/// What was told of a segment's volume in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    #[default]
    Free,
    /// That 80 % of it have passed.
    Warned,
    /// That it is used up.
    Spent,
}

/// What passed for a segment in each of its periods, and what was told.
pub(crate) type Used = [(u64, Level); MOST_PERIODS];

impl Kept {
    fn read(&self) -> (u64, u64) {
        let pair = &self.pairs[(self.state.load(Ordering::Acquire) & 1) as usize];
        (pair[0].load(Ordering::Relaxed), pair[1].load(Ordering::Relaxed))
    }

    fn level(&self) -> Level {
        match self.state.load(Ordering::Acquire) >> 1 {
            0 => Level::Free,
            1 => Level::Warned,
            _ => Level::Spent,
        }
    }

    fn tell(&self, level: Level) {
        let pair = self.state.load(Ordering::Acquire) & 1;
        self.state.store(pair | (level as u64) << 1, Ordering::Release);
    }

    fn begin(&self, number: u64, passed: u64, told: Level) {
        let other = (self.state.load(Ordering::Acquire) & 1) ^ 1;
        let pair = &self.pairs[other as usize];
        pair[0].store(number, Ordering::Relaxed);
        pair[1].store(passed, Ordering::Relaxed);
        self.state.store(other | (told as u64) << 1, Ordering::Release);
    }
}

impl Meters {
    /// Begins the periods with these numbers, for day, week and month, where they have not begun; the
    /// numbers of those that run. A clock that goes back begins none: what passed in the period that
    /// had begun goes on counting. Where it had been wrong by more than a whole period, what runs gets
    /// the right number, with all that passed in it.
    pub(crate) fn begin(&self, numbers: [u64; MOST_PERIODS]) -> [u64; MOST_PERIODS] {
        let _free = self.free();
        let layout = self.layout();
        let mut sums = None;
        for per in Per::ALL {
            let (number, running) = (numbers[per as usize], &layout.running[per as usize]);
            let before = running.load(Ordering::Acquire);
            if before < number {
                let sums = sums.get_or_insert_with(|| self.sums_of_all());
                for (at, sum) in sums.iter().enumerate().filter(|(_, sum)| **sum > 0) {
                    let kept = &layout.periods[at].kept[per as usize];
                    if kept.read().0 < number {
                        kept.begin(number, *sum, Level::Free);
                    }
                }
            } else if before > number + 1 {
                for kept in layout.periods.iter().map(|one| &one.kept[per as usize]) {
                    let (of, passed) = kept.read();
                    if of > number {
                        kept.begin(number, passed, kept.level());
                    }
                }
            } else {
                continue;
            }
            running.store(number, Ordering::Release);
        }
        Per::ALL.map(|per| layout.running[per as usize].load(Ordering::Acquire))
    }

    /// What passed for some segments in the periods that run, open tunnels too.
    pub(crate) fn used(&self, segments: &[SegmentNo]) -> Vec<Used> {
        let _free = self.free();
        let mut places: Vec<usize> = segments.iter().map(|segment| place(*segment)).collect();
        places.sort_unstable();
        places.dedup();
        let mut sums: Vec<u64> =
            places.iter().map(|at| self.layout().totals[*at].octets()).collect();
        for (at, octets) in self.in_slots() {
            if let Ok(found) = places.binary_search(&at) {
                sums[found] = sums[found].wrapping_add(octets);
            }
        }
        let used = |segment: &SegmentNo| {
            let at = place(*segment);
            let sum = places.binary_search(&at).map_or(0, |found| sums[found]);
            Per::ALL.map(|per| {
                let kept = &self.layout().periods[at].kept[per as usize];
                let (number, mut before) = kept.read();
                if before > sum {
                    // The machine lost its power between the writing of the two to the disk.
                    kept.begin(number, sum, kept.level());
                    before = sum;
                }
                (sum - before, kept.level())
            })
        };
        segments.iter().map(used).collect()
    }

    /// Notes what was told of a segment's volume, so that it is told once in a period.
    pub(crate) fn tell(&self, segment: SegmentNo, per: Per, level: Level) {
        let _free = self.free();
        self.layout().periods[place(segment)].kept[per as usize].tell(level);
    }

    /// Octets both ways, by place; with the lock held.
    fn sums_of_all(&self) -> Vec<u64> {
        let mut sums: Vec<u64> = self.layout().totals.iter().map(Total::octets).collect();
        for (at, octets) in self.in_slots() {
            sums[at] = sums[at].wrapping_add(octets);
        }
        sums
    }

    /// The place of each open tunnel, and its octets both ways; with the lock held.
    fn in_slots(&self) -> impl Iterator<Item = (usize, u64)> {
        self.layout().slots[..self.top()].iter().filter_map(|slot| {
            let at = (slot.of.load(Ordering::Acquire) as usize).checked_sub(1)?;
            let [up, down] = [&slot.up, &slot.down].map(|cell| cell.load(Ordering::Relaxed));
            Some((at, up.wrapping_add(down)))
        })
    }
}

impl Total {
    /// Both ways.
    fn octets(&self) -> u64 {
        let passed = self.read();
        passed.up.wrapping_add(passed.down)
    }
}

impl Layout {
    /// Forgets every period.
    pub(super) fn forget_periods(&self) {
        self.running.iter().for_each(|cell| cell.store(0, Ordering::Relaxed));
        let kept = self.periods.iter().flat_map(|one| &one.kept);
        kept.for_each(|kept| kept.begin(0, 0, Level::Free));
    }
}

#[cfg(test)]
mod tests;
