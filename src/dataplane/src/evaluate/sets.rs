//! The elements of a set, ready to be looked up.

use std::collections::HashMap;

use super::error::Unproved;
use super::prepared::Turn;
use crate::nft::ir::{Data, KeyPart, Set, Verdict};

/// What a lookup finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Hit {
    /// The key is there; the set has no data.
    There,
    /// A value.
    Value(u32),
    /// A verdict.
    Turn(Turn),
    /// Something that is not ours.
    Unknown,
}

/// The elements.
#[derive(Debug)]
pub(crate) enum Elements<'a> {
    /// By their whole key.
    Hash { by_key: HashMap<&'a [u8], Hit>, rest: Option<Hit> },
    /// By intervals of each part: those whose first part is a single value by that, others apart.
    Intervals { first: usize, exact: HashMap<&'a [u8], Vec<Interval<'a>>>, wide: Vec<Interval<'a>> },
    /// Rules fill it, or it is of no kind of ours: what it holds is not known.
    Unknown,
}

/// An interval and what it leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval<'a> {
    pub(super) low: &'a [u8],
    pub(super) high: &'a [u8],
    hit: Hit,
}

impl<'a> Elements<'a> {
    pub(super) fn new(
        set: &'a Set,
        turn: &dyn Fn(&Verdict) -> Result<Turn, Unproved>,
    ) -> Result<Self, Unproved> {
        if set.dynamic || matches!(set.key[..], [KeyPart::Unknown { .. }]) {
            return Ok(Self::Unknown);
        }
        let hit = |data: &Option<Data>| {
            Ok(match data {
                None => Hit::There,
                Some(Data::Value(value)) => Hit::Value(*value),
                Some(Data::Verdict(verdict)) => Hit::Turn(turn(verdict)?),
                Some(Data::Unknown(_)) => Hit::Unknown,
            })
        };
        if set.interval { Self::intervals(set, &hit) } else { Self::hash(set, &hit) }
    }

    fn hash(
        set: &'a Set,
        hit: &dyn Fn(&Option<Data>) -> Result<Hit, Unproved>,
    ) -> Result<Self, Unproved> {
        let (mut by_key, mut rest) = (HashMap::new(), None);
        for (key, element) in &set.elements {
            let found = hit(&element.data)?;
            match key.is_empty() {
                true => rest = Some(found),
                false => drop(by_key.insert(&key[..], found)),
            }
        }
        Ok(Self::Hash { by_key, rest })
    }

    fn intervals(
        set: &'a Set,
        hit: &dyn Fn(&Option<Data>) -> Result<Hit, Unproved>,
    ) -> Result<Self, Unproved> {
        let first = set.key.first().map_or(0, |part| part.padded());
        let (mut exact, mut wide) = (HashMap::<_, Vec<_>>::new(), Vec::new());
        for (key, element) in &set.elements {
            let high = element.key_end.as_deref().unwrap_or(key);
            let interval = Interval { low: key, high, hit: hit(&element.data)? };
            // A catch-all of intervals, which we never make, is wide and matches nothing but by name.
            match (key.get(..first), high.get(..first)) {
                (Some(low), Some(top)) if low == top => {
                    exact.entry(low).or_default().push(interval);
                }
                (Some(_), Some(_)) => wide.push(interval),
                _ => return Ok(Self::Unknown),
            }
        }
        Ok(Self::Intervals { first, exact, wide })
    }

    /// What is found under a key of the set's length.
    ///
    /// # Errors
    /// `()` when it is not known.
    pub(crate) fn find(&self, set: &Set, key: &[u8]) -> Result<Option<Hit>, ()> {
        match self {
            Self::Unknown => Err(()),
            Self::Hash { by_key, rest } => known(by_key.get(key).copied().or(*rest)),
            Self::Intervals { first, exact, wide } => {
                let exact = exact.get(&key[..*first]).into_iter().flatten();
                let mut found = exact.chain(wide).filter(|interval| interval.holds(set, key));
                let one = found.next();
                // Which of several the kernel takes is its own affair.
                let same = |other: &Interval<'_>| Some(other.hit) == one.map(|one| one.hit);
                if found.all(same) { known(one.map(|one| one.hit)) } else { Err(()) }
            }
        }
    }

    /// The keys, each as an interval; `None` when they are not known, or stand for all others.
    pub(crate) fn keys(&self) -> Option<Vec<(&'a [u8], &'a [u8])>> {
        match self {
            Self::Unknown | Self::Hash { rest: Some(_), .. } => None,
            Self::Hash { by_key, rest: None } => {
                Some(by_key.keys().map(|key| (*key, *key)).collect())
            }
            Self::Intervals { exact, wide, .. } => {
                let all = exact.values().flatten().chain(wide);
                Some(all.map(|interval| (interval.low, interval.high)).collect())
            }
        }
    }
}

fn known(hit: Option<Hit>) -> Result<Option<Hit>, ()> {
    if hit == Some(Hit::Unknown) { Err(()) } else { Ok(hit) }
}

impl Interval<'_> {
    /// Each part lies within its own bounds (pipapo: fields are independent of one another).
    fn holds(&self, set: &Set, key: &[u8]) -> bool {
        let mut at = 0;
        set.key.iter().all(|part| {
            let range = at..at + part.length();
            at += part.padded();
            let [low, value, high] =
                [self.low, key, self.high].map(|bytes| bytes.get(range.clone()));
            low <= value && value <= high
        })
    }
}
