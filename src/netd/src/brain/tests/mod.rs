//! Histories played to the brain.

mod world;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ets_model::{BlindReason, Fact, LinkState, Obstacle, Outcome, SegmentNo};
use ets_netd_api::{Desired, EventBody};
use ets_probe::Ended;

use super::configure::Known;
use world::{World, at, desired, millis, stamp};

const DOWN: LinkState = LinkState::Down;
const UP: LinkState = LinkState::Up;

/// covers: N3.2
#[test]
fn one_silent_segment_of_forty_nine_is_down_at_once_and_the_interval_holds_the_truth() {
    for cut in [20_000, 20_333, 20_777] {
        let mut world = World::new(49, 49, move |no, sent| no != 7 || sent < cut);
        world.run(30_000);
        let down = world.came_to(DOWN, 0);
        assert_eq!(down.len(), 1, "{down:?}");
        assert!(down[0].1 == 7 && down[0].0 - cut < 1_500, "{down:?} after {cut}");
        let (_, change) = world.transitions().into_iter().find(|(_, c)| c.to == DOWN).unwrap();
        assert!(millis(change.last_before.boot) <= cut && millis(change.first_after.boot) >= cut);
        assert_eq!(world.trunk(), []);
    }
}

/// covers: N3.3
#[test]
fn a_trunk_that_falls_silent_is_one_outage_and_nobody_is_called_down() {
    let silent = 20_000..40_000;
    let mut world = World::new(49, 49, {
        let silent = silent.clone();
        move |_, sent| !silent.contains(&sent)
    });
    world.run(39_000);
    assert_eq!(world.came_to(DOWN, 0), []);
    assert_eq!(world.came_to(LinkState::Unknown, 1_000).len(), 49);
    let trunk = world.trunk();
    assert_eq!(trunk.len(), 1, "{trunk:?}");
    let (told, dark, since) = trunk[0];
    assert!(dark && told < silent.start + 2_500, "{trunk:?}");
    assert!(since.abs_diff(silent.start) < 100, "{trunk:?}");

    world.run(45_000);
    assert_eq!(world.came_to(DOWN, 0), []);
    assert_eq!(world.up(), 49);
    let slowest = world.came_to(UP, silent.end).iter().map(|(at, _)| at - silent.end).max();
    assert!(slowest.is_some_and(|slowest| slowest < 500), "{slowest:?}");
    let blinds = world.blinds();
    assert_eq!((blinds.len(), blinds[0].trunk.as_str()), (1, "t"));
    assert!(millis(blinds[0].from.boot).abs_diff(silent.start) < 100);
    assert!(millis(blinds[0].to.boot).abs_diff(silent.end) < 100);
}

/// A switch that starts anew, a protection that switches over: too short for all to be missed.
///
/// covers: N3.3
#[test]
fn a_trunk_that_is_silent_for_a_moment_calls_nobody_down_either() {
    let cases =
        [49, 200].into_iter().flat_map(|n| [300, 450, 600, 900, 1_300].map(|length| (n, length)));
    for (segments, length) in cases.chain([(10, 1_300), (10, 1_600)]) {
        let silent = 10_000..10_000 + length;
        let mut world = World::new(segments, segments, move |_, sent| !silent.contains(&sent));
        world.run(15_000);
        assert_eq!(world.came_to(DOWN, 0), [], "{segments} segments, {length} ms");
        assert_eq!(world.up(), segments as usize);
    }
}

/// covers: N3.3
#[test]
fn a_trunk_of_ten_thousand_that_falls_silent_is_one_outage_and_costs_little() {
    let mut world = World::new(10_000, 50, |_, sent| sent < 5_000);
    world.run(5_000);
    assert_eq!(world.up(), 10_000);
    let begin = Instant::now();
    world.run(9_000);
    assert_eq!(world.came_to(DOWN, 0), []);
    assert_eq!(world.trunk().len(), 1);
    assert_eq!(world.brain.dark_trunks(), ["t"]);
    println!("four seconds of it took {:?}", begin.elapsed());
}

/// covers: N3.3
#[test]
fn when_all_ports_lose_their_carrier_the_trunk_is_dark_and_nobody_is_called_down() {
    let mut world = World::new(49, 49, |_, sent| !(10_000..20_000).contains(&sent));
    world.run(10_000);
    for port in 0..49 {
        world.carrier(port, false);
        world.run(10_000 + u64::from(port) * 8);
    }
    assert_eq!(world.brain.dark_trunks(), ["t"], "as soon as the last port is gone");
    world.run(20_000);
    assert_eq!(world.came_to(DOWN, 0), []);
    (0..49).for_each(|port| world.carrier(port, true));
    world.run(25_000);
    assert_eq!((world.came_to(DOWN, 0).len(), world.up()), (0, 49));
    let trunk = world.trunk();
    assert_eq!(trunk.len(), 2, "{trunk:?}");
    assert!(trunk[0].2.abs_diff(10_000) < 20 && trunk[1].2.abs_diff(20_000) < 100, "{trunk:?}");
}

