//! How many answers over UDP a network may have: whoever forges sources gains nothing by us.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ets_listen::{Addresses, Rate};
use ets_model::BootTime;

/// Answers a second to a network in the long run, and at once before that counts. At 1,232 bytes
/// each that is 1.2 MB a second at the very most.
const RATE: u64 = 1_000;
const BURST: u64 = 2_000;
/// Of those above, each fourth is told to come by TCP, which forged sources cannot.
const SLIP: u64 = 4;

/// What becomes of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// It is answered.
    Answer,
    /// It is told to come by TCP.
    ByTcp,
    /// Nothing is said.
    Silence,
}

/// Counts answers by network: /24 of IPv4, /56 of IPv6.
#[derive(Debug)]
pub(crate) struct Guard {
    since: Instant,
    known: Addresses,
    /// Questions that were too many, of whomever.
    above: AtomicU64,
}

impl Guard {
    pub(crate) fn new() -> Self {
        let known = Addresses::new(Rate::new(RATE, BURST));
        Self { since: Instant::now(), known, above: AtomicU64::new(0) }
    }

    /// One more question from an address.
    pub(crate) fn pass(&self, client: IpAddr) -> Pass {
        let now = u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if self.known.take(network(client), BootTime(now)).is_ok() {
            return Pass::Answer;
        }
        let nth = self.above.fetch_add(1, Ordering::Relaxed) + 1;
        if nth.is_multiple_of(SLIP) { Pass::ByTcp } else { Pass::Silence }
    }
}

/// The first address of the network that one lies in.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & (!0 << 8)).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 72)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: G6 (DNS amplification)
    #[test]
    fn a_network_gets_so_many_answers_and_others_are_not_touched() {
        let guard = Guard::new();
        let at = |last: u64| IpAddr::from([10, 10, 7, (last % 250) as u8]);
        let passes: Vec<Pass> = (0..20_000).map(|nth| guard.pass(at(nth))).collect();
        let answered = passes.iter().filter(|pass| **pass == Pass::Answer).count() as u64;
        assert!((BURST..BURST + 2 * RATE).contains(&answered), "{answered}");
        let by_tcp = passes.iter().filter(|pass| **pass == Pass::ByTcp).count() as u64;
        assert!(by_tcp > 0 && by_tcp <= (20_000 - answered) / SLIP + 1, "{by_tcp}");
        assert_eq!(guard.pass([10, 10, 8, 1].into()), Pass::Answer);
        assert_eq!(network("fd10::1".parse().unwrap()), network("fd10:0:0:ff::1".parse().unwrap()));
        assert_ne!(network("fd10::1".parse().unwrap()), network("fd10:0:0:1ff::".parse().unwrap()));
    }
}
