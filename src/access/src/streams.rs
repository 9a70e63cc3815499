//! What stays open is judged again whenever rights may have changed: who lost the right is cut off
//! at once, in the middle of a stream.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use ets_model::{PersonId, WallTime};
use ets_runtime::{Clock, Shutdown};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::Judge;
use crate::handler::judge;
use crate::routes::Way;
use crate::visit::Visit;

/// How often all are judged without a change: a grant may end by the clock alone.
const LOOK: Duration = Duration::from_secs(1);

/// Everything that is open and waits.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    all: Mutex<HashMap<u64, Open>>,
    next: AtomicU64,
    turn: AtomicU64,
}

#[derive(Debug)]
struct Open {
    person: PersonId,
    way: Arc<Way>,
    cut: CancellationToken,
}

impl Streams {
    /// Counts the moments at which a judgement may have become another. Read before judging.
    pub(crate) fn turn(&self) -> u64 {
        self.turn.load(Ordering::SeqCst)
    }

    pub(crate) fn len(&self) -> u64 {
        u64::try_from(self.locked().len()).unwrap_or(u64::MAX)
    }

    /// Judges when it is time to, until shutdown.
    pub(crate) async fn watch(
        self: Arc<Self>,
        judge: Arc<dyn Judge>,
        clock: Clock,
        shutdown: Shutdown,
    ) {
        let mut changes = judge.changes();
        let mut beat = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = shutdown.requested() => return,
                () = next(&mut changes) => {
                    self.turn.fetch_add(1, Ordering::SeqCst);
                }
                _ = beat.tick() => {}
            }
            self.judge_all(&*judge, clock.wall());
        }
    }

    fn judge_all(&self, judge: &dyn Judge, at: WallTime) {
        for open in self.locked().values().filter(|open| !open.cut.is_cancelled()) {
            if !judge.decide(&open.person, &open.way.route, at).is_allowed() {
                open.cut.cancel();
            }
        }
    }

    fn enter(self: &Arc<Self>, person: PersonId, way: Arc<Way>) -> Watch {
        let cut = CancellationToken::new();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let fired = Box::pin(cut.clone().cancelled_owned());
        self.locked().insert(number, Open { person, way, cut });
        Watch { streams: Arc::clone(self), number, fired }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<u64, Open>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a change; for ever when nobody will tell of one any more.
async fn next(changes: &mut watch::Receiver<u64>) {
    if changes.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A stream among all; leaves when it is dropped.
#[derive(Debug)]
struct Watch {
    streams: Arc<Streams>,
    number: u64,
    fired: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.streams.locked().remove(&self.number);
    }
}

/// Holds one direction of an exchange to the right that it needs. It costs nothing but a look at a
/// number until the exchange has to wait for the first time.
#[derive(Debug)]
pub(crate) struct Leash {
    pub(crate) visit: Arc<Visit>,
    pub(crate) way: Arc<Way>,
    seen: u64,
    watch: Option<Watch>,
}

impl Leash {
    /// `seen` is [`Streams::turn`] before the request was judged.
    pub(crate) fn new(visit: &Arc<Visit>, way: &Arc<Way>, seen: u64) -> Self {
        Self { visit: Arc::clone(visit), way: Arc::clone(way), seen, watch: None }
    }

    /// Whether the right still stands; asked before anything is passed on.
    pub(crate) fn holds(&mut self) -> bool {
        let turn = self.visit.shared.streams.turn();
        if turn == self.seen {
            return true;
        }
        self.seen = turn;
        self.is_allowed()
    }

    fn is_allowed(&self) -> bool {
        let allowed =
            self.visit.who.as_ref().is_none_or(|who| {
                self.way.route.open || judge(&self.visit, who, &self.way).is_ok()
            });
        if !allowed {
            self.way.counters.cut.add(1);
        }
        allowed
    }

    /// Ready once the right is gone; whoever has to wait for something else asks this as well.
    pub(crate) fn poll_lost(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(who) = self.visit.who.as_ref().filter(|_| !self.way.route.open) else {
            return Poll::Pending;
        };
        if self.watch.is_none() {
            // Entered before it is judged: who changes rights judges what was entered.
            let person = who.certificate.person.clone();
            let streams = &self.visit.shared.streams;
            self.watch = Some(streams.enter(person, Arc::clone(&self.way)));
            if !self.holds() {
                return Poll::Ready(());
            }
        }
        let fired =
            self.watch.as_mut().map_or(Poll::Pending, |watch| watch.fired.as_mut().poll(context));
        if fired.is_ready() {
            self.way.counters.cut.add(1);
        }
        fired
    }
}
