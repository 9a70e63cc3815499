//! The live picture: what passes now, by segment, class and direction.

use std::sync::Arc;
use std::time::Duration;

use ets_model::{SegmentNo, Stamp, WallTime};
use ets_netd_api::{Class, Direction};

use crate::ledger::Delta;
use crate::tally::Tally;
use crate::{Amount, Both, key};

/// What passes now, as of the last frame. Cheap to hold: it is handed out as an `Arc`.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Counts the snapshots.
    pub seq: u64,
    /// When the counters were read.
    pub at: Stamp,
    /// Over how long the rates are averaged, about a second.
    pub over: Duration,
    /// Since when nothing was heard of the counters; `None` while they are followed.
    pub stale_since: Option<WallTime>,
    /// How they are counted: `wire` or `filter`, see [`ets_netd_api::Metering::by`]. Empty before
    /// the first frame.
    pub by: String,
    /// All of the hub: bytes and packets a second, [`Class::Dropped`] not added.
    pub hub: Both<Amount>,
    /// The same by class.
    pub classes: Vec<Flow>,
    /// Segments with any traffic in the last second, ascending by number; 0 is what belongs to no
    /// segment.
    pub segments: Vec<SegmentRate>,
    /// The classes of all segments, see [`Snapshot::of_segment`].
    flows: Vec<Flow>,
}

// A flow here is a rate: bytes and packets a second.
type Flow = crate::Flow;

/// One segment's rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentRate {
    /// Which.
    pub segment: SegmentNo,
    /// Bytes and packets a second, [`Class::Dropped`] not added.
    pub rate: Both<Amount>,
    first: u32,
    count: u16,
}

impl Snapshot {
    /// The rates of a segment; `None` while nothing passes.
    pub fn segment(&self, segment: SegmentNo) -> Option<&SegmentRate> {
        let at = self.segments.binary_search_by_key(&segment, |one| one.segment).ok()?;
        self.segments.get(at)
    }

    /// The rates of a segment by class, those with anything in them.
    pub fn of_segment(&self, segment: SegmentNo) -> &[Flow] {
        let Some(found) = self.segment(segment) else { return &[] };
        let first = found.first as usize;
        self.flows.get(first..first + usize::from(found.count)).unwrap_or_default()
    }

    /// The busiest segments now, by bytes a second in a direction (`None`: both together).
    pub fn top(&self, direction: Option<Direction>, limit: usize) -> Vec<&SegmentRate> {
        let value = |one: &SegmentRate| match direction {
            None => one.rate.sum().bytes,
            Some(way) => one.rate.of(way).bytes,
        };
        let mut order: Vec<_> =
            self.segments.iter().filter(|one| one.segment.0 != 0 && value(one) > 0).collect();
        order.sort_unstable_by_key(|one| (std::cmp::Reverse(value(one)), one.segment));
        order.truncate(limit);
        order
    }

    /// The second that it shows, since 1970: under this number [`crate::Handle::picture`] finds it
    /// again.
    pub fn second(&self) -> i64 {
        let half = i64::try_from(self.over.as_micros() / 2).unwrap_or(0);
        (self.at.wall.0 - half).div_euclid(1_000_000)
    }

    /// The picture after a frame: `deltas` ascend by segment and came within `over`.
    pub(crate) fn of(at: Stamp, over: Duration, by: &str, deltas: &[Delta], hub: &Tally) -> Self {
        let micros = u64::try_from(over.as_micros()).unwrap_or(u64::MAX).max(1);
        let mut picture = Self { at, over, by: by.to_owned(), ..Self::default() };
        let mut hub_flows = Vec::new();
        for (key, amount) in hub.cells() {
            put(&mut hub_flows, 0, *key, rate(*amount, micros));
        }
        picture.classes = hub_flows;
        picture.hub = sum(&picture.classes);
        for cells in deltas.chunk_by(|one, other| one.segment == other.segment) {
            let first = picture.flows.len();
            for cell in cells {
                put(&mut picture.flows, first, cell.key, rate(cell.amount, micros));
            }
            let flows = &picture.flows[first..];
            picture.segments.push(SegmentRate {
                segment: SegmentNo(cells[0].segment),
                rate: sum(flows),
                first: u32::try_from(first).unwrap_or(u32::MAX),
                count: u16::try_from(flows.len()).unwrap_or(u16::MAX),
            });
        }
        picture
    }

    /// The same when nothing is heard any more: no rate is known.
    pub(crate) fn stale(&self, since: WallTime) -> Self {
        Self {
            seq: self.seq + 1,
            at: self.at,
            over: self.over,
            by: self.by.clone(),
            stale_since: Some(since),
            ..Self::default()
        }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> u64 {
        let flows = self.flows.capacity() + self.classes.capacity();
        (flows * size_of::<Flow>() + self.segments.capacity() * size_of::<SegmentRate>()) as u64
    }
}

/// Adds a rate to the flows of one segment, which begin at `first`.
fn put(flows: &mut Vec<Flow>, first: usize, key: u16, rate: Amount) {
    let class = key::class(key);
    if flows.len() == first || flows.last().is_some_and(|flow| flow.class != class) {
        flows.push(Flow { class, amount: Both::default() });
    }
    if let Some(flow) = flows.last_mut() {
        *flow.amount.of_mut(key::direction(key)) += rate;
    }
}

fn sum(flows: &[Flow]) -> Both<Amount> {
    let mut sum = Both::<Amount>::default();
    for flow in flows.iter().filter(|flow| flow.class != Class::Dropped) {
        sum.up += flow.amount.up;
        sum.down += flow.amount.down;
    }
    sum
}

fn rate(amount: Amount, micros: u64) -> Amount {
    let scale = |value: u64| {
        let rate = u128::from(value) * 1_000_000 / u128::from(micros);
        u64::try_from(rate).unwrap_or(u64::MAX)
    };
    Amount { bytes: scale(amount.bytes), packets: scale(amount.packets) }
}

/// A subscription: wakes at each new snapshot.
pub type Live = tokio::sync::watch::Receiver<Arc<Snapshot>>;
