//! What has happened since it was written last.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ets_model::{PersonId, SegmentNo};

use super::{Keep, OTHERS};

/// So many keys at most between two writings; beyond that a segment's hosts are "others".
const MOST: usize = 50_000;

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
    kept: Mutex<HashMap<Key, Sum>>,
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
        put(&mut self.kept(), key, sum);
    }

    /// All of it; it is empty then.
    pub(crate) fn take(&self) -> HashMap<Key, Sum> {
        std::mem::take(&mut self.kept())
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back(&self, all: HashMap<Key, Sum>) {
        let mut kept = self.kept();
        for (key, sum) in all {
            put(&mut kept, key, sum);
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Key, Sum>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
            ledger.add(7, &deed((at % 3) as u32, &format!("h{at}"), None), ONE);
        }
        let kept = ledger.take();
        assert_eq!(kept.len(), MOST + 3, "one more a segment");
        assert_eq!(kept.values().map(|sum| sum.tunnels).sum::<u64>(), many);
        assert_eq!(kept.values().map(|sum| sum.down).sum::<u64>(), 3 * many);
        ledger.put_back(kept);
        assert!(ledger.take().len() <= MOST + 3);
        assert!(ledger.take().is_empty());
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
