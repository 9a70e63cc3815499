//! Readings against simple sums: lives, resets, missed minutes.

use std::collections::BTreeMap;

use ets_model::{SegmentNo, WallTime};
use ets_netd_api::{Counter, MeterBuilder, MeterFrame, MeterKind};
use proptest::prelude::*;

use super::{START, stamp};
use crate::Amount;
use crate::key::{self, Key};
use crate::ledger::{Ledger, Taken};

fn frame(second: i64, kind: MeterKind, counters: &[(u32, Key, u64, u64)]) -> MeterFrame {
    let mut builder = MeterBuilder::default();
    for (segment, key, bytes, packets) in counters {
        builder.push(Counter {
            segment: SegmentNo(*segment),
            class: key::class(*key),
            direction: key::direction(*key),
            bytes: *bytes,
            packets: *packets,
        });
    }
    MeterFrame { at: stamp(START + second), kind, packed: builder.build() }
}

fn bytes(taken: &Taken) -> u64 {
    taken.deltas.iter().map(|delta| delta.amount.bytes).sum()
}

/// covers: N5.2
#[test]
fn a_new_life_begins_at_zero_and_an_earlier_one_goes_on_where_it_was() {
    let mut ledger = Ledger::default();
    ledger.begin(1, "wire");
    let take = |ledger: &mut Ledger, second, value| {
        bytes(&ledger.take(&frame(second, MeterKind::All, &[(1, 2, value, 1)])).unwrap())
    };
    assert_eq!(take(&mut ledger, 0, 100), 100);
    assert_eq!(take(&mut ledger, 1, 150), 50);
    assert!(ledger.begin(2, "filter"));
    assert_eq!(take(&mut ledger, 2, 30), 30);
    assert!(ledger.begin(1, "wire"));
    assert_eq!(take(&mut ledger, 3, 160), 10, "not 160 again");
    assert!(!ledger.begin(1, "wire"));
    assert_eq!(ledger.known(), Some(stamp(START + 3).wall));
}

/// covers: N5.2
#[test]
fn a_new_life_says_since_when_nothing_is_known() {
    let mut ledger = Ledger::default();
    ledger.begin(1, "wire");
    let first = ledger.take(&frame(0, MeterKind::All, &[(1, 2, 100, 1)])).unwrap();
    assert_eq!(first.after_life, None);
    assert!(first.deltas[0].unsure, "the first reading ever");
    ledger.begin(2, "wire");
    let first = ledger.take(&frame(600, MeterKind::All, &[(1, 2, 7, 1)])).unwrap();
    assert_eq!(first.after_life, Some(stamp(START).wall));
    assert_eq!(first.deltas[0].time.from, stamp(START).wall.0, "spread since the last reading");
    let second = ledger.take(&frame(601, MeterKind::Second, &[(1, 2, 8, 2)])).unwrap();
    assert_eq!((second.after_life, second.deltas[0].unsure), (None, false));
}

/// covers: N5.2
#[test]
fn a_counter_that_goes_back_is_counted_from_the_new_value_on() {
    let mut ledger = Ledger::default();
    ledger.begin(1, "wire");
    ledger.take(&frame(0, MeterKind::All, &[(1, 2, 1_000, 10), (2, 2, 500, 5)]));
    // Bytes grew although packets went back: it is no longer the same counter.
    let taken = ledger.take(&frame(1, MeterKind::Second, &[(1, 2, 1_100, 1)])).unwrap();
    assert_eq!((bytes(&taken), taken.resets.len()), (0, 1));
    assert_eq!(taken.resets[0].had, Amount { bytes: 1_000, packets: 10 });
    let taken = ledger.take(&frame(2, MeterKind::Second, &[(1, 2, 1_150, 2)])).unwrap();
    assert_eq!((bytes(&taken), taken.resets.len()), (50, 0));
    // What is not among all that are not zero was set to zero.
    let taken = ledger.take(&frame(3, MeterKind::All, &[(1, 2, 1_150, 2)])).unwrap();
    assert_eq!(taken.resets.len(), 1);
    assert_eq!(taken.resets[0].segment, SegmentNo(2));
    let taken = ledger.take(&frame(4, MeterKind::Second, &[(2, 2, 9, 1)])).unwrap();
    assert_eq!(bytes(&taken), 9);
}

/// covers: N5.2
#[test]
fn what_is_older_than_the_ring_of_minutes_is_spread_and_what_the_ring_has_is_not() {
    let mut ledger = Ledger::default();
    ledger.begin(1, "wire");
    ledger.take(&frame(0, MeterKind::All, &[(1, 2, 100, 1), (2, 2, 100, 1), (3, 2, 100, 1)]));
    // Away for an hour; the ring has the last two minutes. Segment 2 moved before them only.
    ledger.begin(1, "wire");
    let one = ledger.take(&frame(3_540, MeterKind::Minute, &[(1, 2, 300, 1)])).unwrap();
    assert_eq!(one.deltas[0].time.from, stamp(START).wall.0);
    let two = ledger.take(&frame(3_600, MeterKind::Minute, &[(1, 2, 350, 1)])).unwrap();
    assert_eq!(two.deltas[0].time.minute(), Some((START + 3_570).div_euclid(60)));
    let all = frame(3_610, MeterKind::All, &[(1, 2, 360, 1), (2, 2, 900, 1), (3, 2, 100, 1)]);
    let all = ledger.take(&all).unwrap();
    let of = |segment| all.deltas.iter().find(|delta| delta.segment == segment);
    assert_eq!(of(1).unwrap().time.minute(), Some((START + 3_605).div_euclid(60)));
    assert_eq!(of(2).unwrap().time.from, stamp(START).wall.0);
    assert_eq!((of(2).unwrap().amount.bytes, of(3)), (800, None));
    // An old minute once more tells nothing.
    assert!(ledger.take(&frame(3_540, MeterKind::Minute, &[(1, 2, 300, 1)])).is_none());
}

