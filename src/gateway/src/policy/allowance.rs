//! What each segment may have, of all limits that are for it.

use std::collections::HashMap;

use ets_model::{SegmentId, SegmentNo};

use super::judge::{for_everybody, segments};
use super::rule::{Limit, Rules};

/// Kinds of periods: day, week, month.
pub const MOST_PERIODS: usize = 3;

/// The lowest of each kind; none for as much as the segment wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Connections open at once.
    pub connections: Option<u32>,
    /// Bits a second, each way.
    pub bandwidth: Option<u64>,
    /// Bytes in a day, a week and a month, with the place of the limit that says so.
    pub volumes: [Option<(u64, u16)>; MOST_PERIODS],
}

/// Those of all segments.
#[derive(Debug, Default)]
pub(super) struct Allowances {
    of: HashMap<SegmentNo, Allowance>,
    of_each: Allowance,
}

impl Allowance {
    fn limit(&mut self, place: usize, limit: &Limit) {
        // More limits than this could not be read by anybody.
        let place = u16::try_from(place).unwrap_or(u16::MAX);
        let own = Self { connections: limit.connections, bandwidth: limit.bandwidth, ..*self };
        *self = Self { volumes: self.volumes, ..lower(*self, own) };
        if let Some(volume) = limit.volume {
            let kept = &mut self.volumes[volume.per as usize];
            *kept = lowest(*kept, Some((volume.bytes, place)));
        }
    }
}

impl Allowances {
    pub(super) fn new(source: &Rules, numbers: &impl Fn(&SegmentId) -> Option<SegmentNo>) -> Self {
        let mut all = Self::default();
        for (place, limit) in source.limits.iter().enumerate() {
            if for_everybody(&limit.who) {
                all.of_each.limit(place, limit);
            }
            for segment in segments(source, &limit.who).filter_map(numbers) {
                all.of.entry(segment).or_default().limit(place, limit);
            }
        }
        all
    }

    pub(super) fn of(&self, segment: SegmentNo) -> Allowance {
        let own = self.of.get(&segment).copied();
        own.map_or(self.of_each, |own| lower(own, self.of_each))
    }
}

fn lower(one: Allowance, other: Allowance) -> Allowance {
    let mut volumes = one.volumes;
    for (own, others) in volumes.iter_mut().zip(other.volumes) {
        *own = lowest(*own, others);
    }
    Allowance {
        connections: lowest(one.connections, other.connections),
        bandwidth: lowest(one.bandwidth, other.bandwidth),
        volumes,
    }
}

/// The lower of two, where none is no limit.
fn lowest<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    one.into_iter().chain(other).min()
}
