use std::path::PathBuf;
use std::sync::Arc;

use super::*;

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("ets-periods-{name}-{}", std::process::id()))
}

fn passes(meters: &Arc<Meters>, segment: u32, octets: u64) {
    let meter = meters.meter(SegmentNo(segment)).unwrap();
    meter.down().fetch_add(octets, Ordering::Relaxed);
}

/// What passed for a segment in its day, week and month.
fn used(meters: &Meters, segment: u32) -> [u64; 3] {
    meters.used(&[SegmentNo(segment)])[0].map(|(used, _)| used)
}

/// covers: N6.1, G4: neither a start nor an end of a process at any store, nor a clock that is put
/// back, gives a new period or loses one
#[test]
fn a_period_is_begun_once_whatever_happens() {
    let path = file("once");
    let meters = Meters::open(&path).unwrap();
    passes(&meters, 7, 1_000);
    // The first periods begin when the first look is taken; what passed before is nobody's.
    assert_eq!(meters.begin([10, 2, 1]), [10, 2, 1]);
    passes(&meters, 7, 5);
    passes(&meters, 8, 50);
    let open = meters.meter(SegmentNo(7)).unwrap();
    open.up().fetch_add(7, Ordering::Relaxed);
    assert_eq!((used(&meters, 7), used(&meters, 8)), ([12; 3], [50; 3]), "open tunnels too");
    // A kill, twice, and a start in the same period.
    std::mem::forget(open);
    for _ in 0..2 {
        std::mem::forget(Meters::open(&path).unwrap());
        let meters = Meters::open(&path).unwrap();
        assert_eq!(meters.begin([10, 2, 1]), [10, 2, 1]);
        assert_eq!((used(&meters, 7), used(&meters, 8)), ([12; 3], [50; 3]));
    }
    // Killed in the midst of beginning a day: one segment has it, the other one half of it.
    let meters = Meters::open(&path).unwrap();
    let of = |segment: usize| &meters.layout().periods[segment].kept[Per::Day as usize];
    of(7).begin(11, 1_012, Level::Free);
    let other = (of(8).state.load(Ordering::Acquire) & 1) ^ 1;
    of(8).pairs[other as usize][0].store(11, Ordering::Relaxed);
    assert_eq!(used(&meters, 8), [50; 3], "half of it is nothing");
    passes(&meters, 7, 1);
    std::mem::forget(meters);
    let meters = Meters::open(&path).unwrap();
    assert_eq!(meters.begin([11, 2, 1]), [11, 2, 1]);
    assert_eq!(used(&meters, 7), [1, 13, 13], "what passed since is not lost");
    assert_eq!(used(&meters, 8), [0, 50, 50]);

    // Clocks: back by an hour over midnight, and forth again.
    passes(&meters, 8, 3);
    meters.tell(SegmentNo(8), Per::Day, Level::Warned);
    assert_eq!(meters.begin([10, 2, 1]), [11, 2, 1]);
    assert_eq!(used(&meters, 8), [3, 53, 53]);
    assert_eq!(meters.begin([11, 2, 1]), [11, 2, 1]);
    assert_eq!(used(&meters, 8), [3, 53, 53]);
    // A clock that had been a year ahead: what passed then goes on counting, under the right number.
    assert_eq!(meters.begin([400, 60, 13])[0], 400);
    passes(&meters, 8, 9);
    assert_eq!(meters.begin([12, 2, 1]), [12, 2, 1]);
    assert_eq!(used(&meters, 8), [9, 9, 9]);
    assert_eq!(meters.begin([13, 3, 2]), [13, 3, 2]);
    assert_eq!(used(&meters, 8), [0, 0, 0], "and the next period comes in its time");
    std::fs::remove_file(path).unwrap();
}

/// covers: N6.1: who comes first in the midst of a period has all of it counted
#[test]
fn a_segment_that_was_never_seen_begins_with_nothing() {
    let meters = Meters::in_memory().unwrap();
    meters.begin([10, 2, 1]);
    passes(&meters, 5, 40);
    assert_eq!(used(&meters, 5), [40; 3]);
    let (open, large) = (meters.meter(SegmentNo(4)).unwrap(), SegmentNo(u32::MAX));
    open.up().fetch_add(3, Ordering::Relaxed);
    let asked = [9, 5, 4, 5].map(SegmentNo).into_iter().chain([large]).collect::<Vec<_>>();
    let told: Vec<u64> = meters.used(&asked).iter().map(|used| used[0].0).collect();
    assert_eq!(told, [0, 40, 3, 40, 0], "each as it was asked for");
    meters.tell(SegmentNo(5), Per::Week, Level::Spent);
    assert_eq!(meters.used(&[SegmentNo(5)])[0][1], (40, Level::Spent));
    meters.begin([11, 2, 1]);
    assert_eq!(used(&meters, 5), [0, 40, 40]);
    assert_eq!(meters.used(&[SegmentNo(5)])[0][1], (40, Level::Spent));
    meters.begin([12, 3, 1]);
    assert_eq!(meters.used(&[SegmentNo(5)])[0][1], (0, Level::Free), "a new week, nothing told");
}

/// covers: N6.1: a machine that lost its power kept an older total than the period's beginning
#[test]
fn a_total_that_is_behind_gives_no_endless_volume() {
    let meters = Meters::in_memory().unwrap();
    meters.begin([10, 2, 1]);
    passes(&meters, 5, 100);
    meters.layout().periods[5].kept[0].begin(10, 1_000, Level::Free);
    assert_eq!(used(&meters, 5)[0], 0);
    passes(&meters, 5, 7);
    assert_eq!(used(&meters, 5)[0], 7);
}
