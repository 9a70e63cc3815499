//! When targets are due.

use proptest::prelude::*;

use super::*;

const SECOND: u64 = 1_000_000_000;

fn target(slot: u32, interval: Duration) -> ProbeTarget {
    let address = IpAddr::from(std::net::Ipv4Addr::from(0x0a00_0000 + slot));
    ProbeTarget { slot, address, method: Method::Icmp, interval }
}

/// Runs the clock in rounds of 4 ms; returns what was due when.
fn run(targets: &mut Targets, from: u64, to: u64) -> Vec<(u64, u32)> {
    let mut due = Vec::new();
    for now in (from..to).step_by(4_000_000) {
        due.extend(std::iter::from_fn(|| targets.pop_due(now)).map(|slot| (now, slot)));
    }
    due
}

/// covers: N3.1
#[test]
fn each_target_is_due_once_an_interval_with_its_neighbours_and_all_are_spread_evenly() {
    let start = 12_345 * SECOND;
    let mut targets = Targets::new(start);
    for slot in 0..1_000 {
        targets.set(target(slot, Duration::from_secs(1)), Duration::from_secs(1), start);
    }
    let due = run(&mut targets, start, start + 10 * SECOND);
    assert!((9_990..=10_010).contains(&due.len()), "{}", due.len());
    for window in 1..99 {
        let (from, to) = (start + window * SECOND / 10, start + (window + 1) * SECOND / 10);
        let count = due.iter().filter(|(at, _)| (from..to).contains(at)).count();
        assert_eq!(count % 8, 0, "neighbours are due together");
        assert!((11..=14).contains(&(count / 8)), "{count} in the {window}th tenth of a second");
    }
}

/// covers: N3.1
#[test]
fn a_burst_comes_at_once_and_then_the_old_rhythm_returns() {
    let start = 50 * SECOND;
    let mut targets = Targets::new(start);
    targets.set(target(9, Duration::from_secs(1)), Duration::from_secs(1), start);
    let regular = run(&mut targets, start, start + SECOND)[0].0 - start;
    let burst = start + SECOND;
    targets.burst(9, 8, Duration::from_millis(20), burst);
    let due = run(&mut targets, burst, burst + 2 * SECOND);
    let times: Vec<u64> = due.iter().map(|(at, _)| (at - burst) / 1_000_000).collect();
    for (index, at) in (0_u64..8).zip(&times) {
        assert!((index * 20..=index * 20 + 8).contains(at), "{times:?}");
    }
    assert_eq!(times[8..], [regular / 1_000_000, regular / 1_000_000 + 1_000], "{times:?}");
}

/// covers: N3.1
#[test]
fn a_new_interval_holds_at_once() {
    let start = 50 * SECOND;
    let mut targets = Targets::new(start);
    targets.set(target(3, Duration::from_secs(60)), Duration::from_secs(1), start);
    assert!(run(&mut targets, start, start + SECOND).len() <= 1);
    targets.set_interval(3, Duration::from_millis(100), start + SECOND);
    let due = run(&mut targets, start + SECOND, start + 2 * SECOND);
    assert!((9..=11).contains(&due.len()), "{due:?}");
}

/// covers: N3.1
#[test]
fn a_late_round_is_not_made_up_for() {
    let start = 50 * SECOND;
    let mut targets = Targets::new(start);
    targets.set(target(3, Duration::from_millis(100)), Duration::from_secs(1), start);
    run(&mut targets, start, start + SECOND);
    let due = run(&mut targets, start + 6 * SECOND, start + 7 * SECOND);
    assert!((10..=11).contains(&due.len()), "{due:?}");
}

/// covers: N3.1
#[test]
fn the_longest_interval_is_kept_though_the_wheel_is_shorter() {
    let start = 50 * SECOND;
    let mut targets = Targets::new(start);
    targets.set(target(3, Duration::from_secs(60)), Duration::from_secs(1), start);
    let due = run(&mut targets, start, start + 600 * SECOND);
    assert_eq!(due.len(), 10);
    assert!(due.windows(2).all(|pair| pair[1].0 - pair[0].0 <= 60 * SECOND + 8_000_000));
}

/// covers: N3.1
#[test]
fn a_removed_target_is_not_due_and_its_generation_is_over() {
    let mut targets = Targets::new(0);
    targets.set(target(3, Duration::from_secs(1)), Duration::from_secs(1), 0);
    let generation = targets.get(3).unwrap().generation;
    targets.remove(3);
    assert!(run(&mut targets, 0, 5 * SECOND).is_empty());
    assert_eq!(targets.len(), 0);
    targets.set(target(3, Duration::from_secs(1)), Duration::from_secs(1), 5 * SECOND);
    assert!(targets.of_generation(3, generation).is_none());
}

/// covers: N3.1
#[test]
fn setting_the_same_target_again_changes_nothing() {
    let mut targets = Targets::new(0);
    targets.set(target(3, Duration::from_secs(1)), Duration::from_secs(1), 0);
    targets.set_timeout(3, Duration::from_millis(150));
    let before = *targets.get(3).unwrap();
    targets.set(target(3, Duration::from_secs(1)), Duration::from_secs(1), SECOND / 2);
    let after = *targets.get(3).unwrap();
    assert_eq!((before.generation, before.due), (after.generation, after.due));
    assert_eq!(after.timeout(), 150_000_000);
}

proptest! {
    /// covers: N3.1
    #[test]
    fn the_next_moment_lies_within_one_interval(
        slot: u32,
        interval_us in 1_000_u32..4_000_000_000,
        now in 0..1_u64 << 52,
    ) {
        let next = next_on_grid(slot, interval_us, now);
        prop_assert!(next > now || now == 0);
        prop_assert!(next <= now + u64::from(interval_us) * 1_000);
        let after = next_on_grid(slot, interval_us, next);
        prop_assert_eq!(after - next, u64::from(interval_us) * 1_000);
    }
}
