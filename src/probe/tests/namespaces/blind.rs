//! Times in which the hub itself could not see: none of them makes a loss.

use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

use ets_model::{BootTime, Stamp, WallTime};
use ets_probe::{Ended, Engine, EngineConfig};
use ets_runtime::{Clock, boot_now, stamp_now};

use crate::link::{Link, count, engine, icmp, is_answered, is_lost, turn_for};

const TARGETS: u32 = 500;

fn many(config: EngineConfig, interval: Duration) -> Engine {
    let mut engine = engine(config, &[]);
    for slot in 0..TARGETS {
        engine.set_target(icmp(slot, Ipv4Addr::from(0x0a4e_0000 + slot).into(), interval));
    }
    engine
}

fn stalls(ends: &[Ended]) -> Vec<(BootTime, BootTime)> {
    let stall = |ended: &Ended| match ended {
        Ended::Stalled { from, to } => Some((*from, *to)),
        _ => None,
    };
    ends.iter().filter_map(stall).collect()
}

/// covers: N3.1
#[test]
fn a_stopped_process_loses_no_probe_and_knows_how_long_it_was_stopped() {
    let Some(_link) = Link::raise() else { return };
    let mut engine = many(EngineConfig::default(), Duration::from_millis(200));
    turn_for(&mut engine, Duration::from_millis(500));
    let me = std::process::id();
    let script = format!("sleep 0.3; kill -STOP {me}; sleep 5; kill -CONT {me}");
    let mut stopper = Command::new("sh").args(["-c", &script]).spawn().expect("a shell is there");
    let ends = turn_for(&mut engine, Duration::from_secs(8));
    stopper.wait().expect("the shell ends");
    let stalls = stalls(&ends);
    let longest = stalls.iter().map(|(from, to)| to.since(*from)).max().unwrap_or_default();
    assert!((4_950..5_150).contains(&longest.as_millis()), "{stalls:?}");
    assert_eq!(count(&ends, is_lost), 0);
    let counters = engine.counters();
    assert!(counters.blind_ns >= 4_950_000_000, "{counters:?}");
    assert_eq!(counters.overflowed, 0);
}

/// covers: N3.1
#[test]
fn what_came_during_a_short_stall_keeps_its_round_trip_time() {
    let Some(_link) = Link::raise() else { return };
    let mut engine = many(EngineConfig::default(), Duration::from_millis(200));
    turn_for(&mut engine, Duration::from_millis(500));
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(400));
        let mut ends = Vec::new();
        engine.turn(boot_now(), &mut ends);
        assert_eq!(stalls(&ends).len(), 1, "{ends:?}");
        let slow = |ended: &Ended| matches!(ended, Ended::Answered { rtt, .. } if *rtt > Duration::from_millis(100));
        assert_eq!(count(&ends, slow), 0);
        assert_eq!(count(&turn_for(&mut engine, Duration::from_millis(100)), is_lost), 0);
    }
}

/// covers: N3.1
#[test]
fn an_overflowed_queue_is_counted_and_makes_no_loss() {
    let Some(_link) = Link::raise() else { return };
    let config = EngineConfig { receive_buffer: 8 << 10, ..EngineConfig::default() };
    let mut engine = many(config, Duration::from_millis(10));
    for slot in 0..TARGETS {
        engine.set_timeout(slot, Duration::from_millis(100));
    }
    let ends = turn_for(&mut engine, Duration::from_secs(2));
    let counters = engine.counters();
    let dropped: u64 = ends
        .iter()
        .filter_map(|ended| match ended {
            Ended::Overflowed { from, to, dropped } if to > from => Some(*dropped),
            _ => None,
        })
        .sum();
    assert!(dropped > 1_000, "{counters:?}");
    assert_eq!(counters.overflowed, dropped);
    assert!(counters.void > 1_000, "{counters:?}");
    assert_eq!(count(&ends, is_lost), 0, "{counters:?}");
    let all = counters.answered + counters.void;
    assert!(counters.sent - all < counters.sent / 5, "the rest is under way: {counters:?}");
}

/// Turns the engine with a clock that runs as the kernel's does, shifted by what `shift` says.
fn turn_shifted(
    engine: &mut Engine,
    clock: &Clock,
    rounds: u32,
    shift: impl Fn(u32) -> (Duration, i64),
) -> Vec<Ended> {
    let mut ends = Vec::new();
    for round in 0..rounds {
        let (boot, wall) = shift(round);
        let now = stamp_now();
        clock.set(Stamp { boot: now.boot + boot, wall: WallTime(now.wall.0 + wall) });
        engine.turn(clock.boot(), &mut ends);
        std::thread::sleep(Duration::from_millis(4));
    }
    ends
}

/// covers: N3.1
#[test]
fn steps_of_the_wall_clock_lose_nothing_and_bend_no_round_trip_time_beyond_the_truth() {
    let Some(_link) = Link::raise() else { return };
    let clock = Clock::by_hand(stamp_now());
    let config = EngineConfig { clock: clock.clone(), ..EngineConfig::default() };
    let mut engine = many(config, Duration::from_millis(200));
    const HOUR: i64 = 3_600_000_000;
    let ends = turn_shifted(&mut engine, &clock, 600, |round| match round / 150 {
        1 => (Duration::ZERO, HOUR),
        2 => (Duration::ZERO, -HOUR),
        _ => (Duration::ZERO, 0),
    });
    assert_eq!(count(&ends, is_lost), 0);
    assert!(count(&ends, is_answered) > 4_000);
    for ended in &ends {
        let Ended::Answered { rtt, .. } = ended else { continue };
        assert!(*rtt < Duration::from_millis(60), "{rtt:?} is longer than a round can have been");
    }
}

/// covers: N3.1
#[test]
fn a_jump_of_the_boot_clock_is_a_stall_and_loses_nothing() {
    let Some(_link) = Link::raise() else { return };
    let clock = Clock::by_hand(stamp_now());
    let config = EngineConfig { clock: clock.clone(), ..EngineConfig::default() };
    let mut engine = many(config, Duration::from_millis(200));
    let night = Duration::from_secs(8 * 3600);
    let ends = turn_shifted(&mut engine, &clock, 600, |round| {
        if round < 300 { (Duration::ZERO, 0) } else { (night, 0) }
    });
    let longest = stalls(&ends).iter().map(|(from, to)| to.since(*from)).max();
    assert!(longest.is_some_and(|length| length >= night), "{longest:?}");
    assert_eq!(count(&ends, is_lost), 0);
}
