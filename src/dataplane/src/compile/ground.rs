//! What a policy and the machine's interfaces come to, taken together.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ets_model::{Arm, Network, Policy, Role};
use ipnet::IpNet;

use super::line::Ip;
use super::{Links, Port};

/// A policy on the ground.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    pub(super) policy: &'a Policy,
    pub(super) links: &'a Links,
    pub(super) generation: u32,
}

impl<'a> Ground<'a> {
    pub(super) fn new(policy: &'a Policy, links: &'a Links, generation: u32) -> Self {
        Self { policy, links, generation: generation.max(1) }
    }

    pub(super) fn port(&self, name: &str) -> Option<&'a Port> {
        self.links.ports.get(name)
    }

    /// The segments whose port is there, with its number.
    pub(super) fn arms(&self) -> impl Iterator<Item = (&'a Arm, u32)> + '_ {
        self.policy.arms.iter().filter_map(|arm| Some((arm, self.port(&arm.interface)?.index)))
    }

    /// The ports that lead to segments; names are told once.
    pub(super) fn segment_ports(&self) -> Vec<&'a Port> {
        let names: BTreeSet<&str> = self.policy.arms.iter().map(|arm| &*arm.interface).collect();
        names.into_iter().filter_map(|name| self.port(name)).collect()
    }

    /// The networks of a role, each with the numbers of its interfaces.
    pub(super) fn networks(&self) -> impl Iterator<Item = (&'a Network, Vec<u32>)> + '_ {
        self.policy.networks.iter().map(|network| {
            let ports = network.interfaces.iter().filter_map(|name| self.port(name));
            (network, ports.map(|port| port.index).collect())
        })
    }

    /// The numbers of the interfaces of all networks of a role.
    pub(super) fn ports_of(&self, role: Role) -> BTreeSet<u32> {
        let of_role = self.networks().filter(|(network, _)| network.role == role);
        of_role.flat_map(|(_, ports)| ports).collect()
    }

    /// Every address of the hub.
    pub(super) fn own(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.links.ports.values().flat_map(|port| port.addresses.iter().copied())
    }

    pub(super) fn is_any_shaped(&self) -> bool {
        let shaped =
            |arm: &Arm| arm.rate.is_some_and(|rate| (rate.down_kbps, rate.up_kbps) != (0, 0));
        self.policy.arms.iter().any(shaped)
    }
}

/// An address as bytes, in network order.
pub(super) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(four) => four.octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    }
}

/// The beginning of a prefix, as bytes.
pub(super) fn network(prefix: IpNet) -> Vec<u8> {
    octets(prefix.network())
}

/// The lengths in use among prefixes, the longest first.
pub(super) fn lengths<'a>(prefixes: impl Iterator<Item = &'a IpNet>, ip: Ip) -> Vec<u8> {
    let of_family = prefixes.filter(|prefix| Ip::of(prefix.addr()) == ip);
    let lengths: BTreeSet<u8> = of_family.map(IpNet::prefix_len).collect();
    lengths.into_iter().rev().collect()
}
