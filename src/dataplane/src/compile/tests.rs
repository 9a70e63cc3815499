//! Each rule by what it does to a packet.

use std::cell::RefCell;

use ets_model::SegmentNo;

use super::*;
use crate::evaluate::packet::Carries::{Ping, Pong, Tcp, Udp};
use crate::evaluate::{Connection, Evaluator};
use crate::nft::ir::{Data, Expr, Verdict};
use crate::sample::{
    DC, EXT, GENERATION, MANAGEMENT, Sent, UNLISTED, by, from, hardware, icmp, links, policy, rules,
};

const WEB: Carried = Tcp(40_000, 80);
const MAIL: Carried = Tcp(40_000, 25);
mod errors;
mod link;

type Carried = crate::evaluate::packet::Carries;

thread_local! {
    /// Every packet that a test on this thread asked about, and what became of it.
    static ASKED: RefCell<Vec<(Sent, String)>> = const { RefCell::new(Vec::new()) };
}

#[track_caller]
fn says(sent: Sent, expected: &str) {
    assert_eq!(sent.verdict(&rules()), expected, "{:?}", sent.0);
    ASKED.with_borrow_mut(|asked| asked.push((sent, expected.to_owned())));
}

/// covers: N2.1
#[test]
fn a_segment_reaches_what_it_may_and_nothing_else() {
    for (one, two, server) in
        [("10.10.1.9", "10.10.2.9", "10.1.0.10"), ("fd10:10:1::9", "fd10:10:2::9", "fd10:1::10")]
    {
        says(from(1, one, server, WEB), "passed");
        says(from(2, two, server, WEB), "passed");
        says(from(1, one, server, Ping), "passed");
        says(from(1, one, server, MAIL), "passed");
        says(from(1, one, server, Udp(9, 5000)), "passed");
        says(from(1, one, server, Udp(9, 5099)), "passed");
        says(from(1, one, server, Udp(9, 5100)), "refuse_denied");
        says(from(1, one, server, Udp(9, 4999)), "refuse_denied");
        says(from(1, one, server, Udp(9, 80)), "refuse_denied");
        says(from(2, two, server, MAIL), "refuse_denied");
    }
    says(from(1, "10.10.1.9", "10.1.0.11", WEB), "refuse_denied");
    says(from(1, "10.10.1.9", "198.51.100.1", WEB), "refuse_denied");
    // By a wrong route the server's address leads to a neighbour.
    says(from(1, "10.10.1.9", "10.1.0.10", WEB).routed_to(12), "refuse_denied");
    says(from(1, "10.10.1.9", "10.2.0.9", WEB), "refuse_denied");
}

/// covers: N2.1, D1
#[test]
fn nobody_reaches_a_neighbour() {
    for carries in [WEB, MAIL, Udp(1, 53), Ping, Pong] {
        let expected = if carries == Pong { "refuse_denied" } else { "refuse_neighbour" };
        says(from(1, "10.10.1.9", "10.10.2.9", carries), expected);
        says(from(1, "fd10:10:1::9", "fd10:10:2::9", carries), expected);
        // Behind one port as well.
        says(from(3, "10.10.3.9", "10.10.4.9", carries), expected);
    }
    // Not by a flow that these rules never accepted, whichever way it goes.
    says(from(1, "10.10.1.9", "10.10.2.9", WEB).in_flow(false, 0), "refuse_neighbour");
    says(from(1, "10.10.1.9", "10.10.2.9", WEB).in_flow(false, GENERATION - 1), "refuse_neighbour");
    says(from(1, "10.10.1.9", "10.10.2.9", WEB).in_flow(true, GENERATION - 1), "reply");
}

