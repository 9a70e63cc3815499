//! Which of `netd`'s numbered events have been taken in.

use serde::{Deserialize, Serialize};

/// The events of one life of `netd` that were taken in, as ranges: the live stream runs ahead
/// while the backlog is still being filled in behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Which life.
    pub instance: u64,
    /// First and last of each range, ascending, not touching.
    pub ranges: Vec<(u64, u64)>,
}

impl Progress {
    /// Whether an event was taken in.
    pub fn contains(&self, instance: u64, seq: u64) -> bool {
        instance == self.instance
            && self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&seq))
    }

    /// Takes an event in; answers whether it is new. An event of another life begins anew.
    pub fn insert(&mut self, instance: u64, seq: u64) -> bool {
        if instance != self.instance {
            *self = Self { instance, ranges: Vec::new() };
        }
        let index = self.ranges.partition_point(|(_, last)| *last < seq);
        if self.ranges.get(index).is_some_and(|(first, _)| *first <= seq) {
            return false;
        }
        self.ranges.insert(index, (seq, seq));
        self.join(index);
        true
    }

    /// The last event before which none is missing, counted from the first one taken in: replay
    /// what comes after it. `None` when there is nothing of this life.
    pub fn resume_after(&self, instance: u64) -> Option<u64> {
        self.ranges.first().filter(|_| instance == self.instance).map(|(_, last)| *last)
    }

    fn join(&mut self, index: usize) {
        if self.ranges.get(index + 1).is_some_and(|next| next.0 == self.ranges[index].1 + 1) {
            self.ranges[index].1 = self.ranges.remove(index + 1).1;
        }
        if index > 0 && self.ranges[index - 1].1 + 1 == self.ranges[index].0 {
            self.ranges[index - 1].1 = self.ranges.remove(index).1;
        }
    }
}
