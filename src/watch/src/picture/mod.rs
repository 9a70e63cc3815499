//! The live picture: every segment's cell, fed by what `netd` tells.

mod cell;

use std::sync::Arc;

use ets_model::{
    LinkState, Obstacle, OutageId, OutageKind, SegmentNo, Stamp, Transition, WallTime,
};
use ets_netd_api::{EngineCounters, SegmentNow as Told, Tick};
use ets_registry::Catalog;

use self::cell::{Cell, PART, PARTS};
use crate::{ChangeBody, Counts, Snapshot, Spark, TrunkNow};

/// Everything that is known now, and what is still to be told of it.
#[derive(Debug)]
pub(crate) struct Picture {
    /// Ordered by number.
    cells: Vec<Cell>,
    /// Where a number's cell is, plus one; 0 for none.
    slots: Vec<u32>,
    generation: u64,
    trunks: Vec<TrunkNow>,
    engine: EngineCounters,
    tick: WallTime,
    /// The present part of time; see [`PART`].
    part: u64,
    stale_since: Option<WallTime>,
    told: Vec<(WallTime, ChangeBody)>,
    /// As told by the last tick.
    obstacles: Vec<(SegmentNo, Obstacle)>,
}

impl Picture {
    /// Of these trunks and no segments yet, not heard of since `now`.
    pub(crate) fn new(trunks: impl Iterator<Item = String>, now: WallTime) -> Self {
        let trunks = trunks.map(|name| TrunkNow { name, dark_since: None }).collect();
        Self {
            cells: Vec::new(),
            slots: Vec::new(),
            generation: 0,
            trunks,
            engine: EngineCounters::default(),
            tick: WallTime(0),
            part: 0,
            stale_since: Some(now),
            told: Vec::new(),
            obstacles: Vec::new(),
        }
    }

    /// Follows the registry: new segments are unknown, retired ones leave.
    pub(crate) fn register(&mut self, catalog: &Catalog, now: WallTime) {
        let mut earlier = std::mem::take(&mut self.cells).into_iter().peekable();
        for segment in catalog.segments() {
            while earlier.next_if(|cell| cell.no < segment.no).is_some() {}
            let cell = earlier.next_if(|cell| cell.no == segment.no);
            self.cells.push(cell.unwrap_or_else(|| Cell::new(segment.no, now)));
        }
        self.slots = slots(&self.cells);
        self.generation = catalog.generation();
        self.tell(now, ChangeBody::Registry { generation: self.generation });
    }

    /// `netd` is heard (again) and says how every segment is. After a silence that is told as a
    /// whole, otherwise what changed is told one by one.
    pub(crate) fn begin(&mut self, told: &[Told], now: WallTime) {
        let silent = self.stale_since.is_some();
        for one in told {
            let (segment, to, since) = (one.segment, one.state, one.since.wall);
            let Some(cell) = self.cell(segment) else { continue };
            let from = cell.begin(to, since);
            if from != to && !silent {
                self.tell(now, ChangeBody::State { segment, from, to, since });
            }
        }
        self.heard(now);
    }

    /// `netd` is there.
    pub(crate) fn heard(&mut self, now: WallTime) {
        if self.stale_since.take().is_some() {
            self.tell(now, ChangeBody::Netd { heard: true });
        }
    }

    /// `netd` was not heard of since then.
    pub(crate) fn lost(&mut self, since: WallTime, now: WallTime) {
        if self.stale_since.is_none() {
            self.stale_since = Some(since);
            self.tell(now, ChangeBody::Netd { heard: false });
        }
    }

    /// Adds the ends of one second.
    pub(crate) fn tick(&mut self, at: Stamp, tick: &Tick) {
        self.advance(at.boot.0 / PART);
        self.engine = tick.engine;
        self.tick = at.wall;
        self.add(self.part, at.wall, tick);
        self.obstruct(at.wall, &tick.obstacles);
        self.tell(at.wall, ChangeBody::Tick);
    }

