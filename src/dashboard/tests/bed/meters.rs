//! Counters of a bed: what passes is told second by second, as `netd` would.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use ets_model::{BootTime, SegmentNo, ServiceNo, Stamp, WallTime};
use ets_netd_api::{Class, Counter, Direction, MeterBuilder, MeterFrame, MeterKind};
use ets_registry::Registry;
use ets_runtime::Clock;
use ets_store::Store;
use ets_traffic::{Config, Feeder, Handle};

/// One counter: whose, which class by its number, whether towards the segment.
type Key = (u32, u8, bool);

/// See the module.
pub(crate) struct Meters {
    pub(crate) handle: Handle,
    pub(crate) feeder: Feeder,
    totals: Mutex<BTreeMap<Key, (u64, u64)>>,
}

/// What passes in one second: whose, class, direction, bytes, packets.
pub(crate) type Pass = (u32, Class, Direction, u64, u64);

impl Meters {
    pub(super) async fn open(stores: (Store, Store), registry: Registry, clock: Clock) -> Self {
        let (handle, feeder) =
            Feeder::open(Config::default(), stores, registry, clock).await.unwrap();
        Self { handle, feeder, totals: Mutex::default() }
    }

    /// The counters are read at the end of this second.
    pub(crate) fn second(&self, end: i64, passed: &[Pass]) {
        let mut totals = self.totals.lock().unwrap();
        if totals.is_empty() {
            self.feeder.begin(1, "wire");
            self.frame(end - 1, MeterKind::All, &totals);
        }
        let mut changed = BTreeMap::new();
        for (segment, class, direction, bytes, packets) in passed {
            let key = (*segment, class.code(), *direction == Direction::Down);
            let total = totals.entry(key).or_default();
            *total = (total.0 + bytes, total.1 + packets);
            changed.insert(key, *total);
        }
        self.frame(end, MeterKind::Second, &changed);
    }

    fn frame(&self, end: i64, kind: MeterKind, counters: &BTreeMap<Key, (u64, u64)>) {
        let mut builder = MeterBuilder::default();
        for ((segment, class, down), (bytes, packets)) in counters {
            builder.push(Counter {
                segment: SegmentNo(*segment),
                class: Class::from_code(*class),
                direction: if *down { Direction::Down } else { Direction::Up },
                bytes: *bytes,
                packets: *packets,
            });
        }
        let boot = BootTime(u64::try_from(end).unwrap() * 1_000_000_000);
        let at = Stamp { boot, wall: WallTime(end * 1_000_000 + 20_000) };
        let frame = MeterFrame { at, kind, packed: builder.build() };
        self.feeder.take(&frame, Some(Duration::from_secs(1)));
    }

    /// The last `seconds` of `segments` segments: mail and the outside, a little refused.
    pub(crate) fn history(&self, now: WallTime, seconds: i64, segments: u32) {
        let last = now.0.div_euclid(1_000_000);
        for end in last - seconds + 1..=last {
            let mut passed = Vec::new();
            for no in 1..=segments {
                let wave = ((end as f64 / 300.0 + f64::from(no)).sin() + 1.3) * 40_000.0;
                let (small, large) = (wave as u64 + u64::from(no) * 500, wave as u64 * 6);
                let mail = Class::Service(ServiceNo(1));
                passed.push((no, mail, Direction::Up, small, small / 700 + 1));
                passed.push((no, mail, Direction::Down, large, large / 900 + 1));
                passed.push((no, Class::Outside, Direction::Down, large * 2, large / 600 + 1));
                if no % 5 == 0 {
                    passed.push((no, Class::Outside, Direction::Up, 600, 10));
                    passed.push((no, Class::Dropped, Direction::Up, 600, 10));
                }
            }
            self.second(end, &passed);
        }
    }
}
