//! The promises in numbers, over many simulated links with fixed seeds.

mod sim;

use std::time::Duration;

use ets_liveness::Input;
use ets_model::{BlindReason, BootTime, Criticality, LinkState};
use sim::{Fate, Sim, good, lossy, millis, secs};

fn quantile(sorted: &[Duration], of: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * of).round() as usize]
}

/// Times from a silent drop at a random phase to "down", sorted.
fn detection(criticality: Criticality, trials: u64, link: fn() -> Fate) -> Vec<Duration> {
    let mut times: Vec<_> = (0..trials)
        .map(|seed| {
            let mut sim = Sim::new(seed, criticality, link());
            let phase = sim.random.between(secs(30), secs(40));
            sim.run(phase);
            let cut = sim.now;
            sim.set_fate(|_, _| None);
            sim.run(secs(10));
            sim.decided(LinkState::Down, cut).expect("down")
        })
        .collect();
    times.sort();
    times
}

/// covers: N3.1 N3.2
#[test]
fn a_silent_drop_is_seen_within_a_second_and_a_half_at_one_probe_a_second() {
    let times = detection(Criticality::Normal, 2_000, good);
    println!("1 Hz: median {:?}, p99 {:?}", quantile(&times, 0.5), quantile(&times, 0.99));
    assert!(quantile(&times, 0.5) < millis(950));
    assert!(quantile(&times, 0.99) < millis(1_420));
}

/// covers: N3.1 N3.2
#[test]
fn a_silent_drop_of_a_critical_segment_is_seen_within_seven_tenths_of_a_second() {
    let times = detection(Criticality::Critical, 2_000, good);
    println!("5 Hz: median {:?}, p99 {:?}", quantile(&times, 0.5), quantile(&times, 0.99));
    assert!(quantile(&times, 0.99) < millis(620));
}

/// covers: N3.2
#[test]
fn the_interval_of_a_down_holds_the_truth_and_is_as_short_as_it_can_be() {
    for seed in 0..1_000 {
        let criticality = if seed % 2 == 0 { Criticality::Critical } else { Criticality::Normal };
        let mut sim = Sim::new(seed, criticality, lossy(0.0, millis(80), millis(240)));
        let phase = sim.random.between(secs(60), secs(70));
        sim.run(phase);
        let cut = sim.now;
        let mut good = lossy(0.0, millis(80), millis(240));
        sim.set_fate(move |sent, random| good(sent, random).filter(|rtt| sent + *rtt < cut));
        sim.run(secs(5));
        let down = sim.log.last().expect("a change");
        assert_eq!(down.to, LinkState::Down);
        assert!(down.last_before <= cut && cut <= down.first_after, "{down:?} {cut:?}");
        let width = down.first_after.since(down.last_before);
        assert!(width <= sim.params.interval(criticality) * 2 + millis(250), "{width:?}");
    }
}

/// covers: N3.2
#[test]
fn stragglers_of_a_loaded_machine_do_not_slow_detection_down() {
    let times = detection(Criticality::Normal, 2_000, || {
        Box::new(|_, random| {
            let straggles = random.chance(0.01);
            Some(if straggles { random.between(millis(50), millis(900)) } else { millis(1) })
        })
    });
    println!("stragglers: median {:?}, p99 {:?}", quantile(&times, 0.5), quantile(&times, 0.99));
    assert!(quantile(&times, 0.5) < secs(1));
    assert!(quantile(&times, 0.95) < millis(1_500));
}

/// covers: N3.2
#[test]
fn recovery_is_seen_within_half_a_second() {
    let mut times: Vec<_> = (0..1_000)
        .map(|seed| {
            let mut sim = Sim::new(seed, Criticality::Normal, good());
            sim.run(secs(20));
            sim.set_fate(|_, _| None);
            let away = sim.random.between(secs(5), secs(6));
            sim.run(away);
            let healed = sim.now;
            sim.fate = good();
            sim.run(secs(3));
            let up = sim.log.last().expect("a change");
            assert!(up.last_before <= healed && healed <= up.first_after, "{up:?} {healed:?}");
            assert!(up.first_after.since(healed) < millis(110));
            sim.decided(LinkState::Up, healed).expect("up")
        })
        .collect();
    times.sort();
    println!("recovery: median {:?}, worst {:?}", quantile(&times, 0.5), quantile(&times, 1.0));
    assert!(quantile(&times, 1.0) < millis(250));
}

