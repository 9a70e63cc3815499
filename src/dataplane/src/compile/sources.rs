//! Whose address is whose: the sets that tell a sender by its source and a receiver by its
//! destination. One for each prefix length, so that each is a hash set.

use std::collections::{BTreeMap, BTreeSet};

use ets_model::{Arm, Hardware, Role};
use ipnet::IpNet;

use super::ground::{Ground, lengths, network, octets};
use super::line::Ip;
use super::parts::{Parts, key};
use crate::nft::ir::KeyPart;

/// What belongs to a segment by its port, by its port and hardware, or by the address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// `bound4_24`: interface, hardware address, address.
    Hardware,
    /// `from4_24`: interface, address.
    Port,
    /// `to4_24`: address.
    Address,
}

impl By {
    pub(super) fn set(self, ip: Ip, length: u8) -> String {
        let name = match self {
            Self::Hardware => "bound",
            Self::Port => "from",
            Self::Address => "to",
        };
        format!("{name}{}_{length}", ip.digit())
    }

    fn parts(self, ip: Ip) -> Vec<KeyPart> {
        match self {
            Self::Hardware => vec![KeyPart::Interface, KeyPart::Hardware, ip.part()],
            Self::Port => vec![KeyPart::Interface, ip.part()],
            Self::Address => vec![ip.part()],
        }
    }

    /// A bound segment is known by its hardware only.
    fn holds(self, arm: &Arm) -> bool {
        match self {
            Self::Hardware => arm.hardware.is_some(),
            Self::Port => arm.hardware.is_none(),
            Self::Address => true,
        }
    }

    fn key(self, port: u32, hardware: Option<Hardware>, prefix: IpNet) -> Vec<u8> {
        let (port, network) = (port.to_ne_bytes(), network(prefix));
        match self {
            Self::Hardware => key(&[&port, &hardware.unwrap_or(Hardware([0; 6])).0, &network]),
            Self::Port => key(&[&port, &network]),
            Self::Address => key(&[&network]),
        }
    }

    /// The prefix lengths for which there is a set, the longest first.
    pub(super) fn lengths(self, ground: &Ground<'_>, ip: Ip) -> Vec<u8> {
        lengths(self.arms(ground).iter().flat_map(|(arm, _)| &arm.prefixes), ip)
    }

    /// An address belongs to its segment whether the port is there or not.
    fn arms<'a>(self, ground: &Ground<'a>) -> Vec<(&'a Arm, u32)> {
        if self == Self::Address {
            return ground.policy.arms.iter().map(|arm| (arm, 0)).collect();
        }
        ground.arms().filter(|(arm, _)| self.holds(arm)).collect()
    }

    /// The sets for both families.
    pub(super) fn fill(self, ground: &Ground<'_>, parts: &mut Parts, families: &[Ip]) {
        let mut maps: BTreeMap<(Ip, u8), BTreeMap<Vec<u8>, u32>> = BTreeMap::new();
        for (arm, port) in self.arms(ground) {
            for prefix in &arm.prefixes {
                let map = maps.entry((Ip::of(prefix.addr()), prefix.prefix_len())).or_default();
                map.insert(self.key(port, arm.hardware, *prefix), arm.no.0);
            }
        }
        for ((ip, length), map) in maps.into_iter().filter(|((ip, _), _)| families.contains(ip)) {
            parts.marks(&self.set(ip, length), &self.parts(ip), map);
        }
    }
}

pub(super) fn sets(ground: &Ground<'_>, parts: &mut Parts) {
    for by in [By::Hardware, By::Port, By::Address] {
        by.fill(ground, parts, &Ip::BOTH);
    }
    for ip in Ip::BOTH {
        let own = ground.own().filter(|at| Ip::of(*at) == ip).map(octets);
        parts.set(&format!("own{}", ip.digit()), &[ip.part()], own.collect());
        answers(ground, parts, ip);
        hops(ground, parts, ip);
        networks(ground, parts, ip);
    }
}

