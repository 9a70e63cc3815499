//! The tunnels that are open: what each was allowed for, and how it is ended.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ets_listen::Place;
use ets_model::{PersonId, Protocol, SegmentNo};
use tokio::sync::Notify;

use crate::meters::Meter;
use crate::policy::{Ask, Moment, Policy, Verdict, Way, Why};
use crate::relay::Stop;

/// Parts of the book, so that those who open and end tunnels seldom meet.
const SHARDS: usize = 64;

/// Every tunnel that is open.
#[derive(Debug)]
pub(crate) struct Book {
    shards: Box<[Mutex<Shard>]>,
    next: AtomicU64,
}

type Shard = HashMap<u64, Arc<Open>>;

/// A tunnel.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) segment: SegmentNo,
    pub(crate) person: Option<PersonId>,
    pub(crate) host: Option<Box<str>>,
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    pub(crate) protocol: Protocol,
    /// The relay by which it was allowed; none where the rules allowed it.
    pub(crate) relay: Option<Box<str>>,
    way: Way,
    pub(crate) meter: Meter,
    told: Notify,
    /// What was told: that the process ends, and not that the rules say no.
    leaves: AtomicBool,
    /// Said once, for those who do not wait for it.
    was_cut: AtomicBool,
    /// One of those that its segment has, where there is a limit.
    _place: Option<Place<SegmentNo>>,
}

/// The place of a tunnel in the book; when nobody holds it any more, the tunnel is out.
#[derive(Clone, Debug)]
pub(crate) struct Tunnel(Arc<Entry>);

#[derive(Debug)]
struct Entry {
    book: Arc<Book>,
    number: u64,
    open: Arc<Open>,
}

impl Default for Book {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), next: AtomicU64::new(0) }
    }
}

impl Book {
    /// Enters a tunnel. The rules are asked afterwards once more: a change between the question and
    /// this would meet neither.
    pub(crate) fn enter(self: &Arc<Self>, open: Open) -> Tunnel {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let open = Arc::new(open);
        self.shard(number).insert(number, Arc::clone(&open));
        Tunnel(Arc::new(Entry { book: Arc::clone(self), number, open }))
    }

    /// Cuts every tunnel of which this is true; how many.
    pub(crate) fn cut_where(&self, is_meant: impl Fn(&Open) -> bool) -> usize {
        let mut cut = 0;
        for number in 0..SHARDS as u64 {
            for open in self.shard(number).values().filter(|open| is_meant(open)) {
                open.was_cut.store(true, Ordering::Relaxed);
                open.told.notify_one();
                cut += 1;
            }
        }
        cut
    }

    /// Tells every tunnel that the process ends.
    pub(crate) fn leave(&self) {
        for number in 0..SHARDS as u64 {
            for open in self.shard(number).values() {
                open.leaves.store(true, Ordering::Relaxed);
                open.told.notify_one();
            }
        }
    }

    /// How many are open by each relay.
    pub(crate) fn by_relay(&self) -> HashMap<Box<str>, usize> {
        let mut all = HashMap::new();
        for number in 0..SHARDS as u64 {
            for relay in self.shard(number).values().filter_map(|open| open.relay.as_ref()) {
                *all.entry(relay.clone()).or_default() += 1;
            }
        }
        all
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        (0..SHARDS as u64).map(|number| self.shard(number).len()).sum()
    }

    fn shard(&self, number: u64) -> MutexGuard<'_, Shard> {
        let shard = &self.shards[number as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    pub(crate) fn new(
        ask: &Ask<'_>,
        segment: SegmentNo,
        (meter, place): (Meter, Option<Place<SegmentNo>>),
    ) -> Self {
        Self {
            segment,
            person: ask.person.cloned(),
            host: ask.host.map(Into::into),
            address: ask.address,
            port: ask.port,
            protocol: ask.protocol,
            relay: None,
            way: ask.way,
            meter,
            told: Notify::new(),
            leaves: AtomicBool::new(false),
            was_cut: AtomicBool::new(false),
            _place: place,
        }
    }

    /// As one that a relay allows.
    pub(crate) fn by(self, relay: &str) -> Self {
        Self { relay: Some(relay.into()), ..self }
    }

    /// Whether this is still allowed, by what the tunnel was allowed.
    pub(crate) fn judge(&self, ask: &Ask<'_>, policy: &Policy, at: Moment) -> Result<(), Why> {
        if let Some(relay) = &self.relay {
            return policy.may_by_relay(relay, ask);
        }
        match policy.decide(ask, at) {
            Verdict::Allowed(_) => Ok(()),
            Verdict::Refused(why) => Err(why),
        }
    }

    /// What is asked of the rules for it.
    pub(crate) fn ask(&self) -> Ask<'_> {
        Ask {
            segment: Some(self.segment),
            person: self.person.as_ref(),
            host: self.host.as_deref(),
            address: self.address,
            port: self.port,
            protocol: self.protocol,
            way: self.way,
        }
    }
}

impl Tunnel {
    /// Waits until the tunnel is not allowed any more, or the process ends.
    pub(crate) async fn is_cut(&self) -> Stop {
        let open = &self.0.open;
        open.told.notified().await;
        if open.leaves.load(Ordering::Relaxed) { Stop::Leave } else { Stop::Cut }
    }

    /// Whether it was cut.
    pub(crate) fn was_cut(&self) -> bool {
        self.0.open.was_cut.load(Ordering::Relaxed)
    }

    /// Whether it is still allowed.
    pub(crate) fn judge(&self, policy: &Policy, at: Moment) -> Result<(), Why> {
        self.0.open.judge(&self.ask(), policy, at)
    }

    /// What passed.
    pub(crate) fn meter(&self) -> &Meter {
        &self.0.open.meter
    }

    /// What is asked of the rules for it.
    pub(crate) fn ask(&self) -> Ask<'_> {
        self.0.open.ask()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.book.shard(self.number).remove(&self.number);
    }
}