/// covers: N3.3, S7
#[test]
fn a_segment_whose_port_is_not_there_yet_keeps_no_trunk_from_being_dark() {
    let mut world = World::new(5, 5, |no, sent| no <= 5 && !(10_000..20_000).contains(&sent));
    world.configure(&desired(6, 6), &Known::default());
    world.run(10_000);
    (0..5).for_each(|port| world.carrier(port, false));
    world.run(15_000);
    assert_eq!(world.brain.dark_trunks(), ["t"]);
    assert_eq!(world.came_to(DOWN, 0), []);
}

/// covers: N3.1
#[test]
fn one_lost_carrier_is_told_within_two_hundred_milliseconds() {
    let mut world = World::new(49, 49, |no, sent| no != 7 || sent < 10_000);
    world.run(10_000);
    world.carrier(7, false);
    world.run(12_000);
    let down = world.came_to(DOWN, 0);
    assert_eq!(down.len(), 1);
    assert!(down[0].0 < 10_200, "{down:?}");
    assert_eq!(world.trunk(), []);
    let (_, change) = world.transitions().into_iter().find(|(_, c)| c.to == DOWN).unwrap();
    let carrier = |fact: &Fact| matches!(fact, Fact::Carrier { up: false, .. });
    assert!(change.evidence.iter().any(|evidence| carrier(&evidence.fact)));
}

/// covers: N3.3
#[test]
fn half_of_a_trunk_is_no_trunk() {
    let mut world = World::new(48, 48, |no, sent| no > 24 || sent < 10_000);
    world.run(15_000);
    assert_eq!(world.came_to(DOWN, 0).len(), 24);
    assert_eq!(world.trunk(), []);
    let slowest = world.came_to(DOWN, 0).iter().map(|(at, _)| at - 10_000).max();
    assert!(slowest.is_some_and(|slowest| slowest < 1_500), "{slowest:?}");
}

/// With few segments the others are asked, so that nobody waits for their next probe.
///
/// covers: N3.2
#[test]
fn behind_a_small_trunk_a_down_does_not_wait_for_proof() {
    for cut in [10_000u64, 10_250, 10_500, 10_750] {
        let mut world = World::new(3, 3, move |no, sent| no != 2 || sent < cut);
        world.run(15_000);
        let down = world.came_to(DOWN, 0);
        assert!(down.len() == 1 && down[0].0 - cut < 1_450, "{down:?} after {cut}");
    }
}

/// covers: N3.3
#[test]
fn the_only_port_without_carrier_is_a_dark_trunk_and_later_silence_is_a_down() {
    let mut world = World::new(1, 1, |_, sent| sent < 10_000);
    world.run(10_000);
    world.carrier(0, false);
    world.run(15_000);
    assert_eq!((world.state(1), world.brain.dark_trunks().len()), (LinkState::Unknown, 1));
    world.carrier(0, true);
    world.run(25_000);
    assert_eq!((world.state(1), world.brain.dark_trunks().len()), (DOWN, 0));
}

#[test]
fn who_does_not_come_back_with_the_trunk_is_down_after_the_grace() {
    let mut world = World::new(20, 20, |no, sent| sent < 10_000 || (sent >= 20_000 && no != 5));
    world.run(30_000);
    let down = world.came_to(DOWN, 0);
    assert_eq!(down.len(), 1, "{down:?}");
    assert!(down[0].1 == 5 && (22_000..24_000).contains(&down[0].0), "{down:?}");
    assert_eq!(world.up(), 19);
}

/// covers: N3.2
#[test]
fn after_a_restart_states_and_since_stand_and_only_true_changes_are_told() {
    let since = stamp(at(0) - Duration::from_secs(600));
    let state = |no| if no < 40 { UP } else { DOWN };
    let states: HashMap<_, _> = (1..=49).map(|no| (SegmentNo(no), (state(no), since))).collect();
    let known = Known { states, seen: at(0) - Duration::from_millis(400) };
    let mut world = World::restored(49, 49, &known, |no, _| no < 40 || no == 49);
    assert!(world.brain.board().all(|now| now.since == since));
    world.run(10_000);
    let changes: Vec<_> =
        world.transitions().iter().map(|(_, c)| (c.segment.0, c.from, c.to)).collect();
    assert_eq!(changes, [(49, DOWN, UP)]);
    assert!(world.came_to(UP, 0)[0].0 < 500);
    assert_eq!(world.trunk(), []);
}

