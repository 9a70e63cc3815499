//! Stamps near steps of the wall clock.

use ets_model::{Stamp, WallTime};

use super::*;

const MILLI: u64 = 1_000_000;
const HOUR_US: i64 = 3_600_000_000;

fn stamp(boot_ms: u64, wall_us: i64) -> Stamp {
    Stamp { boot: BootTime(boot_ms * MILLI), wall: WallTime(wall_us) }
}

/// covers: N3.1
#[test]
fn a_stamp_is_told_in_boot_time() {
    let clock = Clock::by_hand(stamp(1_000, 5_000_000));
    let timebase = Timebase::new(&clock);
    assert_eq!(timebase.boot_of(Some(5_003_000_000), 1_004 * MILLI), BootTime(1_003 * MILLI));
    assert_eq!(timebase.boot_of(None, 1_004 * MILLI), BootTime(1_004 * MILLI));
}

/// covers: N3.1
#[test]
fn stamps_on_both_sides_of_a_step_are_told_right() {
    for step in [HOUR_US, -HOUR_US] {
        let base = 10 * HOUR_US;
        let clock = Clock::by_hand(stamp(1_000, base));
        let mut timebase = Timebase::new(&clock);
        clock.set(stamp(1_020, base + 20_000 + step));
        timebase.refresh(&clock, 1_000 * MILLI);
        let (before, after) = ((base + 5_000) * 1_000, (base + 15_000 + step) * 1_000);
        assert_eq!(timebase.boot_of(Some(before), 1_020 * MILLI), BootTime(1_005 * MILLI));
        assert_eq!(timebase.boot_of(Some(after), 1_020 * MILLI), BootTime(1_015 * MILLI));
    }
}

/// covers: N3.1
#[test]
fn an_impossible_stamp_is_replaced_by_when_it_was_read() {
    let clock = Clock::by_hand(stamp(1_000, 10 * HOUR_US));
    let timebase = Timebase::new(&clock);
    for wall in [11 * HOUR_US, 9 * HOUR_US, 0, i64::MAX / 1_000, i64::MIN / 1_000] {
        assert_eq!(timebase.boot_of(Some(wall * 1_000), 1_010 * MILLI), BootTime(1_010 * MILLI));
    }
}
