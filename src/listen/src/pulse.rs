//! Whether a connection is in use, and whether its client takes what it asked for.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use ets_runtime::Shutdown;
use hyper::body::{Body, Frame, SizeHint};
use tokio_util::sync::CancellationToken;

use crate::Counters;
use crate::bounds::count;

/// How often all connections are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// So many times longer may one answer stand still while others move on the same connection: they
/// share its way, and may have to wait for each other.
const BESIDE_OTHERS: u32 = 4;

/// What one connection does. Moments are milliseconds since the listener began.
#[derive(Debug)]
pub(crate) struct Pulse {
    begun: Instant,
    /// Answers under way, upgraded streams included.
    busy: AtomicUsize,
    /// Answers of which the client has not taken the last part: since when, by their numbers.
    waiting: Mutex<Vec<(usize, u64)>>,
    next: AtomicUsize,
    /// When one of these last changed.
    moved: AtomicU64,
    /// Whether its stream was handed on (RFC 9110, section 7.8).
    upgraded: AtomicBool,
    cut: CancellationToken,
}

impl Pulse {
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Something moves; answers when.
    fn mark(&self) -> u64 {
        let now = self.now();
        self.moved.store(now, Ordering::Relaxed);
        now
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(usize, u64)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn upgrade(&self) {
        self.upgraded.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_upgraded(&self) -> bool {
        self.upgraded.load(Ordering::Relaxed)
    }

    /// For how long nothing has moved.
    fn quiet(&self) -> Duration {
        self.since(self.moved.load(Ordering::Relaxed))
    }

    /// Whether answers wait for their client, and nothing has moved for `stall`, or one of them not
    /// for several times that.
    fn is_stalled(&self, stall: Duration) -> bool {
        let oldest = self.waiting().iter().map(|(_, since)| *since).min();
        let Some(oldest) = oldest else { return false };
        self.quiet() > stall || self.since(oldest) / BESIDE_OTHERS > stall
    }

    fn since(&self, moment: u64) -> Duration {
        self.begun.elapsed().saturating_sub(Duration::from_millis(moment))
    }
}

/// Keeps a connection from counting as idle.
#[derive(Debug)]
pub struct Hold(Arc<Pulse>);

impl Hold {
    pub(crate) fn on(pulse: &Arc<Pulse>) -> Self {
        pulse.busy.fetch_add(1, Ordering::Relaxed);
        pulse.mark();
        Self(Arc::clone(pulse))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.mark();
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer, watched: a part that was handed over and is not followed by the wish for
/// more lies in a buffer that the client does not empty.
#[derive(Debug)]
pub(crate) struct Watched<B> {
    body: B,
    hold: Hold,
    /// Its number among the answers of its connection.
    number: usize,
    is_handed: bool,
}

impl<B> Watched<B> {
    pub(crate) fn new(body: B, hold: Hold) -> Self {
        let number = hold.0.next.fetch_add(1, Ordering::Relaxed);
        Self { body, hold, number, is_handed: false }
    }

    fn note(&mut self, is_handed: bool) {
        if self.is_handed == is_handed {
            return;
        }
        self.is_handed = is_handed;
        let pulse = &self.hold.0;
        let now = pulse.mark();
        let mut waiting = pulse.waiting();
        match is_handed {
            true => waiting.push((self.number, now)),
            false => waiting.retain(|(number, _)| *number != self.number),
        }
    }
}

impl<B: Body + Unpin> Body for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.note(false);
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.note(matches!(polled, Poll::Ready(Some(Ok(_)))));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Watched<B> {
    fn drop(&mut self) {
        self.note(false);
    }
}

/// All connections of one listener.
#[derive(Debug)]
pub(crate) struct Pulses {
    begun: Instant,
    next: AtomicU64,
    all: Mutex<HashMap<u64, Arc<Pulse>>>,
}

/// A connection among all; leaves when it is dropped.
pub(crate) struct Listed {
    pub(crate) pulse: Arc<Pulse>,
    number: u64,
    pulses: Arc<Pulses>,
}

impl Pulses {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { begun: Instant::now(), next: AtomicU64::new(0), all: Mutex::default() })
    }

    pub(crate) fn enter(self: &Arc<Self>, cut: CancellationToken) -> Listed {
        let (busy, waiting, next, moved, upgraded) = <_>::default();
        let begun = self.begun;
        let pulse = Arc::new(Pulse { begun, busy, waiting, next, moved, upgraded, cut });
        pulse.mark();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.locked().insert(number, Arc::clone(&pulse));
        Listed { pulse, number, pulses: Arc::clone(self) }
    }

    /// Closes what is idle or stalled, until shutdown.
    pub(crate) async fn watch(
        self: Arc<Self>,
        (idle, stall): (Duration, Duration),
        counters: Arc<Counters>,
        shutdown: Shutdown,
    ) {
        let mut beat = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = shutdown.requested() => return,
                _ = beat.tick() => self.look(idle, stall, &counters),
            }
        }
    }

    fn look(&self, idle: Duration, stall: Duration, counters: &Counters) {
        for pulse in self.locked().values() {
            let is_idle = pulse.busy.load(Ordering::Relaxed) == 0;
            if pulse.is_stalled(stall) {
                count(&counters.stalled);
                pulse.cut.cancel();
            } else if is_idle && pulse.quiet() > idle {
                count(&counters.idle);
                pulse.cut.cancel();
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<u64, Arc<Pulse>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.pulses.locked().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use axum::body::Body as Text;

    use super::*;

    const STALL: Duration = Duration::from_millis(50);

    /// Hands over the first part of an answer.
    async fn hand(pulse: &Arc<Pulse>) -> Watched<Text> {
        let mut answer = Watched::new(Text::from("part"), Hold::on(pulse));
        poll_fn(|context| Pin::new(&mut answer).poll_frame(context)).await;
        answer
    }

    /// covers: T-8 (slow readers): one answer moves and keeps none that stands still
    #[tokio::test]
    async fn an_answer_that_stands_still_ends_although_others_move() {
        let (pulses, counters) = (Pulses::new(), Counters::default());
        let cut = CancellationToken::new();
        let listed = pulses.enter(cut.clone());
        let look = || {
            pulses.look(Duration::MAX, STALL, &counters);
            cut.is_cancelled()
        };
        let still = hand(&listed.pulse).await;
        let begun = Instant::now();
        while !look() {
            drop(hand(&listed.pulse).await);
            assert!(begun.elapsed() < 20 * STALL, "it stays for ever");
            tokio::time::sleep(STALL / 10).await;
        }
        assert!(
            begun.elapsed() >= 4 * STALL,
            "{:?}: others have to be waited for",
            begun.elapsed()
        );
        drop(still);
        assert!(listed.pulse.waiting().is_empty());
    }
}
