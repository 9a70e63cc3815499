//! The scribe writes outages and blind times into `state.db`, in order and exactly once, whatever
//! happens to either process or to the disk.
//!
//! Events go through the book of outages in memory; what the book says waits in a queue of
//! [`Op`]s until the database takes it, in one transaction with the place in `netd`'s stream. After
//! a start, or when too much waits, the book is read back from the database and the events after
//! its place are asked for again.

mod ops;
mod session;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ets_model::{
    Blind, BlindReason, BootTime, Evidence, Fact, LinkState, NeighbourState, SegmentNo, Source,
    Stamp, WallTime,
};
use ets_netd_api::{Client, Cursor, Event, EventBody};
use ets_outage::{Action, Book, Place, Subject};
use ets_registry::Catalog;
use ets_runtime::Shutdown;
use ets_series::Recorder;
use ets_store::{Row, Store};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use self::ops::{Op, Written};
pub(crate) use self::ops::{evidence, subject};
pub(crate) use self::session::Session;
use crate::shared::Shared;
use crate::{Error, Share};

/// How many operations go into one transaction.
const BATCH: usize = 500;
/// How many operations may gather before they are written.
const LOTS: usize = 5_000;
/// How many operations may wait while the database takes none; above that the ring of `netd` keeps them for us.
const WAITING: usize = 50_000;
/// How often the place in the stream is written when nothing else is.
const MARK_EVERY: Duration = Duration::from_secs(10);

/// What the scribe is told.
#[derive(Debug)]
pub(crate) enum Message {
    /// A live stream begins.
    Session(Session),
    /// An event of it that is no tick.
    Event(Event),
    /// A tick: its number and when it was entered.
    Tick(u64, Stamp),
    /// The registry changed.
    Registry(Arc<Catalog>),
}

/// A place in the stream, and the last tick at or before it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Mark {
    pub(crate) cursor: Option<Cursor>,
    pub(crate) tick: Option<Stamp>,
    /// The last tick before a gap, until the first one after it is seen.
    pub(crate) blind: Option<Stamp>,
}

impl Mark {
    fn read(row: &Row) -> Result<Self, ets_store::Error> {
        let instance = row.int("instance")?.cast_unsigned();
        let seq = row.int("seq")?.cast_unsigned();
        let stamp =
            |boot: i64, wall| Stamp { boot: BootTime(boot.cast_unsigned()), wall: WallTime(wall) };
        let tick = stamp(row.int("tick_boot")?, row.int("tick_wall")?);
        let blind = row.opt_int("blind_boot")?.zip(row.opt_int("blind_wall")?);
        let cursor = (instance != 0).then_some(Cursor { instance, seq });
        let tick = (tick.wall.0 != 0).then_some(tick);
        Ok(Self { cursor, tick, blind: blind.map(|(boot, wall)| stamp(boot, wall)) })
    }
}

/// What the scribe needs.
pub(crate) struct Deps {
    pub(crate) store: Store,
    pub(crate) series: Recorder,
    pub(crate) netd: Client,
    pub(crate) shared: Arc<Shared>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) messages: UnboundedReceiver<Message>,
    pub(crate) share: Option<Arc<dyn Share>>,
}

/// See the head of the file.
pub(crate) struct Scribe {
    deps: Deps,
    book: Book,
    /// How far events went through the book.
    mark: Mark,
    /// How far the database has it, and when that was written.
    written: (Mark, Instant),
    waiting: VecDeque<(Op, Mark)>,
    /// The segments that were seen and are still watched.
    watched: HashSet<SegmentNo>,
    /// Whether live events are of no use until the next session.
    deaf: bool,
    /// Whether the database is to be read back before the next session.
    unread: bool,
    /// Whether `netd` was replayed to the recorder since the start.
    replayed: bool,
    retry: Option<(Instant, Duration)>,
}

