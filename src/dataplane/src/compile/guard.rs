//! Who sends: the first chain of every packet (N2.1: forged sources, options, ICMP that nobody needs).

use std::collections::BTreeMap;

use ets_model::Role;

use super::ground::Ground;
use super::limits::Kind;
use super::line::{End, Ip, Line, above};
use super::parts::Parts;
use super::refuse::Reason;
use super::sources::{By, is_checked, network_lengths};
use super::{LOOPBACK, meter};
use crate::nft::ir::{Each, Hook, KeyPart, PayloadBase, Rule, Verdict};

/// `NF_IP_PRI_RAW`: before connection tracking, after fragments were put together.
pub(super) const RAW: i32 = -300;
/// Packets a second from a port whose sender is no segment: routers on the way, neighbour discovery.
const STRANGERS: u32 = 1_000;
/// Version 4, a header without options.
const PLAIN_HEADER: u8 = 0x45;

pub(super) fn chains(ground: &Ground<'_>, parts: &mut Parts) {
    ports(ground, parts);
    let carried = Ip::BOTH.map(Ip::icmp);
    let carried =
        [super::line::protocol::TCP, super::line::protocol::UDP].into_iter().chain(carried);
    parts.set("carried", &[KeyPart::Protocol], carried.map(|one| vec![one, 0, 0, 0]).collect());
    parts.dynamic("strangers", &[KeyPart::Interface]);
    for ip in Ip::BOTH {
        icmp(parts, ip);
        known(ground, parts, ip);
        stranger(ground, parts, ip);
        from_segment(ground, parts, ip);
        from_network(ground, parts, ip);
        from_anywhere(ground, parts, ip);
    }
    for from in ["segment", "network"] {
        let chain = |ip: Ip| format!("from_{from}{}", ip.digit());
        let by_family =
            |ip| Line::new(format!("IPv{} from a {from}", Ip::digit(ip))).is(ip).goto(chain(ip));
        parts.chain(format!("from_{from}"), Ip::BOTH.map(by_family).to_vec());
    }
    let anywhere = |ip: Ip| {
        let comment = format!("IPv{} from no list", ip.digit());
        Line::new(comment).is(ip).goto(format!("from_anywhere{}", ip.digit()))
    };
    let mut rules = vec![
        Line::new("where it came in").iif(0).vmap("ports", 0),
        Line::new("the hub to itself").iif(0).eq(&LOOPBACK.to_ne_bytes()).accept(),
    ];
    rules.extend(Ip::BOTH.map(anywhere));
    parts.base("guard", (Hook::Prerouting, RAW), false, rules);
}

/// Ports of segments, and of networks whose addresses are known.
fn ports(ground: &Ground<'_>, parts: &mut Parts) {
    let goto =
        |port: u32, chain: &str| (port.to_ne_bytes().to_vec(), Verdict::Goto(chain.to_owned()));
    let mut verdicts: BTreeMap<Vec<u8>, Verdict> = BTreeMap::new();
    for (network, ports) in ground.networks() {
        if is_checked(network.role) && !network.prefixes.is_empty() {
            verdicts.extend(ports.into_iter().map(|port| goto(port, "from_network")));
        }
    }
    let segments = ground.segment_ports();
    verdicts.extend(segments.iter().map(|port| goto(port.index, "from_segment")));
    parts.verdicts("ports", &[KeyPart::Interface], verdicts);
    let numbers = |ports: &mut dyn Iterator<Item = u32>| {
        ports.map(|port| port.to_ne_bytes().to_vec()).collect()
    };
    let of_segments = numbers(&mut segments.iter().map(|port| port.index));
    parts.set("segment_ports", &[KeyPart::Interface], of_segments);
    let of_services = numbers(&mut ground.ports_of(Role::Services).into_iter());
    parts.set("service_ports", &[KeyPart::Interface], of_services);
}

