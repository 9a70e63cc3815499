//! What a policy must keep to, each rule with both sides named (requirement N2.3).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Arm, Network, Policy, Role, Served};
use crate::{PortRange, SegmentId, SegmentNo, ServiceId, ServiceNo, ServicePlace};

/// Why a policy cannot be put in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// Two segments have addresses in common.
    #[error("{0} of {1} and {2} of {3} have addresses in common: correct one of them")]
    Overlap(IpNet, SegmentId, IpNet, SegmentId),
    /// A segment has addresses of one of the hub's own networks.
    #[error(
        "{0} of {1} and {2} of the hub's network {3} have addresses in common: correct one of them"
    )]
    InNetwork(IpNet, SegmentId, IpNet, String),
    /// Two of the hub's networks have addresses in common.
    #[error(
        "{0} of network {1} and {2} of network {3} have addresses in common: correct one of them"
    )]
    NetworksOverlap(IpNet, String, IpNet, String),
    /// A prefix so short that it stands for everybody.
    #[error(
        "{0} of {1} stands for half the world: give the segment's own networks, /8 (IPv6: /16) or longer"
    )]
    TooWide(IpNet, SegmentId),
    /// A prefix that no segment can have.
    #[error("{0} of {1} is {2}: give the segment's own networks")]
    Special(IpNet, SegmentId, &'static str),
    /// A prefix with bits behind its length.
    #[error("{0} of {1} has bits behind its length: write {2}")]
    HostBits(IpNet, SegmentId, IpNet),
    /// A segment's number that is more than the mark of a packet has room for.
    #[error("{0} has segment number {1}, above {most}, and packets cannot be marked with it: retire it", most = SegmentNo::MOST)]
    NumberTooLarge(SegmentId, SegmentNo),
    /// Two segments under one number.
    #[error("segment number {0} is given to {1} and to {2}: numbers are given once")]
    NumberTwice(SegmentNo, SegmentId, SegmentId),
    /// Two services under one number.
    #[error("service number {0} is given to {1} and to {2}: numbers are given once")]
    ServiceTwice(ServiceNo, ServiceId, ServiceId),
    /// More services than can be counted apart.
    #[error("service {0} has number {1}, above {most}: retire one that is not used", most = ServiceNo::MOST)]
    TooManyServices(ServiceId, ServiceNo),
    /// A grant for a service that is not there.
    #[error(
        "{0} may reach service {1}, which is not there: withdraw the grant or bring the service back"
    )]
    NoService(SegmentId, ServiceNo),
    /// Two services answer on one port of one address.
    #[error("services {0} and {1} both answer on {2} of {3}: correct one of them")]
    PortTwice(ServiceId, ServiceId, PortRange, String),
    /// A service that answers nowhere.
    #[error("service {0} has no {1}: give at least one")]
    Nowhere(ServiceId, &'static str),
    /// A service on the hub with addresses of its own.
    #[error("service {0} runs on the hub and has the address {1}: leave its addresses out")]
    HubWithAddress(ServiceId, IpAddr),
    /// A service behind the hub that is in none of its services' networks.
    #[error(
        "service {0} has the address {1}, which is in no network for services: correct it, or declare its network in hub.toml"
    )]
    Stray(ServiceId, IpAddr),
    /// A service behind the hub with an address of a segment.
    #[error("service {0} has the address {1}, which belongs to {2} of {3}: correct one of them")]
    InSegment(ServiceId, IpAddr, IpNet, SegmentId),
    /// A segment on the interface by which the hub speaks with itself.
    #[error(
        "{0} is on {LOOPBACK}, by which the hub speaks with itself: give the port that leads to it"
    )]
    OnLoopback(SegmentId),
    /// An interface leads to a segment and to one of the hub's networks.
    #[error("interface {0} leads to {1} and to the hub's network {2}: correct one of them")]
    InterfaceTwice(String, SegmentId, String),
    /// An interface leads to two of the hub's networks.
    #[error("interface {0} leads to the networks {1} and {2}: correct one of them")]
    InterfaceShared(String, String, String),
}

/// The interface of every machine to itself.
const LOOPBACK: &str = "lo";

impl Policy {
    /// Every fault there is; none when the policy can be put in force.
    pub fn faults(&self) -> Vec<PolicyFault> {
        let mut faults = Vec::new();
        numbers(self, &mut faults);
        prefixes(self, &mut faults);
        services(self, &mut faults);
        interfaces(self, &mut faults);
        faults
    }
}