impl Scribe {
    /// The scribe as the database has it; puts the open outages into the picture.
    pub(crate) async fn open(deps: Deps) -> Result<Self, Error> {
        let known = ops::load(&deps.store).await?;
        deps.shared.quietly(|picture| {
            for (id, one) in &known.standing {
                if let Subject::Segment(no) = one.subject {
                    picture.standing(no, *id);
                }
            }
        });
        let place = known.mark.cursor.map(place);
        let book = Book::restore(place, known.standing.into_iter().map(|(_, one)| one));
        let mut scribe = Self {
            deps,
            book,
            mark: known.mark,
            written: (known.mark, Instant::now()),
            waiting: VecDeque::new(),
            watched: known.watched.into_iter().collect(),
            deaf: true,
            unread: false,
            replayed: false,
            retry: None,
        };
        let catalog = scribe.deps.catalog.clone();
        scribe.register(&catalog);
        Ok(scribe)
    }

    /// Writes until shutdown, and then what still waits.
    pub(crate) async fn run(mut self, shutdown: Shutdown) -> Result<(), Error> {
        loop {
            let due = self.due();
            tokio::select! {
                biased;
                () = shutdown.requested() => break,
                message = self.deps.messages.recv() => match message {
                    Some(message) => self.take(message).await,
                    None => break,
                },
                () = tokio::time::sleep_until(due) => {}
            }
            while !self.wants_to_write() {
                match self.deps.messages.try_recv() {
                    Ok(message) => self.take(message).await,
                    Err(_) => break,
                }
            }
            self.write_due().await;
        }
        self.retry = None;
        self.write_all().await;
        Ok(())
    }

    async fn take(&mut self, message: Message) {
        match message {
            Message::Session(session) => self.begin(session).await,
            Message::Event(event) if !self.deaf => self.event(&event),
            Message::Tick(seq, at) if !self.deaf => self.tick(seq, at),
            Message::Registry(catalog) => self.register(&catalog),
            Message::Event(_) | Message::Tick(..) => {}
        }
        if self.waiting.len() > WAITING {
            self.start_over();
        }
    }

    /// Too much waits: goes back to what the database has, and asks `netd` again once writing
    /// works.
    fn start_over(&mut self) {
        tracing::warn!("the database does not take outages: they are left with netd until it does");
        (self.deaf, self.unread) = (true, true);
        self.waiting.clear();
        self.mark = self.written.0;
        if self.retry.is_none() {
            self.deps.shared.notes.resync.notify_one();
        }
    }

    /// Reads the book back after [`Self::start_over`].
    async fn read_back(&mut self) -> Result<(), Error> {
        let known = ops::load(&self.deps.store).await?;
        let place = known.mark.cursor.map(place);
        self.mark = known.mark;
        self.book = Book::restore(place, known.standing.into_iter().map(|(_, one)| one));
        self.watched = known.watched.into_iter().collect();
        self.unread = false;
        Ok(())
    }

    /// Takes in an event that is no tick; events at or before the mark change nothing.
    fn event(&mut self, event: &Event) {
        let Some(place) = self.advance(event.seq) else { return };
        let actions = match &event.body {
            EventBody::Transition(change) => {
                self.sight(change.segment, change.to, change.first_after.wall);
                self.book.transition(place, change)
            }
            EventBody::Trunk { name, dark, since } => self.book.trunk(place, name, *dark, *since),
            EventBody::Blind(blind) => {
                self.blind(blind.clone());
                Vec::new()
            }
            other if self.deps.share.as_ref().is_some_and(|share| share.wants(other)) => {
                let cursor = Cursor { instance: place.instance, seq: place.seq };
                self.plan(Op::Share(cursor, Arc::new(event.clone())));
                Vec::new()
            }
            other => match self.note(event.at, other) {
                Some((segments, seen)) => self.book.note(place, &segments, &seen),
                None => Vec::new(),
            },
        };
        self.plan_all(actions);
    }

    fn tick(&mut self, seq: u64, at: Stamp) {
        if self.advance(seq).is_none() {
            return;
        }
        if let Some(from) = self.mark.blind.take().filter(|from| from.wall < at.wall) {
            let reason = BlindReason::Restarted;
            self.plan(Op::Blind(Blind { from, to: at, reason, trunk: String::new() }));
        }
        self.mark.tick = Some(at);
    }

    /// The place of this event, unless it was taken in before.
    fn advance(&mut self, seq: u64) -> Option<Place> {
        let cursor = self.mark.cursor.as_mut()?;
        (seq > cursor.seq).then(|| {
            cursor.seq = seq;
            place(*cursor)
        })
    }

