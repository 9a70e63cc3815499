//! The star by its routes: which address is where.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ets_model::{Arm, Policy, Role};
use ipnet::IpNet;

use super::targets::Target;
use crate::compile::Links;
use crate::evaluate::Way;
pub(super) use crate::evaluate::packet::{Carries, Packet};

/// Addresses of nobody (RFC 5737, RFC 3849), for the outside.
const NOBODY4: [Ipv4Addr; 2] = [Ipv4Addr::new(203, 0, 113, 77), Ipv4Addr::new(198, 51, 100, 77)];
const NOBODY6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x77),
    Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0x77),
];

/// A policy and the machine's interfaces.
pub(super) struct Star<'a> {
    pub(super) policy: &'a Policy,
    links: &'a Links,
    own: HashSet<IpAddr>,
    /// To which port a prefix leads, for segments and networks.
    ports: HashMap<IpNet, Option<u32>>,
    /// Prefix lengths in use, longest first: of IPv4 and of IPv6.
    lengths: [Vec<u8>; 2],
    outside: Option<u32>,
    /// The segments of each interface.
    shared: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Star<'a> {
    pub(super) fn new(policy: &'a Policy, links: &'a Links) -> Self {
        let index = |name: &str| links.ports.get(name).map(|port| port.index);
        let mut ports: HashMap<IpNet, Option<u32>> = HashMap::new();
        for network in &policy.networks {
            let port = network.interfaces.iter().find_map(|name| index(name));
            ports.extend(network.prefixes.iter().map(|prefix| (prefix.trunc(), port)));
        }
        for arm in &policy.arms {
            let port = index(&arm.interface);
            ports.extend(arm.prefixes.iter().map(|prefix| (prefix.trunc(), port)));
        }
        let lengths = [true, false].map(|four| lengths(&ports, four));
        let mut shared: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, arm) in policy.arms.iter().enumerate() {
            shared.entry(&arm.interface).or_default().push(at);
        }
        let outside = policy.networks.iter().filter(|network| network.role == Role::Outside);
        let outside = outside.flat_map(|network| &network.interfaces).find_map(|name| index(name));
        let own = links.ports.values().flat_map(|port| port.addresses.iter().copied()).collect();
        Self { policy, links, own, ports, lengths, outside, shared }
    }

    /// The number of a segment's port.
    pub(super) fn port(&self, arm: &Arm) -> Option<u32> {
        self.links.ports.get(&arm.interface).map(|port| port.index)
    }

    pub(super) fn way(&self, to: IpAddr) -> Way {
        if self.own.contains(&to) {
            return Way::Here;
        }
        match self.owner(to) {
            Some(port) => port.map_or(Way::Nowhere, Way::Out),
            // Where there is no outside, its packets would still be forwarded by a default route.
            None => Way::Out(self.outside.unwrap_or(0)),
        }
    }

    /// The port to whoever has an address; `None` for an address of nobody.
    fn owner(&self, at: IpAddr) -> Option<Option<u32>> {
        let lengths = &self.lengths[usize::from(at.is_ipv6())];
        let net = |length: &u8| IpNet::new(at, *length).ok().map(|net| net.trunc());
        lengths.iter().filter_map(net).find_map(|net| self.ports.get(&net).copied())
    }

    /// An address of a prefix that is not the hub's.
    pub(super) fn speaker(&self, prefix: IpNet) -> IpAddr {
        let mut candidates = (1..8).map(|nth| inside(prefix, nth));
        candidates.find(|at| !self.own.contains(at)).unwrap_or_else(|| inside(prefix, 0))
    }

    /// The addresses of a target, as a segment asks for it.
    pub(super) fn places(&self, target: &Target, arm: &Arm, four: bool) -> Vec<IpAddr> {
        match target.address {
            Some(at) if at.is_ipv4() == four => vec![at],
            Some(_) => vec![],
            None => self.own_of(arm, four).collect(),
        }
    }

    /// The hub's addresses on a segment's port.
    pub(super) fn own_of(&self, arm: &Arm, four: bool) -> impl Iterator<Item = IpAddr> + use<'a> {
        let port = self.links.ports.get(&arm.interface);
        let addresses = port.into_iter().flat_map(|port| port.addresses.iter().copied());
        addresses.filter(move |at| at.is_ipv4() == four)
    }

    /// Addresses outside the star, and of the networks where no segment goes.
    pub(super) fn foreign(&self, four: bool) -> impl Iterator<Item = IpAddr> + use<'a, '_> {
        let nobody: [IpAddr; 2] =
            if four { NOBODY4.map(IpAddr::V4) } else { NOBODY6.map(IpAddr::V6) };
        let nobody = nobody.into_iter().find(|at| self.owner(*at).is_none());
        let networks = self.policy.networks.iter().filter(|one| one.role != Role::Services);
        let prefixes = networks.flat_map(|network| &network.prefixes);
        let of_family = prefixes.filter(move |prefix| prefix.addr().is_ipv4() == four);
        nobody.into_iter().chain(of_family.map(|prefix| inside(*prefix, 77)))
    }

    /// Two other segments: the next one, and the next one on the same interface.
    pub(super) fn others(&self, at: usize) -> Vec<&'a Arm> {
        let arms = &self.policy.arms;
        let next = arms.get(at + 1).or(arms.first());
        let beside = self.shared.get(&*arms[at].interface).map_or(&[][..], Vec::as_slice);
        let place = beside.binary_search(&at).unwrap_or(0);
        let beside = beside.get(place + 1).or(beside.first()).and_then(|at| arms.get(*at));
        let mut others: Vec<&Arm> = next.into_iter().chain(beside).collect();
        others.retain(|other| other.no != arms[at].no);
        others
    }
}

fn lengths(ports: &HashMap<IpNet, Option<u32>>, four: bool) -> Vec<u8> {
    let of_family = ports.keys().filter(|net| net.addr().is_ipv4() == four);
    let mut lengths: Vec<u8> = of_family.map(IpNet::prefix_len).collect();
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    lengths.dedup();
    lengths
}

/// The nth address of a prefix, or the last one below it where there are fewer.
pub(super) fn inside(prefix: IpNet, nth: u8) -> IpAddr {
    let free = u32::from(prefix.max_prefix_len() - prefix.prefix_len());
    let nth = if free >= 8 { nth } else { nth & (1_u8 << free).wrapping_sub(1) };
    match prefix.network() {
        IpAddr::V4(four) => Ipv4Addr::from(u32::from(four) | u32::from(nth)).into(),
        IpAddr::V6(six) => Ipv6Addr::from(u128::from(six) | u128::from(nth)).into(),
    }
}

/// A link-local address.
pub(super) fn link_local(four: bool) -> IpAddr {
    if four {
        Ipv4Addr::new(169, 254, 7, 7).into()
    } else {
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7).into()
    }
}
