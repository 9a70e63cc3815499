//! What has happened since it was written last.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ets_model::{PersonId, SegmentNo};

use super::{Keep, OTHERS};

/// So many keys at most in an hour, and in memory where they cannot be written; beyond that a segment's
/// hosts are "others".
const MOST: usize = 50_000;
/// So many of them are one segment's at most.
const MOST_OF_ONE: usize = MOST / 8;
/// So many a segment has in any case: those who fill the room take that from nobody.
const LEAST_OF_ONE: usize = 16;

/// What connections are put together by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    /// Hours since 1970-01-01 UTC.
    pub(crate) hour: i64,
    pub(crate) segment: SegmentNo,
    /// Empty where nobody is known, or persons are not kept.
    pub(crate) person: Box<str>,
    /// The name as it was asked for, else the address; empty where hosts are not kept.
    pub(crate) host: Box<str>,
    /// The identifier of the rule or limit; empty where none decided.
    pub(crate) rule: Box<str>,
    /// [`super::ALLOWED`], or why not.
    pub(crate) verdict: &'static str,
}

/// What is known of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Those that ended, or were refused.
    pub(crate) tunnels: u64,
    pub(crate) up: u64,
    pub(crate) down: u64,
}

/// Who did what, before it is known which hour it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deed<'a> {
    pub(crate) segment: SegmentNo,
    pub(crate) person: Option<&'a PersonId>,
    pub(crate) host: &'a str,
    pub(crate) rule: &'a str,
    pub(crate) verdict: &'static str,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    keep: Keep,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Since it was written last.
    sums: HashMap<Key, Sum>,
    seen: Seen,
}

/// The keys of an hour since the start, those that are written already too: what comes onto the disk is
/// bounded by that.
#[derive(Debug, Default)]
struct Seen {
    hour: i64,
    /// Hashes by a key of our own: nobody outside makes two that are equal.
    prints: HashSet<u64>,
    of_each: HashMap<SegmentNo, usize>,
    random: RandomState,
}

impl Sum {
    fn add(&mut self, more: Self) {
        self.tunnels += more.tunnels;
        self.up += more.up;
        self.down += more.down;
    }
}

impl Ledger {
    pub(crate) fn new(keep: Keep) -> Self {
        Self { keep, kept: Mutex::default() }
    }

    /// Whether anything is kept.
    pub(crate) fn is_on(&self) -> bool {
        self.keep != Keep::Off
    }

    /// Adds to what is known.
    pub(crate) fn add(&self, hour: i64, deed: &Deed<'_>, sum: Sum) {
        if !self.is_on() {
            return;
        }
        let is_full = self.keep == Keep::Full;
        let key = Key {
            hour,
            segment: deed.segment,
            person: deed.person.filter(|_| is_full).map_or("", PersonId::as_str).into(),
            host: if is_full { deed.host } else { "" }.into(),
            rule: deed.rule.into(),
            verdict: deed.verdict,
        };
        let mut kept = self.kept();
        let key = if kept.seen.has_room(&key) { key } else { others(key) };
        put(&mut kept.sums, key, sum);
    }

