//! What was last read of every counter, and what a new reading adds (pure).
//!
//! A counter belongs to a life of the counters and begins at zero in it. What is between two
//! readings of one life is counted once, whatever was missed in between. A counter that goes back
//! within a life was reset by somebody: it is counted from the new value on.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ets_model::{SegmentNo, WallTime};
use ets_netd_api::{Counter, MeterFrame, MeterKind};
use ets_series::varint::{Reader, put};

use crate::Amount;
use crate::key::{self, Key};
use crate::part::{chunk_of, chunk_range};
use crate::spread::Time;

/// So many lives are remembered: the counters may come back to an earlier one, as when the way of
/// counting changes and changes back.
const LIVES: usize = 4;
/// After a longer silence than this a frame of a minute leaves open what came before it.
const NEXT_MINUTE: i64 = 65_000_000;

/// All counters as last read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// The one in use comes last.
    lives: Vec<Life>,
    /// Between the first frame of a minute after a silence and the next frame of everything.
    behind: Option<Behind>,
}

/// One life of the counters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    pub(crate) id: u64,
    /// How they are counted.
    pub(crate) by: String,
    /// When it was last read; 0 when never.
    pub(crate) known: WallTime,
    rows: BTreeMap<u32, Vec<(Key, Amount)>>,
    /// Chunks of segments that changed since they were last taken.
    dirty: BTreeSet<u32>,
}

#[derive(Clone, Debug)]
struct Behind {
    since: i64,
    /// What was read since.
    fresh: HashSet<(u32, Key)>,
}

/// What a frame adds.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// By segment, ascending; more than one entry a counter never.
    pub(crate) deltas: Vec<Delta>,
    /// Counters that went back.
    pub(crate) resets: Vec<Reset>,
    /// From when to when the frame reaches; from is the last reading.
    pub(crate) time: Time,
    /// The last reading of the former life, where this is the first one of a new life.
    pub(crate) after_life: Option<WallTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delta {
    pub(crate) segment: u32,
    pub(crate) key: Key,
    pub(crate) amount: Amount,
    pub(crate) time: Time,
    /// Whether its minute is a guess whatever the time's length.
    pub(crate) unsure: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reset {
    pub(crate) segment: SegmentNo,
    pub(crate) key: Key,
    pub(crate) had: Amount,
    pub(crate) found: Amount,
}

impl Ledger {
    /// Of these lives, oldest use first.
    pub(crate) fn new(lives: Vec<Life>) -> Self {
        Self { lives, behind: None }
    }

    /// A stream of this life begins. Answers whether it is another one than before.
    pub(crate) fn begin(&mut self, id: u64, by: &str) -> bool {
        self.behind = None;
        let same = self.lives.last().is_some_and(|life| life.id == id);
        if !same {
            let found = self.lives.iter().position(|life| life.id == id);
            let life = found.map(|at| self.lives.remove(at));
            self.lives.push(life.unwrap_or(Life { id, ..Life::default() }));
            if self.lives.len() > LIVES {
                self.lives.remove(0);
            }
        }
        if let Some(life) = self.lives.last_mut() {
            by.clone_into(&mut life.by);
        }
        !same
    }

    /// When the life in use, or else the one before it, was last read.
    pub(crate) fn known(&self) -> Option<WallTime> {
        self.lives.iter().map(|life| life.known).max().filter(|known| known.0 != 0)
    }

    /// The life in use.
    pub(crate) fn life(&self) -> Option<&Life> {
        self.lives.last()
    }

    /// All lives, oldest use first.
    pub(crate) fn lives(&self) -> &[Life] {
        &self.lives
    }

    /// Takes a frame in. `None` where it tells nothing new.
    pub(crate) fn take(&mut self, frame: &MeterFrame) -> Option<Taken> {
        let earlier = self.lives.iter().rev().skip(1).map(|life| life.known).max();
        let life = self.lives.last_mut()?;
        let at = frame.at.wall.0;
        if frame.kind == MeterKind::Minute && life.known.0 != 0 && at <= life.known.0 {
            return None;
        }
        let first = life.known.0 == 0;
        let earlier = earlier.filter(|known| first && known.0 != 0);
        let from = match (first, earlier) {
            (false, _) => life.known.0,
            (true, Some(known)) => known.0,
            (true, None) => at - 60_000_000,
        };
        let silent = first || at - from > NEXT_MINUTE;
        if frame.kind == MeterKind::Minute && silent && self.behind.is_none() {
            self.behind = Some(Behind { since: from, fresh: HashSet::new() });
        }
        let mut taken =
            Taken { time: Time { from, to: at }, after_life: earlier, ..Taken::default() };
        let mut reading = Reading { life, behind: self.behind.as_mut(), taken: &mut taken, first };
        reading.counters(frame);
        taken.deltas.sort_unstable_by_key(|delta| (delta.segment, delta.key));
        life.known = frame.at.wall;
        if frame.kind != MeterKind::Minute {
            self.behind = None;
        }
        Some(taken)
    }
}

/// One frame being read.
struct Reading<'l> {
    life: &'l mut Life,
    behind: Option<&'l mut Behind>,
    taken: &'l mut Taken,
    first: bool,
}

