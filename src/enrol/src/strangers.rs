//! How much those may ask whom nobody knows yet: who makes an account, and who tries a secret. All
//! else is asked with an account's key or a certificate.

use std::sync::{Mutex, PoisonError};

use ets_listen::{Addresses, Rate};
use ets_model::BootTime;

const SECOND: u64 = 1_000_000_000;
/// So many at once; then so many a second. Whole institutions come from one address.
const BURST: u64 = 60;
const RATE: u64 = 1;

/// The buckets of all addresses.
pub(crate) fn strangers() -> Addresses {
    Addresses::new(Rate::new(RATE, BURST - 1))
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
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.untold += 1;
        if told.at.is_some_and(|at| now.0.saturating_sub(at.0) < 60 * SECOND) {
            return None;
        }
        told.at = Some(now);
        Some(std::mem::take(&mut told.untold))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn at(seconds: u64) -> BootTime {
        BootTime((1_000 + seconds) * SECOND)
    }

    /// covers: T1.2, T-8 (floods)
    #[test]
    fn a_burst_passes_then_one_a_second_and_another_address_has_its_own() {
        let (all, one) = (strangers(), IpAddr::from(Ipv4Addr::new(10, 9, 0, 1)));
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
