//! Losses that may still turn into late answers: they are counted when the window has passed, so
//! that every probe is counted once.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use ets_model::{BootTime, SegmentNo};

/// The engine's window, and a reserve for the round in which the answer is read.
const WINDOW: Duration = Duration::from_millis(2_250);

/// Probes reported as lost, not longer than the window ago.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    queue: VecDeque<Loss>,
    open: HashSet<(u32, BootTime)>,
}

/// One lost probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) slot: u32,
    pub(crate) segment: SegmentNo,
    pub(crate) sent: BootTime,
}

impl Losses {
    /// Remembers a loss.
    pub(crate) fn add(&mut self, loss: Loss) {
        if self.open.insert((loss.slot, loss.sent)) {
            self.queue.push_back(loss);
        }
    }

    /// A late answer came: whether the probe had been remembered as lost.
    pub(crate) fn withdraw(&mut self, slot: u32, sent: BootTime) -> bool {
        self.open.remove(&(slot, sent))
    }

    /// The next loss that is final by `now`.
    pub(crate) fn next_final(&mut self, now: BootTime) -> Option<Loss> {
        while self.queue.front().is_some_and(|loss| loss.sent + WINDOW <= now) {
            let loss = self.queue.pop_front()?;
            if self.open.remove(&(loss.slot, loss.sent)) {
                return Some(loss);
            }
        }
        self.give_back();
        None
    }

    /// Memory taken, in bytes, about.
    pub(crate) fn bytes(&self) -> usize {
        self.queue.capacity() * size_of::<Loss>() + self.open.capacity() * 17
    }

    /// After a storm of losses the memory is given back.
    fn give_back(&mut self) {
        if self.queue.is_empty() && self.queue.capacity() > 16_384 {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_counts_after_the_window_unless_its_answer_came_late() {
        let mut losses = Losses::default();
        let loss = |n| Loss { slot: n, segment: SegmentNo(n), sent: BootTime(u64::from(n)) };
        losses.add(loss(1));
        losses.add(loss(2));
        assert_eq!(losses.next_final(BootTime(0) + WINDOW), None);
        assert!(losses.withdraw(1, BootTime(1)));
        assert!(!losses.withdraw(1, BootTime(1)));
        let later = BootTime(10) + WINDOW;
        assert_eq!(losses.next_final(later), Some(loss(2)));
        assert_eq!(losses.next_final(later), None);
    }
}
