//! The revocation lists as they are published: one for each part of the certificates, and one of
//! all of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::crl::{self, Listed, Scope};
use super::index::Index;
use crate::build::SHARDS;
use crate::{Authority, Error, TokenError};

/// The list of all certificates is signed anew at most this often, in seconds, when something
/// changed and it is longer than [`SHORT`].
const CALM: i64 = 3;
/// A list of so many octets is signed within some milliseconds: some twenty thousand entries.
const SHORT: usize = 1 << 20;
/// After a token that did not sign a list it is not asked for that one for so long: many may want it.
const PAUSE: Duration = Duration::from_secs(1);

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

#[derive(Debug)]
struct Place {
    /// What is handed out. Nobody signs while he holds it.
    published: RwLock<Option<Published>>,
    making: Arc<Mutex<Making>>,
}

/// Held by whoever signs a list.
#[derive(Debug)]
pub(crate) struct Making {
    /// When it was last made because of its age: what ended before stood in it once after its end
    /// and may go (RFC 5280, section 3.3).
    regular: i64,
    failed: Option<(Instant, TokenError)>,
}

impl Place {
    fn published(&self) -> Option<Published> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The lists.
#[derive(Debug)]
pub(crate) struct Lists {
    places: Vec<Place>,
    number: AtomicU64,
}

impl Lists {
    /// None is published yet. `number` is above all that were ever used, and every list was made
    /// by age at `regular` or later.
    pub(crate) fn new(number: u64, regular: i64) -> Self {
        let place = |_| Place {
            published: RwLock::default(),
            making: Arc::new(Mutex::new(Making { regular, failed: None })),
        };
        Self { places: (0..=SHARDS).map(place).collect(), number: AtomicU64::new(number) }
    }

    /// The number that the next list has.
    pub(crate) fn number(&self) -> u64 {
        self.number.load(Ordering::SeqCst)
    }

    /// The list that is there, unless it is half over at `now`, seconds since 1970, comes from a
    /// future that the clock has left, or lacks a change. Waits for nobody who signs.
    pub(crate) fn ready(
        &self,
        which: Which,
        now: i64,
        (authority, index): (&Authority, &Index),
    ) -> Option<Published> {
        let known = self.place(which).published()?;
        let calm = if which == Which::All && known.body.len() > SHORT { CALM } else { 0 };
        let is_ready = is_young(&known, now, half(authority))
            && (known.change == change(which, index) || now < known.from + calm);
        is_ready.then_some(known)
    }

    /// To be held by whoever signs a list.
    pub(crate) fn making(&self, which: Which) -> Arc<Mutex<Making>> {
        Arc::clone(&self.place(which).making)
    }

    /// A list that holds at `now`; signed anew where none is ready. Signs on this thread, about a
    /// second for a million entries of all lists.
    ///
    /// # Errors
    /// When the key does not sign, or did not just now.
    pub(crate) fn get(
        &self,
        (which, mut making): (Which, OwnedMutexGuard<Making>),
        now: i64,
        (authority, index): (&Authority, &Index),
    ) -> Result<Published, Error> {
        // Whoever held it before may have made it, or have asked in vain.
        if let Some(known) = self.ready(which, now, (authority, index)) {
            return Ok(known);
        }
        if let Some((at, why)) = &making.failed
            && at.elapsed() < PAUSE
        {
            return Err(why.clone().into());
        }
        let (place, half) = (self.place(which), half(authority));
        let is_due = place.published().is_none_or(|known| !is_young(&known, now, half));
        // After a clock that was wrong nothing is known about what may go.
        let since = if making.regular > now { 0 } else { making.regular };
        let signed = self.sign(which, (now, since, change(which, index)), (authority, index));
        making.failed = match &signed {
            Err(Error::Token(why)) => Some((Instant::now(), why.clone())),
            _ => None,
        };
        let published = signed?;
        // Where something changes all the time no list grows old: one of them counts as made by age.
        if is_due || now >= making.regular + half {
            making.regular = now;
        }
        let shown = Some(published.clone());
        *place.published.write().unwrap_or_else(PoisonError::into_inner) = shown;
        Ok(published)
    }

    /// The last list that was signed, where it still holds at `now`: without the key it is what there
    /// is, and a change made since stands in the next one. Waits for nobody who signs.
    pub(crate) fn last(&self, which: Which, now: i64) -> Option<Published> {
        self.place(which).published().filter(|known| (known.from..known.until).contains(&now))
    }

    fn place(&self, which: Which) -> &Place {
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

/// How old a list becomes before it is made anew, in seconds.
fn half(authority: &Authority) -> i64 {
    seconds(authority.times().list) / 2
}

fn is_young(list: &Published, now: i64, half: i64) -> bool {
    (list.from..list.from + half.max(1)).contains(&now)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
