//! What is stored comes back, and what is damaged is told.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use ets_model::{Outcome, WallTime};
use proptest::prelude::*;

use crate::block::Block;
use crate::minute::Part;
use crate::tally::Tally;
use crate::varint::{Reader, put};
use crate::{Histogram, Progress};

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        1 => Just(Outcome::Lost),
        9 => (1u64..9_000_000_000).prop_map(|nanos| Outcome::Answered(Duration::from_nanos(nanos))),
    ]
}

fn tally() -> impl Strategy<Value = Tally> {
    proptest::collection::vec(outcome(), 0..80).prop_map(|outcomes| {
        let mut tally = Tally::default();
        for outcome in outcomes {
            tally.add(outcome);
        }
        tally
    })
}

proptest! {
    /// covers: N3.1
    #[test]
    fn a_number_comes_back(number: u64) {
        let mut bytes = Vec::new();
        put(&mut bytes, number);
        prop_assert_eq!(Reader::new(&bytes).number(), Some(number));
    }

    /// covers: N3.1
    #[test]
    fn a_tally_comes_back(tally in tally()) {
        let mut bytes = Vec::new();
        tally.encode(&mut bytes);
        prop_assert_eq!(Tally::decode(&mut Reader::new(&bytes)), Some(tally));
    }

    /// covers: N3.1
    #[test]
    fn a_minute_of_many_segments_comes_back(
        tallies in proptest::collection::hash_map(0u32..100_000, tally(), 0..40)
    ) {
        let part = Part::pack(3, 5, &tallies);
        let again = Part::unpack(3, 5, part.bytes()).unwrap();
        for part in [&part, &again] {
            let found: HashMap<u32, Tally> =
                part.segments().map(|segment| (segment, part.get(segment).unwrap())).collect();
            prop_assert_eq!(&found, &tallies);
            prop_assert_eq!(part.get(100_001), None);
        }
    }

    /// covers: N3.1
    #[test]
    fn a_block_comes_back(places in proptest::collection::btree_map(0u8..60, tally(), 0..60)) {
        let mut block = Block::default();
        for (place, tally) in &places {
            block.add(*place, tally);
        }
        prop_assert_eq!(Block::decode(&block.encode()), Some(block));
    }

    /// covers: N3.1
    #[test]
    fn damaged_bytes_are_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut versioned = vec![1];
        versioned.extend_from_slice(&bytes);
        for bytes in [&bytes, &versioned] {
            let _ = Block::decode(bytes);
            if let Some(part) = Part::unpack(1, 1, bytes) {
                for segment in part.segments() {
                    prop_assert!(part.get(segment).is_some());
                }
            }
        }
    }

    /// covers: N3.1
    ///
    /// The error that the documentation states is the error there is.
    #[test]
    fn a_quantile_is_within_the_stated_error(
        nanos in proptest::collection::vec(8_192u64..8_000_000_000, 1..300),
        q in 0.0f64..=1.0,
    ) {
        let mut hist = Histogram::default();
        let mut sorted = nanos.clone();
        sorted.sort_unstable();
        for nanos in &nanos {
            hist.add(Duration::from_nanos(*nanos));
        }
        let rank = ((q * sorted.len() as f64).ceil() as usize).max(1);
        let truth = sorted[rank - 1] as f64;
        let told = hist.quantile(q).unwrap().as_nanos() as f64;
        prop_assert!((told / truth - 1.0).abs() <= Histogram::ERROR, "{told} for {truth}");
    }

    /// covers: N3.1
    #[test]
    fn a_round_trip_lies_within_its_bucket(nanos in 1u64..8_500_000_000) {
        let mut hist = Histogram::default();
        let rtt = Duration::from_nanos(nanos);
        hist.add(rtt);
        let bucket = hist.buckets().next().unwrap();
        prop_assert!(bucket.from <= rtt && rtt < bucket.to, "{bucket:?} for {rtt:?}");
    }

    /// covers: N3.1
    #[test]
    fn the_place_in_the_stream_is_a_set_of_numbers(
        numbers in proptest::collection::vec(1u64..200, 0..200)
    ) {
        let mut progress = Progress { instance: 9, ..Progress::default() };
        let mut model = BTreeSet::new();
        for number in numbers {
            prop_assert_eq!(progress.insert(9, number), model.insert(number));
        }
        for number in 0..201 {
            prop_assert_eq!(progress.contains(9, number), model.contains(&number));
            prop_assert!(!progress.contains(8, number));
        }
        let again = Progress::from_text(9, &progress.to_text()).unwrap();
        prop_assert_eq!(&again, &progress);
        for pair in progress.ranges.windows(2) {
            prop_assert!(pair[0].1 + 1 < pair[1].0);
        }
    }
}

/// covers: N3.1
#[test]
fn the_place_in_the_stream_stays_small_and_begins_anew_with_another_life() {
    let mut progress = Progress::default();
    for number in 0..2_000 {
        progress.insert(1, number * 2);
    }
    assert!(progress.ranges.len() <= 256);
    assert!(progress.contains(1, 3_998) && !progress.contains(1, 3_997));
    assert_eq!(progress.resume_after(1), Some(progress.ranges[0].1));
    assert!(progress.insert(2, 5));
    assert_eq!(progress.ranges, [(5, 5)]);
    assert_eq!(progress.resume_after(1), None);
}

/// covers: N3.1
#[test]
fn a_point_tells_what_was_measured() {
    let mut tally = Tally::default();
    for micros in [1_000, 2_000, 3_000, 40_000] {
        tally.add(Outcome::Answered(Duration::from_micros(micros)));
    }
    tally.add(Outcome::Lost);
    let point = tally.point(WallTime(0));
    assert_eq!((point.sent, point.lost), (5, 1));
    assert_eq!(point.min, Some(Duration::from_micros(1_000)));
    assert_eq!(point.max, Some(Duration::from_micros(40_000)));
    let p50 = point.p50.unwrap().as_secs_f64();
    assert!((p50 / 0.002 - 1.0).abs() <= Histogram::ERROR);
    assert_eq!(point.loss(), Some(0.2));
    let empty = Tally::default().point(WallTime(0));
    assert_eq!((empty.loss(), empty.p50, empty.min), (None, None, None));
}
