//! Which of `netd`'s numbered events have been taken in.

use serde::{Deserialize, Serialize};

/// So many ranges are kept apart.
const MOST: usize = 256;

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
        if self.ranges.len() > MOST {
            // So old a gap is out of the ring of `netd`; nothing will fill it.
            self.ranges[1].0 = self.ranges[0].0;
            self.ranges.remove(0);
        }
        true
    }

    /// The newest event taken in.
    pub(crate) fn newest(&self) -> u64 {
        self.ranges.last().map_or(0, |(_, last)| *last)
    }

    pub(crate) fn to_text(&self) -> String {
        let pairs: Vec<_> = self.ranges.iter().map(|(a, b)| format!("{a}-{b}")).collect();
        pairs.join(",")
    }

    pub(crate) fn from_text(instance: u64, text: &str) -> Option<Self> {
        let pairs = text.split(',').filter(|pair| !pair.is_empty()).map(|pair| {
            let (first, last) = pair.split_once('-')?;
            Some((first.parse().ok()?, last.parse().ok()?))
        });
        Some(Self { instance, ranges: pairs.collect::<Option<_>>()? })
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
