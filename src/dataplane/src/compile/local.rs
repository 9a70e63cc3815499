//! To and from the hub itself.

use std::collections::{BTreeMap, BTreeSet};

use ets_model::Role;

use super::LOOPBACK;
use super::forward::{current, errors};
use super::ground::{Ground, octets};
use super::guard::RAW;
use super::line::{End, Ip, Line, protocol, state};
use super::parts::{Parts, key};
use super::refuse::Reason;
use crate::nft::ir::{Expr, Hook, KeyPart, MetaKey, Rule, Verdict};

/// `PACKET_HOST` and `PACKET_LOOPBACK`
const TO_US: u8 = 0;
const OWN_ECHO: u8 = 5;

pub(super) fn chains(ground: &Ground<'_>, parts: &mut Parts) {
    let goto =
        |port: u32, chain: &str| (port.to_ne_bytes().to_vec(), Verdict::Goto(chain.to_owned()));
    let outside = ground.ports_of(Role::Outside).into_iter();
    let mut verdicts: BTreeMap<_, _> = outside.map(|port| goto(port, "input_outside")).collect();
    let segments = ground.segment_ports();
    verdicts.extend(segments.iter().map(|port| goto(port.index, "input_segment")));
    parts.verdicts("inputs", &[KeyPart::Interface], verdicts);
    parts.chain("related_to_hub", errors());
    parts.chain("untracked", untracked());
    parts.chain("input_segment", input_segment(ground));
    let published = Ip::BOTH.map(|ip| published(ground, parts, ip));
    parts.chain("input_outside", input_outside(published.into_iter().flatten()));
    let mut rules = Ip::BOTH.map(in_our_name).to_vec();
    rules.push(Line::new("where it came in").iif(0).vmap("inputs", 0));
    rules.extend(unlisted(ground, parts));
    parts.base("input", (Hook::Input, 0), false, rules);
    parts.base("output", (Hook::Output, RAW), false, output());
}

/// Where it is said where administrators sit, a port that is in no list is one for strangers: one
/// that nobody uses yet, or one that a segment was moved away from. Where it is not said, any such
/// port may be theirs.
fn unlisted(ground: &Ground<'_>, parts: &mut Parts) -> Option<Rule> {
    let mut known = ground.ports_of(Role::Management);
    if known.is_empty() {
        return None;
    }
    known.extend(ground.ports_of(Role::Services));
    known.insert(LOOPBACK);
    let known = known.iter().map(|port| port.to_ne_bytes().to_vec());
    parts.set("listed_ports", &[KeyPart::Interface], known.collect());
    Some(Line::new("a port in no list").iif(0).outside("listed_ports", 0).goto("input_outside"))
}

/// Nobody but the hub has its addresses.
fn in_our_name(ip: Ip) -> Rule {
    let own = format!("own{}", ip.digit());
    Line::new(format!("in the hub's name, IPv{}", ip.digit()))
        .iif(0)
        .ne(&LOOPBACK.to_ne_bytes())
        .meta(MetaKey::PacketType, 0)
        .ne(&[OWN_ECHO])
        .is(ip)
        .address(ip, End::Source, 0)
        .within(&own, 0)
        .goto(Reason::Spoof.chain())
}

