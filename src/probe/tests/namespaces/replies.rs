//! Answers, losses and refused sends.

use std::net::Ipv4Addr;
use std::time::Duration;

use ets_probe::{Ended, EngineConfig, Unsent};

use crate::link::{Link, count, engine, icmp, is_answered, is_lost, near, near_nft, turn_for};

/// covers: N3.1
#[test]
fn targets_of_both_families_answer_and_none_is_lost() {
    let Some(_link) = Link::raise() else { return };
    let addresses = ["10.78.0.1", "10.78.3.9", "fd64:78::1", "fd64:78::9:1", "127.0.0.1", "::1"];
    let mut engine = engine(EngineConfig::default(), &addresses);
    let ends = turn_for(&mut engine, Duration::from_secs(2));
    for slot in 0..6 {
        let answered =
            count(&ends, |ended| matches!(ended, Ended::Answered { slot: of, .. } if *of == slot));
        assert!((17..=21).contains(&answered), "{answered} answers of {slot}");
    }
    assert_eq!(count(&ends, |ended| !is_answered(ended)), 0, "{ends:?}");
    for ended in &ends {
        let Ended::Answered { rtt, .. } = ended else { continue };
        assert!(*rtt > Duration::ZERO && *rtt < Duration::from_millis(50), "{rtt:?}");
    }
}

/// covers: N3.1
#[test]
fn ten_thousand_targets_are_probed_without_a_loss_of_our_own() {
    let Some(_link) = Link::raise() else { return };
    let mut engine = engine(EngineConfig::default(), &[]);
    for slot in 0..10_000 {
        let address = Ipv4Addr::from(0x0a4e_0000 + slot).into();
        engine.set_target(icmp(slot, address, Duration::from_secs(1)));
    }
    let ends = turn_for(&mut engine, Duration::from_secs(3));
    let counters = engine.counters();
    assert!(counters.sent > 28_000, "{counters:?}");
    assert!(count(&ends, is_answered) > 28_000, "{counters:?}");
    assert_eq!((counters.lost, counters.overflowed, counters.send_errors), (0, 0, 0));
}

/// covers: N3.1
#[test]
fn a_silent_drop_is_a_loss_at_the_timeout_and_its_end_an_answer() {
    let Some(link) = Link::raise() else { return };
    let mut engine = engine(EngineConfig::default(), &["10.78.0.1", "10.78.0.2"]);
    engine.set_timeout(0, Duration::from_millis(120));
    engine.set_timeout(1, Duration::from_millis(120));
    turn_for(&mut engine, Duration::from_millis(300));
    link.far_nft("table ip cut { chain in { type filter hook input priority 0; ip daddr 10.78.0.1 drop; }; }");
    turn_for(&mut engine, Duration::from_millis(200));
    let ends = turn_for(&mut engine, Duration::from_secs(1));
    assert!(ends.iter().all(|ended| match ended {
        Ended::Answered { slot, .. } => *slot == 1,
        Ended::Lost { slot, .. } => *slot == 0,
        _ => false,
    }));
    assert!((9..=11).contains(&count(&ends, is_lost)), "{ends:?}");
    link.far_nft("delete table ip cut");
    turn_for(&mut engine, Duration::from_millis(200));
    let ends = turn_for(&mut engine, Duration::from_secs(1));
    assert_eq!(count(&ends, is_lost), 0, "{ends:?}");
}

/// covers: N3.1
#[test]
fn a_burst_is_ten_probes_in_two_tenths_of_a_second() {
    let Some(_link) = Link::raise() else { return };
    let mut engine = engine(EngineConfig::default(), &[]);
    engine.set_target(icmp(4, [10, 78, 0, 1].into(), Duration::from_secs(3600)));
    turn_for(&mut engine, Duration::from_millis(100));
    engine.burst(4, 10, Duration::from_millis(20));
    let ends = turn_for(&mut engine, Duration::from_millis(500));
    let sent: Vec<_> = ends
        .iter()
        .filter_map(|ended| match ended {
            Ended::Answered { slot: 4, sent, .. } => Some(*sent),
            _ => None,
        })
        .collect();
    assert_eq!(sent.len(), 10, "{ends:?}");
    let length = sent[9].since(sent[0]);
    assert!((150..230).contains(&length.as_millis()), "{length:?}");
}

/// covers: N3.1
#[test]
fn a_send_without_a_route_says_so_at_once() {
    let Some(_link) = Link::raise() else { return };
    let mut engine = engine(EngineConfig::default(), &["10.78.0.1", "fd64:78::1"]);
    turn_for(&mut engine, Duration::from_millis(300));
    near("ip link set wire down");
    turn_for(&mut engine, Duration::from_millis(10));
    let ends = turn_for(&mut engine, Duration::from_millis(500));
    let unsent = |ended: &Ended| matches!(ended, Ended::Unsent { reason: Unsent::NoRoute, .. });
    assert!((8..=12).contains(&count(&ends, unsent)), "{ends:?}");
    assert!(Unsent::NoRoute.is_loss());
}

/// covers: N3.1
#[test]
fn a_send_that_the_hubs_own_rules_forbid_says_so() {
    let Some(_link) = Link::raise() else { return };
    near_nft(
        "table ip cut { chain out { type filter hook output priority 0; ip daddr 10.78.0.1 drop; }; }",
    );
    let mut engine = engine(EngineConfig::default(), &["10.78.0.1", "10.78.0.2"]);
    let ends = turn_for(&mut engine, Duration::from_secs(1));
    let unsent =
        |ended: &Ended| matches!(ended, Ended::Unsent { slot: 0, reason: Unsent::Prohibited, .. });
    assert!((9..=11).contains(&count(&ends, unsent)), "{ends:?}");
    assert!((9..=11).contains(&count(&ends, is_answered)), "the other one is not held up");
}

/// covers: N3.1
#[test]
fn two_engines_on_one_machine_do_not_hear_each_other() {
    let Some(_link) = Link::raise() else { return };
    let mut one = engine(EngineConfig::default(), &["10.78.0.1"]);
    let mut two = engine(EngineConfig::default(), &["10.78.0.1"]);
    let mut ends = Vec::new();
    for _ in 0..100 {
        one.turn(ets_runtime::boot_now(), &mut ends);
        two.turn(ets_runtime::boot_now(), &mut ends);
        std::thread::sleep(Duration::from_millis(5));
    }
    for engine in [&one, &two] {
        let counters = engine.counters();
        assert!(counters.answered >= 4, "{counters:?}");
        assert_eq!((counters.forged, counters.duplicate, counters.late), (0, 0, 0));
    }
}
