//! The table against policies: small, large, random, and with what a stranger put in.

use std::time::Instant;

use ets_model::{SegmentNo, ServiceNo};

use super::*;
use crate::compile::compile;
use crate::nft::ir::{Chain, Data, Element, Expr, Rule, Set, Verdict};
use crate::sample::{links, policy, rules};

mod random;

fn table(rules: &Ruleset) -> Reach {
    reach(rules, &policy(), &links(), 9).unwrap()
}

fn chain<'a>(rules: &'a mut Ruleset, name: &str) -> &'a mut Chain {
    rules.tables[0].chains.iter_mut().find(|chain| chain.name == name).unwrap()
}

fn set<'a>(rules: &'a mut Ruleset, name: &str) -> &'a mut Set {
    rules.tables[0].sets.iter_mut().find(|set| set.name == name).unwrap()
}

fn rule(exprs: Vec<Expr>) -> Rule {
    Rule { exprs, comment: "a stranger's".into() }
}

/// covers: N2.1, D2
#[test]
fn the_table_says_what_the_policy_grants_and_that_nobody_does_more() {
    let (policy, table) = (policy(), table(&rules()));
    assert_eq!((table.change, table.pairs, table.neighbours.len()), (9, 12, 0));
    assert_eq!(table.services, [1, 2, 3, 4].map(ServiceNo));
    for row in &table.segments {
        for (column, service) in table.services.iter().enumerate() {
            assert_eq!(row.reaches(column), policy.may(row.segment, *service), "{row:?}");
        }
        assert!(!row.outside && !row.spoofs, "{row:?}");
    }
}

/// covers: N2.1
#[test]
fn segments_that_share_a_port_unbound_can_take_each_others_addresses_and_the_table_says_so() {
    let mut policy = policy();
    policy.arms.iter_mut().for_each(|arm| arm.hardware = None);
    let rules = compile(&policy, &links(), 7);
    let table = reach(&rules, &policy, &links(), 9).unwrap();
    let spoofs: Vec<bool> = table.segments.iter().map(|row| row.spoofs).collect();
    assert_eq!(spoofs, [false, false, true, true]);
}

/// covers: N2.1, D2: the rules of the kernel, not the wish
#[test]
fn what_a_stranger_opened_shows_in_the_table() {
    let mut all = rules();
    chain(&mut all, "forward").rules.insert(0, rule(vec![Expr::Verdict(Verdict::Accept)]));
    let open = table(&all);
    assert_eq!(open.neighbours.len(), 12);
    assert!(open.segments.iter().all(|row| row.outside && row.reaches(1)));

    let mut spoofs = rules();
    chain(&mut spoofs, "stranger4").rules.insert(0, rule(vec![Expr::Verdict(Verdict::Accept)]));
    chain(&mut spoofs, "forward").rules.insert(0, rule(vec![Expr::Verdict(Verdict::Accept)]));
    assert!(table(&spoofs).segments.iter().all(|row| row.spoofs));

    let mut grant = rules();
    let key = 2u32.to_ne_bytes().to_vec();
    set(&mut grant, "may_2").elements.insert(key, Element::default());
    assert!(table(&grant).segments[1].reaches(1));

    let mut closed = rules();
    set(&mut closed, "may_2").elements.clear();
    assert!(!table(&closed).segments[0].reaches(1));

    let mut hole = rules();
    chain(&mut hole, "forward").rules.insert(0, rule(vec![Expr::Unknown("masq".into())]));
    assert!(matches!(reach(&hole, &policy(), &links(), 9), Err(Unproved::Unknown { .. })));
}

/// A map of services that holds an address of a segment as well.
fn with_a_door(mut rules: Ruleset, address: [u8; 4]) -> Ruleset {
    let key = |port: [u8; 2]| [&address[..], &[6, 0, 0, 0], &port, &[0, 0]].concat();
    let data = Some(Data::Verdict(Verdict::Goto("open".into())));
    let element = Element { key_end: Some(key([255, 255])), data };
    set(&mut rules, "services4").elements.insert(key([0, 0]), element);
    let out = |expr: &Expr| {
        matches!(expr, Expr::Meta { key: crate::nft::ir::MetaKey::OutputInterface, .. })
    };
    chain(&mut rules, "forward").rules.retain(|rule| !rule.exprs.iter().any(out));
    rules
}

