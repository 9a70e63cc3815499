//! What happened while nobody listened: the backlog between the scribe's place and the beginning
//! of a live stream.

use std::collections::HashMap;

use ets_model::{LinkState, SegmentNo, Stamp};
use ets_netd_api::{Cursor, Event, EventBody, SegmentNow};

use super::{Scribe, WAITING};

/// The beginning of a live stream.
#[derive(Debug)]
pub(crate) struct Session {
    /// The oldest event that can be replayed.
    pub(crate) oldest: u64,
    /// The last event before the stream.
    pub(crate) newest: Cursor,
    /// Every segment as of `newest`.
    pub(crate) now: Vec<SegmentNow>,
}

/// What was replayed, as far as the scribe needs it.
struct Backlog {
    events: Vec<Event>,
    /// Number and time of each tick among them, thinned out to first and last.
    ticks: Vec<(u64, Stamp)>,
}

impl Scribe {
    /// Takes in the backlog; live events count from then on.
    pub(super) async fn begin(&mut self, session: Session) {
        self.deaf = true;
        if self.unread
            && let Err(error) = self.read_back().await
        {
            // The session begins anew as soon as the database takes something.
            return self.failed(&error);
        }
        let here = self.mark.cursor.filter(|at| at.instance == session.newest.instance);
        let after = here.map_or(0, |at| at.seq);
        let whole = here.is_some() && after + 1 >= session.oldest;
        let backlog = match self.replay(&session, here, after).await {
            Ok(backlog) => backlog,
            Err(error) => {
                tracing::warn!(%error, "the backlog of netd broke off; it is asked for again");
                self.deps.shared.notes.resync.notify_one();
                return;
            }
        };
        self.replayed = true;
        if !whole {
            self.bridge(&session, &backlog);
        }
        if !self.take_in(backlog).await {
            // The session begins anew from the mark as soon as the database takes something.
            return;
        }
        self.mark.cursor = Some(session.newest);
        self.deaf = false;
        for one in &session.now {
            self.sight(one.segment, one.state, one.since.wall);
        }
        if let Some(share) = &self.deps.share {
            share.begins();
        }
        // Segments may have been retired since what was replayed.
        let catalog = self.deps.catalog.clone();
        self.register(&catalog);
    }

    /// Asks for the events between the place and the stream. The first time in the life of this
    /// process it asks for all that `netd` has: the recorder's seconds live in memory.
    async fn replay(
        &mut self,
        session: &Session,
        here: Option<Cursor>,
        after: u64,
    ) -> Result<Backlog, ets_netd_api::Error> {
        let mut backlog = Backlog { events: Vec::new(), ticks: Vec::new() };
        let from = here.filter(|_| self.replayed);
        if from.is_some_and(|at| at.seq >= session.newest.seq) || session.newest.seq == 0 {
            return Ok(backlog);
        }
        let instance = session.newest.instance;
        let mut replaying = self.deps.netd.replay(from, session.newest.seq).await?;
        while let Some(event) = replaying.next().await? {
            let seq = event.seq;
            if let EventBody::Tick(tick) = &event.body {
                self.deps.series.record(instance, seq, event.at.wall, tick.samples());
                self.deps.shared.quietly(|picture| picture.past_tick(event.at, tick));
                if seq > after {
                    backlog.ticks.push((seq, event.at));
                }
            } else {
                self.deps.series.pass(instance, seq);
                if seq > after {
                    backlog.events.push(event);
                }
            }
        }
        Ok(backlog)
    }

    /// Events are lost for good: `netd` lives anew, or its ring was too short. Says so, and takes
    /// every segment as it was just before the first event that is still there.
    fn bridge(&mut self, session: &Session, backlog: &Backlog) {
        let known = self.mark.tick;
        self.mark.blind = self.mark.blind.or(known);
        let first = backlog
            .events
            .iter()
            .map(|event| event.at)
            .chain(backlog.ticks.iter().map(|tick| tick.1));
        let first =
            first.min_by_key(|at| at.wall).unwrap_or_else(|| self.deps.shared.clock.stamp());
        self.mark.cursor = Some(Cursor { seq: session.oldest.saturating_sub(1), ..session.newest });
        let mut before = states_before(&backlog.events, first);
        for one in &session.now {
            let (state, since) = before.remove(&one.segment).unwrap_or((one.state, one.since));
            self.sight(one.segment, state, since.wall);
            let known = known.map_or(since.wall, |tick| tick.wall);
            let actions = self.book.settle(one.segment, state, since, known);
            self.plan_all(actions);
        }
    }

    /// Takes in what was replayed, in order. Answers whether it is through: not when the database
    /// takes nothing and too much waits.
    async fn take_in(&mut self, backlog: Backlog) -> bool {
        let mut ticks = backlog.ticks.into_iter().peekable();
        for event in backlog.events {
            while let Some((seq, at)) = ticks.next_if(|(seq, _)| *seq < event.seq) {
                self.tick(seq, at);
            }
            self.event(&event);
            if self.wants_to_write() {
                self.write_all().await;
            }
            if self.waiting.len() > WAITING {
                return false;
            }
        }
        ticks.for_each(|(seq, at)| self.tick(seq, at));
        true
    }
}

/// What each segment with a change among `events` was before the first of them.
fn states_before(events: &[Event], first: Stamp) -> HashMap<SegmentNo, (LinkState, Stamp)> {
    let mut before = HashMap::new();
    for event in events {
        if let EventBody::Transition(change) = &event.body {
            before.entry(change.segment).or_insert((change.from, first));
        }
    }
    before
}
