//! What the watcher has seen, as everybody else may read it: the ring of events and the board of
//! states, always in step with each other.
//!
//! A change of state, and what comes after it, is given out only when the next life of `netd` would
//! know it too. Otherwise a kill right after an outage would make it two: one that `serve` has heard
//! of, and the one that the next life, beginning with the older state, sees begin.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ets_model::{BootTime, LinkState, SegmentNo, Stamp};
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

/// A change of state is held for its file at most this long: a disk that hangs holds nothing up.
const LONGEST_HOLD: Duration = Duration::from_millis(250);

#[derive(Debug)]
struct Inner {
    ring: Ring,
    /// The states as given out.
    board: BTreeMap<SegmentNo, (LinkState, Stamp)>,
    /// Changes of state that are not given out yet, oldest first.
    held: VecDeque<Held>,
    figures: Figures,
}

/// A change of state in the ring that waits for its file.
#[derive(Debug)]
struct Held {
    seq: u64,
    entered: BootTime,
    segment: SegmentNo,
    now: (LinkState, Stamp),
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
            held: VecDeque::new(),
            figures: Figures::default(),
        };
        Self { inner: Arc::new(Mutex::new(inner)), newest: watch::Sender::new(0), instance }
    }

    /// Enters events, in order, all at `at`.
    pub(crate) fn enter(&self, at: Stamp, bodies: impl IntoIterator<Item = EventBody>) {
        let mut inner = self.lock();
        bodies.into_iter().for_each(|body| inner.enter(at, body));
        self.tell(inner);
    }

    /// The number of the newest event, given out or not.
    pub(crate) fn entered(&self) -> u64 {
        self.lock().ring.newest()
    }

    /// The states up to event `seq` are in the file, or it was tried in vain: gives out what was
    /// held for them.
    pub(crate) fn kept(&self, seq: u64) {
        let mut inner = self.lock();
        inner.let_go(|held| held.seq <= seq);
        self.tell(inner);
    }

    /// Gives out what was held for too long.
    pub(crate) fn hold_no_longer(&self, now: BootTime) {
        let mut inner = self.lock();
        inner.let_go(|held| now.since(held.entered) >= LONGEST_HOLD);
        self.tell(inner);
    }

    fn tell(&self, inner: MutexGuard<'_, Inner>) {
        let newest = inner.told();
        drop(inner);
        self.newest.send_if_modified(|seen| std::mem::replace(seen, newest.max(*seen)) < newest);
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

    /// What was given out after `seq`; see [`Ring::after`].
    pub(crate) fn after(&self, seq: u64, most: usize) -> Batch {
        let inner = self.lock();
        let mut batch = inner.ring.after(seq, most);
        let told = (inner.told() + 1).saturating_sub(batch.first);
        batch.frames.truncate(usize::try_from(told).unwrap_or(usize::MAX));
        batch
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
        let seq = self.ring.next();
        if let EventBody::Transition(change) = &body {
            let now = (change.to, change.first_after);
            self.held.push_back(Held { seq, entered: at.boot, segment: change.segment, now });
        }
        match frame(&Reply::Event(Event { seq, at, body })) {
            Ok(bytes) => self.ring.push(bytes.into()),
            Err(error) => tracing::error!(%error, "an event cannot be encoded and is left out"),
        }
    }

    /// The newest event that is given out.
    fn told(&self) -> u64 {
        self.held.front().map_or(self.ring.newest(), |held| held.seq - 1)
    }

    /// Gives out the oldest changes of state that are `ripe`.
    fn let_go(&mut self, ripe: impl Fn(&Held) -> bool) {
        while let Some(held) = self.held.pop_front_if(|held| ripe(held)) {
            // One that is no longer watched is not on the board.
            if let Some(now) = self.board.get_mut(&held.segment) {
                *now = held.now;
            }
        }
    }

    fn place(&self, instance: u64) -> Place {
        Place {
            oldest: self.ring.oldest(),
            newest: Cursor { instance, seq: self.told() },
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

    use ets_model::{Outcome, Sample, Transition};
    use ets_netd_api::TickBuilder;

    fn down(no: u32) -> EventBody {
        EventBody::Transition(Transition {
            segment: SegmentNo(no),
            from: LinkState::Up,
            to: LinkState::Down,
            last_before: at(1),
            first_after: at(2),
            decided: at(3),
            evidence: Vec::new(),
        })
    }

    fn at(millis: u64) -> Stamp {
        Stamp { boot: BootTime(millis * 1_000_000), ..Stamp::default() }
    }

    fn tick() -> EventBody {
        EventBody::Tick(TickBuilder::default().build(EngineCounters::default()))
    }

    /// Segments 7 and 8 are up.
    fn journal() -> Journal {
        let journal = Journal::new(1, 1 << 20);
        let up = |no| SegmentNow { segment: SegmentNo(no), state: LinkState::Up, since: at(0) };
        journal.set_board([7, 8].map(up));
        journal
    }

    /// The newest event given out, how many a follower gets, and who is known to be down.
    fn told(journal: &Journal) -> (u64, usize, Vec<u32>) {
        let (place, board) = journal.snapshot();
        let down = board.iter().filter(|one| one.state == LinkState::Down);
        let frames = journal.after(0, 1 << 20).frames.len();
        (place.newest.seq, frames, down.map(|one| one.segment.0).collect())
    }

    /// covers: N3.3
    #[test]
    fn a_change_of_state_and_what_follows_it_is_given_out_when_it_is_kept() {
        let journal = journal();
        let news = journal.subscribe();
        journal.enter(at(10), [tick(), down(7), tick()]);
        assert_eq!((told(&journal), *news.borrow()), ((1, 1, vec![]), 1));
        let kept = journal.entered();
        journal.enter(at(11), [down(8), tick()]);
        journal.kept(kept);
        assert_eq!((told(&journal), *news.borrow()), ((3, 3, vec![7]), 3));
        journal.kept(journal.entered());
        assert_eq!((told(&journal), *news.borrow()), ((5, 5, vec![7, 8]), 5));
        journal.enter(at(12), [tick()]);
        assert_eq!(told(&journal).0, 6, "with nothing held everything is given out at once");
    }

    #[test]
    fn a_disk_that_hangs_holds_a_change_of_state_up_for_a_quarter_of_a_second_at_most() {
        let journal = journal();
        journal.enter(at(10), [down(7)]);
        journal.hold_no_longer(at(259).boot);
        assert_eq!(told(&journal), (0, 0, vec![]));
        journal.hold_no_longer(at(260).boot);
        assert_eq!(told(&journal), (1, 1, vec![7]));
    }

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
