//! Packing of probe ends: three or four bytes each instead of sixteen.
//!
//! Ends are ordered by segment. Each is two varints (LEB128): the step from the segment before it,
//! and 0 for a lost probe or its round-trip time in microseconds plus one.

use std::time::Duration;

use ets_model::{Outcome, Sample, SegmentNo};

use crate::varint::{put, take};
use crate::{EngineCounters, Tick};

/// Gathers the ends of one second.
#[derive(Debug, Default)]
pub struct TickBuilder {
    ends: Vec<(u32, u32)>,
}

impl TickBuilder {
    /// Adds one end. Round-trip times are kept in whole microseconds, up to 71 minutes.
    pub fn push(&mut self, sample: Sample) {
        let coded = match sample.outcome {
            Outcome::Lost => 0,
            Outcome::Answered(rtt) => code(rtt),
        };
        self.ends.push((sample.segment.0, coded));
    }

    /// How many ends were added since the last [`build`](Self::build).
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Packs what was added and begins anew. Ends of one segment keep their order.
    pub fn build(&mut self, engine: EngineCounters) -> Tick {
        self.ends.sort_by_key(|(segment, _)| *segment);
        let mut packed = Vec::with_capacity(self.ends.len() * 4);
        let mut before = 0;
        for (segment, coded) in &self.ends {
            put(&mut packed, u64::from(segment - before));
            put(&mut packed, u64::from(*coded));
            before = *segment;
        }
        packed.shrink_to_fit();
        let count = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.ends.clear();
        Tick { packed, count, engine, obstacles: Vec::new() }
    }
}

impl Tick {
    /// The ends, ordered by segment; ends of one segment are in order of time. Stops at the first
    /// byte that is not sound.
    pub fn samples(&self) -> impl Iterator<Item = Sample> + '_ {
        let mut rest = self.packed.as_slice();
        let mut segment = 0u32;
        std::iter::from_fn(move || {
            segment = segment.checked_add(u32::try_from(take(&mut rest)?).ok()?)?;
            let outcome = match take(&mut rest)? {
                0 => Outcome::Lost,
                coded => Outcome::Answered(Duration::from_micros(coded - 1)),
            };
            Some(Sample { segment: SegmentNo(segment), outcome })
        })
    }
}

fn code(rtt: Duration) -> u32 {
    let micros = (rtt.as_nanos() + 500) / 1_000;
    u32::try_from(micros).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ten_thousand_ends_of_ordinary_channels_take_four_bytes_each_at_most() {
        let mut builder = TickBuilder::default();
        for no in (1..=10_000).rev() {
            let outcome = match no % 50 {
                0 => Outcome::Lost,
                rest => Outcome::Answered(Duration::from_micros(300 + rest * 2_000)),
            };
            builder.push(Sample { segment: SegmentNo(no as u32), outcome });
        }
        let tick = builder.build(EngineCounters::default());
        assert_eq!(tick.samples().count(), 10_000);
        assert!(tick.packed.len() <= 40_000, "{} bytes", tick.packed.len());
        assert!(builder.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again_by_segment_and_in_order(
            ends in prop::collection::vec((1u32..20_000, prop::option::of(0u64..4_000_000_000)), 0..300)
        ) {
            let mut samples: Vec<Sample> = ends
                .iter()
                .map(|(no, rtt)| Sample {
                    segment: SegmentNo(*no),
                    outcome: rtt.map_or(Outcome::Lost, |rtt| {
                        Outcome::Answered(Duration::from_micros(rtt))
                    }),
                })
                .collect();
            let mut builder = TickBuilder::default();
            samples.iter().for_each(|sample| builder.push(*sample));
            let tick = builder.build(EngineCounters::default());
            samples.sort_by_key(|sample| sample.segment);
            prop_assert_eq!(tick.samples().collect::<Vec<_>>(), samples);
        }

        #[test]
        fn any_bytes_give_samples_and_never_a_panic(packed: Vec<u8>) {
            let tick = Tick { packed, ..Tick::default() };
            let _ = tick.samples().count();
        }
    }
}
