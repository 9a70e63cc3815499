//! On one link: neighbour discovery and ARP.

use super::*;

/// A message of neighbour discovery: target, and the hardware address in its option.
pub(super) fn discovery(kind: u8, target: &str, named: Option<u32>) -> Vec<u8> {
    let target: std::net::Ipv6Addr = target.parse().unwrap();
    let mut message = [&[kind, 0, 0, 0, 0x60, 0, 0, 0][..], &target.octets()].concat();
    if let Some(no) = named {
        message.extend([if kind == 135 { 1 } else { 2 }, 1]);
        message.extend(hardware(no).0);
    }
    message
}

pub(super) fn neighbour(no: u32, source: &str, kind: u8, target: &str, named: Option<u32>) -> Sent {
    let hub = if no == 1 { "fd10:10:1::254" } else { "fd10:9:3::254" };
    icmp(no, source, hub, &discovery(kind, target, named)).with(|packet| packet.network[7] = 255)
}

/// covers: N2.1, D1
#[test]
pub(super) fn in_neighbour_discovery_everybody_speaks_for_himself() {
    let hub = "fd10:10:1::254";
    says(neighbour(1, "fd10:10:1::1", 135, hub, Some(1)), "passed");
    says(neighbour(1, "fe80::1", 135, hub, Some(1)), "passed");
    says(neighbour(1, "::", 135, "fd10:10:1::1", None), "passed");
    says(neighbour(1, "fd10:9:1::1", 135, hub, Some(1)), "passed");
    says(neighbour(1, "fd10:10:2::1", 135, hub, Some(1)), "refuse_spoof");
    says(neighbour(1, hub, 135, hub, Some(1)), "refuse_spoof");
    says(neighbour(1, "fd10:10:1::1", 136, "fd10:10:1::1", Some(1)), "passed");
    says(neighbour(1, "fe80::1", 136, "fe80::1", Some(1)), "passed");
    says(neighbour(1, "fe80::1", 136, "fd10:9:1::1", Some(1)), "passed");
    says(neighbour(1, "fd10:10:1::1", 136, "fd10:10:2::1", Some(1)), "refuse_spoof");
    says(neighbour(1, "fe80::1", 136, "fd10:10:2::1", Some(1)), "refuse_spoof");
    says(neighbour(1, "fd10:10:1::1", 136, hub, Some(1)), "refuse_spoof");
    let far = neighbour(1, "fd10:10:1::1", 136, "fd10:10:1::1", Some(1));
    says(far.with(|packet| packet.network[7] = 254), "refuse_option");
    let far = neighbour(1, "fd10:10:1::1", 135, hub, Some(1));
    says(far.with(|packet| packet.network[7] = 254), "refuse_option");
    let long = neighbour(1, "fd10:10:1::1", 135, hub, Some(1));
    says(long.with(|packet| packet.network[5] = 40), "refuse_option");
    says(neighbour(1, "fd10:10:1::1", 133, hub, None), "discovery");
    says(neighbour(1, "fd10:10:1::1", 143, hub, None), "discovery");
    says(neighbour(1, "fe80::1", 134, "fe80::1", None), "refuse_option");
    says(neighbour(1, "fd10:10:1::1", 134, "fe80::1", None), "refuse_option");
    says(neighbour(1, "fe80::1", 133, "fe80::1", None), "local6");
    says(neighbour(1, "fe80::1", 143, "fe80::1", None), "local6");
}

/// covers: N2.1, D1
#[test]
pub(super) fn a_bound_segment_cannot_be_impersonated_by_neighbour_discovery() {
    says(neighbour(3, "fd10:10:3::1", 135, "fd10:9:3::254", Some(3)), "passed");
    says(neighbour(3, "fd10:10:3::1", 135, "fd10:9:3::254", None), "passed");
    says(neighbour(3, "fd10:10:3::1", 135, "fd10:9:3::254", Some(4)), "refuse_spoof");
    says(neighbour(4, "fd10:10:3::1", 135, "fd10:9:3::254", Some(4)), "refuse_spoof");
    says(neighbour(3, "fd10:10:3::1", 136, "fd10:10:3::1", Some(3)), "passed");
    says(neighbour(3, "fd10:10:3::1", 136, "fd10:10:3::1", None), "passed");
    says(neighbour(3, "fd10:10:3::1", 136, "fd10:10:4::1", Some(3)), "refuse_spoof");
    says(neighbour(3, "fe80::3", 136, "fd10:10:4::1", Some(3)), "refuse_spoof");
    says(neighbour(4, "fe80::3", 136, "fd10:10:3::1", Some(4)), "refuse_spoof");
    let two = neighbour(3, "fd10:10:3::1", 136, "fd10:10:3::1", Some(3)).with(|packet| {
        packet.network.extend([2, 1, 2, 0, 0, 0, 1, 4]);
        packet.network[5] = 40;
    });
    says(two, "refuse_option");
}

/// covers: N2.1, D1
#[test]
pub(super) fn in_arp_a_port_speaks_for_its_own_addresses() {
    let rules = rules();
    let evaluator = Evaluator::new(&rules).unwrap();
    let said = |no: u32, named: u32, sender: [u8; 4]| {
        let mut packet = from(no, "10.10.1.1", "10.10.1.254", Ping).0;
        packet.network = [&[0, 1, 8, 0, 6, 4, 0, 2][..], &hardware(named).0, &sender].concat();
        packet.network.extend([0; 10]);
        evaluator.receive_arp(&packet).unwrap().passed
    };
    assert!(said(1, 1, [10, 10, 1, 1]));
    assert!(said(1, 1, [10, 9, 1, 1]));
    assert!(said(1, 1, [0, 0, 0, 0]));
    assert!(said(3, 3, [0, 0, 0, 0]));
    assert!(said(4, 4, [0, 0, 0, 0]));
    assert!(!said(3, 4, [0, 0, 0, 0]));
    assert!(!said(9, 3, [0, 0, 0, 0]));
    assert!(!said(1, 1, [10, 10, 2, 1]));
    assert!(!said(1, 1, [10, 10, 1, 254]));
    assert!(said(3, 3, [10, 10, 3, 1]));
    assert!(!said(3, 4, [10, 10, 3, 1]));
    assert!(!said(4, 4, [10, 10, 3, 1]));
}
