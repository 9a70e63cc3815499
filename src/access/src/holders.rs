//! The certificates in use: what each asks for at a time, how fast, and how long its owner has
//! done nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ets_listen::{CertId, Connections, Door, Network, Place, Rate};
use ets_model::BootTime;
use ets_runtime::{Clock, Shutdown};

use crate::PerCertificate;

/// All certificates that were used within the idle time.
#[derive(Debug, Default)]
pub(crate) struct Holders(Mutex<HashMap<CertId, Arc<Holder>>>);

impl Holders {
    pub(crate) fn of(&self, id: CertId, now: BootTime) -> Arc<Holder> {
        let holder = Arc::clone(self.locked().entry(id).or_default());
        holder.touch(now);
        holder
    }

    pub(crate) fn len(&self) -> u64 {
        u64::try_from(self.locked().len()).unwrap_or(u64::MAX)
    }

    /// Ends what nobody uses, connections and TLS sessions of this door, until shutdown. What its
    /// owner does at another door is not seen here.
    pub(crate) async fn watch(
        self: Arc<Self>,
        idle: Duration,
        (connections, door, clock): (Arc<Connections>, Door, Clock),
        shutdown: Shutdown,
    ) {
        let mut beat = tokio::time::interval((idle / 10).clamp(Duration::from_millis(20), LOOK));
        loop {
            tokio::select! {
                () = shutdown.requested() => return,
                _ = beat.tick() => {
                    for id in self.idle(idle, clock.boot()) {
                        let cut = connections.cut_at(door, id);
                        tracing::debug!(cut, "nobody used a certificate for the idle time");
                    }
                }
            }
        }
    }

    /// Forgets those who are idle, and names them.
    fn idle(&self, idle: Duration, now: BootTime) -> Vec<CertId> {
        let mut all = self.locked();
        let is_idle =
            |holder: &Holder| now.since(BootTime(holder.touched.load(Ordering::Relaxed))) > idle;
        let idle = all.iter().filter(|(_, holder)| is_idle(holder)).map(|(id, _)| *id).collect();
        all.retain(|_, holder| !is_idle(holder));
        idle
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<CertId, Arc<Holder>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The longest that an idle certificate may go unnoticed beyond its time.
const LOOK: Duration = Duration::from_secs(5);

/// One certificate in use.
#[derive(Debug, Default)]
pub(crate) struct Holder {
    /// When its owner last did something, in nanoseconds since the boot.
    touched: AtomicU64,
    in_flight: AtomicUsize,
    /// When its bucket is full again ([`Rate`]), in nanoseconds since the boot.
    due: AtomicU64,
}

impl Holder {
    /// Its owner did something.
    pub(crate) fn touch(&self, now: BootTime) {
        self.touched.store(now.0, Ordering::Relaxed);
    }

    /// Begins a request, unless it is one too many; then says in how many seconds to come again.
    pub(crate) fn begin(
        self: &Arc<Self>,
        allowed: PerCertificate,
        now: BootTime,
    ) -> Result<Begun, u64> {
        self.touch(now);
        let taken = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let begun = Begun(Arc::clone(self));
        if taken >= allowed.in_flight {
            return Err(1);
        }
        self.pace(allowed, now).map(|()| begun)
    }

    fn pace(&self, allowed: PerCertificate, now: BootTime) -> Result<(), u64> {
        let Some(rate) = Rate::new(allowed.rate.into(), allowed.burst.into()) else {
            return Ok(());
        };
        let step = |due: u64| rate.take(due, now).ok();
        match self.due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step) {
            Ok(_) => Ok(()),
            Err(due) => rate.take(due, now).map(drop),
        }
    }
}

/// A request under way.
#[derive(Debug)]
pub(crate) enum InFlight {
    /// By a certificate.
    OfHolder(#[expect(dead_code, reason = "counts until it is dropped")] Begun),
    /// By an address without one.
    OfStranger(#[expect(dead_code, reason = "counts until it is dropped")] Place<Network>),
}

/// A request of one certificate under way.
#[derive(Debug)]
pub(crate) struct Begun(Arc<Holder>);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> BootTime {
        BootTime(1_000_000_000 + millis * 1_000_000)
    }

    /// covers: T2.1 (limits per certificate)
    #[test]
    fn a_burst_passes_and_then_the_rate_counts() {
        let holder = Arc::new(Holder::default());
        let allowed = PerCertificate { in_flight: 10, rate: 10, burst: 3 };
        let begin = |millis| holder.begin(allowed, at(millis)).map(drop);
        assert_eq!([0; 5].map(begin), [Ok(()), Ok(()), Ok(()), Ok(()), Err(1)]);
        assert_eq!((begin(99), begin(100), begin(101)), (Err(1), Ok(()), Err(1)));
        assert_eq!(begin(10_000), Ok(()));
    }

    /// covers: T2.1 (limits per certificate)
    #[test]
    fn so_many_requests_are_under_way_and_no_more() {
        let holder = Arc::new(Holder::default());
        let allowed = PerCertificate { in_flight: 2, rate: 0, burst: 0 };
        let first = holder.begin(allowed, at(0)).expect("the first");
        let _second = holder.begin(allowed, at(0)).expect("the second");
        assert!(holder.begin(allowed, at(0)).is_err());
        drop(first);
        assert!(holder.begin(allowed, at(0)).is_ok(), "a refused one leaves nothing behind");
    }

    /// covers: T2.3
    #[test]
    fn who_does_nothing_is_named_once() {
        let holders = Holders::default();
        let [one, other] = [1, 2].map(|number| CertId::new(b"issuer", &[number]));
        holders.of(one, at(0));
        let busy = holders.of(other, at(0));
        busy.touch(at(900));
        assert_eq!(holders.idle(Duration::from_secs(1), at(1000)), []);
        assert_eq!(holders.idle(Duration::from_secs(1), at(1001)), [one]);
        assert_eq!(holders.idle(Duration::from_secs(1), at(1001)), []);
        assert_eq!(holders.len(), 1);
    }
}