    fn blind(&mut self, mut blind: Blind) {
        if blind.reason == BlindReason::Restarted {
            // What `netd` saw before it ended, and nobody asked for, is lost too.
            let earlier = self.mark.blind.take().filter(|from| from.wall < blind.from.wall);
            blind.from = earlier.unwrap_or(blind.from);
        }
        self.plan(Op::Blind(blind));
    }

    /// What an event says of segments that may be out.
    fn note(&self, at: Stamp, body: &EventBody) -> Option<(Vec<SegmentNo>, Evidence)> {
        let (segments, source, fact) = match body {
            EventBody::Link { interface, up } => {
                let behind = self.deps.catalog.segments().filter(|one| one.interface == *interface);
                let fact = Fact::Carrier { interface: interface.clone(), up: *up };
                (behind.map(|one| one.no).collect(), Source::Carrier, fact)
            }
            EventBody::Neighbour { segment, address, state } => {
                if matches!(state, NeighbourState::Probing | NeighbourState::Stale) {
                    return None;
                }
                let fact = Fact::Neighbour { address: *address, state: *state };
                (vec![*segment], Source::Neighbour, fact)
            }
            EventBody::IcmpError { segment, from, kind } => {
                (vec![*segment], Source::Icmp, Fact::IcmpError { from: *from, kind: *kind })
            }
            _ => return None,
        };
        Some((segments, Evidence { at, source, fact }))
    }

    /// Something is known of a segment at this moment. Before the first such moment, and between
    /// its retirement and the next, nothing is.
    fn sight(&mut self, no: SegmentNo, state: LinkState, at: WallTime) {
        let active = || self.deps.catalog.by_no(no).is_some_and(|one| one.is_active());
        if state != LinkState::Unknown && !self.watched.contains(&no) && active() {
            self.watched.insert(no);
            self.plan(Op::Watched(no, at));
        }
    }

    /// Follows the registry: retired segments are no longer watched, and their outages end. While
    /// the database is to be read back this waits for the next session.
    fn register(&mut self, catalog: &Arc<Catalog>) {
        self.deps.catalog = catalog.clone();
        if self.unread {
            return;
        }
        let now = self.deps.shared.clock.wall();
        let retired = catalog.retired().filter(|one| self.watched.contains(&one.no));
        let retired: Vec<_> = retired.map(|one| (one.no, one.retired.unwrap_or(now))).collect();
        for (no, at) in retired {
            self.watched.remove(&no);
            self.plan(Op::Unwatched(no, at));
        }
        let active = |subject: &Subject| match subject {
            Subject::Segment(no) => catalog.by_no(*no).is_some_and(|one| one.is_active()),
            Subject::Trunk(_) => true,
        };
        let gone: Vec<_> = self.book.subjects().filter(|one| !active(one)).cloned().collect();
        for subject in gone {
            let actions = self.book.retire(&subject, now);
            self.plan_all(actions);
        }
    }

    fn plan_all(&mut self, actions: Vec<Action>) {
        actions.into_iter().for_each(|action| self.plan(Op::Outage(action)));
    }

    fn plan(&mut self, op: Op) {
        self.waiting.push_back((op, self.mark));
    }

    /// Whether so much waits that it is better written before more is taken in.
    fn wants_to_write(&self) -> bool {
        self.waiting.len() >= LOTS && self.retry.is_none()
    }

    /// When something is to be done without a message.
    fn due(&self) -> Instant {
        self.retry.map_or(self.written.1 + MARK_EVERY, |(at, _)| at)
    }

    async fn write_due(&mut self) {
        if self.retry.is_some_and(|(at, _)| Instant::now() < at) {
            return self.note_backlog();
        }
        let mark_due = self.mark != self.written.0 && self.written.1.elapsed() >= MARK_EVERY;
        if !self.waiting.is_empty() || mark_due || self.retry.is_some() {
            self.write_all().await;
        } else if self.written.1.elapsed() >= MARK_EVERY {
            self.written.1 = Instant::now();
        }
        self.note_backlog();
    }

