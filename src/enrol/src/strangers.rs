//! How much those may ask whom nobody knows yet: who makes an account, and who tries a secret. All
//! else is asked with an account's key or a certificate.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ets_listen::Network;
use ets_model::BootTime;

const SECOND: u64 = 1_000_000_000;
/// So many at once; then one a second. Whole institutions come from one address.
const BURST: u64 = 60;
/// 512 KiB. Two addresses may have one in common; which ones, nobody knows.
const BUCKETS: usize = 1 << 16;

/// When the bucket of an address is full again, in nanoseconds since the boot (the virtual
/// scheduling of ITU-T I.371, annex A).
#[derive(Debug)]
pub(crate) struct Strangers {
    key: RandomState,
    due: Mutex<Vec<u64>>,
}

impl Strangers {
    pub(crate) fn new() -> Self {
        Self { key: RandomState::new(), due: Mutex::new(vec![0; BUCKETS]) }
    }

    /// Takes one request, unless it is one too many; then says in how many seconds to come again.
    pub(crate) fn take(&self, address: IpAddr, now: BootTime) -> Result<(), u64> {
        let drawn = self.key.hash_one(Network::from(address)) % BUCKETS as u64;
        let mut all = held(&self.due);
        let due = &mut all[usize::try_from(drawn).unwrap_or_default()];
        let ahead = due.saturating_sub(now.0);
        match ahead.saturating_sub((BURST - 1) * SECOND) {
            0 => {
                *due = now.0 + ahead + SECOND;
                Ok(())
            }
            late => Err(late.div_ceil(SECOND)),
        }
    }
}

/// Secrets that were wrong: one line a minute tells how many, so that guessing fills no disk.
#[derive(Debug, Default)]
pub(crate) struct Guesses(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    untold: u64,
    at: Option<BootTime>,
}

impl Guesses {
    pub(crate) fn refused(&self, router: &str, now: BootTime) {
        let router = crate::identifier::shown(router);
        tracing::debug!(router, "a router's secret was refused");
        if let Some(refused) = self.tell(now) {
            tracing::warn!(router, refused, "secrets of routers were refused, this one the last");
        }
    }

    /// How many are to be told of now.
    fn tell(&self, now: BootTime) -> Option<u64> {
        let mut told = held(&self.0);
        told.untold += 1;
        if told.at.is_some_and(|at| now.0.saturating_sub(at.0) < 60 * SECOND) {
            return None;
        }
        told.at = Some(now);
        Some(std::mem::take(&mut told.untold))
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn at(seconds: u64) -> BootTime {
        BootTime((1_000 + seconds) * SECOND)
    }

    /// covers: T1.2, T-8 (floods)
    #[test]
    fn a_burst_passes_then_one_a_second_and_another_address_has_its_own() {
        let (all, one) = (Strangers::new(), IpAddr::from(Ipv4Addr::new(10, 9, 0, 1)));
        let passes = |now| (0..1_000).take_while(|_| all.take(one, now).is_ok()).count();
        assert_eq!(passes(at(0)), 60);
        assert_eq!(all.take(one, at(0)), Err(1));
        assert_eq!(passes(at(5)), 5);
        let others = (2..12).filter(|last| all.take([10, 9, 0, *last].into(), at(5)).is_ok());
        assert!(others.count() >= 9, "one may share its bucket");
    }

    /// covers: T-8 (floods)
    #[test]
    fn guesses_are_told_once_a_minute_and_none_is_left_out() {
        let guesses = Guesses::default();
        assert_eq!(guesses.tell(at(0)), Some(1));
        assert!((0..99).all(|_| guesses.tell(at(59)).is_none()));
        assert_eq!(guesses.tell(at(60)), Some(100));
    }
}
