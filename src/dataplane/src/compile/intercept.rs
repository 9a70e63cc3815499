//! What segments send outside without knowing of a proxy: handed to the transparent sockets of the
//! gateway, which asks its own rules. Behind `guard`, so that only whose source is its own comes here.
//!
//! Nothing is forwarded for it: a packet that no socket takes goes on as if these rules were not there,
//! and is refused. A flow that is taken never carries the mark of a flow that may be forwarded.

use ets_model::{Intercept, SegmentNo};
use ipnet::IpNet;

use super::forward::current;
use super::ground::{Ground, lengths, network};
use super::limits::Kind;
use super::line::{End, Ip, Line, protocol, state};
use super::parts::Parts;
use super::sources::By;
use crate::nft::ir::{Expr, Hook, KeyPart, Rule};

/// The bit of a packet's mark that says that a socket of the gateway has it: such packets are routed to
/// the hub itself, whatever their destination.
pub const TAKEN: u32 = 1 << 30;
// No segment's number has it: a policy with a larger one is refused.
const _: () = assert!(SegmentNo::MOST < TAKEN);

/// `NF_IP_PRI_MANGLE`: after connection tracking, before the routes are asked.
const MANGLE: i32 = -150;
const TAKEN_CHAIN: &str = "taken";

pub(super) fn chains(ground: &Ground<'_>, parts: &mut Parts) {
    let Some(intercept) = &ground.links.intercept else { return };
    let marks = intercept.segments.iter().map(|no| no.0.to_ne_bytes().to_vec());
    parts.set("intercepted", &[KeyPart::Mark], marks.collect());
    let by_family = |ip: Ip| {
        let digit = ip.digit();
        Line::new(format!("IPv{digit}")).is(ip).goto(format!("intercept{digit}"))
    };
    let mut rules = vec![
        current(ground),
        Line::new("not of these segments").mark(0).outside("intercepted", 0).accept(),
    ];
    rules.extend(Ip::BOTH.map(by_family));
    for ip in Ip::BOTH {
        kept(&intercept.kept, parts, ip);
        parts.chain(format!("intercept{}", ip.digit()), of_family(ground, intercept, ip));
    }
    let taken = taken(ground, parts);
    parts.chain(TAKEN_CHAIN, taken);
    parts.base("intercept", (Hook::Prerouting, MANGLE), false, rules);
}

/// What is the hub's, a segment's or of a network that is kept goes its own way.
fn of_family(ground: &Ground<'_>, intercept: &Intercept, ip: Ip) -> Vec<Rule> {
    let Intercept { kept, port, .. } = intercept;
    let digit = ip.digit();
    let to = |what: &str| Line::new(what);
    let mut rules = vec![
        to("for the hub")
            .address(ip, End::Destination, 0)
            .within(&format!("own{digit}"), 0)
            .accept(),
    ];
    rules.extend(By::Address.lengths(ground, ip).into_iter().map(|length| {
        let line = Line::new(format!("for a segment, /{length}"));
        let line = line.network(ip, End::Destination, length, 0);
        line.within(&By::Address.set(ip, length), 0).accept()
    }));
    rules.extend(lengths(kept.iter(), ip).into_iter().map(|length| {
        let line = to(&format!("for no host outside, /{length}"));
        line.network(ip, End::Destination, length, 0).within(&kept_set(ip, length), 0).accept()
    }));
    let carried = [("TCP", protocol::TCP), ("UDP", protocol::UDP)];
    rules.extend(carried.map(|(name, number)| take(name, number, *port)));
    rules
}

/// Handed over and marked, or left as it is where no socket listens.
fn take(name: &str, number: u8, port: u16) -> Rule {
    let [high, low] = port.to_be_bytes();
    let mark = Expr::Bitwise {
        from: 0,
        to: 0,
        mask: (!TAKEN).to_ne_bytes().to_vec(),
        xor: TAKEN.to_ne_bytes().to_vec(),
    };
    Line::new(format!("the gateway takes it, {name}"))
        .protocol(number)
        .load(0, u32::from_ne_bytes([high, low, 0, 0]))
        .with(Expr::Tproxy { port: 0 })
        .mark(0)
        .with(mark)
        .set_mark(0)
        .accept()
}

/// The networks that are kept: a set for each length, as for segments.
fn kept(networks: &[IpNet], parts: &mut Parts, ip: Ip) {
    for length in lengths(networks.iter(), ip) {
        let fits = |net: &&IpNet| Ip::of(net.addr()) == ip && net.prefix_len() == length;
        let keys = networks.iter().filter(fits).map(|net| network(*net)).collect();
        parts.set(&kept_set(ip, length), &[ip.part()], keys);
    }
}

fn kept_set(ip: Ip, length: u8) -> String {
    format!("kept{}_{length}", ip.digit())
}

/// In `input`: a packet that a socket of the gateway has.
pub(super) fn is_taken(ground: &Ground<'_>) -> Option<Rule> {
    ground.links.intercept.as_ref()?;
    let line = Line::new("the gateway has taken it").mark(0);
    Some(line.masked(0, &TAKEN.to_ne_bytes()).ne(&[0; 4]).goto(TAKEN_CHAIN))
}

/// The segment's limits hold for it as for every flow.
fn taken(ground: &Ground<'_>, parts: &mut Parts) -> Vec<Rule> {
    let sender = Line::new("counted for its segment").mark(0).masked(0, &(!TAKEN).to_ne_bytes());
    let mut rules =
        vec![sender.set_mark(0).rule(), Line::new("a new flow").ct(state::NEW).jump("fresh")];
    if !Kind::Open.rules(ground, parts).is_empty() {
        rules.push(Line::new("a new connection").ct(state::NEW).jump("opens"));
    }
    rules.push(Line::new("the gateway asks its rules").accept());
    rules
}
