//! The revocation lists as they are published: one for each part of the certificates, and one of
//! all of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;

use super::crl::{self, Listed, Scope};
use super::index::Index;
use crate::build::SHARDS;
use crate::{Authority, Error};

/// The list of all certificates is signed anew at most this often, in seconds, when something
/// changed and it is longer than [`SHORT`].
const CALM: i64 = 3;
/// A list of so many octets is signed within some milliseconds: some twenty thousand entries.
const SHORT: usize = 1 << 20;

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Of all certificates.
    All,
    /// Of those whose number says so.
    Part(usize),
}

impl Which {
    /// All lists.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..SHARDS).map(Self::Part).chain([Self::All])
    }
}

/// A list as it is handed out.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    /// In DER.
    pub(crate) body: Bytes,
    /// From when on, seconds since 1970.
    pub(crate) from: i64,
    /// Until when.
    pub(crate) until: i64,
    /// What tells it from any other.
    pub(crate) tag: String,
    change: u64,
}

#[derive(Debug, Default)]
struct Place {
    published: Option<Published>,
    /// When it was last made because of its age: what ended before stood in it once after its end
    /// and may go (RFC 5280, section 3.3).
    regular: i64,
}

/// The lists.
#[derive(Debug)]
pub(crate) struct Lists {
    places: Vec<Mutex<Place>>,
    number: AtomicU64,
}

impl Lists {
    /// None is published yet. `number` is above all that were ever used, and every list was made
    /// by age at `regular` or later.
    pub(crate) fn new(number: u64, regular: i64) -> Self {
        let place = |_| Mutex::new(Place { published: None, regular });
        Self { places: (0..=SHARDS).map(place).collect(), number: AtomicU64::new(number) }
    }

    /// The number that the next list has.
    pub(crate) fn number(&self) -> u64 {
        self.number.load(Ordering::SeqCst)
    }

    /// A list that holds at `now`, seconds since 1970; signed anew where the one that is there is
    /// half over, comes from a future that the clock has left, or lacks a change. Signs on this
    /// thread, about a second for a million entries of all lists.
    ///
    /// # Errors
    /// When the key does not sign.
    pub(crate) fn get(
        &self,
        which: Which,
        now: i64,
        (authority, index): (&Authority, &Index),
    ) -> Result<Published, Error> {
        let mut place = self.place(which).lock().unwrap_or_else(PoisonError::into_inner);
        let change = change(which, index);
        let calm = match &place.published {
            Some(known) if which == Which::All && known.body.len() > SHORT => CALM,
            _ => 0,
        };
        let half = seconds(authority.times().list) / 2;
        let is_due = match &place.published {
            Some(known) if (known.from..known.from + half.max(1)).contains(&now) => {
                if known.change == change || now < known.from + calm {
                    return Ok(known.clone());
                }
                false
            }
            _ => true,
        };
        // After a clock that was wrong nothing is known about what may go.
        let since = if place.regular > now { 0 } else { place.regular };
        let published = self.sign(which, (now, since, change), (authority, index))?;
        // Where something changes all the time no list grows old: one of them counts as made by age.
        if is_due || now >= place.regular + half {
            place.regular = now;
        }
        place.published = Some(published.clone());
        Ok(published)
    }

    /// The last list that was signed, where it still holds at `now`: without the key it is what there
    /// is, and a change made since stands in the next one.
    pub(crate) fn last(&self, which: Which, now: i64) -> Option<Published> {
        let place = self.place(which).lock().unwrap_or_else(PoisonError::into_inner);
        place.published.clone().filter(|known| (known.from..known.until).contains(&now))
    }

    fn place(&self, which: Which) -> &Mutex<Place> {
        match which {
            Which::Part(number) => &self.places[number],
            Which::All => &self.places[SHARDS],
        }
    }

    fn sign(
        &self,
        which: Which,
        (now, since, change): (i64, i64, u64),
        (authority, index): (&Authority, &Index),
    ) -> Result<Published, Error> {
        let mut entries = Vec::new();
        let scope = match which {
            Which::Part(number) => {
                index.list(number, since, &mut entries);
                authority.addresses().map_or(Scope::Owners, |at| Scope::Shard(at.shard(number)))
            }
            Which::All => {
                (0..SHARDS).for_each(|number| index.list(number, since, &mut entries));
                Scope::Owners
            }
        };
        let until = now + seconds(authority.times().list);
        let number = self.number.fetch_add(1, Ordering::SeqCst);
        let listed = Listed { number, from: now, until };
        let body = crl::sign(&authority.signer(), &listed, &scope, &entries)?;
        let tag = hex::encode(&digest(&SHA256, &body).as_ref()[..16]);
        Ok(Published { body: body.into(), from: now, until, tag, change })
    }
}

fn change(which: Which, index: &Index) -> u64 {
    match which {
        Which::Part(number) => index.change(number),
        Which::All => (0..SHARDS).map(|number| index.change(number)).sum(),
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