impl Reading<'_> {
    fn counters(&mut self, frame: &MeterFrame) {
        let mut listed = HashSet::new();
        let all = frame.kind == MeterKind::All;
        for counter in frame.counters() {
            if all {
                listed.insert((counter.segment.0, key::key(counter.class, counter.direction)));
            }
            self.counter(counter);
        }
        if all {
            self.vanished(&listed);
        }
    }

    fn counter(&mut self, counter: Counter) {
        let key = key::key(counter.class, counter.direction);
        let segment = counter.segment.0;
        let now = Amount { bytes: counter.bytes, packets: counter.packets };
        let cell = self.life.cell(segment, key);
        let had = std::mem::replace(cell, now);
        let time = self.time(segment, key);
        if now == had {
            return;
        }
        self.life.dirty.insert(chunk_of(segment));
        if now.bytes < had.bytes || now.packets < had.packets {
            self.taken.resets.push(Reset { segment: counter.segment, key, had, found: now });
            return;
        }
        let amount = Amount { bytes: now.bytes - had.bytes, packets: now.packets - had.packets };
        let unsure = self.first && time.minute().is_some();
        self.taken.deltas.push(Delta { segment, key, amount, time, unsure });
    }

    /// From when to when this counter's new amount came: since the silence began, unless it was
    /// read after it.
    fn time(&mut self, segment: u32, key: Key) -> Time {
        if let Some(behind) = &mut self.behind
            && behind.fresh.insert((segment, key))
        {
            return Time { from: behind.since, ..self.taken.time };
        }
        self.taken.time
    }

    /// What is not among all that are not zero is zero.
    fn vanished(&mut self, listed: &HashSet<(u32, Key)>) {
        for (segment, cells) in &mut self.life.rows {
            for (key, amount) in cells.iter_mut() {
                if amount.is_zero() || listed.contains(&(*segment, *key)) {
                    continue;
                }
                let (segment, had) = (*segment, std::mem::take(amount));
                self.life.dirty.insert(chunk_of(segment));
                let segment = SegmentNo(segment);
                let found = Amount::default();
                self.taken.resets.push(Reset { segment, key: *key, had, found });
            }
        }
    }
}

impl Life {
    pub(crate) fn new(id: u64, by: &str, known: WallTime) -> Self {
        Self { id, by: by.to_owned(), known, ..Self::default() }
    }

    fn cell(&mut self, segment: u32, key: Key) -> &mut Amount {
        let cells = self.rows.entry(segment).or_default();
        let at = match cells.binary_search_by_key(&key, |(at, _)| *at) {
            Ok(at) => at,
            Err(at) => {
                cells.insert(at, (key, Amount::default()));
                at
            }
        };
        &mut cells[at].1
    }

    /// The chunks that changed since they were last taken, packed.
    pub(crate) fn take_dirty(&mut self) -> Vec<(u32, Vec<u8>)> {
        let chunks = std::mem::take(&mut self.dirty);
        chunks.into_iter().map(|chunk| (chunk, self.encode(chunk))).collect()
    }

    /// For each segment of a chunk: distance from the number before it, number of cells, and each
    /// cell's key, bytes and packets.
    fn encode(&self, chunk: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let mut before = 0;
        for (segment, cells) in self.rows.range(chunk_range(chunk)) {
            put(&mut out, (segment - before).into());
            before = *segment;
            put(&mut out, cells.len() as u64);
            for (key, amount) in cells {
                put(&mut out, (*key).into());
                put(&mut out, amount.bytes);
                put(&mut out, amount.packets);
            }
        }
        out
    }

    /// Puts a stored chunk back. `None` when it is damaged.
    pub(crate) fn restore(&mut self, bytes: &[u8]) -> Option<()> {
        let mut reader = Reader::new(bytes);
        let mut segment = 0u32;
        while !reader.is_at_end() {
            segment = segment.checked_add(reader.small()?)?;
            let count: u16 = reader.small()?;
            for _ in 0..count {
                let key = reader.small()?;
                let amount = Amount { bytes: reader.number()?, packets: reader.number()? };
                *self.cell(segment, key) = amount;
            }
        }
        Some(())
    }

    /// The segments that have counters, ascending.
    pub(crate) fn segments(&self) -> impl Iterator<Item = u32> + '_ {
        self.rows.keys().copied()
    }

    /// Bytes in memory, roughly.
    pub(crate) fn footprint(&self) -> usize {
        self.rows.values().map(|cells| 40 + cells.capacity() * size_of::<(Key, Amount)>()).sum()
    }
}

impl Ledger {
    /// The life in use, to take what is to be written of it.
    pub(crate) fn life_mut(&mut self) -> Option<&mut Life> {
        self.lives.last_mut()
    }
}
