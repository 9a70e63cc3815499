//! What a flow is for, and who may open it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ets_model::{PortRange, Protocol, Served, ServiceNo, ServicePlace};

use super::ground::{Ground, octets};
use super::limits::Kind;
use super::line::{End, Ip, Line, protocol, state};
use super::parts::{Parts, key};
use crate::nft::ir::{Data, DataKind, Element, Expr, KeyPart, MetaKey, Rule, Verdict};

/// The chain that asks whether the sender may reach a service; it returns when not.
fn chain(no: ServiceNo) -> String {
    format!("service_{no}")
}

pub(super) fn chains(ground: &Ground<'_>, parts: &mut Parts) {
    for service in &ground.policy.services {
        asks(ground, parts, service);
    }
    for ip in Ip::BOTH {
        behind(ground, parts, ip);
    }
    on_the_hub(ground, parts);
    open(ground, parts);
    let fresh = Kind::Fresh.rules(ground, parts);
    parts.chain("fresh", fresh);
}

fn asks(ground: &Ground<'_>, parts: &mut Parts, service: &Served) {
    let (no, id) = (service.no, &service.id);
    if service.everyone {
        let all = Line::new(format!("everyone may reach {id}")).goto("open");
        parts.chain(chain(no), vec![all]);
        return;
    }
    let granted = ground.policy.arms.iter().filter(|arm| arm.may.contains(&no));
    let marks: BTreeSet<Vec<u8>> = granted.map(|arm| arm.no.0.to_ne_bytes().to_vec()).collect();
    let set = format!("may_{no}");
    parts.set(&set, &[KeyPart::Mark], marks);
    let some = Line::new(format!("may reach {id}")).mark(0).within(&set, 0).goto("open");
    parts.chain(chain(no), vec![some]);
}

/// The flow is accepted, now and from here on.
fn open(ground: &Ground<'_>, parts: &mut Parts) {
    let limits = Kind::Open.rules(ground, parts);
    let mut rules = Vec::new();
    if !limits.is_empty() {
        parts.chain("opens", limits);
        rules.push(Line::new("a new connection").ct(state::NEW).jump("opens"));
    }
    let mark = Line::new("accepted by these rules").load(0, ground.generation);
    rules.push(mark.with(Expr::SetCtMark { from: 0 }).accept());
    parts.chain("open", rules);
}

/// Services in the networks behind the hub: `services4` by address, protocol and port, `echo4` by
/// address.
fn behind(ground: &Ground<'_>, parts: &mut Parts, ip: Ip) {
    let (mut ports, mut pinged) = (BTreeMap::new(), BTreeMap::<IpAddr, Vec<ServiceNo>>::new());
    let services = ground.policy.services.iter();
    for service in services.filter(|service| service.place == ServicePlace::Behind) {
        let addresses: BTreeSet<IpAddr> =
            service.addresses.iter().copied().filter(|at| Ip::of(*at) == ip).collect();
        for at in addresses {
            ports.extend(elements(service, &[&octets(at)], Verdict::Jump(chain(service.no))));
            if service.ports.contains(&PortRange::ICMP) {
                pinged.entry(at).or_default().push(service.no);
            }
        }
    }
    let digit = ip.digit();
    let parts_of_key = [ip.part(), KeyPart::Protocol, KeyPart::Port];
    parts.intervals(&format!("services{digit}"), &parts_of_key, DataKind::Verdict, ports);
    let verdict = |(at, services): (IpAddr, Vec<ServiceNo>)| {
        (octets(at), Verdict::Jump(echo_chain(parts, &services)))
    };
    let verdicts = pinged.into_iter().map(verdict).collect();
    parts.verdicts(&format!("echo{digit}"), &[ip.part()], verdicts);
}

