//! What is in memory: the last totals, the seconds, the open minutes, and the parts that are not
//! yet in blocks.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use ets_model::{SegmentNo, WallTime};
use ets_netd_api::{MeterFrame, MeterKind};

use crate::Config;
use crate::gap::{self, Gap};
use crate::ledger::{Delta, Ledger, Taken};
use crate::model::HUB;
use crate::part::Part;
use crate::seconds::Seconds;
use crate::spread::{Time, shares};
use crate::sums::Sums;
use crate::tally::Tally;

/// A minute that nobody adds to any more is closed after this, in seconds.
const GRACE: i64 = 5;
/// A frame that reaches further back than this is no second.
const SECOND: i64 = 2_500_000;

#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) ledger: Ledger,
    pub(crate) seconds: Seconds,
    open: BTreeMap<i64, HashMap<u32, Tally>>,
    /// The minute of the newest frame.
    frontier: i64,
    waiting: Waiting,
    /// Being written, or perhaps written by a server that then went away: tried again as it is
    /// until that is certain.
    trying: Option<Closed>,
    /// On disk, not yet in blocks.
    written: BTreeMap<i64, Part>,
    next_part: i64,
    /// Gaps since the last close.
    gaps: Vec<Gap>,
    last_gap: i64,
    most_waiting: usize,
    joined: u64,
    /// All that was ever counted, by segment.
    ever: Sums,
}

/// Closed, not yet on disk.
#[derive(Clone, Debug, Default)]
struct Waiting {
    /// Oldest first.
    parts: VecDeque<Part>,
    /// The totals as of the last close, by life and chunk: those that changed.
    totals: BTreeMap<(u64, u32), Arc<[u8]>>,
    /// The lives as of the last close.
    lives: Vec<LifeMark>,
    /// Gaps up to the last close.
    gaps: Vec<Gap>,
    /// Whether frames were read since the last close.
    dirty: bool,
    /// Whether the last close is not yet on disk.
    ready: bool,
}

/// What is kept of a life beside its totals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LifeMark {
    pub(crate) id: u64,
    pub(crate) by: String,
    pub(crate) known: WallTime,
}

/// What goes to disk in one transaction: parts, and the totals that they lead to.
#[derive(Clone, Debug)]
pub(crate) struct Closed {
    pub(crate) parts: Vec<Part>,
    pub(crate) totals: BTreeMap<(u64, u32), Arc<[u8]>>,
    pub(crate) lives: Vec<LifeMark>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) next_part: i64,
}

/// A part's share of one segment.
#[derive(Debug)]
pub(crate) struct Piece {
    /// The part's; an open minute has the one that it may get at the earliest.
    pub(crate) id: i64,
    pub(crate) minute: i64,
    pub(crate) tally: Tally,
}

impl Memory {
    pub(crate) fn new(config: &Config, ledger: Ledger, next_part: i64, written: Vec<Part>) -> Self {
        Self {
            ledger,
            seconds: Seconds::new(config.seconds_budget, config.seconds_kept),
            open: BTreeMap::new(),
            frontier: i64::MIN,
            waiting: Waiting::default(),
            trying: None,
            written: written.into_iter().map(|part| (part.id, part)).collect(),
            next_part,
            gaps: Vec::new(),
            last_gap: 0,
            most_waiting: config.waiting_minutes.max(2),
            joined: 0,
            ever: Sums::new(),
        }
    }

    /// Puts down what was counted before this process began; none of it is counted again.
    pub(crate) fn begin_ever(&mut self, mut before: Sums) {
        before.remove(&HUB);
        self.ever = before;
    }

    /// All that was ever counted, by segment.
    pub(crate) fn ever(&self) -> &Sums {
        &self.ever
    }

    /// A stream of this life begins.
    pub(crate) fn begin(&mut self, life: u64, by: &str) {
        // What is open belongs to the totals of the former life.
        self.close();
        self.ledger.begin(life, by);
    }

    /// Takes a frame in; `counts` tells whose counters may not go back.
    pub(crate) fn take(
        &mut self,
        frame: &MeterFrame,
        counts: impl Fn(SegmentNo) -> bool,
    ) -> Option<Taken> {
        // A second that ends just after a minute belongs to the one before.
        let minute = (frame.at.wall.0 - 500_000).div_euclid(60_000_000);
        // Closed before the frame is read, so that parts and totals tell the same.
        if frame.kind == MeterKind::Minute || minute != self.frontier {
            self.close();
            self.frontier = minute;
        }
        let mut taken = self.ledger.take(frame)?;
        taken.resets.retain(|reset| counts(reset.segment));
        self.count(&taken.deltas);
        for mut gap in gap::of(&taken) {
            self.last_gap = (self.last_gap + 1).max(gap.until.0);
            gap.id = self.last_gap;
            self.gaps.push(gap);
        }
        let hub = hub_of(&taken.deltas);
        if frame.kind != MeterKind::Minute && taken.time.to - taken.time.from <= SECOND {
            let second = taken.time.middle().div_euclid(1_000_000);
            self.seconds.push(second, &taken.deltas, &hub);
        }
        self.waiting.dirty = true;
        Some(taken)
    }