/// covers: N3.2
#[test]
fn nineteen_percent_loss_degrades_within_a_minute_and_never_takes_down() {
    let mut entered: Vec<_> = (0..200)
        .map(|seed| {
            let mut sim = Sim::new(seed, Criticality::Normal, good());
            sim.run(secs(120));
            let began = sim.now;
            sim.fate = lossy(0.10, Duration::from_micros(300), millis(2));
            sim.run(secs(600));
            assert!(!sim.ever(LinkState::Down), "seed {seed}");
            assert_eq!(sim.state(), LinkState::Degraded, "seed {seed}");
            sim.decided(LinkState::Degraded, began).expect("degraded")
        })
        .collect();
    entered.sort();
    println!("19 %: median {:?}, p99 {:?}", quantile(&entered, 0.5), quantile(&entered, 0.99));
    assert!(quantile(&entered, 0.5) < secs(40));
    assert!(quantile(&entered, 0.99) < secs(75));
}

/// covers: N3.2
#[test]
fn the_heavier_the_loss_the_sooner_it_degrades() {
    let mut before = secs(86_400);
    for (each_way, within) in [(0.025, 1_800), (0.05, 300), (0.15, 40)] {
        let mut entered: Vec<_> = (0..60)
            .map(|seed| {
                let mut sim = Sim::new(seed, Criticality::Normal, good());
                sim.run(secs(120));
                let began = sim.now;
                sim.fate = lossy(each_way, millis(1), millis(2));
                sim.run(secs(3_600));
                sim.decided(LinkState::Degraded, began).unwrap_or(secs(3_600))
            })
            .collect();
        entered.sort();
        let median = quantile(&entered, 0.5);
        println!("{each_way} each way: median {median:?}, p90 {:?}", quantile(&entered, 0.9));
        assert!(median < secs(within) && median < before);
        before = median;
    }
}

/// covers: N3.2
#[test]
fn a_long_way_with_one_percent_loss_each_way_stays_up() {
    for seed in 0..200 {
        let mut sim = Sim::new(seed, Criticality::Normal, lossy(0.01, millis(80), millis(240)));
        sim.run(secs(1_800));
        assert_eq!(sim.log.len(), 1, "seed {seed}: {:?}", sim.log);
        assert_eq!(sim.state(), LinkState::Up);
        assert!(sim.sent < 1_800 + 1_800 / 2, "the bursts stay rare: {}", sim.sent);
    }
}

/// covers: N3.2
#[test]
fn a_critical_segment_on_a_long_lossy_way_stays_up() {
    for seed in 0..40 {
        let mut sim = Sim::new(seed, Criticality::Critical, lossy(0.01, millis(80), millis(240)));
        sim.run(secs(1_800));
        assert_eq!(sim.log.len(), 1, "seed {seed}: {:?}", sim.log);
    }
}

/// covers: N3.2
#[test]
fn a_degraded_link_that_heals_is_up_again_after_two_minutes() {
    for seed in 0..50 {
        let mut sim = Sim::new(seed, Criticality::Normal, lossy(0.10, millis(1), millis(2)));
        sim.run(secs(300));
        let healed = sim.now;
        sim.fate = good();
        sim.run(secs(150));
        let up = sim.decided(LinkState::Up, healed).expect("up");
        assert!(up > secs(60) && up < secs(120), "{up:?}");
    }
}

/// covers: N3.2
#[test]
fn a_degraded_link_that_is_cut_is_down_as_fast_as_a_good_one() {
    for seed in 0..200 {
        let mut sim = Sim::new(seed, Criticality::Normal, lossy(0.10, millis(1), millis(2)));
        sim.run(secs(300));
        let cut = sim.now;
        sim.set_fate(|_, _| None);
        sim.run(secs(3));
        assert!(sim.decided(LinkState::Down, cut).expect("down") < millis(1_500), "seed {seed}");
    }
}

/// covers: N3.2
#[test]
fn a_stall_of_the_hub_takes_nobody_down() {
    for seed in 0..500 {
        let overflow = seed % 2 == 0;
        let criticality = if seed % 3 == 0 { Criticality::Critical } else { Criticality::Normal };
        let mut sim = Sim::new(seed, criticality, lossy(0.01, millis(1), millis(150)));
        let phase = sim.random.between(secs(20), secs(22));
        sim.run(phase);
        sim.stall(secs(5), overflow);
        sim.run(secs(20));
        assert_eq!(sim.log.len(), 1, "seed {seed}: {:?}", sim.log);
    }
}

/// covers: N3.2
#[test]
fn a_cut_during_a_stall_is_seen_right_after_it() {
    for seed in 0..200 {
        let mut sim = Sim::new(seed, Criticality::Normal, good());
        let phase = sim.random.between(secs(20), secs(22));
        sim.run(phase);
        sim.set_fate(|_, _| None);
        sim.stall(secs(5), false);
        let over = sim.now;
        sim.run(secs(5));
        assert!(sim.decided(LinkState::Down, over).expect("down") < millis(1_500));
    }
}

