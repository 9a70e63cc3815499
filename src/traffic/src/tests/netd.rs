//! Counters as `netd` has them, with its ring of minutes, and the frames that it makes of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ets_model::SegmentNo;
use ets_netd_api::{Counter, MeterBuilder, MeterFrame, MeterKind};

use super::{START, stamp};
use crate::Amount;
use crate::key::{self, Key};
use crate::meter::Meter;

type Counters = BTreeMap<(u32, Key), Amount>;

pub(super) struct Netd {
    pub(super) life: u64,
    pub(super) totals: Counters,
    /// Minutes that ended at these seconds, with the totals of what changed in them.
    ring: VecDeque<(i64, Counters)>,
    pub(super) ring_length: usize,
    changed: BTreeSet<(u32, Key)>,
    changed_in_minute: BTreeSet<(u32, Key)>,
    /// Counters are as of the end of this second.
    pub(super) now: i64,
}

impl Netd {
    pub(super) fn new(life: u64) -> Self {
        Self {
            life,
            totals: Counters::new(),
            ring: VecDeque::new(),
            ring_length: usize::MAX,
            changed: BTreeSet::new(),
            changed_in_minute: BTreeSet::new(),
            now: START,
        }
    }

    /// Counts something in the second that runs.
    pub(super) fn pass(&mut self, segment: u32, key: Key, bytes: u64, packets: u64) {
        *self.totals.entry((segment, key)).or_default() += Amount { bytes, packets };
        self.changed.insert((segment, key));
        self.changed_in_minute.insert((segment, key));
    }

    /// The second is over: what a follower is told of it.
    pub(super) fn tick(&mut self) -> MeterFrame {
        self.now += 1;
        let changed = std::mem::take(&mut self.changed);
        let frame = frame(self.now, 30_000, MeterKind::Second, self.totals_of(&changed));
        if self.now % 60 == 0 {
            let changed = std::mem::take(&mut self.changed_in_minute);
            self.ring.push_back((self.now, self.totals_of(&changed)));
            while self.ring.len() > self.ring_length {
                self.ring.pop_front();
            }
        }
        frame
    }

    fn totals_of(&self, changed: &BTreeSet<(u32, Key)>) -> Counters {
        changed.iter().filter_map(|key| Some((*key, *self.totals.get(key)?))).collect()
    }

    /// A new life: everything is zero.
    pub(super) fn reborn(&mut self, life: u64) {
        *self = Self { ring_length: self.ring_length, now: self.now, ..Self::new(life) };
    }

    /// What a meter that connects now is told.
    pub(super) fn connect(&self, meter: &Meter) {
        let after = meter.known().map_or(i64::MIN, |known| known.0);
        meter.begin(self.life, "wire");
        for (end, counters) in self.ring.iter().filter(|(end, _)| end * 1_000_000 + 20_000 > after)
        {
            meter.take(&frame(*end, 20_000, MeterKind::Minute, counters.clone()), None);
        }
        let all = self.totals.iter().filter(|(_, amount)| !amount.is_zero());
        let all = all.map(|(key, amount)| (*key, *amount)).collect();
        meter.take(&frame(self.now, 40_000, MeterKind::All, all), None);
    }
}

fn frame(second: i64, micros: i64, kind: MeterKind, counters: Counters) -> MeterFrame {
    let mut builder = MeterBuilder::default();
    for ((segment, key), amount) in counters {
        builder.push(Counter {
            segment: SegmentNo(segment),
            class: key::class(key),
            direction: key::direction(key),
            bytes: amount.bytes,
            packets: amount.packets,
        });
    }
    let mut at = stamp(second);
    at.wall.0 += micros;
    MeterFrame { at, kind, packed: builder.build() }
}