    /// Adds the ends of a second that is past, if it lies within the last minute.
    pub(crate) fn past_tick(&mut self, at: Stamp, tick: &Tick) {
        let part = at.boot.0 / PART;
        if part <= self.part && part + PARTS as u64 > self.part {
            self.add(part, at.wall, tick);
        }
    }

    /// What keeps probes from leaving, as it is now.
    fn obstruct(&mut self, at: WallTime, obstacles: &[(SegmentNo, Obstacle)]) {
        if *obstacles == *self.obstacles {
            return;
        }
        for (segment, _) in std::mem::replace(&mut self.obstacles, obstacles.to_vec()) {
            if let Some(cell) = self.cell(segment) {
                cell.obstacle = None;
            }
            self.tell(at, ChangeBody::Obstacle { segment });
        }
        for (segment, obstacle) in obstacles {
            if let Some(cell) = self.cell(*segment) {
                cell.obstacle = Some(*obstacle);
            }
            self.tell(at, ChangeBody::Obstacle { segment: *segment });
        }
    }

    fn add(&mut self, part: u64, at: WallTime, tick: &Tick) {
        for sample in tick.samples() {
            if let Some(cell) = self.cell(sample.segment) {
                cell.hear(part, at, sample.outcome);
            }
        }
    }

    fn advance(&mut self, part: u64) {
        let first = (self.part + 1).max((part + 1).saturating_sub(PARTS as u64));
        for gone in first..=part {
            self.cells.iter_mut().for_each(|cell| cell.clear(gone));
        }
        self.part = self.part.max(part);
    }

    /// A segment's state changed.
    pub(crate) fn transition(&mut self, change: &Transition) {
        let Some(cell) = self.cell(change.segment) else { return };
        let since = change.first_after.wall;
        let from = cell.turn(change.to, since);
        // Without any evidence: the segment is watched at another address from now on.
        cell.heard &= change.to != LinkState::Unknown || !change.evidence.is_empty();
        let body = ChangeBody::State { segment: change.segment, from, to: change.to, since };
        self.tell(change.decided.wall, body);
    }

    /// A trunk went dark or came back.
    pub(crate) fn trunk(&mut self, name: &str, dark: bool, since: WallTime) {
        let at = self.trunks.iter().position(|trunk| trunk.name == name);
        let at = at.unwrap_or_else(|| {
            self.trunks.push(TrunkNow { name: name.to_owned(), dark_since: None });
            self.trunks.len() - 1
        });
        let trunk = &mut self.trunks[at];
        if trunk.dark_since.is_some() == dark {
            return;
        }
        trunk.dark_since = dark.then_some(since);
        self.tell(since, ChangeBody::Trunk { name: name.to_owned(), dark });
    }

    /// Outages that stood open when the process started.
    pub(crate) fn standing(&mut self, segment: SegmentNo, outage: OutageId) {
        if let Some(cell) = self.cell(segment) {
            cell.outage = Some(outage);
        }
    }

    /// An outage was written down, as open or as over.
    pub(crate) fn outage(
        &mut self,
        outage: OutageId,
        segment: Option<SegmentNo>,
        open: bool,
        now: WallTime,
    ) {
        if let Some(cell) = segment.and_then(|no| self.cell(no)) {
            cell.outage = open.then_some(outage);
        }
        let kind = if segment.is_some() { OutageKind::Segment } else { OutageKind::Hub };
        let body = if open {
            ChangeBody::OutageOpened { outage, kind, segment }
        } else {
            ChangeBody::OutageClosed { outage, kind, segment }
        };
        self.tell(now, body);
    }

    /// A new sparkline for a segment.
    pub(crate) fn spark(&mut self, segment: SegmentNo, spark: Arc<Spark>) {
        if let Some(cell) = self.cell(segment) {
            cell.spark = spark;
        }
    }