/// A segment's packet: its source, with its hardware where it is bound, gives its number.
fn from_segment(ground: &Ground<'_>, parts: &mut Parts, ip: Ip) {
    let mut rules = Vec::new();
    for by in [By::Hardware, By::Port] {
        for length in by.lengths(ground, ip) {
            let line = match by {
                By::Hardware => Line::new(format!("a bound segment, /{length}")).iif(0).hardware(1),
                _ => Line::new(format!("a segment, /{length}")).iif(0),
            };
            let address = if by == By::Hardware { 3 } else { 1 };
            let line = line.network(ip, End::Source, length, address);
            let line = line.map(&by.set(ip, length), 0, 0).set_mark(0);
            rules.push(line.goto(format!("known{}", ip.digit())));
        }
    }
    rules.push(Line::new("no segment's source").goto(format!("stranger{}", ip.digit())));
    parts.chain(format!("from_segment{}", ip.digit()), rules);
}

/// The sender is a segment, the mark its number.
fn known(ground: &Ground<'_>, parts: &mut Parts, ip: Ip) {
    let mut rules = meter::up(ground, ip);
    rules.push(plain_header(ip));
    rules.push(jump_to_icmp(ip));
    rules.extend(Kind::Packets.rules(ground, parts));
    rules.push(Line::new("a segment with a source of its own").accept());
    parts.chain(format!("known{}", ip.digit()), rules);
}

/// Options of IPv4 hold routes (RFC 791, 3.1); a header of IPv6 between the fixed one and what is
/// carried can be a routing header (RFC 8200, 4.4). Nobody needs them; fragments are whole by now.
fn plain_header(ip: Ip) -> Rule {
    let refused = Reason::Option.chain();
    match ip {
        Ip::Four => Line::new("options of IPv4")
            .payload(PayloadBase::Network, 0, 1, 0)
            .ne(&[PLAIN_HEADER])
            .goto(refused),
        Ip::Six => Line::new("extension headers of IPv6")
            .payload(PayloadBase::Network, 6, 1, 0)
            .outside("carried", 0)
            .goto(refused),
    }
}

fn jump_to_icmp(ip: Ip) -> Rule {
    Line::new("ICMP").protocol(ip.icmp()).jump(format!("icmp{}", ip.digit()))
}

/// The source is of no segment: a router on the way, neighbour discovery, noise, or forged.
fn stranger(ground: &Ground<'_>, parts: &mut Parts, ip: Ip) {
    let digit = ip.digit();
    let mut rules = vec![Line::new("of no segment").load(0, 0).set_mark(0).rule()];
    rules.extend(meter::up(ground, ip));
    let hop = Line::new("a router on the way").iif(0).address(ip, End::Source, 1);
    rules.push(hop.within(&format!("hops{digit}"), 0).goto(format!("hop{digit}")));
    match ip {
        Ip::Four => rules.push(Line::new("has no address yet").nobody_source(ip).drop()),
        Ip::Six => rules.extend(link_local_stranger()),
    }
    rules.push(Line::new("the source is not the sender's").goto(Reason::Spoof.chain()));
    parts.chain(format!("stranger{digit}"), rules);
    let rate = Line::new(format!("more than {STRANGERS} packets a second from no segment"))
        .iif(0)
        .dynset("strangers", 0, vec![Each::Limit(above(STRANGERS))])
        .goto(Reason::Limit.chain());
    let end = Line::new("speaks with the hub only").accept();
    parts.chain(format!("hop{digit}"), vec![plain_header(ip), jump_to_icmp(ip), rate, end]);
}

/// Only neighbour discovery is heard from link-local sources; the groups that a router joins and asks
/// for by itself are no offence.
fn link_local_stranger() -> [Rule; 4] {
    let icmp = super::line::protocol::ICMP6;
    let to_group = Line::new("link-local, to a group")
        .link_local_source()
        .payload(PayloadBase::Network, 24, 1, 0)
        .eq(&[0xff]);
    [
        Line::new("ICMPv6, link-local").protocol(icmp).link_local_source().goto("local6"),
        Line::new("ICMPv6, no address yet").protocol(icmp).nobody_source(Ip::Six).goto("local6"),
        to_group.drop(),
        Line::new("has no address yet").nobody_source(Ip::Six).drop(),
    ]
}

