//! From port to port: only flows that a segment opened towards a service that it may reach (N2.1).

use super::ground::Ground;
use super::line::{End, Ip, Line, protocol, state};
use super::parts::Parts;
use super::refuse::Reason;
use super::services::asked;
use super::sources::By;
use crate::nft::ir::{CtKey, Expr, Hook, MetaKey, Rule};

pub(super) fn chains(ground: &Ground<'_>, parts: &mut Parts) {
    parts.chain("errors", errors());
    parts.chain("related", related(ground));
    parts.chain("reply", reply());
    for ip in Ip::BOTH {
        parts.chain(format!("related{}", ip.digit()), related_of(ground, ip));
        parts.chain(format!("reply{}", ip.digit()), reply_of(ground, ip));
        parts.chain(format!("elsewhere{}", ip.digit()), elsewhere(ground, ip));
    }
    let elsewhere = |ip: Ip| {
        let digit = ip.digit();
        Line::new(format!("IPv{digit}")).is(ip).goto(format!("elsewhere{digit}"))
    };
    parts.chain("elsewhere", Ip::BOTH.map(elsewhere).to_vec());
    parts.base("forward", (Hook::Forward, 0), true, forward(ground));
}

fn forward(ground: &Ground<'_>) -> Vec<Rule> {
    let mut rules = vec![
        current(ground),
        Line::new("belongs to no connection").ct(state::INVALID).goto(Reason::Invalid.chain()),
        Line::new("an error about a connection").ct(state::RELATED).goto("related"),
        Line::new("answers to probes are for the hub")
            .ct(state::UNTRACKED)
            .goto(Reason::Denied.chain()),
        Line::new("the answer in a flow that older rules accepted").goes_back().goto("reply"),
        Line::new("only segments open flows")
            .iif(0)
            .outside("segment_ports", 0)
            .goto(Reason::Denied.chain()),
        Line::new("routers on the way speak with the hub only")
            .mark(0)
            .eq(&[0; 4])
            .goto(Reason::Denied.chain()),
    ];
    rules.extend(Ip::BOTH.map(in_the_hubs_name));
    rules.push(Line::new("a new flow").ct(state::NEW).jump("fresh"));
    rules.push(
        Line::new("not towards the services")
            .meta(MetaKey::OutputInterface, 0)
            .outside("service_ports", 0)
            .goto("elsewhere"),
    );
    rules.extend(Ip::BOTH.into_iter().flat_map(|ip| asked(ip, End::Destination)));
    rules.push(Line::new("may not be reached").goto("elsewhere"));
    rules
}

/// Flows that these rules accepted: the way of nearly every packet.
pub(super) fn current(ground: &Ground<'_>) -> Rule {
    Line::new("accepted by these rules before")
        .ct(state::ESTABLISHED | state::NEW)
        .of_generation(ground.generation)
        .accept()
}

/// The hub does not forward to itself what it says itself.
pub(super) fn in_the_hubs_name(ip: Ip) -> Rule {
    Line::new(format!("in the hub's name, IPv{}", ip.digit()))
        .is(ip)
        .address(ip, End::Source, 0)
        .within(&format!("own{}", ip.digit()), 0)
        .goto(Reason::Spoof.chain())
}

/// Errors about flows that these rules accepted, but no redirects; nothing else is related, because no
/// connection has a helper. Connection tracking believes an error about any flow whose ends it quotes,
/// whoever sends it: so what is quoted must have been on its way to the sender.
fn related(ground: &Ground<'_>) -> Vec<Rule> {
    let by_family = |ip: Ip| {
        let digit = ip.digit();
        Line::new(format!("an error, IPv{digit}")).is(ip).goto(format!("related{digit}"))
    };
    let mut rules = vec![
        Line::new("about a flow of older rules")
            .with(Expr::Ct { key: CtKey::Mark, to: 0 })
            .ne(&ground.generation.to_ne_bytes())
            .drop(),
        Line::new("an error of a service").iif(0).within("service_ports", 0).goto("errors"),
    ];
    rules.extend(Ip::BOTH.map(by_family));
    rules
}

/// From a segment, or from a router on its way: where the quoted packet went is known by the segment's
/// port and hardware, as a source is.
fn related_of(ground: &Ground<'_>, ip: Ip) -> Vec<Rule> {
    let mut rules = Vec::new();
    for by in [By::Hardware, By::Port] {
        for length in by.lengths(ground, ip) {
            let line = Line::new(format!("an error about one's own flow, /{length}")).iif(0);
            let (line, address) =
                if by == By::Hardware { (line.hardware(1), 3) } else { (line, 1) };
            let line = line.quoted_destination(ip, length, address);
            rules.push(line.within(&by.set(ip, length), 0).goto("errors"));
        }
    }
    rules.push(Line::new("an error about another's flow").goto(Reason::Denied.chain()));
    rules
}

/// Lets ICMP errors pass and refuses everything else.
pub(super) fn errors() -> Vec<Rule> {
    let four = |kind: u8, comment: &str| Line::new(comment).icmp(Ip::Four, kind).accept();
    vec![
        four(3, "unreachable"),
        four(11, "time exceeded"),
        four(12, "parameter problem"),
        Line::new("errors of ICMPv6")
            .is(Ip::Six)
            .protocol(protocol::ICMP6)
            .icmp_type()
            .less(&[5])
            .accept(),
        Line::new("no error, or a redirect").goto(Reason::Option.chain()),
    ]
}

/// The answer in a flow that older rules accepted: the segment is known by the destination, and the
/// right is asked for as if the flow began now.
fn reply() -> Vec<Rule> {
    let by_family = |ip: Ip| {
        let digit = ip.digit();
        Line::new(format!("an answer, IPv{digit}")).is(ip).goto(format!("reply{digit}"))
    };
    let mut rules = vec![Line::new("no service answers").iif(0).outside("service_ports", 0).drop()];
    rules.extend(Ip::BOTH.map(by_family));
    rules
}

fn reply_of(ground: &Ground<'_>, ip: Ip) -> Vec<Rule> {
    // The longest prefix that fits is asked last, so that it has the last word.
    let lengths = By::Address.lengths(ground, ip).into_iter().rev();
    let mut rules = vec![Line::new("for no segment").load(0, 0).set_mark(0).rule()];
    rules.extend(lengths.map(|length| {
        let line = Line::new(format!("for a segment, /{length}"));
        let line = line.network(ip, End::Destination, length, 0);
        line.map(&By::Address.set(ip, length), 0, 0).set_mark(0).rule()
    }));
    rules.push(Line::new("for no segment").mark(0).eq(&[0; 4]).drop());
    rules.extend(asked(ip, End::Source));
    rules.push(Line::new("the right was withdrawn").drop());
    rules
}

/// Refused: for another segment, or for what the sender may not reach.
fn elsewhere(ground: &Ground<'_>, ip: Ip) -> Vec<Rule> {
    let segments = By::Address.lengths(ground, ip).into_iter().map(|length| {
        let line = Line::new(format!("for another segment, /{length}"));
        let line = line.network(ip, End::Destination, length, 0);
        line.within(&By::Address.set(ip, length), 0).goto(Reason::Neighbour.chain())
    });
    let mut rules: Vec<Rule> = segments.collect();
    rules.push(Line::new("may not be reached").goto(Reason::Denied.chain()));
    rules
}