    /// All of it; it is empty then.
    pub(crate) fn take(&self) -> HashMap<Key, Sum> {
        std::mem::take(&mut self.kept().sums)
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back(&self, all: HashMap<Key, Sum>) {
        let mut kept = self.kept();
        for (key, sum) in all {
            put(&mut kept.sums, key, sum);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Whether a key was seen in its hour, or is one more that there is room for.
    fn has_room(&mut self, key: &Key) -> bool {
        if self.hour != key.hour {
            self.hour = key.hour;
            self.prints.clear();
            self.of_each.clear();
        }
        let print = self.random.hash_one(key);
        if self.prints.contains(&print) {
            return true;
        }
        let own = self.of_each.entry(key.segment).or_default();
        let has_room = *own < LEAST_OF_ONE || (self.prints.len() < MOST && *own < MOST_OF_ONE);
        if has_room {
            *own += 1;
            self.prints.insert(print);
        }
        has_room
    }
}

fn put(kept: &mut HashMap<Key, Sum>, key: Key, sum: Sum) {
    let key = if kept.len() < MOST || kept.contains_key(&key) { key } else { others(key) };
    kept.entry(key).or_default().add(sum);
}

/// One key for all that a segment does in an hour with an answer, so that there are few of them.
fn others(key: Key) -> Key {
    let (person, rule) = Default::default();
    Key { person, host: OTHERS.into(), rule, ..key }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deed<'a>(segment: u32, host: &'a str, person: Option<&'a PersonId>) -> Deed<'a> {
        Deed {
            segment: SegmentNo(segment),
            person,
            host,
            rule: "r",
            verdict: super::super::ALLOWED,
        }
    }

    const ONE: Sum = Sum { tunnels: 1, up: 2, down: 3 };

    /// covers: N6.1: memory is bounded, and nothing that passed is lost by that
    #[test]
    fn beyond_the_room_hosts_are_others_and_the_sums_stay_whole() {
        let ledger = Ledger::new(Keep::Full);
        let many = MOST as u64 + 1_000;
        for at in 0..many {
            ledger.add(7, &deed((at % 16) as u32, &format!("h{at}"), None), ONE);
        }
        let kept = ledger.take();
        assert_eq!(kept.len(), MOST + 16, "one more a segment");
        assert_eq!(kept.values().map(|sum| sum.tunnels).sum::<u64>(), many);
        assert_eq!(kept.values().map(|sum| sum.down).sum::<u64>(), 3 * many);
        ledger.put_back(kept);
        assert!(ledger.take().len() <= MOST + 16);
        assert!(ledger.take().is_empty());
    }

    /// covers: N6.1, G3: what is on the disk is bounded too, and a segment that asks for more than
    /// anybody takes no room from the others
    #[test]
    fn an_hour_has_so_many_keys_however_often_it_is_written_and_a_segment_its_part_of_them() {
        let ledger = Ledger::new(Keep::Full);
        let mut written = HashSet::new();
        for at in 0..3 * MOST_OF_ONE {
            ledger.add(7, &deed(1, &format!("h{at}"), None), ONE);
            if at % 1_000 == 0 {
                written.extend(ledger.take().into_keys());
            }
        }
        written.extend(ledger.take().into_keys());
        assert_eq!(written.len(), MOST_OF_ONE + 1);
        let first = |ledger: &Ledger| ledger.take().into_keys().next().unwrap();
        ledger.add(7, &deed(1, "h3", None), ONE);
        assert_eq!(&*first(&ledger).host, "h3", "what was seen goes on by its name");
        ledger.add(7, &deed(2, "other.example", None), ONE);
        assert_eq!(&*first(&ledger).host, "other.example", "another segment has its own room");
        ledger.add(8, &deed(1, "new.example", None), ONE);
        assert_eq!(&*first(&ledger).host, "new.example", "and so has the next hour");
    }

    /// covers: N6.1, G6: segments that ask for whatever comes to their mind leave the others their names
    #[test]
    fn those_who_fill_the_room_of_an_hour_leave_some_to_everybody() {
        let ledger = Ledger::new(Keep::Full);
        for at in 0..2 * MOST as u64 {
            ledger.add(7, &deed((at % 10) as u32, &format!("h{at}"), None), ONE);
        }
        ledger.take();
        for at in 0..2 * LEAST_OF_ONE {
            ledger.add(7, &deed(11, &format!("own{at}"), None), ONE);
        }
        let kept = ledger.take();
        assert_eq!(kept.len(), LEAST_OF_ONE + 1, "{kept:?}");
    }

    /// covers: N6.1: the switch of privacy
    #[test]
    fn persons_and_hosts_are_kept_only_where_that_is_wanted() {
        let asem = PersonId::from_kept("number:1");
        for (keep, told) in [
            (Keep::Full, Some(("number:1", "a.example"))),
            (Keep::Segments, Some(("", ""))),
            (Keep::Off, None),
        ] {
            let ledger = Ledger::new(keep);
            ledger.add(7, &deed(1, "a.example", Some(&asem)), ONE);
            let kept = ledger.take();
            let found = kept.keys().next().map(|key| (&*key.person, &*key.host));
            assert_eq!(found, told, "{keep:?}");
        }
    }
}
