//! What a listener allows at most, who takes up how much of it, and what was counted.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ets_tls::CertId;
use tokio::sync::OwnedSemaphorePermit;

use crate::Network;

/// What a listener allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; more wait in the kernel's queue.
    pub connections: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long the head of a request may take; over HTTP/1.1 also how long a connection may wait
    /// for its next request.
    pub request_head: Duration,
    /// How long connections may finish after shutdown was asked for.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            handshake: Duration::from_secs(10),
            request_head: Duration::from_secs(15),
            drain: Duration::from_secs(3),
        }
    }
}

/// What a listener allows each client, besides its [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Of the listener as a whole.
    pub limits: Limits,
    /// Connections of one address ([`crate::Network`]). A segment may come from one as a whole.
    pub per_address: usize,
    /// TLS handshakes under way: more wait, and the oldest goes for them once it had a second.
    pub handshakes: usize,
    /// Of one address.
    pub handshakes_per_address: usize,
    /// Connections of one certificate.
    pub per_certificate: usize,
    /// Requests at once on one connection (HTTP/2).
    pub streams: u32,
    /// The head of a request, in bytes: 431 beyond (RFC 6585, section 5).
    pub head: u32,
    /// How long a connection over HTTP/2 may be without a request.
    pub idle: Duration,
    /// How long a client may take none of an answer that waits for it.
    pub stall: Duration,
    /// How long the body of a request may stand still where a router or a page of ours reads it;
    /// also the head start before `slowest` counts.
    pub body: Duration,
    /// The slowest that such a body may come, in bytes a second on average.
    pub slowest: u64,
    /// Whether `WebSocket`s over HTTP/2 are offered (RFC 8441).
    pub offers_websocket: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            per_address: 2048,
            handshakes: 512,
            handshakes_per_address: 128,
            per_certificate: 64,
            streams: 128,
            head: 64 << 10,
            idle: Duration::from_secs(180),
            stall: Duration::from_secs(60),
            body: Duration::from_secs(30),
            slowest: 500,
            offers_websocket: false,
        }
    }
}

/// What an accept loop counted since it began.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections that were accepted.
    pub accepted: AtomicU64,
    /// Connections that are open now, those that shake hands included.
    pub open: AtomicU64,
    /// Handshakes under way now, without those that wait for their turn.
    pub shaking: AtomicU64,
    /// Handshakes in which the client's key, if it has one, signed.
    pub full: AtomicU64,
    /// Handshakes that resumed a session.
    pub resumed: AtomicU64,
    /// Handshakes that failed, with the clients that were refused in them.
    pub failed: AtomicU64,
    /// Handshakes that took too long, the wait for their turn included.
    pub slow: AtomicU64,
    /// Handshakes that had to go for others.
    pub sent_away: AtomicU64,
    /// Connections too many of one address.
    pub crowded_address: AtomicU64,
    /// Connections too many of one certificate.
    pub crowded_certificate: AtomicU64,
    /// Connections that were closed because nothing was asked on them.
    pub idle: AtomicU64,
    /// Connections that were closed because nobody took the answer.
    pub stalled: AtomicU64,
}

/// Counts one more.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Counts one that is there, until it is dropped.
#[derive(Debug)]
pub(crate) struct Present {
    counters: Arc<Counters>,
    of: fn(&Counters) -> &AtomicU64,
}

impl Present {
    pub(crate) fn new(counters: &Arc<Counters>, of: fn(&Counters) -> &AtomicU64) -> Self {
        count(of(counters));
        Self { counters: Arc::clone(counters), of }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        (self.of)(&self.counters).fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many places each one takes.
#[derive(Debug)]
pub struct Tally<K>(Mutex<HashMap<K, usize>>);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Copy + Eq + Hash> Tally<K> {
    /// One place more for `who`, unless that is more than `most`.
    pub fn take(self: &Arc<Self>, who: K, most: usize) -> Option<Place<K>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = all.entry(who).or_default();
        if *taken >= most {
            return None;
        }
        *taken += 1;
        Some(Place { tally: Arc::clone(self), who })
    }
}

/// A place that is taken; given back when it is dropped.
#[derive(Debug)]
pub struct Place<K: Copy + Eq + Hash> {
    tally: Arc<Tally<K>>,
    who: K,
}

impl<K: Copy + Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut all = self.tally.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = all.get_mut(&self.who) {
            *taken -= 1;
            if *taken == 0 {
                all.remove(&self.who);
            }
        }
    }
}

/// What one connection takes up as long as its stream lives, upgraded or not.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) _of_all: OwnedSemaphorePermit,
    pub(crate) _of_address: Place<Network>,
    pub(crate) of_certificate: Option<Place<CertId>>,
    pub(crate) _open: Present,
}