/// covers: N2.1, D1
#[test]
fn a_source_that_is_not_the_senders_is_refused() {
    let forged = ["10.10.2.9", "10.1.0.10", "198.51.100.1", "169.254.1.1", "127.0.0.1"];
    for source in forged {
        says(from(1, source, "10.1.0.10", WEB), "refuse_spoof");
    }
    for source in ["fd10:10:2::9", "fd10:1::10", "2001:db8::1", "fe80::1"] {
        says(from(1, source, "fd10:1::10", WEB), "refuse_spoof");
    }
    // The hub's own address on the port lies in the segment's prefix.
    says(from(1, "10.10.1.254", "10.1.0.10", WEB), "refuse_spoof");
    says(from(1, "fd10:10:1::254", "fd10:1::10", WEB), "refuse_spoof");
    says(from(1, "fd10:10:1::254", "fd10:10:1::254", Udp(1, 53)), "refuse_spoof");
    says(from(1, "10.10.1.254", "10.10.1.254", Udp(1, 53)), "refuse_spoof");
    // Of who shares the port: another's hardware, and another's address with one's own.
    says(from(3, "10.10.3.9", "10.1.0.10", WEB), "passed");
    says(from(4, "10.10.3.9", "10.1.0.10", WEB), "refuse_spoof");
    says(from(4, "fd10:10:3::9", "fd10:1::10", WEB), "refuse_spoof");
    let no_link = from(3, "10.10.3.9", "10.1.0.10", WEB).with(|packet| packet.link.clear());
    says(no_link, "refuse_spoof");
}

/// covers: N2.1, D1
#[test]
fn nobody_else_takes_a_segments_or_a_servers_address() {
    for port in [EXT, MANAGEMENT, UNLISTED] {
        let flow = |source| by(port, source, "10.1.0.10", WEB).in_flow(false, GENERATION);
        says(flow("10.10.1.9"), "refuse_spoof");
        says(by(port, "10.1.0.10", "10.10.1.9", WEB).in_flow(true, GENERATION), "refuse_spoof");
        says(flow("198.51.100.1").with(|p| p.connection = Connection::New), "refuse_denied");
    }
    says(by(DC, "10.10.1.9", "10.1.0.10", WEB).in_flow(false, GENERATION), "refuse_spoof");
    says(by(DC, "fd10:10:1::9", "fd10:1::10", WEB).in_flow(false, GENERATION), "refuse_spoof");
    for source in ["fd10:10:1::9", "fd10:1::10"] {
        says(by(EXT, source, "fd10:1::254", Ping), "refuse_spoof");
    }
    says(by(EXT, "2001:db8::1", "fd10:1::254", Ping), "passed");
    // Who sends is known by the port, whatever somebody else marked.
    let marked = by(UNLISTED, "192.0.2.7", "10.1.0.10", WEB).with(|packet| packet.mark = 1);
    says(marked, "refuse_denied");
    // A server without an address asks for one, and for the hub.
    says(by(DC, "0.0.0.0", "10.1.0.254", Udp(68, 67)), "passed");
    says(by(DC, "fe80::5", "fd10:1::254", Ping), "passed");
    says(by(DC, "::", "fd10:1::254", Ping), "passed");
    // Servers open nothing.
    says(by(DC, "10.1.0.10", "10.10.1.9", WEB), "refuse_denied");
    // An administrator behind a router of his network reaches the hub.
    says(by(MANAGEMENT, "192.0.2.7", "10.2.0.254", Tcp(1, 22)), "passed");
    // A port in no list is one for strangers, where it is said which ones administrators use.
    says(by(UNLISTED, "192.0.2.7", "10.2.0.254", Tcp(1, 22)), "input_outside");
    says(by(1, "10.10.1.254", "10.10.1.254", Tcp(1, 22)), "passed");
}