    /// Writes what waits; stops at the first failure.
    async fn write_all(&mut self) {
        loop {
            let batch = self.next_batch();
            let last = batch.len() == self.waiting.len();
            let planned = batch.len().checked_sub(1).and_then(|at| self.waiting.get(at));
            let mark = planned.filter(|_| !last).map_or(self.mark, |(_, mark)| *mark);
            match self.write_batch(batch.clone(), mark).await {
                Ok(()) if last => return self.succeeded(),
                Ok(()) => {}
                Err(error) if is_final(&error) => {
                    if let Err(error) = self.write_one_by_one(&batch).await {
                        return self.failed(&error);
                    }
                }
                Err(error) => return self.failed(&error),
            }
        }
    }

    /// The first operations that wait; those of one event stay together.
    fn next_batch(&self) -> Arc<[Op]> {
        let cursor = |at: usize| self.waiting.get(at).and_then(|(_, mark)| mark.cursor);
        let mut count = self.waiting.len().min(BATCH);
        while count > 0 && count < self.waiting.len() && cursor(count) == cursor(count - 1) {
            count += 1;
        }
        self.waiting.iter().take(count).map(|(op, _)| op.clone()).collect()
    }

    async fn write_batch(&mut self, batch: Arc<[Op]>, mark: Mark) -> Result<(), ets_store::Error> {
        let (count, share) = (batch.len(), self.deps.share.clone());
        let work = self.deps.store.write(move |tx| {
            Box::pin(async move { ops::write(tx, &batch, mark, share.as_deref()).await })
        });
        let written: Vec<Written> = work.await?;
        self.waiting.drain(..count);
        self.written = (mark, Instant::now());
        self.tell(written);
        Ok(())
    }

    /// One operation of the batch is refused for good: leaves that one out.
    async fn write_one_by_one(&mut self, batch: &[Op]) -> Result<(), ets_store::Error> {
        for op in batch {
            match self.write_batch(Arc::from([op.clone()]), self.written.0).await {
                Ok(()) => {}
                Err(error) if is_final(&error) => {
                    tracing::error!(%error, ?op, "the database refuses this for good: left out");
                    self.waiting.pop_front();
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn tell(&self, written: Vec<Written>) {
        if let (Some(share), true) = (&self.deps.share, written.contains(&Written::Share)) {
            share.written();
        }
        let quiet = |one: &Written| matches!(one, Written::Share | Written::Nothing);
        let news: Vec<_> = written.into_iter().filter(|one| !quiet(one)).collect();
        if news.is_empty() {
            return;
        }
        let now = self.deps.shared.clock.wall();
        self.deps.shared.publish(|picture| {
            for one in news {
                match one {
                    Written::Opened(id, segment) => picture.outage(id, segment, true, now),
                    Written::Closed(id, segment) => picture.outage(id, segment, false, now),
                    Written::Blind => picture.tell(now, crate::ChangeBody::Blind),
                    Written::Share | Written::Nothing => {}
                }
            }
        });
    }

    fn failed(&mut self, error: &dyn std::error::Error) {
        let pause = self.retry.map_or(Duration::from_millis(500), |(_, last)| last * 2);
        let pause = pause.min(Duration::from_secs(5));
        if self.retry.is_none() {
            tracing::error!(%error, "outages cannot be written down; they wait");
        }
        self.retry = Some((Instant::now() + pause, pause));
        self.deps.shared.notes.state_problem(error.to_string());
    }

    fn succeeded(&mut self) {
        if self.retry.take().is_some() {
            tracing::info!("outages are written down again");
        }
        self.deps.shared.notes.state_problem(String::new());
        if self.deaf && self.replayed {
            self.deps.shared.notes.resync.notify_one();
        }
    }

    fn note_backlog(&self) {
        self.deps.shared.notes.behind(self.waiting.len(), self.deps.shared.clock.wall());
    }
}

/// Whether trying again is of no use: the row itself is refused.
fn is_final(error: &ets_store::Error) -> bool {
    matches!(error, ets_store::Error::Constraint { .. } | ets_store::Error::NoRow)
}

fn place(cursor: Cursor) -> Place {
    Place { instance: cursor.instance, seq: cursor.seq }
}