proptest! {
    /// covers: N5.2
    #[test]
    fn readings_sum_up_to_the_last_totals_of_all_lives_whatever_was_missed(
        steps in prop::collection::vec((0u8..6, 0u32..4, 0u16..6, 1u64..1_000_000, 1i64..400), 1..200),
    ) {
        let mut ledger = Ledger::default();
        let mut totals: BTreeMap<(u32, Key), (u64, u64)> = BTreeMap::new();
        let (mut told, mut expected) = (0u64, 0u64);
        let (mut life, mut second) = (1, 0);
        ledger.begin(life, "wire");
        let all = |totals: &BTreeMap<(u32, Key), (u64, u64)>| -> Vec<_> {
            totals.iter().map(|((segment, key), (bytes, packets))| (*segment, *key, *bytes, *packets)).collect()
        };
        for (what, segment, key, amount, pause) in steps {
            second += pause;
            match what {
                // Something passes and a frame of it comes.
                0..=2 => {
                    let total = totals.entry((segment, key)).or_default();
                    *total = (total.0 + amount, total.1 + 1);
                    let kind = if what == 0 { MeterKind::Second } else { MeterKind::Minute };
                    let counters = [(segment, key, total.0, total.1)];
                    told += ledger.take(&frame(second, kind, &counters)).map_or(0, |t| bytes(&t));
                }
                // Something passes and the frame is missed.
                3 => {
                    let total = totals.entry((segment, key)).or_default();
                    *total = (total.0 + amount, total.1 + 1);
                }
                4 => told += bytes(&ledger.take(&frame(second, MeterKind::All, &all(&totals))).unwrap()),
                // All is read, and a new life begins.
                _ => {
                    told += bytes(&ledger.take(&frame(second, MeterKind::All, &all(&totals))).unwrap());
                    expected += totals.values().map(|(bytes, _)| bytes).sum::<u64>();
                    totals.clear();
                    life += 1;
                    ledger.begin(life, "wire");
                }
            }
        }
        second += 1;
        told += bytes(&ledger.take(&frame(second, MeterKind::All, &all(&totals))).unwrap());
        expected += totals.values().map(|(bytes, _)| bytes).sum::<u64>();
        prop_assert_eq!(told, expected);
    }

    /// covers: N5.2
    #[test]
    fn totals_come_back_from_disk_as_they_were(
        rows in prop::collection::btree_map((0u32..2_000, 0u16..512), (any::<u64>(), any::<u64>()), 0..200)
    ) {
        let mut ledger = Ledger::default();
        ledger.begin(1, "wire");
        let counters: Vec<_> = rows.iter().map(|((s, k), (b, p))| (*s, *k, *b, *p)).collect();
        ledger.take(&frame(0, MeterKind::All, &counters));
        let mut life = crate::ledger::Life::new(1, "wire", stamp(START).wall);
        for (_, chunk) in ledger.life_mut().unwrap().take_dirty() {
            life.restore(&chunk).unwrap();
        }
        let mut again = Ledger::new(vec![life]);
        again.begin(1, "wire");
        let taken = again.take(&frame(5, MeterKind::All, &counters)).unwrap();
        prop_assert!(taken.deltas.is_empty() && taken.resets.is_empty());
        prop_assert_eq!(again.known(), Some(WallTime(stamp(START + 5).wall.0)));
    }

    #[test]
    fn any_bytes_give_blocks_or_none_and_never_a_panic(bytes: Vec<u8>) {
        let _ = crate::block::Block::decode(&bytes);
        let _ = crate::roll::Roll::decode(&bytes);
        let _ = crate::part::Part::unpack(1, 1, &bytes);
        let _ = crate::ledger::Life::new(1, "", WallTime(0)).restore(&bytes);
    }

    #[test]
    fn a_block_comes_back_as_it_was(
        cells in prop::collection::vec((0u8..60, 0u16..512, 1u64.., any::<u64>(), any::<bool>()), 0..200)
    ) {
        let mut block = crate::block::Block::default();
        for (place, key, bytes, packets, spread) in cells {
            let mut tally = crate::tally::Tally::default();
            tally.add(key, Amount { bytes, packets });
            tally.spread = spread;
            block.add(place, &tally);
        }
        prop_assert_eq!(crate::block::Block::decode(&block.encode()), Some(block));
    }
}
