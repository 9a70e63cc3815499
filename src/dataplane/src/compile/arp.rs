//! `arp ets`: a segment's port speaks for its own addresses only (RFC 826).

use std::collections::{BTreeMap, BTreeSet};

use super::TABLE;
use super::ground::{Ground, octets};
use super::line::{Ip, Line};
use super::parts::Parts;
use super::refuse::{Reason, arp_chain};
use super::sources::{By, hops, speakers};
use crate::nft::ir::{Family, Hook, KeyPart, PayloadBase, Rule, Table, Verdict};

/// Where the sender's addresses stand in a packet of ARP for Ethernet and IPv4.
const HARDWARE: u32 = 8;
const ADDRESS: u32 = 14;
/// Hardware type Ethernet, protocol IPv4, their lengths.
const ETHERNET_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];

pub(super) fn table(ground: &Ground<'_>) -> Table {
    let mut parts = Parts::default();
    arp_chain(&mut parts);
    for by in [By::Hardware, By::Port] {
        by.fill(ground, &mut parts, &[Ip::Four]);
    }
    hops(ground, &mut parts, Ip::Four);
    speakers(ground, &mut parts);
    let own: BTreeSet<_> = ground.own().filter(std::net::IpAddr::is_ipv4).map(octets).collect();
    parts.set("own4", &[KeyPart::Ip4], own);
    let goto = |port: u32| (port.to_ne_bytes().to_vec(), Verdict::Goto("speaks".to_owned()));
    let ports: BTreeMap<_, _> =
        ground.segment_ports().iter().map(|port| goto(port.index)).collect();
    parts.verdicts("ports", &[KeyPart::Interface], ports);
    parts.chain("speaks", speaks(ground));
    let rules = vec![Line::new("where it came in").iif(0).vmap("ports", 0)];
    parts.base("input", (Hook::ArpInput, 0), false, rules);
    parts.table(Family::Arp, TABLE)
}

fn speaks(ground: &Ground<'_>) -> Vec<Rule> {
    let refused = || Reason::Spoof.chain();
    let form = Line::new("no ARP for Ethernet and IPv4").payload(PayloadBase::Network, 0, 6, 0);
    let own = sender("in the hub's name", 0).within("own4", 0);
    let hop = Line::new("a router on the way").iif(0);
    let mut rules = vec![
        form.ne(&ETHERNET_IPV4).goto(refused()),
        own.goto(refused()),
        // The hub's answer goes to the hardware that the question names.
        free("where not all are bound").iif(0).within("unbound_ports", 0).accept(),
        free("by its own hardware")
            .iif(0)
            .hardware(1)
            .payload(PayloadBase::Network, HARDWARE, 6, 3)
            .within("bound_hardware", 0)
            .accept(),
        hop.payload(PayloadBase::Network, ADDRESS, 4, 1).within("hops4", 0).accept(),
    ];
    for length in By::Hardware.lengths(ground, Ip::Four) {
        let line = Line::new(format!("its own address and hardware, /{length}")).iif(0);
        let line = line.payload(PayloadBase::Network, HARDWARE, 6, 1);
        let line = line.payload(PayloadBase::Network, ADDRESS, 4, 3).cut(Ip::Four, length, 3);
        rules.push(line.within(&By::Hardware.set(Ip::Four, length), 0).accept());
    }
    for length in By::Port.lengths(ground, Ip::Four) {
        let line = Line::new(format!("its own address, /{length}")).iif(0);
        let line = line.payload(PayloadBase::Network, ADDRESS, 4, 1).cut(Ip::Four, length, 1);
        rules.push(line.within(&By::Port.set(Ip::Four, length), 0).accept());
    }
    rules.push(Line::new("another's address").goto(refused()));
    rules
}

fn free(comment: &str) -> Line {
    sender(&format!("asks whether an address is free, {comment}"), 0).eq(&[0; 4])
}

fn sender(comment: &str, to: u8) -> Line {
    Line::new(comment).payload(PayloadBase::Network, ADDRESS, 4, to)
}
