//! Counting by the packet filter, where nothing better can: by segment and class, as in
//! `ets_netd_api::Class`. Packets are what the filter sees: exact while offloads are off and nothing
//! is fragmented.
//!
//! `metered_up` counts what came in by a segment's port, whatever becomes of it; what is of no
//! segment counts for segment 0. `metered_down` counts what leaves by one. Both are keyed by segment
//! and class number.

use std::collections::BTreeMap;

use ets_model::{Role, ServicePlace};
use ets_netd_api::Class;

use super::ground::{Ground, lengths, network, octets};
use super::line::{End, Ip, Line};
use super::parts::Parts;
use super::services::merged;
use super::sources::By;
use crate::nft::ir::{Data, DataKind, Each, Element, KeyPart, MetaKey, Rule};

/// The sets that count when [`super::Links::metered`]: from the segments, and to them.
pub const METER_SETS: [&str; 2] = ["metered_up", "metered_down"];

/// Room for twenty classes of each of 50,000 segments.
const MOST: u32 = 1 << 20;

pub(super) fn chains(ground: &Ground<'_>, parts: &mut Parts) {
    if !ground.links.metered {
        return;
    }
    for set in METER_SETS {
        parts.dynamic_of(set, &[KeyPart::Mark, KeyPart::Mark], MOST);
    }
    for ip in Ip::BOTH {
        classes(ground, parts, ip);
        places(ground, parts, ip);
        for (set, end) in METER_SETS.into_iter().zip([End::Destination, End::Source]) {
            parts.chain(format!("{set}{}", ip.digit()), count(ground, ip, set, end));
        }
        parts.chain(format!("received{}", ip.digit()), received(ground, ip));
    }
}

/// The jump at the beginning of what a segment's port sends.
pub(super) fn up(ground: &Ground<'_>, ip: Ip) -> Vec<Rule> {
    let jump = || Line::new("count").jump(format!("metered_up{}", ip.digit()));
    ground.links.metered.then(jump).into_iter().collect()
}

/// The jumps for what leaves by a segment's port.
pub(super) fn down(ground: &Ground<'_>) -> Vec<Rule> {
    if !ground.links.metered {
        return vec![];
    }
    let jump = |ip: Ip| {
        let line = Line::new(format!("count, IPv{}", ip.digit())).is(ip).oif_in("segment_ports");
        line.jump(format!("received{}", ip.digit()))
    };
    Ip::BOTH.map(jump).to_vec()
}

/// The mark becomes the receiver's number: nobody asks for the sender's any more on this way.
fn received(ground: &Ground<'_>, ip: Ip) -> Vec<Rule> {
    let chain = format!("metered_down{}", ip.digit());
    let by_length = By::Address.lengths(ground, ip).into_iter().map(|length| {
        let line = Line::new(format!("for a segment, /{length}"));
        let line = line.network(ip, End::Destination, length, 0);
        line.map(&By::Address.set(ip, length), 0, 0).set_mark(0).goto(&*chain)
    });
    let mut rules: Vec<Rule> = by_length.collect();
    rules.push(Line::new("for no segment").load(0, 0).set_mark(0).rule());
    rules.push(Line::new("count").goto(&*chain));
    rules
}

/// Counts by the other end's class: a service, a place, or none of them.
fn count(ground: &Ground<'_>, ip: Ip, set: &str, end: End) -> Vec<Rule> {
    let digit = ip.digit();
    let counted = |line: Line| line.mark(0).dynset(set, 0, vec![Each::Counter]).back();
    let service = Line::new("a service")
        .address(ip, end, 4)
        .meta(MetaKey::L4Proto, 4 + ip.registers())
        .port(end, 5 + ip.registers());
    let mut rules = vec![counted(service.map(&format!("class{digit}"), 4, 1))];
    for length in place_lengths(ground, ip) {
        let place = Line::new(format!("a place, /{length}")).network(ip, end, length, 4);
        rules.push(counted(place.map(&format!("place{digit}_{length}"), 4, 1)));
    }
    let other = Line::new("anything else").load(1, Class::Other.code().into());
    rules.push(counted(other));
    rules
}

/// From the place of a service to its class.
fn classes(ground: &Ground<'_>, parts: &mut Parts, ip: Ip) {
    let mut elements = BTreeMap::new();
    for service in &ground.policy.services {
        let hubs = || ground.own().collect();
        let addresses: Vec<_> = match service.place {
            ServicePlace::Hub => hubs(),
            ServicePlace::Behind => service.addresses.clone(),
        };
        let class = u32::from(Class::Service(service.no).code());
        for at in addresses.into_iter().filter(|at| Ip::of(*at) == ip) {
            for (protocol, first, last) in merged(&service.ports) {
                let key =
                    |port: u16| super::parts::key(&[&octets(at), &[protocol], &port.to_be_bytes()]);
                let data = Some(Data::Value(class));
                elements.insert(key(first), Element { key_end: Some(key(last)), data });
            }
        }
    }
    let key = [ip.part(), KeyPart::Protocol, KeyPart::Port];
    parts.intervals(&format!("class{}", ip.digit()), &key, DataKind::Mark, elements);
}

/// Everything else that has a class, by prefix.
fn all_places(ground: &Ground<'_>) -> Vec<(ipnet::IpNet, Class)> {
    let own = ground.own().map(|at| (ipnet::IpNet::from(at), Class::Hub));
    let arms = ground.policy.arms.iter().flat_map(|arm| &arm.prefixes);
    let neighbours = arms.map(|prefix| (*prefix, Class::Neighbour));
    let outside = ground.policy.networks.iter().filter(|network| network.role == Role::Outside);
    let outside = outside.flat_map(|network| &network.prefixes);
    let outside = outside.map(|prefix| (*prefix, Class::Outside));
    neighbours.chain(outside).chain(own).collect()
}

fn place_lengths(ground: &Ground<'_>, ip: Ip) -> Vec<u8> {
    lengths(all_places(ground).iter().map(|(prefix, _)| prefix), ip)
}

fn places(ground: &Ground<'_>, parts: &mut Parts, ip: Ip) {
    let all = all_places(ground);
    for length in place_lengths(ground, ip) {
        let fits = |(prefix, _): &&(ipnet::IpNet, Class)| {
            Ip::of(prefix.addr()) == ip && prefix.prefix_len() == length
        };
        let map = all.iter().filter(fits);
        let map = map.map(|(prefix, class)| (network(*prefix), class.code().into())).collect();
        parts.marks(&format!("place{}_{length}", ip.digit()), &[ip.part()], map);
    }
}