/// covers: N2.1, D1
#[test]
fn options_routing_headers_and_redirects_are_refused() {
    let options = |sent: Sent| {
        sent.with(|packet| {
            packet.network[0] = 0x46;
            packet.network.splice(20..20, [131, 4, 4, 0]);
        })
    };
    says(options(from(1, "10.10.1.9", "10.1.0.10", WEB)), "refuse_option");
    says(
        options(from(1, "10.10.1.9", "10.1.0.10", WEB)).in_flow(false, GENERATION),
        "refuse_option",
    );
    for header in [0, 43, 44, 51, 60, 59, 50, 41] {
        let routed = from(1, "fd10:10:1::9", "fd10:1::10", WEB).with(|packet| {
            packet.network[6] = header;
            packet.network.splice(40..40, [6, 0, 0, 0, 0, 0, 0, 0]);
        });
        says(routed.in_flow(false, GENERATION), "refuse_option");
    }
    let redirect4 = icmp(1, "10.10.1.9", "10.10.1.254", &[5, 1, 0, 0, 10, 10, 2, 9]);
    says(redirect4.clone().related(false, GENERATION), "refuse_option");
    says(redirect4.clone().unknown(), "refuse_option");
    says(options(from(1, "10.9.1.1", "10.10.1.254", Ping)), "refuse_option");
    let routed = from(1, "fd10:9:1::1", "fd10:10:1::254", Ping).with(|packet| {
        packet.network[6] = 43;
        packet.network.splice(40..40, [58, 0, 0, 0, 0, 0, 0, 0]);
    });
    says(routed, "refuse_option");
    says(icmp(1, "fe80::1", "fd10:10:1::254", &[137, 0, 0, 0, 0, 0, 0, 0]), "refuse_option");
    says(icmp(1, "fd10:10:1::9", "fd10:10:1::254", &[137, 0, 0, 0, 0, 0, 0, 0]), "refuse_option");
    let back = redirect4.with(|packet| {
        packet.input = DC;
        packet.network[12..20].copy_from_slice(&[10, 1, 0, 10, 10, 10, 1, 9]);
    });
    says(back.related(true, GENERATION), "refuse_option");
}

/// covers: N2.1, D4
#[test]
fn a_flow_of_older_rules_is_asked_for_its_right_again_both_ways() {
    for mark in [GENERATION, GENERATION - 1] {
        says(from(1, "10.10.1.9", "10.1.0.10", MAIL).in_flow(false, mark), "passed");
        says(by(DC, "10.1.0.10", "10.10.1.9", Tcp(25, 4000)).in_flow(true, mark), "passed");
        says(by(DC, "fd10:1::10", "fd10:10:1::9", Udp(5000, 9)).in_flow(true, mark), "passed");
        says(by(DC, "10.1.0.10", "10.10.2.9", Pong).in_flow(true, mark), "passed");
    }
    // Withdrawn: segment 2 may not reach the mail any more.
    says(from(2, "10.10.2.9", "10.1.0.10", MAIL).in_flow(false, 6), "refuse_denied");
    says(by(DC, "10.1.0.10", "10.10.2.9", Tcp(25, 4000)).in_flow(true, 6), "reply4");
    says(by(DC, "10.1.0.11", "10.10.1.9", Tcp(25, 4000)).in_flow(true, 6), "reply4");
    says(by(DC, "10.1.0.10", "198.51.100.1", Tcp(25, 4000)).in_flow(true, 6), "reply4");
    says(by(DC, "fd10:1::10", "fd10:10:2::9", Pong).in_flow(true, 6), "passed");
    says(by(DC, "fd10:1::10", "fd10:10:2::9", Tcp(25, 4000)).in_flow(true, 6), "reply6");
    // Not for who is no segment, even where everyone may, and whatever somebody marked.
    for (server, to, reply) in
        [("10.1.0.10", "198.51.100.1", "reply4"), ("fd10:1::10", "2001:db8::1", "reply6")]
    {
        says(by(DC, server, to, Tcp(80, 4000)).in_flow(true, 6), reply);
        let marked = by(DC, server, to, Tcp(25, 4000)).in_flow(true, 6);
        says(marked.with(|packet| packet.mark = 1), reply);
    }
    let rules = rules();
    let evaluator = Evaluator::new(&rules).unwrap();
    let by_rule = |sent: Sent| evaluator.receive(&sent.0, crate::sample::way).unwrap().rule;
    for sent in [
        from(1, "10.10.1.9", "10.1.0.10", MAIL).in_flow(false, GENERATION),
        by(DC, "10.1.0.10", "10.10.1.9", Tcp(25, 4000)).in_flow(true, GENERATION),
        from(1, "10.10.1.9", "10.10.1.254", Udp(9, 53)).in_flow(false, GENERATION),
    ] {
        assert_eq!(by_rule(sent), "accepted by these rules before");
    }
    let again = by(DC, "10.1.0.10", "10.10.1.9", Tcp(25, 4000)).in_flow(true, 6);
    let outcome = evaluator.receive(&again.0, crate::sample::way).unwrap();
    assert_eq!((outcome.flow_mark, outcome.rule), (GENERATION, "accepted by these rules"));
}