fn input_segment(ground: &Ground<'_>) -> Vec<Rule> {
    let denied = || Reason::Denied.chain();
    let answers = |ip: Ip| {
        Line::new(format!("no address of this port, IPv{}", ip.digit()))
            .is(ip)
            .iif(0)
            .address(ip, End::Destination, 1)
            .outside(&format!("answers{}", ip.digit()), 0)
            .goto(denied())
    };
    let echo = |ip: Ip| Line::new("pings the hub").icmp(ip, ip.echo()).jump("echo_hub");
    let mut rules = vec![
        Line::new("not tracked").ct(state::UNTRACKED).goto("untracked"),
        current(ground),
        Line::new("belongs to no connection").ct(state::INVALID).goto(Reason::Invalid.chain()),
        Line::new("an error about a connection").ct(state::RELATED).goto("related_to_hub"),
        Line::new("answers the hub").goes_back().accept(),
        Line::new("to everybody").meta(MetaKey::PacketType, 0).ne(&[TO_US]).goto(denied()),
    ];
    rules.extend(super::intercept::is_taken(ground));
    rules.extend(Ip::BOTH.map(answers));
    rules.extend(Ip::BOTH.map(router_pings));
    rules.push(Line::new("routers only ping").mark(0).eq(&[0; 4]).goto(denied()));
    rules.push(Line::new("a new flow").ct(state::NEW).jump("fresh"));
    rules.extend(Ip::BOTH.map(echo));
    rules.push(
        Line::new("the service on the hub")
            .meta(MetaKey::L4Proto, 0)
            .port(End::Destination, 1)
            .vmap("hub_services", 0),
    );
    rules.push(Line::new("may not be reached").goto(denied()));
    rules
}

fn router_pings(ip: Ip) -> Rule {
    Line::new("a router on the way pings").mark(0).eq(&[0; 4]).icmp(ip, ip.echo()).accept()
}

/// Answers to the hub's probes, errors about them, neighbour discovery: `guard` looked at them.
fn untracked() -> Vec<Rule> {
    let mut rules = vec![
        Line::new("answers a probe").icmp(Ip::Four, Ip::Four.echo_reply()).accept(),
        Line::new("answers a probe").icmp(Ip::Six, Ip::Six.echo_reply()).accept(),
        Line::new("neighbour discovery")
            .is(Ip::Six)
            .protocol(Ip::Six.icmp())
            .icmp_type()
            .more(&[132])
            .accept(),
    ];
    rules.extend(errors());
    rules
}

/// What the hub answers those outside: an address with a port, over TCP, and nothing else.
fn published(ground: &Ground<'_>, parts: &mut Parts, ip: Ip) -> Option<Rule> {
    let places = ground.links.published.iter().filter(|at| Ip::of(at.ip()) == ip);
    let element = |at: &std::net::SocketAddr| {
        key(&[&octets(at.ip()), &[protocol::TCP], &at.port().to_be_bytes()])
    };
    let places: BTreeSet<Vec<u8>> = places.map(element).collect();
    if places.is_empty() {
        return None;
    }
    let set = format!("published{}", ip.digit());
    parts.set(&set, &[ip.part(), KeyPart::Protocol, KeyPart::Port], places);
    let (protocol, port) = (ip.registers(), ip.registers() + 1);
    let line = Line::new(format!("what is published, IPv{}", ip.digit()));
    let line = line.is(ip).address(ip, End::Destination, 0).meta(MetaKey::L4Proto, protocol);
    Some(line.port(End::Destination, port).within(&set, 0).accept())
}

/// From outside: what is published, what the hub asked for, and whether it is there. Noise is
/// counted, not told.
fn input_outside(published: impl Iterator<Item = Rule>) -> Vec<Rule> {
    let echo = |ip: Ip| Line::new("pings the hub").icmp(ip, ip.echo()).accept();
    let mut rules = vec![
        Line::new("answers the hub").ct(state::ESTABLISHED).goes_back().accept(),
        Line::new("an error about a connection").ct(state::RELATED).goto("related_to_hub"),
        Line::new("not tracked").ct(state::UNTRACKED).goto("untracked"),
    ];
    rules.extend(Ip::BOTH.map(echo));
    rules.extend(published);
    rules.push(Line::new("nobody outside opens flows").with(Expr::Counter).drop());
    rules
}

/// The hub's own packets: probes are not tracked, redirects are not sent.
fn output() -> Vec<Rule> {
    let probe = |ip: Ip| {
        let line = Line::new(format!("a probe, IPv{}: not tracked", ip.digit()));
        line.oif_in("segment_ports").icmp(ip, ip.echo()).with(Expr::Notrack).rule()
    };
    let redirect = |ip: Ip| Line::new("redirects").icmp(ip, ip.redirect()).drop();
    Ip::BOTH.map(probe).into_iter().chain(Ip::BOTH.map(redirect)).collect()
}
