//! What was refused of each segment, as totals that go on over restarts: the packet filter counts on
//! while `netd` is away, and what it had at the last reading is kept together with the totals.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;

use ets_model::SegmentNo;
use serde::{Deserialize, Serialize};

use crate::keeper;

/// Bytes and packets.
pub(crate) type Amount = (u64, u64);

/// What of the counters has to survive the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tallies {
    /// Where the kernel counts: this boot, this network namespace. Elsewhere nothing here is true.
    place: String,
    /// The life of the counters to which the totals belong.
    pub(crate) life: u64,
    /// By segment: what was refused since the life began.
    totals: BTreeMap<SegmentNo, Amount>,
    /// By reason and key: what the packet filter had at the last reading.
    read: BTreeMap<String, BTreeMap<Vec<u8>, Amount>>,
}

/// The totals, counted on.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    tallies: Tallies,
    /// Segments of which something was refused since this was last asked.
    lately: BTreeSet<SegmentNo>,
    changed: bool,
    /// Nothing is known of what was refused before: the first reading tells of no offence.
    blind: bool,
}

impl Refused {
    /// Goes on with what a former process left of this place.
    pub(crate) fn resume(left: Option<Tallies>) -> Self {
        let place = place();
        let left = left.filter(|left| left.place == place);
        let blind = left.is_none();
        let tallies = left.unwrap_or(Tallies { place, ..Tallies::default() });
        Self { tallies, lately: BTreeSet::new(), changed: false, blind }
    }

    /// The life of the counters that was left here, if any.
    pub(crate) fn life(&self) -> Option<u64> {
        (!self.blind).then_some(self.tallies.life)
    }

    /// The counters are in this life: totals of another one are over.
    pub(crate) fn live(&mut self, life: u64) {
        if self.tallies.life != life {
            self.tallies.life = life;
            self.tallies.totals.clear();
            self.changed = true;
        }
    }

    /// The packet filter has so much under a reason and a key: how much more that is than at the
    /// last reading, as far as somebody may be called to account for it.
    pub(crate) fn read(&mut self, reason: &str, key: Vec<u8>, is: Amount) -> Since {
        let known = self.tallies.read.entry(reason.to_owned()).or_default();
        let was = known.insert(key, is).unwrap_or_default();
        // A set that was made anew counts from zero.
        let since = |is: u64, was: u64| is.checked_sub(was).unwrap_or(is);
        let amount = (since(is.0, was.0), since(is.1, was.1));
        self.changed |= is != was;
        Since { amount, news: if self.blind { 0 } else { amount.1 } }
    }

    /// A reading is over.
    pub(crate) fn end_reading(&mut self) {
        self.blind = false;
    }

    /// So much more was refused of a segment.
    pub(crate) fn add(&mut self, segment: SegmentNo, more: Amount) {
        let total = self.tallies.totals.entry(segment).or_default();
        *total = (total.0.saturating_add(more.0), total.1.saturating_add(more.1));
        self.lately.insert(segment);
    }

    /// The totals of those of whom something was refused since this was last asked.
    pub(crate) fn take_lately(&mut self) -> Vec<(SegmentNo, Amount)> {
        let total = |segment: &SegmentNo| self.tallies.totals.get(segment).copied();
        let lately = std::mem::take(&mut self.lately);
        lately.iter().filter_map(|segment| Some((*segment, total(segment)?))).collect()
    }

    /// Every total is told anew.
    pub(crate) fn tell_all(&mut self) {
        self.lately = self.tallies.totals.keys().copied().collect();
    }

    /// What is to be kept, if that is not so already.
    pub(crate) fn take_changed(&mut self) -> Option<Tallies> {
        std::mem::take(&mut self.changed).then(|| self.tallies.clone())
    }
}

/// What a reading found.
pub(crate) struct Since {
    /// More than at the last reading.
    pub(crate) amount: Amount,
    /// Packets of it that are known to be of late.
    pub(crate) news: u64,
}

/// This boot and this network namespace.
fn place() -> String {
    let namespace = std::fs::metadata("/proc/thread-self/ns/net").map_or(0, |file| file.ino());
    format!("{}/{namespace}", keeper::boot_id())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: SegmentNo = SegmentNo(7);

    fn reading(refused: &mut Refused, is: Amount) -> u64 {
        let since = refused.read("denied", vec![1], is);
        refused.add(SEGMENT, since.amount);
        refused.end_reading();
        since.news
    }

    fn total(refused: &mut Refused) -> Amount {
        refused.take_lately()[0].1
    }

    /// covers: N5.2
    #[test]
    fn what_was_refused_while_nobody_read_is_counted_once() {
        let mut first = Refused::resume(None);
        first.live(3);
        assert_eq!(reading(&mut first, (500, 5)), 0, "nobody knows when that was");
        assert_eq!(reading(&mut first, (700, 7)), 2);
        let left = first.take_changed();
        assert!(left.is_some() && first.take_changed().is_none());
        // The process ends here; the packet filter counts on.
        let mut second = Refused::resume(left.clone());
        assert_eq!(second.life(), Some(3));
        second.live(3);
        assert_eq!(reading(&mut second, (1_000, 10)), 3);
        assert_eq!(total(&mut second), (1_000, 10));
        // A table that a stranger flushed counts from zero; the total goes on.
        assert_eq!(reading(&mut second, (100, 1)), 1);
        assert_eq!(total(&mut second), (1_100, 11));
    }

    #[test]
    fn what_was_left_of_another_place_or_life_is_not_true_here() {
        let mut first = Refused::resume(None);
        first.live(3);
        reading(&mut first, (500, 5));
        let left = first.take_changed().unwrap();
        let elsewhere = Tallies { place: "another boot/1".into(), ..left.clone() };
        assert_eq!(Refused::resume(Some(elsewhere)).life(), None);
        let mut second = Refused::resume(Some(left));
        second.live(4);
        assert_eq!(reading(&mut second, (600, 6)), 1);
        assert_eq!(total(&mut second), (100, 1));
    }
}