/// covers: N2.1
#[test]
fn the_hub_is_reached_at_the_ports_own_addresses_for_its_services_and_pings() {
    says(from(1, "10.10.1.9", "10.10.1.254", Udp(9, 53)), "passed");
    says(from(1, "fd10:10:1::9", "fd10:10:1::254", Udp(9, 53)), "passed");
    says(from(2, "10.10.2.9", "10.10.2.254", Udp(9, 53)), "refuse_denied");
    says(from(1, "10.10.1.9", "10.10.1.254", Tcp(9, 53)), "refuse_denied");
    says(from(1, "10.10.1.9", "10.10.1.254", Tcp(9, 22)), "refuse_denied");
    for hub in ["10.10.2.254", "10.1.0.254", "203.0.113.254", "10.2.0.254"] {
        says(from(1, "10.10.1.9", hub, Udp(9, 53)), "refuse_denied");
        says(from(1, "10.10.1.9", hub, Ping), "refuse_denied");
    }
    says(from(1, "fd10:10:1::9", "fd10:10:2::254", Udp(9, 53)), "refuse_denied");
    says(from(2, "10.10.2.9", "10.10.2.254", Udp(9, 123)), "passed");
    says(from(1, "10.10.1.9", "10.10.1.254", Ping), "passed");
    says(from(2, "fd10:10:2::9", "fd10:10:2::254", Ping), "passed");
    let broadcast = from(1, "10.10.1.9", "10.10.1.254", Udp(9, 53)).with(|packet| packet.kind = 1);
    says(broadcast, "refuse_denied");
    // Withdrawn flows end, flows of the hub's own stay.
    says(from(2, "10.10.2.9", "10.10.2.254", Udp(9, 53)).in_flow(false, 6), "refuse_denied");
    says(from(1, "10.10.1.9", "10.10.1.254", Udp(9, 53)).in_flow(false, 6), "passed");
    says(from(2, "10.10.2.1", "10.10.2.254", Tcp(22, 9)).in_flow(true, 0), "passed");
}

/// covers: N2.1
#[test]
fn answers_to_probes_reach_the_hub_without_a_connection_and_go_no_further() {
    let lost = |sent: Sent| sent.unknown();
    says(lost(from(1, "10.10.1.1", "10.10.1.254", Pong)), "passed");
    says(lost(from(1, "fd10:10:1::1", "fd10:10:1::254", Pong)), "passed");
    says(lost(from(1, "10.9.1.1", "10.10.1.254", Pong)), "passed");
    says(lost(from(1, "10.10.1.1", "10.1.0.10", Pong)), "refuse_denied");
    let mut quoted = crate::evaluate::packet::network(
        "10.10.1.254".parse().unwrap(),
        "10.10.1.1".parse().unwrap(),
        1,
        &[8, 0, 0, 0, 0, 1, 0, 1],
    );
    quoted.splice(0..0, [11, 0, 0, 0, 0, 0, 0, 0]);
    says(lost(icmp(1, "10.9.1.1", "10.10.1.254", &quoted)), "passed");
    says(lost(icmp(1, "10.10.1.1", "10.1.0.10", &quoted)), "refuse_denied");
    for (kind, verdict) in [(3, "passed"), (12, "passed"), (13, "refuse_option")] {
        quoted[0] = kind;
        says(lost(icmp(1, "10.10.1.1", "10.10.1.254", &quoted)), verdict);
    }
    quoted[28] = 0;
    says(lost(icmp(1, "10.10.1.1", "10.10.1.254", &quoted)), "refuse_invalid");
    let mut quoted = crate::evaluate::packet::network(
        "fd10:10:1::254".parse().unwrap(),
        "fd10:10:1::1".parse().unwrap(),
        58,
        &[128, 0, 0, 0, 0, 1, 0, 1],
    );
    quoted.splice(0..0, [1, 0, 0, 0, 0, 0, 0, 0]);
    says(lost(icmp(1, "fd10:9:1::1", "fd10:10:1::254", &quoted)), "passed");
    let own = |sent: Sent| sent.with(|packet| packet.input = 0).routed_to(11);
    says(own(from(1, "10.10.1.254", "10.10.1.1", Ping)), "untracked");
    says(own(from(1, "fd10:10:1::254", "fd10:10:1::1", Ping)), "untracked");
    says(own(from(1, "10.10.1.254", "10.10.1.1", Tcp(9, 22))), "passed");
    says(own(from(1, "10.1.0.254", "10.1.0.10", Ping)).routed_to(DC), "passed");
    says(own(icmp(1, "10.10.1.254", "10.10.1.1", &[5, 0, 0, 0, 0, 0, 0, 0])), "output");
    let redirect = icmp(1, "fd10:10:1::254", "fd10:10:1::1", &[137, 0, 0, 0, 0, 0, 0, 0]);
    says(own(redirect), "output");
}

