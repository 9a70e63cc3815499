//! The kernel's semantics, one by one.

use std::collections::BTreeMap;

use super::packet::{Carries, network};
use super::*;
use crate::nft::ir::*;
use crate::sample::{at, hardware};

fn rule(comment: &str, exprs: Vec<Expr>) -> Rule {
    Rule { exprs, comment: comment.into() }
}

fn verdict(verdict: Verdict) -> Expr {
    Expr::Verdict(verdict)
}

fn chain(name: &str, rules: Vec<Rule>) -> Chain {
    Chain { name: name.into(), base: None, rules }
}

fn base(name: &str, hook: Hook, priority: i32, drops: bool, rules: Vec<Rule>) -> Chain {
    let base = Some(Base { hook, priority, drops, device: String::new() });
    Chain { base, ..chain(name, rules) }
}

fn rules(sets: Vec<Set>, chains: Vec<Chain>) -> Ruleset {
    let family = Family::Inet;
    Ruleset { tables: vec![Table { family, name: "ets".into(), sets, chains }] }
}

fn set(name: &str, key: Vec<KeyPart>, keys: &[&[u8]]) -> Set {
    let elements = keys.iter().map(|key| (key.to_vec(), Element::default())).collect();
    Set {
        name: name.into(),
        key,
        data: None,
        interval: false,
        dynamic: false,
        size: 0,
        timeout_ms: 0,
        counts: false,
        elements,
    }
}

fn tcp() -> Packet {
    let ends = (at("10.10.1.9"), at("10.1.0.10"));
    Packet::opening(11, hardware(1), ends, Carries::Tcp(4000, 80))
}

fn out(rules: &Ruleset, packet: &Packet) -> Result<(bool, String), Unproved> {
    let evaluator = Evaluator::new(rules)?;
    let outcome = evaluator.receive(packet, |_| Way::Out(2))?;
    Ok((outcome.passed, format!("{}: {}", outcome.chain, outcome.rule)))
}

#[track_caller]
fn says(rules: &Ruleset, passed: bool, by: &str) {
    assert_eq!(out(rules, &tcp()), Ok((passed, by.to_owned())));
}

fn mark(value: u32) -> Vec<Expr> {
    vec![
        Expr::Meta { key: MetaKey::Mark, to: 0 },
        Expr::Compare { from: 0, op: Compare::Eq, value: value.to_ne_bytes().to_vec() },
    ]
}

fn set_mark(value: u32) -> Rule {
    let load = Expr::Load { to: 3, value };
    rule("mark", vec![load, Expr::SetMeta { key: MetaKey::Mark, from: 3 }])
}

#[test]
fn a_jump_comes_back_a_goto_does_not_and_the_policy_has_the_last_word() {
    let forward = |rules: Vec<Rule>| base("forward", Hook::Forward, 0, true, rules);
    let jump = rule("jump", vec![verdict(Verdict::Jump("side".into()))]);
    let goto = rule("goto", vec![verdict(Verdict::Goto("side".into()))]);
    let accept = || rule("accept", vec![verdict(Verdict::Accept)]);
    let back = rule("back", vec![verdict(Verdict::Return)]);
    let side = |rules| chain("side", rules);
    says(
        &rules(vec![], vec![side(vec![]), forward(vec![jump.clone(), accept()])]),
        true,
        "forward: accept",
    );
    says(
        &rules(vec![], vec![side(vec![]), forward(vec![goto.clone(), accept()])]),
        false,
        "forward: policy",
    );
    says(&rules(vec![], vec![side(vec![accept()]), forward(vec![goto])]), true, "side: accept");
    let early = vec![back.clone(), rule("drop", vec![verdict(Verdict::Drop)])];
    says(
        &rules(vec![], vec![side(early), forward(vec![jump.clone(), accept()])]),
        true,
        "forward: accept",
    );
    says(&rules(vec![], vec![forward(vec![back, accept()])]), false, "forward: policy");
    // A goto inside a jump goes back to who jumped.
    let inner = vec![
        chain("inner", vec![]),
        side(vec![rule("in", vec![verdict(Verdict::Goto("inner".into()))])]),
    ];
    let chains = inner.into_iter().chain([forward(vec![jump, accept()])]).collect();
    says(&rules(vec![], chains), true, "forward: accept");
}