/// The hub's addresses at which a segment may reach it: those of the port by which it comes in.
fn answers(ground: &Ground<'_>, parts: &mut Parts, ip: Ip) {
    let ports = ground.segment_ports();
    let each = ports.iter().flat_map(|port| port.addresses.iter().map(|at| (port.index, *at)));
    let keys = each.filter(|(_, at)| Ip::of(*at) == ip);
    let keys = keys.map(|(port, at)| key(&[&port.to_ne_bytes(), &octets(at)])).collect();
    parts.set(&format!("answers{}", ip.digit()), &[KeyPart::Interface, ip.part()], keys);
}

/// Who may speak without an address: bound segments by port and hardware, which stands in the frame and
/// in the message, and whoever is on a port where not everybody is bound.
pub(super) fn speakers(ground: &Ground<'_>, parts: &mut Parts) {
    let bound = ground.arms().filter_map(|(arm, port)| Some((port, arm.hardware?)));
    let keys = bound.map(|(port, one)| key(&[&port.to_ne_bytes(), &one.0, &one.0])).collect();
    let parts_of_key = [KeyPart::Interface, KeyPart::Hardware, KeyPart::Hardware];
    parts.set("bound_hardware", &parts_of_key, keys);
    let unbound = ground.arms().filter(|(arm, _)| arm.hardware.is_none());
    let keys = unbound.map(|(_, port)| port.to_ne_bytes().to_vec()).collect();
    parts.set("unbound_ports", &[KeyPart::Interface], keys);
}

/// Routers at the other end of a port, outside every prefix.
pub(super) fn hops(ground: &Ground<'_>, parts: &mut Parts, ip: Ip) {
    let ports = ground.segment_ports();
    let each = ports.iter().flat_map(|port| port.next_hops.iter().map(|at| (port.index, *at)));
    let of_nobody = |at: &std::net::IpAddr| {
        !ground.policy.arms.iter().flat_map(|arm| &arm.prefixes).any(|prefix| prefix.contains(at))
    };
    let keys = each.filter(|(_, at)| Ip::of(*at) == ip && of_nobody(at));
    let keys = keys.map(|(port, at)| key(&[&port.to_ne_bytes(), &octets(at)])).collect();
    parts.set(&format!("hops{}", ip.digit()), &[KeyPart::Interface, ip.part()], keys);
}

/// Whose addresses are checked: an administrator behind a router of the management's network, whose
/// address is in no prefix, must not be locked out.
pub(super) fn is_checked(role: Role) -> bool {
    role != Role::Management
}

/// The prefix lengths of the hub's own networks.
pub(super) fn network_lengths(ground: &Ground<'_>, ip: Ip) -> Vec<u8> {
    let checked = ground.policy.networks.iter().filter(|network| is_checked(network.role));
    lengths(checked.flat_map(|network| &network.prefixes), ip)
}

/// `net4_24` by interface and address, `nets4_24` by address alone.
fn networks(ground: &Ground<'_>, parts: &mut Parts, ip: Ip) {
    for length in network_lengths(ground, ip) {
        let (mut by_port, mut by_address) = (BTreeSet::new(), BTreeSet::new());
        for (one, ports) in ground.networks().filter(|(one, _)| is_checked(one.role)) {
            let fits = |net: &&IpNet| Ip::of(net.addr()) == ip && net.prefix_len() == length;
            for prefix in one.prefixes.iter().filter(fits) {
                let address = network(*prefix);
                by_port.extend(ports.iter().map(|port| key(&[&port.to_ne_bytes(), &address])));
                by_address.insert(address);
            }
        }
        let digit = ip.digit();
        parts.set(&format!("net{digit}_{length}"), &[KeyPart::Interface, ip.part()], by_port);
        parts.set(&format!("nets{digit}_{length}"), &[ip.part()], by_address);
    }
}
