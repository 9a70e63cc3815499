//! How fast bytes pass for a segment, and how many may yet: what all its tunnels share.
//!
//! A tunnel takes leave for some bytes before it moves them, and gives back what it did not move. A
//! segment without a limit costs one relaxed load for that. With a bandwidth each takes its turn: who
//! took leave waits until those before him have had their time, so tunnels share by turns of at most
//! a fiftieth of a second.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use ets_model::SegmentNo;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::gateway::Ruled;

/// What may pass at once after a rest is this time's worth, and at least so many bytes.
const BURST: Duration = Duration::from_millis(100);
const LEAST_BURST: u64 = 64 << 10;
/// A turn is this time's worth, and at least so many bytes: a full segment of Ethernet or so.
const TURN: Duration = Duration::from_millis(20);
const LEAST_TURN: u64 = 1_500;

/// Which way bytes pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// From the segment.
    Up,
    /// To it.
    Down,
}

/// What all tunnels of a segment share.
#[derive(Debug)]
pub(crate) struct Lane {
    /// Whether anything of what follows is asked.
    limited: AtomicBool,
    /// Bytes that may pass before the meters are looked at again; far from 0 without a volume.
    left: AtomicI64,
    buckets: [Bucket; 2],
    /// The same rates for datagrams, which do not wait: they have their part before the tunnels, so
    /// that no download ends a call.
    datagrams: [Bucket; 2],
    /// Something of the above is another now.
    changed: Notify,
    /// Why nothing may pass any more; none while something may.
    spent: ArcSwapOption<Ruled>,
    /// The meters are to be looked at.
    asked: Arc<Notify>,
}

/// The lanes of all segments that anybody came from.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    all: Mutex<HashMap<SegmentNo, Arc<Lane>>>,
    asked: Arc<Notify>,
}

/// Bytes a second, kept as the moment at which all that was taken has had its time.
#[derive(Debug)]
struct Bucket(Mutex<Pace>);

#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Bytes a second; 0 for as many as come.
    rate: u64,
    due: Instant,
}

impl Lanes {
    /// The lane of a segment, and whether nobody came from there before.
    pub(crate) fn of(&self, segment: SegmentNo) -> (Arc<Lane>, bool) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = all.get(&segment) {
            return (Arc::clone(lane), false);
        }
        let lane = Arc::new(Lane::new(Arc::clone(&self.asked)));
        all.insert(segment, Arc::clone(&lane));
        (lane, true)
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<(SegmentNo, Arc<Lane>)> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(segment, lane)| (*segment, Arc::clone(lane))).collect()
    }

    /// Waits until a tunnel has no leave left.
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }
}

impl Lane {
    fn new(asked: Arc<Notify>) -> Self {
        Self {
            limited: AtomicBool::new(false),
            left: AtomicI64::new(i64::MAX),
            buckets: [Bucket::new(), Bucket::new()],
            datagrams: [Bucket::new(), Bucket::new()],
            changed: Notify::new(),
            spent: ArcSwapOption::empty(),
            asked,
        }
    }

    /// Whether leave must be taken.
    pub(crate) fn is_limited(&self) -> bool {
        self.limited.load(Ordering::Relaxed)
    }

    /// Sets what may pass: `left` bytes of a volume, `bits` a second. Holds at once for open tunnels.
    pub(crate) fn set(&self, left: Option<u64>, bits: Option<u64>) {
        let most = i64::MAX / 2;
        let left = left.map_or(most, |left| i64::try_from(left).unwrap_or(most).min(most));
        let before = self.left.swap(left, Ordering::Relaxed);
        let rate = bits.map_or(0, |bits| (bits / 8).max(1));
        let is_paced = self.buckets.iter().fold(false, |other, one| one.set(rate) | other);
        for bucket in &self.datagrams {
            bucket.set(rate);
        }
        let limited = rate > 0 || left < most;
        let was_limited = self.limited.swap(limited, Ordering::Relaxed);
        if is_paced || before <= 0 && left > 0 || was_limited != limited {
            self.changed.notify_waiters();
        }
    }

    /// Says why nothing may pass any more, or that it may again.
    pub(crate) fn set_spent(&self, spent: Option<Ruled>) {
        if spent.is_some() || self.spent.load().is_some() {
            self.spent.store(spent.map(Arc::new));
        }
    }