    /// The sparklines as they are, by number.
    pub(crate) fn sparks(&self) -> Vec<(SegmentNo, Arc<Spark>)> {
        self.cells.iter().map(|cell| (cell.no, cell.spark.clone())).collect()
    }

    /// Something to tell with the next picture.
    pub(crate) fn tell(&mut self, at: WallTime, body: ChangeBody) {
        self.told.push((at, body));
    }

    /// What is to be told since the last time.
    pub(crate) fn take_told(&mut self) -> Vec<(WallTime, ChangeBody)> {
        std::mem::take(&mut self.told)
    }

    /// The picture for everybody, without its place among the changes.
    pub(crate) fn snapshot(&self, at: Stamp) -> Snapshot {
        let mut counts = Counts::default();
        // In the dark nobody can answer.
        let dark = self.trunks.iter().any(|trunk| trunk.dark_since.is_some());
        let show = |cell: &Cell| {
            let mut now = cell.now(self.part);
            if let Some(since) = self.stale_since {
                (now.state, now.since) = (LinkState::Unknown, since);
            }
            if matches!(now.state, LinkState::Down | LinkState::Unknown) {
                now.rtt = None;
            }
            now.unheard &= !dark && self.stale_since.is_none();
            if !matches!(now.state, LinkState::Down | LinkState::Unknown) {
                now.obstacle = None;
            }
            *counts.of_mut(now.state) += 1;
            counts.unheard += u32::from(now.unheard);
            now
        };
        let segments = self.cells.iter().map(show).collect();
        Snapshot {
            at,
            change: crate::ChangeId::default(),
            generation: self.generation,
            stale_since: self.stale_since,
            segments,
            counts,
            trunks: self.trunks.clone(),
            engine: self.engine,
            tick: self.tick,
        }
    }

    /// Bytes held, sparklines included.
    pub(crate) fn bytes(&self) -> u64 {
        let cells = self.cells.capacity() * size_of::<Cell>() + self.slots.capacity() * 4;
        let sparks: usize = self
            .cells
            .iter()
            .map(|cell| size_of::<Spark>() + cell.spark.points.capacity() * 8)
            .sum();
        (cells + sparks) as u64
    }

    fn cell(&mut self, no: SegmentNo) -> Option<&mut Cell> {
        let slot = *self.slots.get(no.0 as usize)?;
        self.cells.get_mut((slot as usize).checked_sub(1)?)
    }
}

