//! Whether a connection is in use, and whether its client takes what it asked for.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use ets_runtime::Shutdown;
use hyper::body::{Body, Frame, SizeHint};
use tokio_util::sync::CancellationToken;

use crate::Counters;
use crate::bounds::count;

/// How often all connections are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What one connection does. Moments are milliseconds since the listener began.
#[derive(Debug)]
pub(crate) struct Pulse {
    begun: Instant,
    /// Answers under way, upgraded streams included.
    busy: AtomicUsize,
    /// Answers of which the client has not taken the last part.
    waiting: AtomicUsize,
    /// When one of both last changed.
    moved: AtomicU64,
    /// Whether its stream was handed on (RFC 9110, section 7.8).
    upgraded: AtomicBool,
    cut: CancellationToken,
}

impl Pulse {
    fn mark(&self) {
        let moment = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(moment, Ordering::Relaxed);
    }

    pub(crate) fn upgrade(&self) {
        self.upgraded.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_upgraded(&self) -> bool {
        self.upgraded.load(Ordering::Relaxed)
    }

    /// For how long nothing has moved.
    fn quiet(&self) -> Duration {
        let moved = Duration::from_millis(self.moved.load(Ordering::Relaxed));
        self.begun.elapsed().saturating_sub(moved)
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
    is_handed: bool,
}

impl<B> Watched<B> {
    pub(crate) fn new(body: B, hold: Hold) -> Self {
        Self { body, hold, is_handed: false }
    }

    fn note(&mut self, is_handed: bool) {
        if self.is_handed == is_handed {
            return;
        }
        self.is_handed = is_handed;
        let pulse = &self.hold.0;
        pulse.mark();
        match is_handed {
            true => pulse.waiting.fetch_add(1, Ordering::Relaxed),
            false => pulse.waiting.fetch_sub(1, Ordering::Relaxed),
        };
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
        let (busy, waiting, moved, upgraded) = <_>::default();
        let pulse = Arc::new(Pulse { begun: self.begun, busy, waiting, moved, upgraded, cut });
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
            let is_stalled = pulse.waiting.load(Ordering::Relaxed) > 0;
            let is_idle = pulse.busy.load(Ordering::Relaxed) == 0;
            if is_stalled && pulse.quiet() > stall {
                count(&counters.stalled);
                pulse.cut.cancel();
            } else if is_idle && pulse.quiet() > idle {
                count(&counters.idle);
                pulse.cut.cancel();
            }
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<Pulse>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.pulses.locked().remove(&self.number);
    }
}