/// covers: N2.1
#[test]
fn a_router_on_the_way_speaks_with_the_hub_only() {
    says(from(1, "10.9.1.1", "10.10.1.254", Ping), "passed");
    says(from(1, "fd10:9:1::1", "fd10:10:1::254", Ping), "passed");
    says(from(1, "10.9.1.1", "10.10.1.254", Udp(9, 53)), "refuse_denied");
    says(from(1, "10.9.1.1", "10.1.0.10", WEB), "refuse_denied");
    says(from(2, "10.9.1.1", "10.10.2.254", Ping), "refuse_spoof");
    says(from(1, "10.9.1.1", "10.10.1.254", Tcp(22, 9)).in_flow(true, 0), "passed");
    says(from(1, "10.9.1.1", "10.10.1.254", Udp(9, 123)), "refuse_denied");
    // Nothing is for who has no number, even where everyone may, whatever somebody marked.
    for (router, server) in [("10.9.1.1", "10.1.0.10"), ("fd10:9:1::1", "fd10:1::10")] {
        let marked = from(1, router, server, WEB).with(|packet| packet.mark = 1);
        says(marked, "refuse_denied");
    }
}

/// covers: N2.1
#[test]
fn noise_is_dropped_without_a_word() {
    says(from(1, "0.0.0.0", "255.255.255.255", Udp(68, 67)), "stranger4");
    says(from(1, "fe80::1", "ff02::1:2", Udp(546, 547)), "stranger6");
    says(from(1, "::", "ff02::16", Udp(1, 1)), "stranger6");
    let own = from(1, "10.9.9.9", "224.0.0.251", Udp(5353, 5353)).with(|packet| packet.kind = 5);
    assert_eq!(own.verdict(&rules()), "refuse_spoof");
}

/// covers: N2.1
#[test]
fn outside_gets_answers_and_pings_only() {
    says(by(EXT, "198.51.100.1", "203.0.113.254", Tcp(9, 443)), "input_outside");
    says(by(EXT, "198.51.100.1", "203.0.113.254", Tcp(443, 9)).in_flow(true, 0), "passed");
    says(by(EXT, "198.51.100.1", "203.0.113.254", Ping), "passed");
    says(by(EXT, "2001:db8::1", "fd10:1::254", Ping), "passed");
    let error = icmp(1, "198.51.100.1", "203.0.113.254", &[3, 1, 0, 0, 0, 0, 0, 0]);
    says(error.with(|packet| packet.input = EXT).related(true, 0), "passed");
    let asks = link::neighbour(1, "fe80::1", 135, "fd10:1::254", Some(1));
    says(asks.with(|packet| packet.input = EXT), "passed");
    says(by(EXT, "198.51.100.1", "10.1.0.10", WEB), "refuse_denied");
    says(by(EXT, "198.51.100.1", "10.10.1.9", WEB), "refuse_denied");
}

