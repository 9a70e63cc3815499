//! Neighbour discovery on a segment's port (RFC 4861): nobody speaks for another's address, and
//! nobody is a router for the hub.

use super::ground::Ground;
use super::line::{End, Ip, Line};
use super::parts::Parts;
use super::refuse::Reason;
use super::sources::By;
use crate::nft::ir::{PayloadBase, Rule};

const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// Only who is on the link can send it (RFC 4861, 7.1).
const HOP_LIMIT: u8 = 255;
/// A message without options, and one with the one that names a hardware address.
const BARE: [u8; 2] = [0, 24];
const WITH_HARDWARE: [u8; 2] = [0, 32];

pub(super) fn chains(ground: &Ground<'_>, parts: &mut Parts) {
    parts.chain("solicitation", solicitation(ground));
    parts.chain("advertisement", advertisement(ground));
    parts.chain("discovery", discovery());
    let local = vec![
        router(),
        Line::new("groups and other noise").icmp_type().less(&[SOLICITATION]).drop(),
        Line::new("groups and other noise").icmp_type().more(&[Ip::Six.redirect()]).drop(),
        Line::new("neighbour discovery").goto("hop6"),
    ];
    parts.chain("local6", local);
}

/// Advertisements of routers are for attackers and for the ill-configured.
fn router() -> Rule {
    Line::new("router advertisements").icmp_type().eq(&[134]).goto(Reason::Option.chain())
}

fn discovery() -> Vec<Rule> {
    let option = || Reason::Option.chain();
    let kind = |comment: &str, kind: u8| Line::new(comment).icmp_type().eq(&[kind]);
    vec![
        router(),
        kind("redirects", Ip::Six.redirect()).goto(option()),
        kind("solicitations", SOLICITATION).goto("solicitation"),
        kind("advertisements", ADVERTISEMENT).goto("advertisement"),
        Line::new("groups and other noise").drop(),
    ]
}

/// From the link itself, with no more than one option.
fn sound() -> [Rule; 2] {
    let far = Line::new("from beyond the link").payload(PayloadBase::Network, 7, 1, 0);
    let long = Line::new("more than one option").payload(PayloadBase::Network, 4, 2, 0);
    [
        far.ne(&[HOP_LIMIT]).goto(Reason::Option.chain()),
        long.more(&WITH_HARDWARE).goto(Reason::Option.chain()),
    ]
}

/// The hub learns the source's hardware address from a question. The source is the sender's own, that
/// was asked before, and not the hub's, that is asked behind; the hardware in the option must be a bound
/// segment's own too.
fn solicitation(ground: &Ground<'_>) -> Vec<Rule> {
    let mut rules = sound().to_vec();
    let bound = By::Hardware.lengths(ground, Ip::Six);
    if bound.is_empty() {
        return rules;
    }
    rules.push(Line::new("of no segment").mark(0).eq(&[0; 4]).back());
    rules.push(bare("names no hardware").back());
    for length in bound {
        let line = option_hardware(format!("names its own hardware, /{length}"));
        let line = line.network(Ip::Six, End::Source, length, 3);
        rules.push(line.within(&By::Hardware.set(Ip::Six, length), 0).back());
    }
    for length in By::Port.lengths(ground, Ip::Six) {
        let line = Line::new(format!("is not bound, /{length}")).iif(0);
        let line = line.network(Ip::Six, End::Source, length, 1);
        rules.push(line.within(&By::Port.set(Ip::Six, length), 0).back());
    }
    rules.push(Line::new("names another's hardware").goto(Reason::Spoof.chain()));
    rules
}

/// The hub learns the target's hardware address from an answer.
fn advertisement(ground: &Ground<'_>) -> Vec<Rule> {
    let mut rules = sound().to_vec();
    let own = target("in the hub's name", 0).within("own6", 0);
    rules.push(own.goto(Reason::Spoof.chain()));
    let local = Line::new("of a link-local address").payload(PayloadBase::Transport, 8, 2, 0);
    rules.push(local.masked(0, &[0xff, 0xc0]).eq(&[0xfe, 0x80]).back());
    let hop = Line::new("of a router on the way").iif(0);
    rules.push(hop.payload(PayloadBase::Transport, 8, 16, 1).within("hops6", 0).back());
    for length in By::Hardware.lengths(ground, Ip::Six) {
        let set = By::Hardware.set(Ip::Six, length);
        let ends = [
            option_hardware(format!("of its own address and hardware, /{length}")),
            bare(format!("of its own address, /{length}")).iif(0).hardware(1),
        ];
        rules.extend(ends.map(|line| cut_target(line, length, 3).within(&set, 0).back()));
    }
    for length in By::Port.lengths(ground, Ip::Six) {
        let line = Line::new(format!("of its own address, /{length}")).iif(0);
        rules.push(cut_target(line, length, 1).within(&By::Port.set(Ip::Six, length), 0).back());
    }
    rules.push(Line::new("of another's address").goto(Reason::Spoof.chain()));
    rules
}

fn bare(comment: impl Into<String>) -> Line {
    Line::new(comment).payload(PayloadBase::Network, 4, 2, 0).eq(&BARE)
}

/// Where it came in and the hardware address in its first option.
fn option_hardware(comment: String) -> Line {
    Line::new(comment).iif(0).payload(PayloadBase::Transport, 26, 6, 1)
}

fn target(comment: &str, to: u8) -> Line {
    Line::new(comment).payload(PayloadBase::Transport, 8, 16, to)
}

fn cut_target(line: Line, length: u8, to: u8) -> Line {
    line.payload(PayloadBase::Transport, 8, 16, to).cut(Ip::Six, length, to)
}