    fn count(&mut self, deltas: &[Delta]) {
        for cells in deltas.chunk_by(|one, other| one.segment == other.segment) {
            let ever = self.ever.entry(cells[0].segment).or_default();
            cells.iter().for_each(|cell| ever.add(cell.key, cell.amount));
        }
        let mut spread: Option<(Time, Vec<(i64, u64)>)> = None;
        for delta in deltas {
            if let Some(minute) = delta.time.minute() {
                self.add(minute, delta, delta.amount, delta.unsure);
                continue;
            }
            if spread.as_ref().is_none_or(|(time, _)| *time != delta.time) {
                spread = Some((delta.time, delta.time.pieces()));
            }
            let Some((time, pieces)) = &spread else { continue };
            for (minute, share) in shares(delta.amount, time.length(), pieces) {
                if !share.is_zero() {
                    self.add(minute, delta, share, true);
                }
            }
        }
    }

    fn add(&mut self, minute: i64, delta: &Delta, amount: crate::Amount, spread: bool) {
        let tallies = self.open.entry(minute).or_default();
        for segment in [delta.segment, HUB] {
            let tally = tallies.entry(segment).or_default();
            tally.add(delta.key, amount);
            tally.spread |= spread;
        }
    }

    /// Closes the open minutes: packs them into parts that wait for the disk, with the totals.
    pub(crate) fn close(&mut self) {
        for (minute, tallies) in std::mem::take(&mut self.open) {
            self.waiting.parts.push_back(Part::pack(self.next_part, minute, &tallies));
            self.next_part += 1;
        }
        if !self.waiting.dirty {
            return;
        }
        if let Some(life) = self.ledger.life_mut() {
            let id = life.id;
            let chunks = life.take_dirty().into_iter();
            self.waiting.totals.extend(chunks.map(|(chunk, bytes)| ((id, chunk), bytes.into())));
        }
        self.waiting.gaps.append(&mut self.gaps);
        self.waiting.lives = self.ledger.lives().iter().map(LifeMark::of).collect();
        (self.waiting.dirty, self.waiting.ready) = (false, true);
        while self.waiting.parts.len() > self.most_waiting && self.join_oldest() {}
    }

    /// Nothing can be written: the two oldest minutes become one, and no byte is lost.
    fn join_oldest(&mut self) -> bool {
        let parts = &mut self.waiting.parts;
        let first = parts.pop_front().zip(parts.pop_front());
        let Some((one, two)) = first else { return false };
        parts.push_front(one.join(&two));
        self.joined += 1;
        true
    }

    /// Closes minutes that are over by the clock, when no frame came to say so.
    pub(crate) fn close_overdue(&mut self, now: WallTime) {
        let newest = self.open.keys().next_back().copied();
        let now = now.0.div_euclid(1_000_000);
        if newest.is_some_and(|minute| (minute + 1) * 60 + GRACE <= now) {
            self.close();
        }
    }

    /// What is to be written now: what was tried before and is in doubt, else all that waits.
    pub(crate) fn try_waiting(&mut self) -> Option<Closed> {
        if self.trying.is_none() && self.waiting.ready {
            let waiting = &mut self.waiting;
            waiting.ready = false;
            self.trying = Some(Closed {
                parts: std::mem::take(&mut waiting.parts).into(),
                totals: std::mem::take(&mut waiting.totals),
                lives: waiting.lives.clone(),
                gaps: std::mem::take(&mut waiting.gaps),
                next_part: self.next_part,
            });
        }
        self.trying.clone()
    }

    /// It is certain that what was tried is not on disk: it waits again, before what came since.
    pub(crate) fn mark_refused(&mut self) {
        let Some(mut closed) = self.trying.take() else { return };
        let waiting = &mut self.waiting;
        closed.parts.extend(std::mem::take(&mut waiting.parts));
        waiting.parts = closed.parts.into();
        closed.gaps.append(&mut waiting.gaps);
        waiting.gaps = closed.gaps;
        for (key, bytes) in closed.totals {
            waiting.totals.entry(key).or_insert(bytes);
        }
        waiting.ready = true;
        while self.waiting.parts.len() > self.most_waiting && self.join_oldest() {}
    }

