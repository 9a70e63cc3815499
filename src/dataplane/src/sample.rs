//! A small star for tests, and questions to its rules.

use std::net::IpAddr;

use ets_model::{
    Arm, Hardware, Limits, Network, Policy, PortRange, Role, SegmentNo, Served, ServiceNo,
    ServicePlace,
};

use crate::compile::{Links, Port, compile};
use crate::evaluate::packet::{Carries, network};
use crate::evaluate::{Connection, Evaluator, Flow, Packet, Way};
use crate::nft::ir::Ruleset;

pub(crate) const GENERATION: u32 = 7;
pub(crate) const DC: u32 = 2;
pub(crate) const EXT: u32 = 3;
pub(crate) const MANAGEMENT: u32 = 4;
/// An interface that is in no list.
pub(crate) const UNLISTED: u32 = 5;

/// The port of segment `no`; segments 3 and 4 share one.
pub(crate) fn port_of(no: u32) -> u32 {
    10 + no.min(3)
}

pub(crate) fn hardware(no: u32) -> Hardware {
    Hardware([2, 0, 0, 0, 1, u8::try_from(no).unwrap_or(0)])
}

pub(crate) fn at(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn arm(no: u32) -> Arm {
    Arm {
        no: SegmentNo(no),
        id: format!("s{no}").parse().unwrap(),
        interface: format!("k{}", no.min(3)),
        prefixes: vec![
            format!("10.10.{no}.0/24").parse().unwrap(),
            format!("fd10:10:{no}::/64").parse().unwrap(),
        ],
        hardware: (no >= 3).then(|| hardware(no)),
        may: if no == 1 { vec![ServiceNo(2), ServiceNo(3)] } else { vec![] },
        limits: None,
        rate: None,
    }
}

fn served(no: u16, id: &str, ports: &[&str]) -> Served {
    let hub = id == "dns" || id == "ntp";
    let behind = vec![at("10.1.0.10"), at("fd10:1::10")];
    Served {
        no: ServiceNo(no),
        id: id.parse().unwrap(),
        place: if hub { ServicePlace::Hub } else { ServicePlace::Behind },
        addresses: if hub { vec![] } else { behind },
        ports: ports.iter().map(|port| port.parse::<PortRange>().unwrap()).collect(),
        everyone: no == 1 || no == 4,
    }
}

fn net(name: &str, role: Role, prefixes: &[&str]) -> Network {
    Network {
        name: name.into(),
        role,
        interfaces: vec![format!("{name}0")],
        prefixes: prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect(),
    }
}

/// Segments 1 to 4; web and the hub's time for everyone, mail and the hub's names for segment 1.
pub(crate) fn policy() -> Policy {
    Policy {
        arms: (1..=4).map(arm).collect(),
        services: vec![
            served(1, "web", &["tcp/80", "icmp"]),
            served(2, "mail", &["tcp/25", "udp/5000-5099"]),
            served(3, "dns", &["udp/53"]),
            served(4, "ntp", &["udp/123"]),
        ],
        networks: vec![
            net("dc", Role::Services, &["10.1.0.0/24", "fd10:1::/64"]),
            net("ext", Role::Outside, &[]),
            net("mgmt", Role::Management, &["10.2.0.0/24"]),
        ],
        limits: Limits::default(),
    }
}

fn port(index: u32, addresses: &[&str], hops: &[&str]) -> Port {
    let all = |list: &[&str]| list.iter().map(|one| at(one)).collect();
    Port { index, addresses: all(addresses), next_hops: all(hops) }
}

pub(crate) fn links() -> Links {
    let ports = [
        ("k1", port(11, &["10.10.1.254", "fd10:10:1::254"], &["10.9.1.1", "fd10:9:1::1"])),
        ("k2", port(12, &["10.10.2.254", "fd10:10:2::254"], &[])),
        ("k3", port(13, &["10.9.3.254", "fd10:9:3::254"], &[])),
        ("dc0", port(DC, &["10.1.0.254", "fd10:1::254"], &[])),
        ("ext0", port(EXT, &["203.0.113.254"], &[])),
        ("mgmt0", port(MANAGEMENT, &["10.2.0.254"], &[])),
    ];
    let ports = ports.into_iter().map(|(name, port)| (name.to_owned(), port)).collect();
    Links { ports, metered: false, published: Vec::new(), intercept: None }
}

pub(crate) fn rules() -> Ruleset {
    compile(&policy(), &links(), GENERATION)
}

/// Where an address of the sample is.
pub(crate) fn way(to: IpAddr) -> Way {
    if links().ports.values().any(|port| port.addresses.contains(&to)) {
        return Way::Here;
    }
    let policy = policy();
    let arm = policy.arms.iter().find(|arm| arm.prefixes.iter().any(|net| net.contains(&to)));
    let dc = policy.networks[0].prefixes.iter().any(|net| net.contains(&to));
    match arm {
        Some(arm) => Way::Out(port_of(arm.no.0)),
        None => Way::Out(if dc { DC } else { EXT }),
    }
}

/// A packet in the making; the port by which the routes send it out, where they are wrong.
#[derive(Clone, Debug)]
pub(crate) struct Sent(pub(crate) Packet, Option<u32>);

/// From a segment's own port with its own hardware.
pub(crate) fn from(no: u32, source: &str, destination: &str, carries: Carries) -> Sent {
    let ends = (at(source), at(destination));
    Sent(Packet::opening(port_of(no), hardware(no), ends, carries), None)
}

/// From another port.
pub(crate) fn by(port: u32, source: &str, destination: &str, carries: Carries) -> Sent {
    from(1, source, destination, carries).with(|packet| packet.input = port)
}

/// ICMP of any kind from a segment.
pub(crate) fn icmp(no: u32, source: &str, destination: &str, message: &[u8]) -> Sent {
    let mut sent = from(no, source, destination, Carries::Ping);
    let (source, destination) = (at(source), at(destination));
    let protocol = if source.is_ipv4() { 1 } else { 58 };
    sent.0.network = network(source, destination, protocol, message);
    sent
}

impl Sent {
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Packet)) -> Self {
        change(&mut self.0);
        self
    }

    pub(crate) fn in_flow(self, back: bool, mark: u32) -> Self {
        self.with(|packet| packet.connection = Connection::Established(Flow { back, mark }))
    }

    pub(crate) fn related(self, back: bool, mark: u32) -> Self {
        self.with(|packet| packet.connection = Connection::Related(Flow { back, mark }))
    }

    pub(crate) fn unknown(self) -> Self {
        self.with(|packet| packet.connection = Connection::Invalid)
    }

    pub(crate) fn routed_to(mut self, port: u32) -> Self {
        self.1 = Some(port);
        self
    }

    /// `passed`, or the chain that refused; `untracked` for a packet of the hub's own that is not.
    pub(crate) fn verdict(&self, rules: &Ruleset) -> String {
        let evaluator = Evaluator::new(rules).unwrap();
        let route = |to| self.1.map_or_else(|| way(to), Way::Out);
        let own = self.0.input == 0;
        let outcome = match self.1 {
            Some(port) if own => evaluator.send(&self.0, port),
            _ => evaluator.receive(&self.0, route),
        };
        let outcome = outcome.unwrap();
        match outcome.passed {
            true if own && !outcome.tracked => "untracked".to_owned(),
            true => "passed".to_owned(),
            false => outcome.chain.to_owned(),
        }
    }
}