/// Several services may answer echo requests at one address: whoever may reach one of them may ping.
fn echo_chain(parts: &mut Parts, services: &[ServiceNo]) -> String {
    let [first, more @ ..] = services else { return "open".to_owned() };
    if more.is_empty() {
        return chain(*first);
    }
    let names: Vec<String> = services.iter().map(ServiceNo::to_string).collect();
    let name = format!("echo_{}", names.join("_"));
    let jump = |no: &ServiceNo| Line::new("pings one of several services").jump(chain(*no));
    parts.chain(name.clone(), services.iter().map(jump).collect());
    name
}

/// Services on the hub itself: `hub_services` by protocol and port.
fn on_the_hub(ground: &Ground<'_>, parts: &mut Parts) {
    let services = ground.policy.services.iter();
    let (mut ports, mut pinged) = (BTreeMap::new(), Vec::new());
    for service in services.filter(|service| service.place == ServicePlace::Hub) {
        ports.extend(elements(service, &[], Verdict::Jump(chain(service.no))));
        if service.ports.contains(&PortRange::ICMP) {
            pinged.push(service.no);
        }
    }
    let key = [KeyPart::Protocol, KeyPart::Port];
    parts.intervals("hub_services", &key, DataKind::Verdict, ports);
    // A segment may always ask whether the hub is there, unless that is a service of its own.
    let asked = echo_chain(parts, &pinged);
    let line = Line::new("pings the hub");
    parts.chain(
        "echo_hub",
        vec![if pinged.is_empty() { line.goto(asked) } else { line.jump(asked) }],
    );
}

/// The ports of a service as intervals behind `before`; what overlaps is taken together, because
/// the kernel takes no overlapping ones.
pub(super) fn elements(
    service: &Served,
    before: &[&[u8]],
    verdict: Verdict,
) -> Vec<(Vec<u8>, Element)> {
    let end = |protocol: u8, port: u16| {
        let mut parts = before.to_vec();
        let (protocol, port) = ([protocol], port.to_be_bytes());
        parts.extend([&protocol[..], &port[..]]);
        key(&parts)
    };
    let element = |(protocol, first, last)| {
        let data = Some(Data::Verdict(verdict.clone()));
        (end(protocol, first), Element { key_end: Some(end(protocol, last)), data })
    };
    merged(&service.ports).into_iter().map(element).collect()
}

/// Ports of TCP and UDP without overlaps: protocol, first and last.
pub(super) fn merged(ports: &[PortRange]) -> Vec<(u8, u16, u16)> {
    let number = |protocol| match protocol {
        Protocol::Tcp => Some(protocol::TCP),
        Protocol::Udp => Some(protocol::UDP),
        Protocol::Icmp => None,
    };
    let numbered = ports.iter().filter_map(|range| Some((number(range.protocol)?, *range)));
    let mut sorted: Vec<_> =
        numbered.map(|(number, range)| (number, range.first, range.last)).collect();
    sorted.sort_unstable();
    let mut merged: Vec<(u8, u16, u16)> = Vec::new();
    for (protocol, first, last) in sorted {
        match merged.last_mut() {
            Some(open) if open.0 == protocol && first <= open.2.saturating_add(1) => {
                open.2 = open.2.max(last);
            }
            _ => merged.push((protocol, first, last)),
        }
    }
    merged
}

/// The rules that ask for the service at one end of a packet: at its destination for a packet of who
/// opens the flow, at its source for an answer.
pub(super) fn asked(ip: Ip, end: End) -> [Rule; 2] {
    let digit = ip.digit();
    let kind = if end == End::Destination { ip.echo() } else { ip.echo_reply() };
    let (protocol, port) = (ip.registers(), ip.registers() + 1);
    [
        Line::new(format!("the service, IPv{digit}"))
            .is(ip)
            .address(ip, end, 0)
            .meta(MetaKey::L4Proto, protocol)
            .port(end, port)
            .vmap(&format!("services{digit}"), 0),
        Line::new(format!("the service that is pinged, IPv{digit}"))
            .icmp(ip, kind)
            .address(ip, end, 0)
            .vmap(&format!("echo{digit}"), 0),
    ]
}