    /// What was tried is on disk now.
    pub(crate) fn mark_written(&mut self) {
        let Some(closed) = self.trying.take() else { return };
        self.written.extend(closed.parts.into_iter().map(|part| (part.id, part)));
    }

    /// The parts on disk of one hour that are not in blocks yet.
    pub(crate) fn written_of(&self, hour: i64) -> Vec<Part> {
        self.written.values().filter(|part| part.hour() == hour).cloned().collect()
    }

    /// The oldest hour that has parts on disk and not in blocks.
    pub(crate) fn oldest_unpacked(&self) -> Option<i64> {
        self.written.values().map(Part::hour).min()
    }

    /// Hours before this one that have parts on disk and not in blocks.
    pub(crate) fn unpacked_hours(&self, before: i64) -> u64 {
        let hours = self.written.values().map(Part::hour).filter(|hour| *hour < before);
        hours.collect::<std::collections::BTreeSet<_>>().len() as u64
    }

    /// They are in blocks now.
    pub(crate) fn mark_packed(&mut self, ids: &[i64]) {
        for id in ids {
            self.written.remove(id);
        }
    }

    /// What is known of a segment from minute `from` to `to` (not included), beside the blocks.
    pub(crate) fn recent(&self, segment: u32, from: i64, to: i64) -> Vec<Piece> {
        let parts = self.closed(from, to).filter_map(|part| {
            Some(Piece { id: part.id, minute: part.minute, tally: part.get(segment)? })
        });
        let open = self.open.range(from..to.max(from)).filter_map(|(minute, tallies)| {
            let tally = tallies.get(&segment)?.clone();
            Some(Piece { id: self.next_part, minute: *minute, tally })
        });
        parts.chain(open).collect()
    }

    /// The minutes `from` to `to` (not included) of all segments, the open ones packed as they are.
    pub(crate) fn parts(&self, from: i64, to: i64) -> Vec<Part> {
        let open = self.open.range(from..to.max(from));
        let open = open.map(|(minute, tallies)| Part::pack(self.next_part, *minute, tallies));
        self.closed(from, to).cloned().chain(open).collect()
    }

    /// The end of the last minute that is closed.
    pub(crate) fn closed_until(&self) -> i64 {
        self.all_parts().map(|part| part.minute + 1).max().unwrap_or(0)
    }

    /// The parts of one closed minute that are not in blocks.
    pub(crate) fn closed_parts(&self, minute: i64) -> Vec<Part> {
        self.closed(minute, minute + 1).cloned().collect()
    }

    fn closed(&self, from: i64, to: i64) -> impl Iterator<Item = &Part> {
        self.all_parts().filter(move |part| (from..to).contains(&part.minute))
    }

    /// All closed parts that are not in blocks.
    fn all_parts(&self) -> impl Iterator<Item = &Part> {
        let trying = self.trying.iter().flat_map(|closed| &closed.parts);
        self.written.values().chain(trying).chain(&self.waiting.parts)
    }

    /// How many minutes wait for the disk.
    pub(crate) fn waiting_parts(&self) -> usize {
        let trying = self.trying.as_ref().map_or(0, |closed| closed.parts.len());
        trying + self.waiting.parts.len()
    }

    /// How often two minutes were put together because nothing could be written.
    pub(crate) fn joined(&self) -> u64 {
        self.joined
    }

    /// Bytes of the parts that are not in blocks yet.
    pub(crate) fn parts_bytes(&self) -> u64 {
        self.all_parts().map(|part| part.footprint() as u64).sum()
    }

    /// Bytes of the totals.
    pub(crate) fn totals_bytes(&self) -> u64 {
        let waiting: usize = self.waiting.totals.values().map(|bytes| bytes.len()).sum();
        let lives = self.ledger.lives().iter().map(crate::ledger::Life::footprint);
        let ever = self.ever.values().map(Tally::footprint);
        (waiting + lives.sum::<usize>() + ever.sum::<usize>()) as u64
    }
}

impl LifeMark {
    fn of(life: &crate::ledger::Life) -> Self {
        Self { id: life.id, by: life.by.clone(), known: life.known }
    }
}

/// All segments of a frame together.
pub(crate) fn hub_of(deltas: &[Delta]) -> Tally {
    let mut hub = Tally::default();
    deltas.iter().for_each(|delta| hub.add(delta.key, delta.amount));
    hub
}