/// covers: N2.1, D2
#[test]
fn a_door_to_one_address_of_one_segment_is_found() {
    let found = table(&with_a_door(rules(), [10, 10, 2, 177])).neighbours;
    let to_two = |from| (SegmentNo(from), SegmentNo(2));
    assert_eq!(found, [to_two(1), to_two(3), to_two(4)]);
}

/// Many segments behind few ports.
fn many(count: u32) -> (Policy, Links) {
    let (mut policy, mut links) = (policy(), links());
    policy.arms = (1..=count)
        .map(|no| {
            let mut arm = policy.arms[usize::from(no % 2 == 0)].clone();
            arm.no = SegmentNo(no);
            arm.id = format!("s{no}").parse().unwrap();
            arm.interface = format!("k{}", no % 50);
            arm.prefixes = vec![
                format!("10.{}.{}.0/24", 16 + no / 256, no % 256).parse().unwrap(),
                format!("fd10:{:x}:{:x}::/64", no / 256 + 1, no % 256).parse().unwrap(),
            ];
            arm.hardware = Some(Hardware([2, 0, 0, 1, (no / 256) as u8, (no % 256) as u8]));
            arm
        })
        .collect();
    for no in 0..50 {
        let address = format!("10.9.{no}.254").parse().unwrap();
        let port =
            crate::compile::Port { index: 100 + no, addresses: vec![address], next_hops: vec![] };
        links.ports.insert(format!("k{no}"), port);
    }
    let first = policy.services[1].clone();
    for no in 5..=12 {
        let mut service = first.clone();
        service.no = ServiceNo(no);
        service.id = format!("v{no}").parse().unwrap();
        service.ports = vec![ets_model::PortRange::tcp(1_000 + no)];
        policy.services.push(service);
        policy.arms.iter_mut().filter(|arm| arm.no.0 % u32::from(no) == 0).for_each(|arm| {
            arm.may.push(ServiceNo(no));
        });
    }
    assert_eq!(policy.faults(), []);
    (policy, links)
}

/// covers: N2.1, D2
#[test]
fn ten_thousand_segments_are_proved_in_seconds() {
    let (policy, links) = many(10_000);
    let began = Instant::now();
    let rules = compile(&policy, &links, 7);
    let compiled = began.elapsed();
    let table = reach(&rules, &policy, &links, 9).unwrap();
    println!("compiled in {compiled:?}, proved in {:?}", began.elapsed() - compiled);
    assert_eq!((table.pairs, table.neighbours.len()), (10_000 * 9_999, 0));
    for row in &table.segments {
        for (column, service) in table.services.iter().enumerate() {
            let expected = policy.may(row.segment, *service);
            assert_eq!(row.reaches(column), expected, "{row:?} {service}");
        }
        assert!(!row.outside && !row.spoofs, "{row:?}");
    }
}

/// covers: N2.1, D2
#[test]
fn among_many_segments_a_door_to_one_is_found_as_well() {
    let (policy, links) = many(300);
    let rules = with_a_door(compile(&policy, &links, 7), [10, 16, 77, 200]);
    let found = reach(&rules, &policy, &links, 9).unwrap().neighbours;
    assert_eq!(found.len(), 299);
    assert!(found.iter().all(|(from, to)| *to == SegmentNo(77) && *from != *to));
}

/// covers: N2.1
#[test]
fn a_rule_that_compares_destinations_makes_the_proof_fail_instead_of_miss() {
    let payload =
        Expr::Payload { base: crate::nft::ir::PayloadBase::Network, offset: 16, length: 4, to: 0 };
    let compare =
        Expr::Compare { from: 0, op: crate::nft::ir::Compare::Eq, value: vec![10, 10, 2, 5] };
    let mut hole = rules();
    let exprs = vec![payload, compare, Expr::Verdict(Verdict::Accept)];
    chain(&mut hole, "forward").rules.insert(0, rule(exprs));
    assert!(matches!(reach(&hole, &policy(), &links(), 9), Err(Unproved::Destination(_))));
}