/// covers: N3.2
#[test]
fn a_stall_is_told_as_blind_time_and_brings_nobody_down() {
    let mut world = World::new(49, 49, |_, _| true);
    world.run(5_000);
    let (from, to) = (at(5_000), at(5_004));
    world.end(Ended::Stalled { from, to });
    (0..49).for_each(|slot| world.end(Ended::Lost { slot, sent: at(4_990) }));
    world.run(10_000);
    assert_eq!(world.came_to(DOWN, 0), []);
    let blinds = world.blinds();
    assert_eq!(blinds.len(), 1);
    assert_eq!((blinds[0].reason, blinds[0].from.boot), (BlindReason::Stalled, from));
}

/// Suspended for an hour in the middle of everything: a held carrier, a held silence.
///
/// covers: N3.2
#[test]
fn an_hour_without_time_decides_nothing_by_itself() {
    let mut world = World::new(49, 49, |_, sent| !(10_000..3_610_900).contains(&sent));
    world.run(10_900);
    world.carrier(7, false);
    world.stall(Duration::from_secs(3_600));
    assert_eq!(world.came_to(DOWN, 0), []);
    world.carrier(7, true);
    world.run(3_620_000);
    assert_eq!((world.came_to(DOWN, 0), world.up()), (vec![], 49));
    let stalls = world.blinds().into_iter().filter(|blind| blind.trunk.is_empty());
    let length: Duration = stalls.map(|blind| blind.to.boot.since(blind.from.boot)).sum();
    assert_eq!(length, Duration::from_secs(3_600));
}

#[test]
fn every_probe_is_counted_once_and_a_late_answer_takes_the_place_of_its_loss() {
    let mut world = World::new(1, 1, |_, _| true);
    world.run(400);
    let sent = at(100);
    world.end(Ended::Lost { slot: 0, sent });
    world.end(Ended::Answered { slot: 0, sent, rtt: Duration::from_millis(300) });
    world.end(Ended::Lost { slot: 0, sent: at(101) });
    world.run(6_000);
    let ends: Vec<_> = world
        .told
        .iter()
        .filter_map(|(_, body)| match body {
            EventBody::Tick(tick) => Some(tick.samples().map(|s| s.outcome).collect::<Vec<_>>()),
            _ => None,
        })
        .flatten()
        .collect();
    let late = Outcome::Answered(Duration::from_millis(300));
    assert_eq!(ends.iter().filter(|end| **end == late).count(), 1);
    let lost = ends.iter().filter(|end| **end == Outcome::Lost).count();
    assert_eq!(lost, 1, "{ends:?}");
}

/// covers: N1.2
#[test]
fn a_new_configuration_touches_only_what_differs() {
    let mut world = World::new(10, 10, |_, _| true);
    world.run(5_000);
    let mut wanted = desired(12, 10);
    wanted.targets.remove(2);
    wanted.targets[0].maintenance = true;
    wanted.generation = 2;
    world.configure(&wanted, &Known::default());
    assert_eq!(world.brain.generation(), (2, 11));
    assert_eq!(world.state(1), LinkState::Maintenance);
    assert_eq!(world.state(2), UP);
    assert_eq!(world.state(11), LinkState::Unknown);
    world.run(8_000);
    assert_eq!(world.state(11), UP);
    assert!(world.brain.board().all(|now| now.segment != SegmentNo(3)));
    let trunks = world.told.iter().filter(|(_, body)| matches!(body, EventBody::Trunk { .. }));
    assert_eq!(trunks.count(), 2, "each configuration tells every trunk");
    world.configure(&Desired::default(), &Known::default());
    assert_eq!(world.brain.board().count(), 0);
}

/// covers: N3.2
#[test]
fn a_great_failure_is_probed_fast_within_a_bound() {
    // Three trunkless halves would be no trunk: one segment in ten thousand lives.
    let mut world = World::new(10_000, 50, |no, sent| no % 2_000 == 0 || sent < 3_000);
    world.run(8_000);
    assert_eq!(world.came_to(DOWN, 0).len(), 9_995);
    assert_eq!(world.brain.fast, super::MOST_FAST);
}

/// covers: N3.2
#[test]
fn a_segment_whose_port_the_hub_lacks_is_unknown_and_says_so() {
    let mut world = World::new(3, 3, |no, _| no != 2);
    world.brain.link_gone("p2");
    world.run(60_000);
    assert_eq!((world.came_to(DOWN, 0), world.up()), (Vec::new(), 2));
    assert_eq!(world.obstacles(), [(SegmentNo(2), Obstacle::NoPort)]);
}

/// covers: N3.2
#[test]
fn a_segment_that_is_probed_at_another_address_is_unknown_until_that_one_answers() {
    let mut world = World::new(2, 2, |_, _| true);
    world.run(5_000);
    let mut other = desired(2, 2);
    other.targets[1].address = "192.0.2.1".parse().unwrap();
    world.configure(&other, &Known::default());
    let (_, change) = world.transitions().pop().unwrap();
    assert_eq!((change.segment, change.from, change.to), (SegmentNo(2), UP, LinkState::Unknown));
    assert_eq!(change.evidence, []);
}
