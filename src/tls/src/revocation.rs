//! Which certificates open nothing any more: asked after every handshake, changed while asked.
//!
//! The certification authority owns the truth and publishes it here; a CRL is an export of it for
//! others. Membership is a hash lookup, whatever the size of the set.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use aws_lc_rs::digest::{Context, SHA256};

/// So many parts, so that growing one never doubles the whole, and readers seldom meet a writer.
const SHARDS: usize = 64;

/// A certificate by its issuer's name and its serial number (RFC 5280, section 5.3): the first 128
/// bits of SHA-256 over both. Two of a million certificates share one with a chance of 10^-27.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertId([u8; 16]);

impl CertId {
    /// Of an issuer's distinguished name in DER and a serial number, big-endian; leading zeros of
    /// the serial say nothing.
    pub fn new(issuer: &[u8], serial: &[u8]) -> Self {
        let first = serial.iter().position(|byte| *byte != 0).unwrap_or(serial.len());
        let mut hash = Context::new(&SHA256);
        hash.update(issuer);
        hash.update(&serial[first..]);
        let digest = hash.finish();
        let mut id = [0; 16];
        id.copy_from_slice(&digest.as_ref()[..16]);
        Self(id)
    }

    /// Which of `parts` equal parts it belongs to; not what its hash table goes by.
    pub fn spread(self, parts: usize) -> usize {
        usize::from(u16::from_be_bytes([self.0[14], self.0[15]])) % parts
    }
}

/// What the set says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is not in the set.
    Good,
    /// It was revoked, or is suspended.
    Revoked,
    /// The set is not loaded yet: nobody can say, so nobody is let in.
    Unknown,
}

/// The set, shared by everybody who accepts connections.
#[derive(Debug, Default)]
pub struct RevocationSet {
    shards: Shards,
    loaded: AtomicBool,
}

type Set = HashSet<CertId, BuildHasherDefault<Prefix>>;
type Shard = RwLock<Set>;

#[derive(Debug)]
struct Shards(Box<[Shard]>);

impl Default for Shards {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Shard::default()).collect())
    }
}

impl RevocationSet {
    /// An empty set that is not loaded: every answer is [`Standing::Unknown`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Fills the set and declares it loaded. What was inserted before stays.
    pub fn load(&self, revoked: impl IntoIterator<Item = CertId>) {
        for id in revoked {
            self.write(id).insert(id);
        }
        self.shards.0.iter().for_each(|shard| exclusive(shard).shrink_to_fit());
        self.loaded.store(true, Ordering::Release);
    }

    /// From the return of this call on no certificate of this number passes. Whether it is news.
    pub fn insert(&self, id: CertId) -> bool {
        self.write(id).insert(id)
    }

    /// Ends a suspension. Whether the certificate was in the set.
    pub fn remove(&self, id: CertId) -> bool {
        self.write(id).remove(&id)
    }

    /// How a certificate stands.
    pub fn standing(&self, id: CertId) -> Standing {
        if !self.loaded.load(Ordering::Acquire) {
            return Standing::Unknown;
        }
        match shared(&self.shards.0[id.spread(SHARDS)]).contains(&id) {
            true => Standing::Revoked,
            false => Standing::Good,
        }
    }

    /// How many certificates are in the set.
    pub fn len(&self) -> usize {
        self.shards.0.iter().map(|shard| shared(shard).len()).sum()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn write(&self, id: CertId) -> RwLockWriteGuard<'_, Set> {
        exclusive(&self.shards.0[id.spread(SHARDS)])
    }
}

// A reader or writer that panicked leaves the set whole: one call changes it.
fn shared(shard: &Shard) -> RwLockReadGuard<'_, Set> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn exclusive(shard: &Shard) -> RwLockWriteGuard<'_, Set> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

/// A [`CertId`] is a hash already: its first bytes are as good as any.
#[derive(Debug, Default)]
struct Prefix(u64);

impl Hasher for Prefix {
    fn write(&mut self, bytes: &[u8]) {
        for (at, byte) in bytes.iter().take(8).enumerate() {
            self.0 |= u64::from(*byte) << (8 * at);
        }
    }

    // The length that `[u8; 16]` writes before its bytes.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> CertId {
        CertId::new(b"issuer", &number.to_be_bytes())
    }

    /// covers: T1.3
    #[test]
    fn nobody_passes_before_the_set_is_loaded() {
        let set = RevocationSet::new();
        set.insert(id(1));
        assert_eq!(set.standing(id(1)), Standing::Unknown);
        assert_eq!(set.standing(id(2)), Standing::Unknown);
        set.load([id(3)]);
        assert_eq!(
            [1, 2, 3].map(|no| set.standing(id(no))),
            [Standing::Revoked, Standing::Good, Standing::Revoked]
        );
    }

    /// covers: T1.3
    #[test]
    fn a_suspension_ends_and_a_serial_is_told_apart_by_its_issuer() {
        let set = RevocationSet::new();
        set.load([]);
        assert!(set.insert(id(7)) && !set.insert(id(7)));
        assert_eq!(set.standing(CertId::new(b"other", &7u64.to_be_bytes())), Standing::Good);
        assert_eq!(set.standing(CertId::new(b"issuer", &[0, 7])), Standing::Revoked);
        assert!(set.remove(id(7)) && !set.remove(id(7)));
        assert_eq!(set.standing(id(7)), Standing::Good);
    }
}
