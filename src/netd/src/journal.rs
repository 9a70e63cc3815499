//! What the watcher has seen, as everybody else may read it: the ring of events and the board of
//! states, always in step with each other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ets_model::{LinkState, SegmentNo, Stamp};
use ets_netd_api::{Cursor, EngineCounters, Event, EventBody, Reply, SegmentNow, frame};
use tokio::sync::watch;

use crate::ring::{Batch, Ring};

/// Shared by the watcher, which writes, and the control server, which reads.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    inner: Arc<Mutex<Inner>>,
    newest: watch::Sender<u64>,
    instance: u64,
}

#[derive(Debug)]
struct Inner {
    ring: Ring,
    board: BTreeMap<SegmentNo, (LinkState, Stamp)>,
    figures: Figures,
}

/// The watcher's figures for the status.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) engine: EngineCounters,
    pub(crate) engine_bytes: u64,
    pub(crate) machine_bytes: u64,
    pub(crate) generation: u64,
    pub(crate) targets: u32,
    pub(crate) dark: Vec<String>,
}

/// Where the ring stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) oldest: u64,
    pub(crate) newest: Cursor,
    pub(crate) bytes: u64,
    pub(crate) limit: u64,
}

impl Journal {
    /// An empty journal of the life `instance`.
    pub(crate) fn new(instance: u64, ring_bytes: usize) -> Self {
        let inner = Inner {
            ring: Ring::new(ring_bytes),
            board: BTreeMap::new(),
            figures: Figures::default(),
        };
        Self { inner: Arc::new(Mutex::new(inner)), newest: watch::Sender::new(0), instance }
    }

    /// Enters events, in order, all at `at`.
    pub(crate) fn enter(&self, at: Stamp, bodies: impl IntoIterator<Item = EventBody>) {
        let newest = {
            let mut inner = self.lock();
            bodies.into_iter().for_each(|body| inner.enter(at, body));
            inner.ring.newest()
        };
        self.newest.send_if_modified(|seen| std::mem::replace(seen, newest) != newest);
    }

    /// Puts segments on the board whose state is known without an event, and takes all others off.
    pub(crate) fn set_board(&self, now: impl IntoIterator<Item = SegmentNow>) {
        let board = now.into_iter().map(|now| (now.segment, (now.state, now.since))).collect();
        self.lock().board = board;
    }

    /// Replaces the figures.
    pub(crate) fn set_figures(&self, figures: Figures) {
        self.lock().figures = figures;
    }

    pub(crate) fn figures(&self) -> Figures {
        self.lock().figures.clone()
    }

    pub(crate) fn place(&self) -> Place {
        self.lock().place(self.instance)
    }

    /// Where the ring stands and every segment's state as of that place.
    pub(crate) fn snapshot(&self) -> (Place, Vec<SegmentNow>) {
        let inner = self.lock();
        (inner.place(self.instance), inner.board())
    }

    /// See [`Ring::after`].
    pub(crate) fn after(&self, seq: u64, most: usize) -> Batch {
        self.lock().ring.after(seq, most)
    }

    /// Tells of new events.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock; if it did, the ring would still be sound.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn enter(&mut self, at: Stamp, body: EventBody) {
        if let EventBody::Transition(change) = &body {
            self.board.insert(change.segment, (change.to, change.first_after));
        }
        let event = Event { seq: self.ring.next(), at, body };
        match frame(&Reply::Event(event)) {
            Ok(bytes) => self.ring.push(bytes.into()),
            Err(error) => tracing::error!(%error, "an event cannot be encoded and is left out"),
        }
    }

    fn place(&self, instance: u64) -> Place {
        Place {
            oldest: self.ring.oldest(),
            newest: Cursor { instance, seq: self.ring.newest() },
            bytes: self.ring.bytes() as u64,
            limit: self.ring.limit() as u64,
        }
    }

    fn board(&self) -> Vec<SegmentNow> {
        let now = |(segment, (state, since)): (&SegmentNo, &(LinkState, Stamp))| SegmentNow {
            segment: *segment,
            state: *state,
            since: *since,
        };
        self.board.iter().map(now).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use ets_model::{Outcome, Sample};
    use ets_netd_api::TickBuilder;

    /// Quarter of an hour of 10,000 segments at 1 Hz, with round-trip times as of radio channels.
    ///
    /// covers: N3.1
    #[test]
    fn fifteen_minutes_of_ten_thousand_segments_fit_into_the_ring() {
        let journal = Journal::new(1, crate::Config::default().ring_bytes);
        let mut builder = TickBuilder::default();
        for second in 0..900u32 {
            for no in 1..=10_000u32 {
                let rtt = u64::from(no.wrapping_mul(2_654_435_761).wrapping_add(second) % 90_000);
                let outcome = match rtt {
                    0..900 => Outcome::Lost,
                    micros => Outcome::Answered(Duration::from_micros(micros)),
                };
                builder.push(Sample { segment: SegmentNo(no), outcome });
            }
            let tick = builder.build(EngineCounters::default());
            journal.enter(Stamp::default(), [EventBody::Tick(tick)]);
        }
        let place = journal.place();
        println!("900 ticks of 10,000 ends take {} bytes", place.bytes);
        assert_eq!((place.oldest, place.newest.seq), (1, 900));
        assert!(place.bytes <= 60 << 20, "{} bytes", place.bytes);
    }
}
