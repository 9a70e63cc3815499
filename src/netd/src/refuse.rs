//! What a desired state must keep to. Each rule with the sentence that refuses it.

use std::collections::HashSet;
use std::net::IpAddr;

use ets_model::Method;
use ets_netd_api::{Desired, Target, Trunk};

/// The most segments: what the engine and the ring are made for, with a reserve.
const MOST_TARGETS: usize = 65_536;
const MOST_TRUNKS: usize = 256;
const MOST_PATTERNS: usize = 65_536;
/// IFNAMSIZ without the closing zero, and a `*`.
const LONGEST_NAME: usize = 16;

/// Why `desired` cannot be taken over; `None` when it can.
pub(crate) fn fault(desired: &Desired) -> Option<String> {
    if desired.targets.len() > MOST_TARGETS {
        return Some(format!(
            "{} segments are more than the {MOST_TARGETS} that one netd watches: share them out",
            desired.targets.len()
        ));
    }
    if desired.trunks.len() > MOST_TRUNKS {
        return Some(format!("more than {MOST_TRUNKS} trunks: join some of them"));
    }
    let mut seen = HashSet::new();
    let twice = |target: &&Target| !seen.insert(target.no);
    if let Some(target) = desired.targets.iter().find(twice) {
        return Some(format!("segment {} is named twice: name each once", target.no));
    }
    desired.targets.iter().find_map(target_fault).or_else(|| trunks_fault(&desired.trunks))
}

fn target_fault(target: &Target) -> Option<String> {
    let no = target.no;
    if no.0 == 0 {
        return Some("segment number 0 is no number: the registry gives them from 1 on".into());
    }
    if !can_be_probed(target.address) {
        return Some(format!(
            "segment {no}: {} is no address of one machine that can be reached: give the router's \
             own address",
            target.address
        ));
    }
    if target.method == Method::Tcp(0) {
        return Some(format!("segment {no}: TCP port 0 cannot be probed: give 1 to 65535"));
    }
    name_fault(&target.interface).map(|fault| format!("segment {no}: {fault}"))
}

fn trunks_fault(trunks: &[Trunk]) -> Option<String> {
    let mut seen = HashSet::new();
    for trunk in trunks {
        if trunk.name.is_empty() || trunk.name.len() > 64 {
            return Some("a trunk's name has 1 to 64 bytes".into());
        }
        if !seen.insert(&trunk.name) {
            return Some(format!("trunk {:?} is named twice: name each once", trunk.name));
        }
        if trunk.interfaces.len() > MOST_PATTERNS {
            return Some(format!("trunk {:?} has too many interfaces", trunk.name));
        }
        let fault = trunk.interfaces.iter().find_map(|name| name_fault(name));
        if let Some(fault) = fault {
            return Some(format!("trunk {:?}: {fault}", trunk.name));
        }
    }
    None
}

fn name_fault(interface: &str) -> Option<String> {
    let odd = |c: char| c == '/' || c.is_whitespace() || c.is_control();
    if interface.len() > LONGEST_NAME {
        return Some(format!("{interface:?} is no interface: names have at most 15 bytes"));
    }
    let unusable = interface.contains(odd) || interface == "." || interface == "..";
    unusable.then(|| format!("{interface:?} is no interface: names have no '/' and no spaces"))
}

fn can_be_probed(address: IpAddr) -> bool {
    let usual = !address.is_unspecified() && !address.is_multicast();
    match address {
        IpAddr::V4(four) => usual && !four.is_broadcast(),
        IpAddr::V6(six) => usual && !six.is_unicast_link_local() && six.to_ipv4_mapped().is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ets_model::{Criticality, SegmentNo};

    fn target(no: u32, address: &str) -> Target {
        Target {
            no: SegmentNo(no),
            address: address.parse().unwrap(),
            method: Method::Icmp,
            criticality: Criticality::Normal,
            interface: "p1".into(),
            maintenance: false,
        }
    }

    fn of(targets: Vec<Target>, trunks: Vec<Trunk>) -> Option<String> {
        fault(&Desired { generation: 1, targets, trunks })
    }

    /// covers: S13
    #[test]
    fn each_rule_refuses_with_its_own_sentence() {
        assert_eq!(of(vec![target(1, "10.10.1.1"), target(2, "fd00::1")], vec![]), None);
        let cases = [
            (of(vec![target(1, "10.10.1.1"), target(1, "10.10.2.1")], vec![]), "named twice"),
            (of(vec![target(0, "10.10.1.1")], vec![]), "number 0"),
            (of(vec![target(1, "224.0.0.1")], vec![]), "no address of one machine"),
            (of(vec![target(1, "255.255.255.255")], vec![]), "no address of one machine"),
            (of(vec![target(1, "fe80::1")], vec![]), "no address of one machine"),
            (of(vec![target(1, "::ffff:10.0.0.1")], vec![]), "no address of one machine"),
            (
                of(vec![Target { method: Method::Tcp(0), ..target(1, "10.0.0.1") }], vec![]),
                "port 0",
            ),
            (
                of(vec![Target { interface: "x".repeat(17), ..target(1, "10.0.0.1") }], vec![]),
                "no interface",
            ),
            (
                of(vec![Target { interface: "../lo".into(), ..target(1, "10.0.0.1") }], vec![]),
                "no '/'",
            ),
            (of(vec![], vec![Trunk { name: String::new(), interfaces: vec![] }]), "1 to 64 bytes"),
            (
                of(vec![], vec![Trunk { name: "t".into(), interfaces: vec![] }; 2]),
                "trunk \"t\" is named twice",
            ),
        ];
        for (found, expected) in cases {
            let found = found.unwrap();
            assert!(found.contains(expected), "{found}");
        }
        let many = (1..=65_537).map(|no| target(no, "10.0.0.1")).collect();
        assert!(of(many, vec![]).unwrap().contains("share them out"));
    }
}
