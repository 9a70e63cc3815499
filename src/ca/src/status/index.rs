//! What every certificate of this authority is, in memory: 28 octets each, in as many parts as
//! there are revocation lists, sorted, so that a list is written in one go and a million stay small.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;

use super::crl;
use crate::build::SHARDS;
use crate::{Kept, Reason, Serial, State};

/// So many answers are kept ready for the certificates of one part; all of them 32,768, about
/// 30 MB.
const READY: usize = 256;

/// Not signed, as far as is known.
const INTENDED: u8 = 255;
/// Active.
const GOOD: u8 = 254;
/// `certificateHold` (RFC 5280, section 5.3.1).
const HOLD: u8 = 6;

/// What a certificate is. Seconds since 1970 fit into 32 bits until 2106.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    code: u8,
    since: u32,
    until: u32,
}

impl Standing {
    /// Of what is kept.
    pub(crate) fn of(kept: &Kept) -> Self {
        Self::new(kept.state, kept.reason, kept.since.0, kept.not_after.0)
    }

    /// From a state with microseconds since 1970.
    pub(crate) fn new(state: State, reason: Option<Reason>, since: i64, until: i64) -> Self {
        let code = match state {
            State::Intended => INTENDED,
            State::Active => GOOD,
            State::Suspended => HOLD,
            State::Revoked => reason.map_or(0, Reason::number),
        };
        let seconds = |micros: i64| u32::try_from(micros.max(0) / 1_000_000).unwrap_or(u32::MAX);
        Self { code, since: seconds(since), until: seconds(until) }
    }

    /// The same, turned into another state.
    pub(crate) fn turned(self, to: State, reason: Option<Reason>, since: i64) -> Self {
        Self { until: self.until, ..Self::new(to, reason, since, 0) }
    }

    /// Where it is in its life.
    pub(crate) fn state(self) -> State {
        match self.code {
            INTENDED => State::Intended,
            GOOD => State::Active,
            HOLD => State::Suspended,
            _ => State::Revoked,
        }
    }

    /// Whether it was signed and opens what its owner may.
    pub(crate) fn is_good(self) -> bool {
        self.code == GOOD
    }

    /// The same, and that its time is not over at `now`, seconds since 1970.
    pub(crate) fn is_in_force(self, now: i64) -> bool {
        self.is_good() && i64::from(self.until) > now
    }

    /// Since when it opens nothing, seconds since 1970, and why (RFC 5280, section 5.3.1).
    pub(crate) fn dead(self) -> Option<(i64, u8)> {
        (self.code < GOOD).then_some((i64::from(self.since), self.code))
    }
}

/// By what an answer is kept: the certificate, and how the request named it.
pub(crate) type Key = ([u8; 16], u8);

/// An answer that is ready.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    pub(crate) body: Bytes,
    /// Seconds since 1970.
    pub(crate) from: i64,
    pub(crate) until: i64,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    serial: [u8; 16],
    standing: Standing,
}

#[derive(Debug, Default)]
struct Part {
    slots: Vec<Slot>,
    /// Goes up with each change that a list would show.
    change: u64,
    ready: HashMap<Key, Ready>,
}

impl Part {
    fn find(&self, serial: &[u8; 16]) -> Result<usize, usize> {
        // Mostly one comes behind all others only while the database is read.
        match self.slots.last() {
            Some(last) if last.serial >= *serial => {
                self.slots.binary_search_by(|slot| slot.serial.cmp(serial))
            }
            _ => Err(self.slots.len()),
        }
    }
}

/// The index.
#[derive(Debug)]
pub(crate) struct Index(Vec<RwLock<Part>>);

impl Index {
    pub(crate) fn new() -> Self {
        Self((0..SHARDS).map(|_| RwLock::default()).collect())
    }

    /// Enters what a certificate is now; answers about it that were ready are dropped.
    pub(crate) fn enter(&self, serial: Serial, standing: Standing) {
        let mut part = self.write(serial.shard());
        match part.find(serial.bytes()) {
            Ok(at) if part.slots[at].standing == standing => return,
            Ok(at) => part.slots[at].standing = standing,
            Err(at) => {
                let part = &mut *part;
                if part.slots.len() == part.slots.capacity() {
                    part.slots.reserve_exact(part.slots.len() / 8 + 16);
                }
                part.slots.insert(at, Slot { serial: *serial.bytes(), standing });
            }
        }
        part.change += 1;
        part.ready.retain(|(of, _), _| of != serial.bytes());
    }

    /// What a certificate is, if it is one of ours.
    pub(crate) fn standing(&self, serial: Serial) -> Option<Standing> {
        let part = self.read(serial.shard());
        part.find(serial.bytes()).ok().map(|at| part.slots[at].standing)
    }

    /// An answer that is ready.
    pub(crate) fn ready(&self, serial: Serial, key: &Key) -> Option<Ready> {
        self.read(serial.shard()).ready.get(key).cloned()
    }

    /// Keeps an answer, unless the certificate has changed since.
    pub(crate) fn keep(&self, serial: Serial, key: Key, standing: Standing, ready: Ready) {
        let mut part = self.write(serial.shard());
        let is_so = part.find(serial.bytes()).is_ok_and(|at| part.slots[at].standing == standing);
        if is_so {
            if part.ready.len() >= READY {
                part.ready.clear();
            }
            part.ready.insert(key, ready);
        }
    }

    /// Drops every answer that is ready: who signed them is another now.
    pub(crate) fn forget_answers(&self) {
        (0..SHARDS).for_each(|number| self.write(number).ready.clear());
    }

    /// How often a part has changed.
    pub(crate) fn change(&self, number: usize) -> u64 {
        self.read(number).change
    }

    /// Writes a part's entries of a list: what opens nothing and ended at `since` or later.
    pub(crate) fn list(&self, number: usize, since: i64, out: &mut Vec<u8>) {
        for slot in &self.read(number).slots {
            if let (Some((from, why)), true) =
                (slot.standing.dead(), i64::from(slot.standing.until) >= since)
            {
                crl::enter(out, &slot.serial, from, why);
            }
        }
    }

    fn read(&self, number: usize) -> RwLockReadGuard<'_, Part> {
        self.0[number].read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, number: usize) -> RwLockWriteGuard<'_, Part> {
        self.0[number].write().unwrap_or_else(PoisonError::into_inner)
    }
}