/// covers: N6.2
#[test]
fn outside_reaches_what_is_published_and_nothing_beside_it() {
    let published = vec!["203.0.113.254:443".parse().unwrap(), "[fd10:1::254]:80".parse().unwrap()];
    let rules = compile(&policy(), &Links { published, ..links() }, GENERATION);
    let says = |sent: Sent, verdict: &str| assert_eq!(sent.verdict(&rules), verdict);
    says(by(EXT, "198.51.100.1", "203.0.113.254", Tcp(9, 443)), "passed");
    says(by(EXT, "2001:db8::1", "fd10:1::254", Tcp(9, 80)), "passed");
    for (to, carries) in [
        ("203.0.113.254", Tcp(9, 80)),
        ("203.0.113.254", Tcp(443, 22)),
        ("203.0.113.254", Udp(9, 443)),
        ("10.1.0.254", Tcp(9, 443)),
        ("10.10.1.254", Tcp(9, 443)),
    ] {
        says(by(EXT, "198.51.100.1", to, carries), "input_outside");
    }
    // A segment goes by what is granted, also at this address.
    says(from(1, "10.10.1.9", "203.0.113.254", Tcp(9, 443)), "refuse_denied");
}

/// covers: N2.2
#[test]
fn limits_are_there_for_all_and_for_those_with_their_own() {
    let mut policy = policy();
    policy.limits = ets_model::Limits { connections: 100, new_connections: 20, packets: 1_000 };
    let common = compile(&policy, &links(), 7);
    let set = |rules: &Ruleset, name: &str| rules.tables[0].set(name).is_some();
    for name in ["packets_1000", "fresh_20", "open_100"] {
        assert!(set(&common, name), "{name}");
    }
    assert!(!set(&common, "packets_of"));
    for chain in ["forward", "input_segment"] {
        let chain = common.tables[0].chain(chain).unwrap();
        let jumps = |rule: &crate::nft::ir::Rule| {
            rule.exprs.contains(&Expr::Verdict(Verdict::Jump("fresh".into())))
        };
        assert!(chain.rules.iter().any(jumps), "{}", chain.name);
    }
    policy.arms[1].limits = Some(ets_model::Limits { packets: 0, ..policy.limits });
    policy.arms[2].limits = Some(ets_model::Limits { packets: 50, ..policy.limits });
    let own = compile(&policy, &links(), 7);
    let map = own.tables[0].set("packets_of").unwrap();
    let verdict = |key: &[u8]| map.elements.get(key).and_then(|one| one.data.clone());
    let to = |name: &str| Some(Data::Verdict(Verdict::Jump(name.into())));
    assert_eq!(verdict(&[]), to("packets_1000"));
    assert_eq!(verdict(&3u32.to_ne_bytes()), to("packets_50"));
    assert_eq!(verdict(&2u32.to_ne_bytes()), Some(Data::Verdict(Verdict::Continue)));
    assert!(!set(&own, "fresh_of"));
    for no in [1, 2, 3] {
        let source = format!("10.10.{no}.9");
        assert_eq!(from(no, &source, "10.1.0.10", WEB).verdict(&own), "passed");
    }
}

/// covers: N8.1
#[test]
fn a_segment_with_a_rate_has_a_class_both_ways_and_others_have_none() {
    let mut policy = policy();
    policy.arms[0].rate = Some(ets_model::Rate { down_kbps: 1_000, up_kbps: 500 });
    policy.arms[1].rate = Some(ets_model::Rate { down_kbps: 0, up_kbps: 500 });
    let rules = compile(&policy, &links(), GENERATION);
    let evaluator = Evaluator::new(&rules).unwrap();
    let priority = |sent: Sent| {
        let outcome = evaluator.receive(&sent.0, crate::sample::way).unwrap();
        assert!(outcome.passed);
        outcome.priority
    };
    assert_eq!(priority(from(1, "10.10.1.9", "10.1.0.10", WEB)), 0x1_0001);
    assert_eq!(priority(from(2, "10.10.2.9", "10.1.0.10", WEB)), 0x1_0002);
    let down = |to: &str| by(DC, "10.1.0.10", to, Tcp(80, 9)).in_flow(true, GENERATION);
    assert_eq!(priority(down("10.10.1.9")), 0x1_0001);
    assert_eq!(priority(down("10.10.2.9")), 0);
    assert_eq!(
        priority(by(DC, "fd10:1::10", "fd10:10:1::9", Tcp(80, 9)).in_flow(true, 7)),
        0x1_0001
    );
}

