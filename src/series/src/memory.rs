//! What is in memory: the seconds, the open minutes, and the parts that are not yet in blocks.

use std::collections::{BTreeMap, HashMap, VecDeque};

use ets_model::{Sample, WallTime};

use crate::minute::Part;
use crate::seconds::Seconds;
use crate::tally::Tally;
use crate::{Config, Progress};

/// A minute that nobody adds to any more is closed after this, in seconds.
const GRACE: i64 = 5;

#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) seconds: Seconds,
    /// Events whose samples are in the seconds: since the start of this process.
    shown: Progress,
    /// Events whose samples are in minutes, open or closed or on disk.
    counted: Progress,
    open: BTreeMap<i64, HashMap<u32, Tally>>,
    /// The minute of the newest live tick.
    frontier: i64,
    /// Closed, not yet on disk, oldest first.
    waiting: VecDeque<Closed>,
    /// On disk, not yet in blocks.
    written: BTreeMap<i64, Part>,
    next_part: i64,
    most_waiting: usize,
    dropped: u64,
}

/// Parts that were closed together, and how far the stream had come then.
#[derive(Clone, Debug)]
pub(crate) struct Closed {
    pub(crate) parts: Vec<Part>,
    pub(crate) progress: Progress,
    pub(crate) next_part: i64,
}

/// What memory knows of one segment: parts of minutes by id, so that what went to disk in the
/// meantime can be told apart.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    pub(crate) minutes: Vec<Piece>,
}

#[derive(Debug)]
pub(crate) struct Piece {
    /// The part's; an open minute has the one that it may get at the earliest.
    pub(crate) id: i64,
    pub(crate) minute: i64,
    pub(crate) tally: Tally,
}

impl Memory {
    pub(crate) fn new(
        config: &Config,
        progress: Progress,
        next_part: i64,
        written: impl IntoIterator<Item = Part>,
    ) -> Self {
        Self {
            seconds: Seconds::new(config.seconds_budget, config.seconds_kept),
            shown: Progress::default(),
            counted: progress,
            open: BTreeMap::new(),
            frontier: i64::MIN,
            waiting: VecDeque::new(),
            written: written.into_iter().map(|part| (part.id, part)).collect(),
            next_part,
            most_waiting: config.waiting_minutes.max(1),
            dropped: 0,
        }
    }

    pub(crate) fn record(
        &mut self,
        instance: u64,
        seq: u64,
        at: WallTime,
        samples: impl IntoIterator<Item = Sample>,
    ) {
        let live = instance != self.shown.instance || seq > self.shown.newest();
        let second = at.0.div_euclid(1_000_000);
        let minute = second.div_euclid(60);
        let count = !self.counted.contains(instance, seq);
        if count && live && minute != self.frontier {
            self.close();
            self.frontier = minute;
        }
        let show = self.shown.insert(instance, seq) && self.seconds.begin(second, live);
        self.counted.insert(instance, seq);
        if !count && !show {
            return;
        }
        let mut tallies = count.then(|| self.open.entry(minute).or_default());
        for sample in samples {
            if let Some(tallies) = &mut tallies {
                tallies.entry(sample.segment.0).or_default().add(sample.outcome);
            }
            if show {
                self.seconds.add(second, sample.segment.0, sample.outcome);
            }
        }
    }

    pub(crate) fn pass(&mut self, instance: u64, seq: u64) {
        self.shown.insert(instance, seq);
        self.counted.insert(instance, seq);
    }

    /// Closes the open minutes: packs them into parts that wait for the disk.
    pub(crate) fn close(&mut self) {
        self.seconds.vacate();
        let open = std::mem::take(&mut self.open);
        let parts: Vec<Part> = open
            .iter()
            .filter(|(_, tallies)| !tallies.is_empty())
            .zip(self.next_part..)
            .map(|((minute, tallies), id)| Part::pack(id, *minute, tallies))
            .collect();
        self.next_part += i64::try_from(parts.len()).unwrap_or(0);
        let progress = self.counted.clone();
        if parts.is_empty() && self.waiting.back().is_none_or(|last| last.progress == progress) {
            return;
        }
        self.waiting.push_back(Closed { parts, progress, next_part: self.next_part });
        while self.waiting.len() > self.most_waiting {
            self.waiting.pop_front();
            self.dropped += 1;
        }
    }

    /// Closes minutes that are over by the clock, when no tick came to say so.
    pub(crate) fn close_overdue(&mut self, now: WallTime) {
        let newest = self.open.keys().next_back().copied();
        let now = now.0.div_euclid(1_000_000);
        if newest.is_some_and(|minute| (minute + 1) * 60 + GRACE <= now) {
            self.close();
        }
    }

    /// The oldest that waits for the disk.
    pub(crate) fn first_waiting(&self) -> Option<Closed> {
        self.waiting.front().cloned()
    }

    /// It is on disk now.
    pub(crate) fn mark_written(&mut self, closed: Closed) {
        if self.waiting.front().is_some_and(|first| first.next_part == closed.next_part) {
            self.waiting.pop_front();
        }
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

    pub(crate) fn unpacked_hours(&self, before: i64) -> u64 {
        let mut hours: Vec<_> =
            self.written.values().map(Part::hour).filter(|hour| *hour < before).collect();
        hours.sort_unstable();
        hours.dedup();
        hours.len() as u64
    }

    /// They are in blocks now.
    pub(crate) fn mark_packed(&mut self, ids: &[i64]) {
        for id in ids {
            self.written.remove(id);
        }
    }

    /// What is known of a segment from minute `from` to `to` (not included).
    pub(crate) fn recent(&self, segment: u32, from: i64, to: i64) -> Recent {
        let within = |minute: i64| (from..to).contains(&minute);
        let waiting = self.waiting.iter().flat_map(|closed| &closed.parts);
        let parts = self.written.values().chain(waiting).filter(|part| within(part.minute));
        let closed = parts.filter_map(|part| {
            Some(Piece { id: part.id, minute: part.minute, tally: part.get(segment)? })
        });
        let open = self.open.iter().filter(|(minute, _)| within(**minute));
        let open = open.filter_map(|(minute, tallies)| {
            let tally = tallies.get(&segment)?.clone();
            Some(Piece { id: self.next_part, minute: *minute, tally })
        });
        Recent { minutes: closed.chain(open).collect() }
    }

    /// The minutes `from` to `to` (not included) of all segments, the open ones packed as they are.
    pub(crate) fn parts(&self, from: i64, to: i64) -> Vec<Part> {
        let within = |minute: i64| (from..to).contains(&minute);
        let waiting = self.waiting.iter().flat_map(|closed| &closed.parts);
        let closed = self.written.values().chain(waiting).filter(|part| within(part.minute));
        let open = self.open.iter().filter(|(minute, _)| within(**minute));
        let open = open.map(|(minute, tallies)| Part::pack(self.next_part, *minute, tallies));
        closed.cloned().chain(open).collect()
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.counted
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Bytes of the minutes that are not in blocks yet, the open ones included.
    pub(crate) fn minutes_bytes(&self) -> u64 {
        let waiting = self.waiting.iter().flat_map(|closed| &closed.parts);
        let closed = self.written.values().chain(waiting).map(Part::footprint);
        let open = self.open.values().map(|tallies| {
            let places = tallies.capacity() - tallies.len();
            let filled = tallies.values().map(|tally| tally.footprint() + size_of::<u32>());
            places * size_of::<(u32, Tally)>() + filled.sum::<usize>()
        });
        closed.chain(open).sum::<usize>() as u64
    }
}
