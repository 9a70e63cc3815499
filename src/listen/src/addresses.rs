//! How fast strangers ask, by address: there is nothing else that they have in common. The memory is
//! the same for ten addresses and for ten million.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use ets_model::BootTime;

use crate::Network;
use crate::rate::Rate;

/// 65,536 addresses are remembered, in 1.6 MB. A bucket that is full again needs no memory, so that
/// many have to be *asking too much* at a time before one is forgotten.
const SETS: usize = 8 << 10;
const WAYS: usize = 8;

/// The buckets of all addresses.
///
/// An address can stand in one set of places only, which is drawn by a key that nobody knows. Where
/// all are taken, the bucket that is nearest to full makes room: to have his own forgotten one has
/// to ask more under as many other addresses than one did under it.
#[derive(Debug)]
pub struct Addresses {
    rate: Option<Rate>,
    key: RandomState,
    sets: Box<[Mutex<[Bucket; WAYS]>]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    of: Option<Network>,
    /// When it is full again, in nanoseconds since the boot.
    due: u64,
}

impl Addresses {
    /// Each address has this rate; `None` for no limit.
    pub fn new(rate: Option<Rate>) -> Self {
        Self::with_sets(rate, SETS)
    }

    fn with_sets(rate: Option<Rate>, sets: usize) -> Self {
        let sets = if rate.is_some() { sets } else { 0 };
        let sets = (0..sets).map(|_| Mutex::default()).collect();
        Self { rate, key: RandomState::new(), sets }
    }

    /// Takes one request, unless it is one too many; then says in how many seconds to come again.
    ///
    /// # Errors
    /// The seconds.
    pub fn take(&self, address: IpAddr, now: BootTime) -> Result<(), u64> {
        let Some(rate) = self.rate else { return Ok(()) };
        let network = Network::from(address);
        let mut set = self.set(network).lock().unwrap_or_else(PoisonError::into_inner);
        let known = set.iter().position(|bucket| bucket.of == Some(network));
        let nearest_to_full = || (0..WAYS).min_by_key(|at| set[*at].due).unwrap_or_default();
        let at = known.unwrap_or_else(nearest_to_full);
        let due = if known.is_some() { set[at].due } else { 0 };
        set[at] = Bucket { of: Some(network), due: rate.take(due, now)? };
        Ok(())
    }

    fn set(&self, network: Network) -> &Mutex<[Bucket; WAYS]> {
        let drawn = self.key.hash_one(network) % self.sets.len() as u64;
        &self.sets[usize::try_from(drawn).unwrap_or_default()]
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::time::Instant;

    use super::*;

    fn allowed() -> Option<Rate> {
        Rate::new(10, 100)
    }

    fn at(millis: u64) -> BootTime {
        BootTime(1_000_000_000 + millis * 1_000_000)
    }

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    /// How many requests pass at once.
    fn passes(all: &Addresses, address: IpAddr, now: BootTime) -> usize {
        (0..10_000).take_while(|_| all.take(address, now).is_ok()).count()
    }

    /// covers: T-8 (floods)
    #[test]
    fn a_burst_passes_then_the_rate_counts_and_a_link_of_ipv6_is_one_client() {
        let all = Addresses::new(allowed());
        assert_eq!(passes(&all, address(1), at(0)), 101);
        assert_eq!(all.take(address(1), at(0)), Err(1));
        assert_eq!(passes(&all, address(1), at(1000)), 10);
        assert_eq!(passes(&all, address(2), at(0)), 101, "another has its own");
        let of_link =
            |host: u64| IpAddr::from(Ipv6Addr::from_bits(0x2001 << 112 | u128::from(host)));
        let passed = (0..1000).filter(|host| all.take(of_link(*host), at(0)).is_ok()).count();
        assert_eq!(passed, 101);
        let none = Addresses::new(Rate::new(0, 100));
        assert_eq!(passes(&none, address(1), at(0)), 10_000);
    }

    /// covers: T-8 (floods): a million others, and the memory is what it was
    #[test]
    fn who_asked_too_much_is_not_forgotten_over_a_million_others() {
        let all = Addresses::new(allowed());
        assert_eq!(passes(&all, address(0), at(0)), 101);
        let begun = Instant::now();
        for number in 1..=1_000_000 {
            assert_eq!(all.take(address(number), at(0)), Ok(()), "who comes first is let in");
        }
        println!("a million addresses took {:?}", begun.elapsed());
        assert_eq!(passes(&all, address(0), at(0)), 0, "his bucket is what it was");
        assert!(all.sets.len() * size_of::<Mutex<[Bucket; WAYS]>>() < 2 << 20);
    }

    /// covers: T-8 (floods)
    #[test]
    fn the_bucket_nearest_to_full_makes_room() {
        let all = Addresses::with_sets(allowed(), 1);
        for number in 0..8 {
            (0..10 * (number + 1)).for_each(|_| all.take(address(number), at(0)).unwrap());
        }
        all.take(address(8), at(0)).unwrap();
        assert_eq!(passes(&all, address(7), at(0)), 21, "80 were taken out of it");
        all.take(address(9), at(0)).unwrap();
        assert_eq!(passes(&all, address(1), at(0)), 81, "the newest made room for another");
    }
}