/// covers: N5.1
#[test]
fn metering_changes_no_verdict() {
    let metered = compile(&policy(), &Links { metered: true, ..links() }, GENERATION);
    for carries in [WEB, MAIL, Ping, Udp(9, 53)] {
        for no in 1..=4 {
            for to in ["10.1.0.10", "10.10.2.9", "10.10.1.254", "198.51.100.1"] {
                let sent = from(no, &format!("10.10.{no}.9"), to, carries);
                assert_eq!(sent.verdict(&metered), sent.verdict(&rules()), "{:?}", sent.0);
            }
        }
    }
}

#[test]
fn an_interface_that_is_not_there_lets_nothing_pass() {
    let mut links = links();
    links.ports.remove("k1");
    let rules = compile(&policy(), &links, GENERATION);
    let sent = from(1, "10.10.1.9", "10.1.0.10", WEB);
    assert_eq!(sent.verdict(&rules), "refuse_spoof");
    links.ports.remove("dc0");
    let rules = compile(&policy(), &links, GENERATION);
    assert_eq!(from(2, "10.10.2.9", "10.1.0.10", WEB).verdict(&rules), "refuse_denied");
}

#[test]
fn the_way_of_every_packet_has_no_intervals_and_is_as_long_for_many_segments_as_for_few() {
    let few = rules();
    let hot = |rules: &Ruleset| {
        let table = &rules.tables[0];
        let way = ["guard", "from_segment", "from_segment4", "known4", "from_segment6", "known6"];
        let chains = way.iter().filter_map(|name| table.chain(name));
        let exprs: Vec<_> = chains.flat_map(|chain| &chain.rules).flat_map(|r| &r.exprs).collect();
        for expr in &exprs {
            if let Expr::Lookup { set, .. } = expr {
                assert!(!table.set(set).unwrap().interval, "{set}");
            }
        }
        exprs.len()
    };
    let mut policy = policy();
    for no in 5..500 {
        let mut arm = policy.arms[1].clone();
        arm.no = SegmentNo(no);
        arm.prefixes = vec![format!("10.{}.{}.0/24", 20 + no / 256, no % 256).parse().unwrap()];
        policy.arms.push(arm);
    }
    assert_eq!(hot(&few), hot(&compile(&policy, &links(), GENERATION)));
    assert_eq!(rules(), few);
}

/// Rules that no packet misses: what they do shows elsewhere, or others do it again behind them.
const SPARE: &[(&str, &str)] = &[
    // Counters and samples are seen by who reads them, not by the packet.
    ("refuse_", "count and sample"),
    // The policy of the base chain accepts as well.
    ("known", "a segment with a source of its own"),
    ("hop", "speaks with the hub only"),
    // Limits are taken as not used up; that they are there is asked by name.
    ("refuse_limit", "refused"),
    ("hop", "more than 1000 packets a second"),
    ("forward", "a new flow"),
    ("input_segment", "a new flow"),
    // The short way of what would pass the long one as well; it is asked for by name.
    ("forward", "accepted by these rules before"),
    ("input_segment", "accepted by these rules before"),
    // The packets that are asked about are whole, or `guard` looks at them again.
    ("pieces", "a piece, IPv"),
    ("piece", "a piece that is not the sender's"),
    ("piece", "a piece in somebody's name"),
    // Drops without a word what the next rule would drop with one.
    ("refuse_spoof", "the hub's own multicast"),
];

