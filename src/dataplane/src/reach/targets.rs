//! What must be reached of a service for it to count as reached.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ets_model::{Policy, PortRange, Protocol, Served, ServicePlace};

use super::star::Carries;
use crate::nft::ir::{KeyPart, Ruleset, Set};

/// From which port segments ask.
const FROM: u16 = 40_000;

/// One thing that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    /// Where; `None` for the hub's address on the segment's own port.
    pub(super) address: Option<IpAddr>,
    pub(super) carries: Carries,
}

/// The targets of each service of a policy.
pub(super) fn targets(policy: &Policy, ruleset: &Ruleset) -> Vec<Vec<Target>> {
    policy.services.iter().map(|service| of_service(service, ruleset)).collect()
}

fn of_service(service: &Served, ruleset: &Ruleset) -> Vec<Target> {
    let addresses: Vec<Option<IpAddr>> = match service.place {
        ServicePlace::Hub => vec![None],
        ServicePlace::Behind => service.addresses.iter().map(|at| Some(*at)).collect(),
    };
    let mut targets = Vec::new();
    for address in addresses {
        let bounds = bounds(ruleset, address);
        for range in &service.ports {
            let carries = asked(*range, &bounds);
            targets.extend(carries.into_iter().map(|carries| Target { address, carries }));
        }
    }
    targets
}

fn asked(range: PortRange, bounds: &BTreeSet<u16>) -> Vec<Carries> {
    let mut ports: BTreeSet<u16> = bounds.range(range.first..=range.last).copied().collect();
    ports.extend([range.first, range.last]);
    let ports = ports.into_iter();
    match range.protocol {
        Protocol::Tcp => ports.map(|port| Carries::Tcp(FROM, port)).collect(),
        Protocol::Udp => ports.map(|port| Carries::Udp(FROM, port)).collect(),
        Protocol::Icmp => vec![Carries::Ping],
    }
}

/// Ports at which a map of the rules begins or ends to say something about an address: between two of
/// them all ports are treated alike.
fn bounds(ruleset: &Ruleset, address: Option<IpAddr>) -> BTreeSet<u16> {
    let mut found = BTreeSet::new();
    for set in ruleset.tables.iter().flat_map(|table| &table.sets) {
        let Some(port) = place(set, |part| part == KeyPart::Port) else { continue };
        for (low, element) in &set.elements {
            let high = element.key_end.as_ref().unwrap_or(low);
            if address.is_none_or(|at| may_hold(set, low, high, at)) {
                let number = |key: &[u8]| {
                    key.get(port..port + 2).map(|two| u16::from_be_bytes([two[0], two[1]]))
                };
                let ends = [number(low), number(high)].into_iter().flatten();
                found.extend(
                    ends.flat_map(|port| [port.saturating_sub(1), port, port.saturating_add(1)]),
                );
            }
        }
    }
    found
}

/// Where a part stands in the keys of a set.
fn place(set: &Set, wanted: impl Fn(KeyPart) -> bool) -> Option<usize> {
    let mut at = 0;
    for part in &set.key {
        if wanted(*part) {
            return Some(at);
        }
        at += part.padded();
    }
    None
}

/// Whether an element can be about an address: it has none in its key, or this one.
fn may_hold(set: &Set, low: &[u8], high: &[u8], address: IpAddr) -> bool {
    let is_address = |part| matches!(part, KeyPart::Ip4 | KeyPart::Ip6);
    let Some(at) = place(set, is_address) else { return true };
    let (part, octets) = match address {
        IpAddr::V4(four) => (KeyPart::Ip4, four.octets().to_vec()),
        IpAddr::V6(six) => (KeyPart::Ip6, six.octets().to_vec()),
    };
    let range = at..at + octets.len();
    place(set, |other| other == part).is_some()
        && low.get(range.clone()) <= Some(&octets[..])
        && Some(&octets[..]) <= high.get(range)
}