    /// Why nothing may pass any more.
    pub(crate) fn spent(&self) -> Option<Arc<Ruled>> {
        self.spent.load_full()
    }

    /// Leave for some bytes, at least one and `most` at most. Waits for it.
    pub(crate) async fn take(&self, side: Side, most: usize) -> usize {
        if !self.is_limited() {
            return most;
        }
        // Of its own, so that a tunnel without a limit has no room for it.
        Box::pin(self.wait(side, most)).await
    }

    /// Leave for a datagram, at once or not at all: one that waits is late. What they take is missing
    /// to the tunnels, so that both together hold the rate.
    pub(crate) fn take_now(&self, side: Side, bytes: usize) -> bool {
        if !self.is_limited() {
            return true;
        }
        if self.left.load(Ordering::Relaxed) <= 0 {
            self.asked.notify_one();
            return false;
        }
        if !self.datagrams[side as usize].take_now(bytes) {
            return false;
        }
        self.buckets[side as usize].owe(bytes);
        self.left.fetch_sub(bytes as i64, Ordering::Relaxed);
        true
    }

    async fn wait(&self, side: Side, most: usize) -> usize {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if !self.is_limited() {
                return most;
            }
            let left = self.left.load(Ordering::Relaxed);
            let Some(left) = usize::try_from(left).ok().filter(|left| *left > 0) else {
                self.asked.notify_one();
                changed.await;
                continue;
            };
            let (bytes, wait) = self.buckets[side as usize].take(most.min(left));
            if !wait.is_zero() {
                tokio::select! {
                    () = sleep(wait) => {}
                    () = changed => {}
                }
            }
            self.left.fetch_sub(bytes as i64, Ordering::Relaxed);
            return bytes;
        }
    }

    /// Takes back leave that was not used.
    pub(crate) fn give_back(&self, side: Side, bytes: usize) {
        if bytes > 0 && self.is_limited() {
            self.left.fetch_add(bytes as i64, Ordering::Relaxed);
            self.buckets[side as usize].give_back(bytes);
        }
    }
}

impl Bucket {
    fn new() -> Self {
        Self(Mutex::new(Pace { rate: 0, due: Instant::now() }))
    }

    /// Whether the rate is another one now; then nobody owes anything.
    fn set(&self, rate: u64) -> bool {
        let mut pace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_other = pace.rate != rate;
        if is_other {
            *pace = Pace { rate, due: Instant::now() };
        }
        is_other
    }

    /// A turn: how many bytes, and after which time.
    fn take(&self, most: usize) -> (usize, Duration) {
        let mut pace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Pace { rate, due } = *pace;
        if rate == 0 {
            return (most, Duration::ZERO);
        }
        let turn = (rate * TURN.as_millis() as u64 / 1_000).max(LEAST_TURN);
        let bytes = most.min(usize::try_from(turn).unwrap_or(usize::MAX));
        let now = Instant::now();
        pace.due = due.max(pace.rested(now)) + time(rate, bytes as u64);
        (bytes, pace.due.saturating_duration_since(now))
    }

    /// So many bytes, where all that was taken before has had its time.
    fn take_now(&self, bytes: usize) -> bool {
        let mut pace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, Pace { rate, due }) = (Instant::now(), *pace);
        if rate > 0 && due > now {
            return false;
        }
        pace.owe(bytes, now);
        true
    }

    /// So many bytes, which have passed already.
    fn owe(&self, bytes: usize) {
        let mut pace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pace.owe(bytes, Instant::now());
    }

    fn give_back(&self, bytes: usize) {
        let mut pace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pace.rate > 0 {
            let time = time(pace.rate, bytes as u64);
            pace.due = pace.due.checked_sub(time).unwrap_or(pace.due);
        }
    }
}

impl Pace {
    /// From when on it counts that nothing passed.
    fn rested(&self, now: Instant) -> Instant {
        now.checked_sub(BURST.max(time(self.rate, LEAST_BURST))).unwrap_or(self.due)
    }

    fn owe(&mut self, bytes: usize, now: Instant) {
        if self.rate > 0 {
            self.due = self.due.max(self.rested(now)) + time(self.rate, bytes as u64);
        }
    }
}

/// How long so many bytes take.
fn time(rate: u64, bytes: u64) -> Duration {
    let nanoseconds = u128::from(bytes) * 1_000_000_000 / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
