//! The wheel against an ordered map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const BUCKET: u64 = 1 << BUCKET_BITS;

#[derive(Clone, Debug)]
enum Step {
    Insert(u32, u64),
    Remove(u32),
    Advance(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u32..50, 0..SPAN).prop_map(|(item, ahead)| Step::Insert(item, ahead)),
        1 => (0_u32..50, 0..5 * SPAN).prop_map(|(item, ahead)| Step::Insert(item, ahead)),
        2 => (0_u32..50).prop_map(Step::Remove),
        3 => (0..300_000_000_u64).prop_map(Step::Advance),
        1 => (0..10_000_000_000_u64).prop_map(Step::Advance),
    ];
    prop::collection::vec(step, 1..200)
}

proptest! {
    /// covers: N3.1
    #[test]
    fn everything_fires_once_not_early_and_at_most_a_bucket_late(
        start in 0..1_u64 << 50,
        steps in steps(),
    ) {
        let mut wheel = Wheel::new(start);
        let mut model: BTreeMap<u32, u64> = BTreeMap::new();
        let mut now = start;
        for step in steps {
            match step {
                Step::Insert(item, ahead) => {
                    wheel.insert(item, now + ahead);
                    model.insert(item, now + ahead);
                }
                Step::Remove(item) => {
                    wheel.remove(item);
                    model.remove(&item);
                }
                Step::Advance(by) => {
                    now += by;
                    while let Some(item) = wheel.pop(now) {
                        let due = model.remove(&item);
                        let due = due.expect("fires only what is in, and once");
                        if due > now {
                            // Further ahead than the wheel reached.
                            wheel.insert(item, due);
                            model.insert(item, due);
                        }
                    }
                    let late = model.values().filter(|due| **due + BUCKET <= now).count();
                    prop_assert_eq!(late, 0);
                }
            }
            let first = model.values().min();
            let next = wheel.next();
            prop_assert_eq!(first.is_none(), next.is_none());
            if let (Some(first), Some(next)) = (first, next) {
                prop_assert!(next < (*first).max(now) + BUCKET, "{} {}", next, first);
            }
        }
    }
}

/// covers: N3.1
#[test]
fn earlier_buckets_fire_first() {
    let mut wheel = Wheel::new(0);
    for item in 0..100_u32 {
        wheel.insert(item, u64::from(99 - item) * BUCKET);
    }
    let order: Vec<u32> = std::iter::from_fn(|| wheel.pop(SPAN)).collect();
    assert_eq!(order, (0..100).rev().collect::<Vec<u32>>());
}