/// ICMP from a segment's port. The hub's own probes are not tracked: their answers, and errors about
/// them, are let through to it. Redirects are refused (RFC 1812, 5.2.7.2).
fn icmp(parts: &mut Parts, ip: Ip) {
    let rules = match ip {
        Ip::Four => vec![
            untracked("the answer to a probe").icmp_type().eq(&[ip.echo_reply()]).with_notrack(),
            Line::new("redirects").icmp_type().eq(&[ip.redirect()]).goto(Reason::Option.chain()),
            about_a_probe(ip).with_notrack(),
        ],
        Ip::Six => vec![
            untracked("the answer to a probe").icmp_type().eq(&[ip.echo_reply()]).with_notrack(),
            about_a_probe(ip).with_notrack(),
            Line::new("neighbour discovery, groups, redirects")
                .icmp_type()
                .more(&[ip.echo_reply()])
                .goto("discovery"),
        ],
    };
    parts.chain(format!("icmp{}", ip.digit()), rules);
}

fn untracked(what: &str) -> Line {
    Line::new(format!("{what}: not tracked"))
}

/// An error about an echo request: what it quotes begins eight bytes after its own header.
fn about_a_probe(ip: Ip) -> Line {
    let line = untracked("an error about a probe");
    match ip {
        Ip::Four => line
            .icmp_type()
            .ne(&[ip.echo()])
            .payload(PayloadBase::Transport, 8 + 9, 1, 0)
            .eq(&[ip.icmp()])
            .payload(PayloadBase::Transport, 8 + 20, 1, 0)
            .eq(&[ip.echo()]),
        Ip::Six => line
            .icmp_type()
            .less(&[ip.echo()])
            .payload(PayloadBase::Transport, 8 + 6, 1, 0)
            .eq(&[ip.icmp()])
            .payload(PayloadBase::Transport, 8 + 40, 1, 0)
            .eq(&[ip.echo()]),
    }
}

impl Line {
    fn with_notrack(self) -> Rule {
        self.with(crate::nft::ir::Expr::Notrack).rule()
    }
}

/// A network of the hub: its own addresses only.
fn from_network(ground: &Ground<'_>, parts: &mut Parts, ip: Ip) {
    let mut rules = Vec::new();
    for length in network_lengths(ground, ip) {
        let line = Line::new(format!("its own source, /{length}")).iif(0);
        let line = line.network(ip, End::Source, length, 1);
        rules.push(line.within(&format!("net{}_{length}", ip.digit()), 0).accept());
    }
    if ip == Ip::Six {
        rules.push(Line::new("link-local").link_local_source().accept());
    }
    rules.push(Line::new("has no address yet").nobody_source(ip).accept());
    rules.push(Line::new("the source is not the sender's").goto(Reason::Spoof.chain()));
    parts.chain(format!("from_network{}", ip.digit()), rules);
}

/// From elsewhere: no address of a segment or of a network that is known.
fn from_anywhere(ground: &Ground<'_>, parts: &mut Parts, ip: Ip) {
    let segments = By::Address.lengths(ground, ip).into_iter();
    let segments = segments.map(|length| (By::Address.set(ip, length), length));
    let networks = network_lengths(ground, ip).into_iter();
    let networks = networks.map(|length| (format!("nets{}_{length}", ip.digit()), length));
    let rule = |(set, length): (String, u8)| {
        let line = Line::new(format!("the source is somebody's, /{length}"));
        line.network(ip, End::Source, length, 0).within(&set, 0).goto(Reason::Spoof.chain())
    };
    let rules = segments.chain(networks).map(rule).collect();
    parts.chain(format!("from_anywhere{}", ip.digit()), rules);
}