#[test]
fn an_accepted_packet_meets_the_chains_behind_and_a_dropped_one_none() {
    let accept = || rule("accept", vec![verdict(Verdict::Accept)]);
    let drop = || rule("drop", vec![verdict(Verdict::Drop)]);
    let first = base("first", Hook::Forward, -10, false, vec![accept()]);
    let second = base("second", Hook::Forward, 10, false, vec![drop()]);
    says(&rules(vec![], vec![second.clone(), first]), false, "second: drop");
    let early = base("early", Hook::Prerouting, 0, false, vec![drop()]);
    let forward = base("forward", Hook::Forward, 0, false, vec![accept()]);
    says(&rules(vec![], vec![forward.clone(), early]), false, "early: drop");
    let late = base("late", Hook::Postrouting, 0, false, vec![accept()]);
    says(&rules(vec![], vec![forward, late]), true, "forward: accept");
    let mut asleep = second;
    asleep.base.as_mut().unwrap().hook = Hook::Dormant;
    says(&rules(vec![], vec![asleep]), true, ": policy");
}

#[test]
fn a_rule_breaks_off_where_bytes_are_missing_and_a_mark_stays() {
    let drop = || verdict(Verdict::Drop);
    let payload = |base, offset| Expr::Payload { base, offset, length: 4, to: 0 };
    let forward = |exprs: Vec<Expr>| {
        let rule = rule("drop", [exprs, vec![drop()]].concat());
        rules(vec![], vec![base("forward", Hook::Forward, 0, false, vec![rule])])
    };
    says(&forward(vec![payload(PayloadBase::Transport, 16)]), false, "forward: drop");
    says(&forward(vec![payload(PayloadBase::Transport, 17)]), true, "forward: policy");
    says(&forward(vec![payload(PayloadBase::Link, 10)]), false, "forward: drop");
    let mut later = tcp();
    later.network[7] = 1;
    let ports = forward(vec![payload(PayloadBase::Transport, 0)]);
    assert_eq!(out(&ports, &later), Ok((true, "forward: policy".into())));
    let early = base("early", Hook::Prerouting, -300, false, vec![set_mark(9)]);
    let asked = rule("marked", [mark(9), vec![drop()]].concat());
    let late = base("forward", Hook::Forward, 0, false, vec![asked]);
    says(&rules(vec![], vec![early, late]), false, "forward: marked");
}

#[test]
fn a_lookup_knows_maps_catch_alls_and_each_part_of_an_interval() {
    let load = |value: u16, to| Expr::Load { to, value: u32::from(value.to_be()) };
    let ports = Set {
        interval: true,
        elements: BTreeMap::from([(
            vec![6, 0, 0, 0, 0, 80, 0, 0],
            Element { key_end: Some(vec![17, 0, 0, 0, 0, 90, 0, 0]), data: None },
        )]),
        ..set("ports", vec![KeyPart::Protocol, KeyPart::Port], &[])
    };
    let look = |set: &str, to, inverted| Expr::Lookup { set: set.into(), key: 0, to, inverted };
    let asks = |sets: &[Set], exprs: Vec<Expr>| {
        let rule = rule("found", [exprs, vec![verdict(Verdict::Drop)]].concat());
        let rules =
            rules(sets.to_vec(), vec![base("forward", Hook::Forward, 0, false, vec![rule])]);
        out(&rules, &tcp()).map(|(passed, _)| !passed)
    };
    for (protocol, port, inside) in [(6, 80, true), (7, 90, true), (5, 85, false), (6, 91, false)] {
        let key = vec![
            Expr::Load { to: 0, value: u32::from_ne_bytes([protocol, 0, 0, 0]) },
            load(port, 1),
        ];
        for inverted in [false, true] {
            let exprs = [key.clone(), vec![look("ports", None, inverted)]].concat();
            assert_eq!(asks(std::slice::from_ref(&ports), exprs), Ok(inside != inverted));
        }
    }
    let data = |value| Element { key_end: None, data: Some(Data::Value(value)) };
    let map = Set {
        data: Some(DataKind::Mark),
        elements: BTreeMap::from([(7u32.to_ne_bytes().to_vec(), data(70)), (vec![], data(99))]),
        ..set("map", vec![KeyPart::Mark], &[])
    };
    for (key, value) in [(7u32, 70u32), (8, 99)] {
        let exprs = vec![
            Expr::Load { to: 0, value: key },
            look("map", Some(LookupTo::Reg(2)), false),
            Expr::Compare { from: 2, op: Compare::Eq, value: value.to_ne_bytes().to_vec() },
        ];
        assert_eq!(asks(std::slice::from_ref(&map), exprs), Ok(true));
    }
}

#[test]
fn connections_are_known_behind_tracking_only() {
    let state = |bit: u32| {
        vec![
            Expr::Ct { key: CtKey::State, to: 0 },
            Expr::Compare { from: 0, op: Compare::Eq, value: bit.to_ne_bytes().to_vec() },
            verdict(Verdict::Drop),
        ]
    };
    let at_priority = |priority, bit| {
        rules(
            vec![],
            vec![base("early", Hook::Prerouting, priority, false, vec![rule("state", state(bit))])],
        )
    };
    says(&at_priority(-300, 1), false, "early: state");
    says(&at_priority(-150, 8), false, "early: state");
    let untrack = base("raw", Hook::Prerouting, -300, false, vec![rule("no", vec![Expr::Notrack])]);
    let forward = base("forward", Hook::Forward, 0, false, vec![rule("state", state(64))]);
    says(&rules(vec![], vec![untrack, forward.clone()]), false, "forward: state");
    let mut discovery = tcp();
    let message = [&[135, 0, 0, 0][..], &[0; 20]].concat();
    discovery.network = network(at("fe80::1"), at("fd10::1"), 58, &message);
    assert_eq!(
        out(&rules(vec![], vec![forward]), &discovery),
        Ok((false, "forward: state".into()))
    );
}

