//! The tunnels that are open: what each was allowed for, and how it is ended.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ets_listen::Place;
use ets_model::{PersonId, Protocol, SegmentNo};
use tokio::sync::{Notify, watch};

use crate::accounts::{ALLOWED, Deed, Key, Ledger, Sum};
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
    ledger: Ledger,
    /// The hour that it is, since 1970-01-01 UTC; told once a second or so.
    hour: AtomicI64,
    /// Whether the process ends: who comes later is told so at once.
    left: watch::Sender<bool>,
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
    /// The identifier of the rule or relay that let it through.
    rule: Box<str>,
    is_relayed: bool,
    way: Way,
    pub(crate) meter: Meter,
    told: Notify,
    /// What was told: that the process ends, and not that the rules say no.
    leaves: AtomicBool,
    /// Said once, for those who do not wait for it.
    was_cut: AtomicBool,
    /// What the ledger has of it already: from the client, to the client.
    written: [AtomicU64; 2],
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

impl Book {
    /// Nothing is open; what passes goes into this ledger.
    pub(crate) fn new(ledger: Ledger, hour: i64) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        let (next, left) = Default::default();
        Self { shards, next, ledger, hour: AtomicI64::new(hour), left }
    }

    /// Writes into the ledger what open tunnels moved since the last time, and gives all that it has.
    pub(crate) fn take(&self, hour: i64) -> HashMap<Key, Sum> {
        self.hour.store(hour, Ordering::Relaxed);
        self.note_all(0);
        self.ledger.take()
    }

    /// As [`take`](Self::take), for the last time: those that are open still end with the process.
    pub(crate) fn take_last(&self, hour: i64) -> HashMap<Key, Sum> {
        self.hour.store(hour, Ordering::Relaxed);
        self.note_all(1);
        self.ledger.take()
    }

    fn note_all(&self, tunnels: u64) {
        if self.ledger.is_on() {
            for number in 0..SHARDS as u64 {
                self.shard(number).values().for_each(|open| self.note(open, tunnels));
            }
        }
    }

    /// Who is refused.
    pub(crate) fn refused(&self, deed: &Deed<'_>) {
        let sum = Sum { tunnels: 1, ..Sum::default() };
        self.ledger.add(self.hour.load(Ordering::Relaxed), deed, sum);
    }

    /// What came into the ledger and could not be written.
    pub(crate) fn put_back(&self, all: HashMap<Key, Sum>) {
        self.ledger.put_back(all);
    }

    /// Writes into the ledger what a tunnel moved since the last time.
    fn note(&self, open: &Open, tunnels: u64) {
        if !self.ledger.is_on() {
            return;
        }
        // Two may write at once; each difference is written by one of them.
        let moved = |meter: &AtomicU64, written: &AtomicU64| {
            let now = meter.load(Ordering::Relaxed);
            now.saturating_sub(written.fetch_max(now, Ordering::AcqRel))
        };
        let up = moved(open.meter.up(), &open.written[0]);
        let down = moved(open.meter.down(), &open.written[1]);
        if tunnels + up + down == 0 {
            return;
        }
        let address;
        let host = match &open.host {
            Some(host) => host,
            None => {
                address = open.address.to_string();
                &*address
            }
        };
        let deed = Deed {
            segment: open.segment,
            person: open.person.as_ref(),
            host,
            rule: &open.rule,
            verdict: ALLOWED,
        };
        self.ledger.add(self.hour.load(Ordering::Relaxed), &deed, Sum { tunnels, up, down });
    }

    /// Enters a tunnel. The rules are asked afterwards once more: a change between the question and
    /// this would meet neither.
    pub(crate) fn enter(self: &Arc<Self>, open: Open) -> Tunnel {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let open = Arc::new(open);
        self.shard(number).insert(number, Arc::clone(&open));
        // After it is in: either this sees the end of the process, or that sees the tunnel.
        if *self.left.borrow() {
            open.leave();
        }
        Tunnel(Arc::new(Entry { book: Arc::clone(self), number, open }))
    }

    /// Cuts every tunnel of which this is true; how many that were not cut before.
    pub(crate) fn cut_where(&self, is_meant: impl Fn(&Open) -> bool) -> usize {
        let mut cut = 0;
        for number in 0..SHARDS as u64 {
            let shard = self.shard(number);
            cut += shard.values().filter(|open| is_meant(open) && open.cut()).count();
        }
        cut
    }

    /// Tells every tunnel that the process ends, once, and those that come later.
    pub(crate) fn leave(&self) {
        if self.left.send_replace(true) {
            return;
        }
        for number in 0..SHARDS as u64 {
            self.shard(number).values().for_each(|open| open.leave());
        }
    }

    /// Whether tunnels are told that the process ends.
    pub(crate) fn left(&self) -> watch::Receiver<bool> {
        self.left.subscribe()
    }

    /// How many are open by each relay.
    pub(crate) fn by_relay(&self) -> HashMap<Box<str>, usize> {
        let mut all = HashMap::new();
        for number in 0..SHARDS as u64 {
            for relay in self.shard(number).values().filter_map(|open| open.relay()) {
                *all.entry(relay.into()).or_default() += 1;
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
            rule: Box::default(),
            is_relayed: false,
            way: ask.way,
            meter,
            told: Notify::new(),
            leaves: AtomicBool::new(false),
            was_cut: AtomicBool::new(false),
            written: Default::default(),
            _place: place,
        }
    }

    /// As one that a rule allows.
    pub(crate) fn by(self, rule: &str) -> Self {
        Self { rule: rule.into(), ..self }
    }

    /// As one that a relay allows.
    pub(crate) fn by_relay(self, relay: &str) -> Self {
        Self { rule: relay.into(), is_relayed: true, ..self }
    }

    /// Cuts it; whether it was not cut before.
    fn cut(&self) -> bool {
        let is_first = !self.was_cut.swap(true, Ordering::Relaxed);
        if is_first {
            self.told.notify_one();
        }
        is_first
    }

    fn leave(&self) {
        self.leaves.store(true, Ordering::Relaxed);
        self.told.notify_one();
    }

    /// The relay by which it was allowed; none where the rules allowed it.
    fn relay(&self) -> Option<&str> {
        self.is_relayed.then_some(&*self.rule)
    }

    /// Whether this is still allowed, by what the tunnel was allowed.
    pub(crate) fn judge(&self, ask: &Ask<'_>, policy: &Policy, at: Moment) -> Result<(), Why> {
        if let Some(relay) = self.relay() {
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

    /// What passed.
    pub(crate) fn meter(&self) -> &Meter {
        &self.0.open.meter
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.book.shard(self.number).remove(&self.number);
        self.book.note(&self.open, 1);
    }
}

#[cfg(test)]
mod tests;