fn numbers(policy: &Policy, faults: &mut Vec<PolicyFault>) {
    let mut arms: HashMap<SegmentNo, &Arm> = HashMap::new();
    for arm in &policy.arms {
        if arm.no.0 > SegmentNo::MOST {
            faults.push(PolicyFault::NumberTooLarge(arm.id.clone(), arm.no));
        }
        if let Some(other) = arms.insert(arm.no, arm) {
            faults.push(PolicyFault::NumberTwice(arm.no, other.id.clone(), arm.id.clone()));
        }
    }
    let mut services: HashMap<ServiceNo, &Served> = HashMap::new();
    for service in &policy.services {
        let (no, id) = (service.no, &service.id);
        if no.0 > ServiceNo::MOST {
            faults.push(PolicyFault::TooManyServices(id.clone(), no));
        }
        if let Some(other) = services.insert(no, service) {
            faults.push(PolicyFault::ServiceTwice(no, other.id.clone(), id.clone()));
        }
    }
    for arm in &policy.arms {
        let missing = arm.may.iter().filter(|no| !services.contains_key(no));
        faults.extend(missing.map(|no| PolicyFault::NoService(arm.id.clone(), *no)));
    }
}

/// A prefix and whose it is.
#[derive(Clone, Copy)]
enum Owner<'a> {
    Arm(&'a Arm),
    Network(&'a Network),
}

fn prefixes(policy: &Policy, faults: &mut Vec<PolicyFault>) {
    let mut all: Vec<(IpNet, Owner<'_>)> = Vec::new();
    for arm in &policy.arms {
        for prefix in &arm.prefixes {
            match unfit(*prefix, &arm.id) {
                Some(fault) => faults.push(fault),
                None => all.push((*prefix, Owner::Arm(arm))),
            }
        }
    }
    for network in &policy.networks {
        all.extend(network.prefixes.iter().map(|prefix| (prefix.trunc(), Owner::Network(network))));
    }
    // A prefix stands before everything that it contains, so that only open ones can hold the next.
    all.sort_by_key(|(prefix, _)| (prefix.network(), prefix.prefix_len()));
    let mut open: Vec<(IpNet, Owner<'_>)> = Vec::new();
    for (prefix, owner) in all {
        open.retain(|(outer, _)| outer.contains(&prefix));
        faults.extend(
            open.iter().filter_map(|(outer, whose)| clash((*outer, *whose), (prefix, owner))),
        );
        open.push((prefix, owner));
    }
}

fn clash(one: (IpNet, Owner<'_>), two: (IpNet, Owner<'_>)) -> Option<PolicyFault> {
    Some(match (one, two) {
        ((a, Owner::Arm(x)), (b, Owner::Arm(y))) => {
            PolicyFault::Overlap(a, x.id.clone(), b, y.id.clone())
        }
        ((a, Owner::Arm(x)), (b, Owner::Network(y)))
        | ((b, Owner::Network(y)), (a, Owner::Arm(x))) => {
            PolicyFault::InNetwork(a, x.id.clone(), b, y.name.clone())
        }
        ((a, Owner::Network(x)), (b, Owner::Network(y))) => {
            PolicyFault::NetworksOverlap(a, x.name.clone(), b, y.name.clone())
        }
    })
}

fn unfit(prefix: IpNet, id: &SegmentId) -> Option<PolicyFault> {
    let shortest = if prefix.addr().is_ipv4() { 8 } else { 16 };
    if prefix.prefix_len() < shortest {
        return Some(PolicyFault::TooWide(prefix, id.clone()));
    }
    if prefix.trunc() != prefix {
        return Some(PolicyFault::HostBits(prefix, id.clone(), prefix.trunc()));
    }
    special(prefix).map(|what| PolicyFault::Special(prefix, id.clone(), what))
}

/// Prefixes that no segment can have (RFC 6890).
fn special(prefix: IpNet) -> Option<&'static str> {
    const KINDS: &[(&str, &str)] = &[
        ("0.0.0.0/8", "no address of a machine"),
        ("127.0.0.0/8", "the loopback of every machine"),
        ("169.254.0.0/16", "link-local"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/32", "not IPv6 but an IPv4 address written as IPv6, or the loopback"),
        ("64:ff9b::/96", "a translation of IPv4"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
    ];
    let touches =
        |kind: &str| kind.parse::<IpNet>().is_ok_and(|kind| crate::overlap(&kind, &prefix));
    KINDS.iter().find(|(kind, _)| touches(kind)).map(|(_, what)| *what)
}

fn services(policy: &Policy, faults: &mut Vec<PolicyFault>) {
    let behind: Vec<IpNet> = policy
        .networks
        .iter()
        .filter(|network| network.role == Role::Services)
        .flat_map(|network| network.prefixes.iter().copied())
        .collect();
    let by_address = arms_by_prefix(policy);
    let mut taken: BTreeMap<Option<IpAddr>, Vec<(PortRange, &Served)>> = BTreeMap::new();
    for service in &policy.services {
        placed(service, &behind, &by_address, faults);
        for at in places(service) {
            let here = taken.entry(at).or_default();
            for range in &service.ports {
                let clash = here.iter().find(|(other, whose)| {
                    other.overlaps(*range) && *range != PortRange::ICMP && whose.no != service.no
                });
                if let Some((other, whose)) = clash {
                    let at = at.map_or_else(|| "the hub".to_owned(), |at| at.to_string());
                    let (one, two) = (whose.id.clone(), service.id.clone());
                    faults.push(PolicyFault::PortTwice(one, two, *other, at));
                }
                here.push((*range, service));
            }
        }
    }
}

fn places(service: &Served) -> Vec<Option<IpAddr>> {
    match service.place {
        ServicePlace::Hub => vec![None],
        ServicePlace::Behind => service.addresses.iter().map(|at| Some(*at)).collect(),
    }
}

fn placed(
    service: &Served,
    behind: &[IpNet],
    arms: &[(IpNet, &Arm)],
    faults: &mut Vec<PolicyFault>,
) {
    let id = || service.id.clone();
    if service.ports.is_empty() {
        faults.push(PolicyFault::Nowhere(id(), "ports"));
    }
    if service.place == ServicePlace::Hub {
        faults.extend(service.addresses.iter().map(|at| PolicyFault::HubWithAddress(id(), *at)));
        return;
    }
    if service.addresses.is_empty() {
        faults.push(PolicyFault::Nowhere(id(), "addresses"));
    }
    for at in &service.addresses {
        if let Some((prefix, arm)) = arms.iter().find(|(prefix, _)| prefix.contains(at)) {
            faults.push(PolicyFault::InSegment(id(), *at, *prefix, arm.id.clone()));
        } else if !behind.iter().any(|prefix| prefix.contains(at)) {
            faults.push(PolicyFault::Stray(id(), *at));
        }
    }
}

fn arms_by_prefix(policy: &Policy) -> Vec<(IpNet, &Arm)> {
    let fit = |arm: &Arm, prefix: &IpNet| unfit(*prefix, &arm.id).is_none();
    let each = |arm| move |prefix: &IpNet| fit(arm, prefix).then_some((*prefix, arm));
    policy.arms.iter().flat_map(|arm| arm.prefixes.iter().filter_map(each(arm))).collect()
}

fn interfaces(policy: &Policy, faults: &mut Vec<PolicyFault>) {
    let mut networks: HashMap<&str, &Network> = HashMap::new();
    for network in &policy.networks {
        for interface in &network.interfaces {
            if let Some(other) = networks.insert(interface, network)
                && other.name != network.name
            {
                let (one, two) = (other.name.clone(), network.name.clone());
                faults.push(PolicyFault::InterfaceShared(interface.clone(), one, two));
            }
        }
    }
    let on_loopback = policy.arms.iter().filter(|arm| arm.interface == LOOPBACK);
    faults.extend(on_loopback.map(|arm| PolicyFault::OnLoopback(arm.id.clone())));
    let mut told = HashSet::new();
    for arm in &policy.arms {
        if let Some(network) = networks.get(arm.interface.as_str())
            && told.insert(&arm.interface)
        {
            let (interface, name) = (arm.interface.clone(), network.name.clone());
            faults.push(PolicyFault::InterfaceTwice(interface, arm.id.clone(), name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, Rate};
    use super::*;

    fn arm(no: u32, prefix: &str) -> Arm {
        Arm {
            no: SegmentNo(no),
            id: format!("s{no:03}").parse().unwrap(),
            interface: format!("s{no:03}"),
            prefixes: vec![prefix.parse().unwrap()],
            hardware: None,
            may: Vec::new(),
            limits: Some(Limits::default()),
            rate: Some(Rate::default()),
        }
    }

    fn service(no: u16, address: &str, port: u16) -> Served {
        Served {
            no: ServiceNo(no),
            id: format!("v{no}").parse().unwrap(),
            place: ServicePlace::Behind,
            addresses: vec![address.parse().unwrap()],
            ports: vec![PortRange::tcp(port)],
            everyone: true,
        }
    }

    fn network(name: &str, prefix: &str) -> Network {
        Network {
            name: name.into(),
            role: Role::Services,
            interfaces: vec![format!("{name}0")],
            prefixes: vec![prefix.parse().unwrap()],
        }
    }

    fn sound() -> Policy {
        Policy {
            arms: vec![arm(1, "10.10.1.0/24"), arm(2, "10.10.2.0/24"), arm(3, "fd10:10:3::/64")],
            services: vec![service(1, "10.1.0.10", 25), service(2, "10.1.0.10", 80)],
            networks: vec![network("dc", "10.1.0.0/24")],
            limits: Limits::default(),
        }
    }

    #[track_caller]
    fn said(spoil: impl FnOnce(&mut Policy)) -> String {
        let mut policy = sound();
        spoil(&mut policy);
        let faults = policy.faults();
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults[0].to_string()
    }

    fn prefix(text: &str) -> impl FnOnce(&mut Policy) {
        let prefix = text.parse().unwrap();
        move |policy| policy.arms[1].prefixes = vec![prefix]
    }

    /// covers: N2.3, D10: each rule of a policy with its exact sentence
    #[test]
    fn each_fault_of_a_policy_names_both_sides() {
        assert_eq!(sound().faults(), []);
        let overlap = "10.10.1.0/24 of s001 and 10.10.1.128/25 of s002 have addresses in common: \
            correct one of them";
        assert_eq!(said(prefix("10.10.1.128/25")), overlap);
        assert!(
            said(prefix("10.1.0.128/25")).contains("s002 and 10.1.0.0/24 of the hub's network dc")
        );
        assert!(said(|p| p.networks.push(network("dd", "10.1.0.0/16"))).contains("network dd and"));
        assert!(said(prefix("0.0.0.0/0")).contains("0.0.0.0/0 of s002 stands for half the world"));
        assert!(said(prefix("::/0")).contains("half the world"));
        assert!(said(prefix("::ffff:10.0.0.0/104")).contains("an IPv4 address written as IPv6"));
        assert!(said(prefix("127.0.0.0/8")).contains("the loopback"));
        assert!(said(prefix("fe80::/64")).contains("link-local"));
        assert!(said(prefix("10.10.9.1/24")).contains("write 10.10.9.0/24"));
        assert!(said(|p| p.arms[1].no = SegmentNo(1)).contains("given to s001 and to s002"));
        assert!(
            said(|p| p.arms[2].no = SegmentNo(1 << 30))
                .contains("s003 has segment number 1073741824, above 1073741823")
        );
        let mut most = sound();
        most.arms[2].no = SegmentNo((1 << 30) - 1);
        assert_eq!(most.faults(), []);
        assert!(said(|p| p.services[1].no = ServiceNo(1)).contains("given to v1 and to v2"));
        assert!(said(|p| p.services[1].no = ServiceNo(29)).contains("above 28"));
        assert!(said(|p| p.arms[0].may = vec![ServiceNo(9)]).contains("s001 may reach service 9"));
        assert!(
            said(|p| p.services[1].ports = vec![PortRange::tcp(25)]).contains("v1 and v2 both")
        );
        assert!(said(|p| p.services[0].ports.clear()).contains("v1 has no ports"));
        assert!(said(|p| p.services[0].addresses.clear()).contains("v1 has no addresses"));
        assert!(said(|p| p.services[0].place = ServicePlace::Hub).contains("runs on the hub"));
        let stray = |p: &mut Policy| p.services[0].addresses = vec!["192.0.2.1".parse().unwrap()];
        assert!(said(stray).contains("in no network for services"));
        let inside = |p: &mut Policy| p.services[0].addresses = vec!["10.10.2.9".parse().unwrap()];
        assert!(said(inside).contains("belongs to 10.10.2.0/24 of s002"));
        assert!(said(|p| p.arms[0].interface = "dc0".into()).contains("leads to s001 and to"));
        assert!(said(|p| p.arms[0].interface = "lo".into()).contains("s001 is on lo"));
        let shared = |p: &mut Policy| {
            p.networks
                .push(Network { interfaces: vec!["dc0".into()], ..network("dd", "10.2.0.0/24") });
        };
        assert!(said(shared).contains("leads to the networks dc and dd"));
    }

    #[test]
    fn ten_thousand_segments_are_checked_at_once() {
        let arms = (1..=10_000).map(|no| {
            let prefix = format!("10.{}.{}.0/24", 16 + no / 256, no % 256);
            arm(no, &prefix)
        });
        let policy = Policy { arms: arms.collect(), ..sound() };
        assert_eq!(policy.faults(), []);
    }
}