/// covers: N2.1: the rules of the compiler, each taken away once
#[test]
fn every_rule_is_missed_by_some_packet() {
    for test in [
        a_segment_reaches_what_it_may_and_nothing_else,
        nobody_reaches_a_neighbour,
        a_source_that_is_not_the_senders_is_refused,
        nobody_else_takes_a_segments_or_a_servers_address,
        options_routing_headers_and_redirects_are_refused,
        a_flow_of_older_rules_is_asked_for_its_right_again_both_ways,
        errors::errors_pass_in_their_flow_only,
        errors::nobody_sends_errors_about_anothers_flow,
        errors::a_piece_comes_from_who_its_source_says,
        the_hub_is_reached_at_the_ports_own_addresses_for_its_services_and_pings,
        answers_to_probes_reach_the_hub_without_a_connection_and_go_no_further,
        a_router_on_the_way_speaks_with_the_hub_only,
        link::in_neighbour_discovery_everybody_speaks_for_himself,
        link::a_bound_segment_cannot_be_impersonated_by_neighbour_discovery,
        noise_is_dropped_without_a_word,
        outside_gets_answers_and_pings_only,
    ] {
        test();
    }
    let asked = ASKED.take();
    let rules = rules();
    let mut spare = Vec::new();
    for (chain, one) in rules.tables[0].chains.iter().enumerate() {
        for at in 0..one.rules.len() {
            let mut without = rules.clone();
            let gone = without.tables[0].chains[chain].rules.remove(at);
            if asked.iter().all(|(sent, verdict)| sent.verdict(&without) == *verdict) {
                spare.push(format!("{}: {}", one.name, gone.comment));
            }
        }
    }
    let known = |one: &String| {
        SPARE.iter().any(|(chain, rule)| one.starts_with(chain) && one.contains(rule))
    };
    spare.retain(|one| !known(one));
    assert!(spare.is_empty(), "{}", spare.join("\n"));
}

/// covers: N6.1, G6: what the gateway takes is what goes outside from these segments; nothing is let through
/// for it
#[test]
fn only_what_goes_outside_is_taken_and_none_of_it_is_forwarded() {
    let intercept = Intercept {
        segments: vec![SegmentNo(1), SegmentNo(3)],
        kept: ["10.1.0.0/24", "fd10:1::/64", "169.254.0.0/16"]
            .map(|net| net.parse().unwrap())
            .into(),
        port: 3129,
    };
    let links = Links { intercept: Some(intercept), ..links() };
    let rules = compile(&policy(), &links, GENERATION);
    let evaluator = Evaluator::new(&rules).unwrap();
    let taken = |sent: &Sent| evaluator.receive(&sent.0, crate::sample::way).unwrap().taken;
    for (no, source, destination, carries, is_taken) in [
        (1, "10.10.1.9", "198.51.100.1", WEB, true),
        (1, "10.10.1.9", "198.51.100.1", Udp(40_000, 53), true),
        (3, "10.10.3.9", "198.51.100.1", WEB, true),
        (1, "fd10:10:1::9", "2001:db8::1", WEB, true),
        (1, "10.10.1.9", "198.51.100.1", Ping, false),
        // Of another segment; forged; for a segment, the hub, its networks, nobody.
        (2, "10.10.2.9", "198.51.100.1", WEB, false),
        (1, "10.10.2.9", "198.51.100.1", WEB, false),
        (1, "10.10.1.9", "10.10.2.9", WEB, false),
        (1, "10.10.1.9", "10.10.1.254", WEB, false),
        (1, "10.10.1.9", "203.0.113.254", WEB, false),
        (1, "10.10.1.9", "10.1.0.77", WEB, false),
        (1, "fd10:10:1::9", "fd10:1::77", WEB, false),
        (1, "10.10.1.9", "169.254.169.254", WEB, false),
    ] {
        let sent = from(no, source, destination, carries);
        assert_eq!(taken(&sent), is_taken, "{source} {destination} {carries:?}");
        assert_eq!(sent.verdict(&rules), sent.verdict(&crate::sample::rules()), "{:?}", sent.0);
        // A flow that was taken never carries the mark of one that may be forwarded: it is refused the
        // moment it is taken no more.
        if is_taken {
            assert_eq!(sent.in_flow(false, 0).verdict(&rules), "refuse_denied");
        }
    }
    ASKED.with_borrow(|asked| {
        for (sent, expected) in asked {
            assert_eq!(&sent.verdict(&rules), expected, "{:?}", sent.0);
        }
    });
}