/// covers: N3.2 N3.3
#[test]
fn a_dark_trunk_makes_unknown_and_light_tells_again_within_a_second() {
    for seed in 0..200 {
        let mut sim = Sim::new(seed, Criticality::Normal, good());
        let phase = sim.random.between(secs(20), secs(22));
        sim.run(phase);
        sim.set_fate(|_, _| None);
        let from = sim.now;
        sim.run(millis(50));
        sim.give(Input::Blind { from, reason: BlindReason::TrunkDark });
        assert_eq!(sim.state(), LinkState::Unknown);
        sim.run(secs(30));
        assert_eq!(sim.state(), LinkState::Unknown, "nothing is known in the dark");
        let healed = seed % 2 == 0;
        if healed {
            sim.fate = good();
        }
        let lit = sim.now;
        sim.give(Input::Sighted { reason: BlindReason::TrunkDark });
        sim.run(secs(5));
        let wanted = if healed { LinkState::Up } else { LinkState::Down };
        assert!(sim.decided(wanted, lit).expect("known again") < secs(1));
        assert_eq!(sim.state(), wanted);
        assert_eq!(sim.log.len(), 3, "{:?}", sim.log);
    }
}

/// A silent trunk is known as such only after seconds in which every segment lost its probes.
/// covers: N3.2 N3.3
#[test]
fn what_was_lost_before_the_trunk_was_known_to_be_dark_is_not_held_against_a_segment() {
    for seed in 0..200 {
        let mut sim = Sim::new(seed, Criticality::Critical, good());
        let phase = sim.random.between(secs(20), secs(22));
        sim.run(phase);
        let from = sim.now;
        // Enough to be called bad, too few in a row to be down.
        let mut probes = 0u32;
        sim.set_fate(move |_, _| {
            probes += 1;
            probes.is_multiple_of(9).then(|| millis(1))
        });
        sim.run(secs(6));
        assert_eq!(sim.state(), LinkState::Degraded, "seed {seed}");
        sim.give(Input::Blind { from, reason: BlindReason::TrunkDark });
        sim.fate = good();
        sim.give(Input::Sighted { reason: BlindReason::TrunkDark });
        sim.run(secs(2));
        assert_eq!(sim.state(), LinkState::Up, "seed {seed}");
        assert_eq!(sim.machine.recent_loss().0, 0, "seed {seed}");
    }
}

/// covers: N3.2
#[test]
fn a_way_that_becomes_much_longer_settles_within_seconds() {
    for seed in 0..200 {
        let mut sim = Sim::new(seed, Criticality::Normal, good());
        sim.run(secs(60));
        let moved = sim.now;
        sim.set_fate(|_, random| Some(random.between(millis(550), millis(700))));
        sim.run(secs(120));
        let downs = sim.log.iter().filter(|change| change.to == LinkState::Down).count();
        assert!(downs <= 1, "seed {seed}: {:?}", sim.log);
        assert_eq!(sim.state(), LinkState::Up);
        assert!(sim.log.last().expect("a change").decided.since(moved) < secs(5));
    }
}

/// Probes to an address being resolved wait in the kernel and are all answered at once.
/// covers: N3.2
#[test]
fn answers_from_the_neighbour_queue_do_not_slow_the_next_detection_down() {
    let mut times: Vec<_> = (0..300)
        .map(|seed| {
            let mut sim = Sim::new(seed, Criticality::Normal, good());
            sim.run(secs(60));
            let back = sim.now + secs(10);
            sim.set_fate(move |sent: BootTime, _| {
                (sent + millis(1_500) > back).then(|| back.max(sent).since(sent) + millis(1))
            });
            let phase = sim.random.between(secs(12), secs(14));
            sim.run(phase);
            assert_eq!(sim.state(), LinkState::Up, "seed {seed}: {:?}", sim.log);
            let cut = sim.now;
            sim.set_fate(|_, _| None);
            sim.run(secs(5));
            sim.decided(LinkState::Down, cut).expect("down")
        })
        .collect();
    times.sort();
    assert!(quantile(&times, 0.5) < secs(1), "{:?}", quantile(&times, 0.5));
    assert!(quantile(&times, 0.99) < millis(1_500), "{:?}", quantile(&times, 0.99));
}

/// covers: N3.2
#[test]
fn a_flapping_link_is_always_shown_down_when_it_is_and_degraded_in_between() {
    let mut sim = Sim::new(7, Criticality::Normal, good());
    sim.run(secs(60));
    for round in 0..10 {
        sim.set_fate(|_, _| None);
        sim.run(secs(5));
        assert_eq!(sim.state(), LinkState::Down, "round {round}");
        sim.fate = good();
        sim.run(secs(20));
        let wanted = if round < 2 { LinkState::Up } else { LinkState::Degraded };
        assert_eq!(sim.state(), wanted, "round {round}");
    }
    sim.run(secs(270));
    assert_eq!(sim.state(), LinkState::Degraded);
    sim.run(secs(60));
    assert_eq!(sim.state(), LinkState::Up);
}