fn slots(cells: &[Cell]) -> Vec<u32> {
    let size = cells.last().map_or(0, |cell| cell.no.0 as usize + 1);
    let mut slots = vec![0; size];
    for (at, cell) in (1..).zip(cells) {
        slots[cell.no.0 as usize] = at;
    }
    slots
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use ets_model::{BootTime, Outcome, Sample};
    use ets_netd_api::TickBuilder;

    use super::*;

    fn stamp(second: u64) -> Stamp {
        let wall = WallTime(i64::try_from(second).unwrap() * 1_000_000);
        Stamp { boot: BootTime(second * 1_000_000_000), wall }
    }

    fn picture(count: u32) -> Picture {
        let mut picture = Picture::new(std::iter::empty(), WallTime(0));
        let up = |no| {
            let mut cell = Cell::new(SegmentNo(no), WallTime(0));
            cell.turn(LinkState::Up, WallTime(-10_000_000));
            cell
        };
        picture.cells = (1..=count).map(up).collect();
        picture.slots = slots(&picture.cells);
        picture
    }

    fn tick(count: u32) -> Tick {
        let mut builder = TickBuilder::default();
        for no in 1..=count {
            let outcome = Outcome::Answered(Duration::from_micros(u64::from(no)));
            builder.push(Sample { segment: SegmentNo(no), outcome });
        }
        builder.build(EngineCounters::default())
    }

    /// covers: N3.2
    #[test]
    fn ten_thousand_segments_take_a_tick_in_less_than_10_milliseconds() {
        let (mut picture, tick) = (picture(10_000), tick(10_000));
        let mut best = Duration::MAX;
        for second in 0..20 {
            let begun = Instant::now();
            picture.tick(stamp(second), &tick);
            best = best.min(begun.elapsed());
            picture.take_told();
        }
        let begun = Instant::now();
        let snapshot = picture.snapshot(stamp(20));
        println!("tick {best:?}, snapshot {:?}, {} bytes", begun.elapsed(), picture.bytes());
        assert_eq!((snapshot.segments.len(), snapshot.segments[0].sent), (10_000, 20));
        // A build that is not optimised is about ten times slower than the product.
        assert!(best < Duration::from_millis(10), "{best:?}");
    }

    /// covers: N11
    #[test]
    fn what_ten_thousand_segments_take_is_what_is_told_of_it() {
        let (before, _) = crate::health::usage();
        let mut picture = picture(10_000);
        for cell in &mut picture.cells {
            let points = vec![crate::SparkPoint { sent: 1, ..Default::default() }; 60];
            cell.spark = Arc::new(Spark { newest: WallTime(1), points });
        }
        let held = crate::health::usage().0 - before;
        let told = picture.bytes();
        let snapshots: Vec<_> = (0..10).map(|second| picture.snapshot(stamp(second))).collect();
        let published = (crate::health::usage().0 - before - held) / 10;
        let each = (snapshots[0].segments.capacity() * size_of::<crate::SegmentNow>()) as u64;
        println!("picture {told} of {held}, snapshot {each} of {published}");
        assert!(told.abs_diff(held) < held / 5, "picture: {told} told, {held} held");
        assert!(each.abs_diff(published) < published / 5, "snapshot: {each} told, {published}");
    }

    #[test]
    fn a_tick_that_comes_late_counts_in_its_own_time_and_one_of_long_ago_not_at_all() {
        let (mut picture, tick) = (picture(1), tick(1));
        picture.tick(stamp(1_000), &tick);
        picture.past_tick(stamp(970), &tick);
        picture.past_tick(stamp(900), &tick);
        assert_eq!(picture.snapshot(stamp(1_000)).segments[0].sent, 2);
        picture.tick(stamp(1_036), &tick);
        assert_eq!(picture.snapshot(stamp(1_036)).segments[0].sent, 2);
        picture.tick(stamp(9_000), &tick);
        assert_eq!(picture.snapshot(stamp(9_000)).segments[0].sent, 1);
    }

    /// covers: N3.2
    #[test]
    fn what_does_not_answer_has_no_round_trip_at_once_also_while_the_hub_is_stale() {
        let mut picture = picture(1);
        let told = |state| [Told { segment: SegmentNo(1), state, since: stamp(5) }];
        let rtt = |picture: &Picture| picture.snapshot(stamp(6)).segments[0].rtt;
        picture.tick(stamp(5), &tick(1));
        for (state, answers) in [
            (LinkState::Up, true),
            (LinkState::Down, false),
            (LinkState::Degraded, true),
            (LinkState::Unknown, false),
            (LinkState::Maintenance, true),
        ] {
            picture.begin(&told(state), WallTime(9));
            assert_eq!(rtt(&picture).is_some(), answers, "{state}");
        }
        picture.lost(WallTime(9), WallTime(12));
        assert_eq!(rtt(&picture), None, "netd is silent");
    }

    #[test]
    fn after_a_short_break_each_change_is_told_and_after_a_silence_the_whole() {
        let mut picture = picture(2);
        let told = |state| [Told { segment: SegmentNo(1), state, since: stamp(5) }];
        picture.begin(&told(LinkState::Up), WallTime(9));
        let first: Vec<_> = picture.take_told().into_iter().map(|one| one.1).collect();
        assert_eq!(first, [ChangeBody::Netd { heard: true }]);
        picture.begin(&told(LinkState::Down), WallTime(10));
        let second = picture.take_told();
        assert!(matches!(second[..], [(_, ChangeBody::State { to: LinkState::Down, .. })]));
    }
}