#[test]
fn limits_are_not_used_up_and_sets_not_full() {
    let limit = |over| Limit { rate: 1, burst: 1, over };
    let dynamic = Set { dynamic: true, size: 9, ..set("dynamic", vec![KeyPart::Mark], &[]) };
    let forward = |exprs: Vec<Expr>| {
        let rule = rule("drop", [mark(0), exprs, vec![verdict(Verdict::Drop)]].concat());
        rules(vec![dynamic.clone()], vec![base("forward", Hook::Forward, 0, false, vec![rule])])
    };
    let dynset = |each| Expr::Dynset { set: "dynamic".into(), key: 0, each: vec![each] };
    for over in [false, true] {
        let drops = !over;
        let by = if drops { "forward: drop" } else { "forward: policy" };
        says(&forward(vec![Expr::Limit(limit(over))]), over, by);
        says(&forward(vec![dynset(Each::Limit(limit(over)))]), over, by);
        says(&forward(vec![dynset(Each::Connections { count: 5, over })]), over, by);
    }
    says(&forward(vec![dynset(Each::Counter)]), false, "forward: drop");
}

/// covers: N2.1: never a guess
#[test]
fn what_cannot_be_computed_is_an_error() {
    let dynamic = Set { dynamic: true, size: 9, ..set("dynamic", vec![KeyPart::Mark], &[]) };
    let strange_kind = KeyPart::Unknown { key_type: 1, flags: 0 };
    let strange = set("strange", vec![strange_kind], &[]);
    let unknown_data = Element { key_end: None, data: Some(Data::Unknown("a timeout".into())) };
    let spoilt = Set {
        data: Some(DataKind::Verdict),
        elements: BTreeMap::from([(vec![0; 4], unknown_data)]),
        ..set("spoilt", vec![KeyPart::Mark], &[])
    };
    let look = |set: &str, to| Expr::Lookup { set: set.into(), key: 0, to, inverted: false };
    let cases = [
        vec![Expr::Unknown("masq".into())],
        vec![Expr::Compare { from: 5, op: Compare::Eq, value: vec![0] }],
        [mark(0), vec![look("dynamic", None)]].concat(),
        [mark(0), vec![look("strange", None)]].concat(),
        [mark(0), vec![look("spoilt", Some(LookupTo::Verdict))]].concat(),
        vec![Expr::Present { header: Header::Ip4Option(7), to: 0 }],
        [mark(0), vec![Expr::SetMeta { key: MetaKey::PacketType, from: 0 }]].concat(),
    ];
    for exprs in cases {
        let sets = vec![dynamic.clone(), spoilt.clone(), strange.clone()];
        let forward = base("forward", Hook::Forward, 0, false, vec![rule("odd", exprs.clone())]);
        let found = out(&rules(sets, vec![forward]), &tcp());
        assert!(matches!(found, Err(Unproved::Unknown { .. })), "{exprs:?}: {found:?}");
    }
    for hook in [Hook::Unknown(9), Hook::Ingress] {
        let found = out(&rules(vec![], vec![base("odd", hook, 0, false, vec![])]), &tcp());
        assert_eq!(found, Err(Unproved::Hook("odd".into())));
    }
    let lost = base("forward", Hook::Forward, 0, false, vec![rule("", vec![look("lost", None)])]);
    assert_eq!(out(&rules(vec![], vec![lost]), &tcp()), Err(Unproved::Missing("lost".into())));
    // What is not on the packet's way does not matter.
    let output =
        base("output", Hook::Output, 0, false, vec![rule("", vec![Expr::Unknown("x".into())])]);
    says(&rules(vec![], vec![output]), true, ": policy");
}

#[test]
fn no_packet_makes_it_panic() {
    let rules = crate::sample::rules();
    let evaluator = Evaluator::new(&rules).unwrap();
    let whole = tcp();
    for end in 0..whole.network.len() {
        let mut packet = whole.clone();
        packet.network.truncate(end);
        let _ = evaluator.receive(&packet, |_| Way::Out(2));
        packet.network.resize(60, 0x6b);
        let _ = evaluator.receive(&packet, |_| Way::Here);
        let _ = evaluator.receive_arp(&packet);
    }
}
