//! Pieces of packets, before the kernel puts them together (N2.1): each must come from who its source
//! says. Once a packet is whole nobody can tell who sent which piece: one segment could end what another
//! began. And of what never becomes whole the hub reports to the source, whoever that is (RFC 792;
//! RFC 4443, 3.3).

use super::LOOPBACK;
use super::ground::Ground;
use super::line::{End, Ip, Line};
use super::parts::Parts;
use super::refuse::Reason;
use super::sources::{By, network_lengths};
use crate::nft::ir::{Expr, Header, Hook, PayloadBase, Rule};

/// `NF_IP_PRI_RAW_BEFORE_DEFRAG`
const BEFORE_DEFRAG: i32 = -450;
/// More pieces follow, or some came before (RFC 791, 3.1).
const MORE_OR_LATER: [u8; 2] = [0x3f, 0xff];
/// The fragment header of IPv6 (RFC 8200, 4.5).
const FRAGMENT: u8 = 44;

pub(super) fn chains(ground: &Ground<'_>, parts: &mut Parts) {
    for ip in Ip::BOTH {
        parts.chain(format!("piece{}", ip.digit()), piece(ground, ip));
    }
    let four = Line::new("a piece, IPv4").is(Ip::Four);
    let four = four.payload(PayloadBase::Network, 6, 2, 0).masked(0, &MORE_OR_LATER).ne(&[0; 2]);
    let six = Line::new("a piece, IPv6").is(Ip::Six);
    let six = six.with(Expr::Present { header: Header::Ip6(FRAGMENT), to: 0 }).eq(&[1]);
    let rules = vec![four.goto("piece4"), six.goto("piece6")];
    parts.base("pieces", (Hook::Prerouting, BEFORE_DEFRAG), false, rules);
}

fn piece(ground: &Ground<'_>, ip: Ip) -> Vec<Rule> {
    let digit = ip.digit();
    let mut rules = Vec::new();
    for by in [By::Hardware, By::Port] {
        for length in by.lengths(ground, ip) {
            let line = Line::new(format!("a piece of its own, /{length}")).iif(0);
            let (line, address) =
                if by == By::Hardware { (line.hardware(1), 3) } else { (line, 1) };
            let line = line.network(ip, End::Source, length, address);
            rules.push(line.within(&by.set(ip, length), 0).accept());
        }
    }
    let hop = Line::new("a piece of a router on the way").iif(0).address(ip, End::Source, 1);
    rules.push(hop.within(&format!("hops{digit}"), 0).accept());
    for length in network_lengths(ground, ip) {
        let line = Line::new(format!("a piece of a network's, /{length}")).iif(0);
        let line = line.network(ip, End::Source, length, 1);
        rules.push(line.within(&format!("net{digit}_{length}"), 0).accept());
    }
    rules.push(Line::new("a piece of the hub's").iif(0).eq(&LOOPBACK.to_ne_bytes()).accept());
    let of_segment = Line::new("a piece that is not the sender's").iif(0);
    rules.push(of_segment.within("segment_ports", 0).goto(Reason::Spoof.chain()));
    let networks = network_lengths(ground, ip).into_iter();
    let networks = networks.map(|length| (format!("nets{digit}_{length}"), length));
    let segments = By::Address.lengths(ground, ip).into_iter();
    let segments = segments.map(|length| (By::Address.set(ip, length), length));
    rules.extend(segments.chain(networks).map(|(set, length)| {
        let line = Line::new(format!("a piece in somebody's name, /{length}"));
        line.network(ip, End::Source, length, 0).within(&set, 0).goto(Reason::Spoof.chain())
    }));
    rules
}
