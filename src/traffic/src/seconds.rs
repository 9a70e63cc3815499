//! The seconds of the last hour, packed, within a budget of bytes.

use std::collections::VecDeque;
use std::time::Duration;

use ets_series::varint::{Reader, put};

use crate::Amount;
use crate::key::Key;
use crate::ledger::Delta;
use crate::model::HUB;
use crate::sums::Sums;
use crate::tally::Tally;

/// So many segments stand between two entries of a row's index.
const STRIDE: usize = 32;

/// One row for each frame: what moved in it, by segment, and the whole hub last.
#[derive(Debug)]
pub(crate) struct Seconds {
    rows: VecDeque<Row>,
    bytes: u64,
    budget: u64,
    longest: i64,
}

/// Stored as: for each segment, ascending: distance from the number before it (from zero at each
/// entry of the index), number of cells, and each cell's key, bytes, packets.
#[derive(Debug)]
struct Row {
    second: i64,
    bytes: Box<[u8]>,
    index: Box<[(u32, u32)]>,
}

impl Row {
    fn footprint(&self) -> u64 {
        (size_of::<Self>() + self.bytes.len() + self.index.len() * 8) as u64
    }
}

impl Seconds {
    pub(crate) fn new(budget: u64, longest: Duration) -> Self {
        let longest = i64::try_from(longest.as_secs()).unwrap_or(3_600).clamp(60, 3_600);
        Self { rows: VecDeque::new(), bytes: 0, budget, longest }
    }

    /// Adds what moved in a second; `deltas` ascend by segment.
    pub(crate) fn push(&mut self, second: i64, deltas: &[Delta], hub: &Tally) {
        let row = pack(second, deltas, hub);
        self.bytes += row.footprint();
        self.rows.push_back(row);
        while self.rows.front().is_some_and(|row| {
            self.bytes > self.budget || (second - row.second).abs() >= self.longest
        }) {
            if let Some(row) = self.rows.pop_front() {
                self.bytes -= row.footprint();
            }
        }
    }

    /// What moved of a segment from a second to another, the last not included.
    pub(crate) fn between(&self, segment: u32, from: i64, to: i64) -> Vec<(i64, Tally)> {
        let rows = self.rows.iter().filter(|row| (from..to).contains(&row.second));
        rows.filter_map(|row| Some((row.second, row.get(segment)?))).collect()
    }

    /// Everything that moved in a second; where none was read then, in one beside it. `None` where
    /// the memory does not reach.
    pub(crate) fn all(&self, second: i64) -> Option<Sums> {
        let near = |row: &&Row| (row.second - second).abs() <= 1;
        let rows = self.rows.iter().filter(near);
        Some(rows.min_by_key(|row| (row.second - second).abs())?.all())
    }

    /// The oldest second in memory.
    pub(crate) fn oldest(&self) -> Option<i64> {
        self.rows.front().map(|row| row.second)
    }

    /// How many seconds back the memory reaches.
    pub(crate) fn window(&self) -> u64 {
        let ends = self.rows.front().zip(self.rows.back());
        ends.map_or(0, |(first, last)| (last.second - first.second + 1).unsigned_abs())
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes + (self.rows.capacity() * size_of::<Row>()) as u64
    }
}

fn pack(second: i64, deltas: &[Delta], hub: &Tally) -> Row {
    let mut bytes = Vec::with_capacity(deltas.len() * 8 + 64);
    let mut index = Vec::new();
    let mut before = 0;
    for (count, cells) in deltas.chunk_by(|one, other| one.segment == other.segment).enumerate() {
        let segment = cells[0].segment;
        if count % STRIDE == 0 {
            index.push((segment, u32::try_from(bytes.len()).unwrap_or(u32::MAX)));
            before = 0;
        }
        put(&mut bytes, (segment - before).into());
        before = segment;
        put_cells(&mut bytes, cells.iter().map(|cell| (cell.key, cell.amount)));
    }
    index.push((HUB, u32::try_from(bytes.len()).unwrap_or(u32::MAX)));
    put(&mut bytes, HUB.into());
    put_cells(&mut bytes, hub.cells().iter().copied());
    Row { second, bytes: bytes.into(), index: index.into() }
}

fn put_cells(bytes: &mut Vec<u8>, cells: impl ExactSizeIterator<Item = (Key, Amount)>) {
    put(bytes, cells.len() as u64);
    for (key, amount) in cells {
        put(bytes, key.into());
        put(bytes, amount.bytes);
        put(bytes, amount.packets);
    }
}

impl Row {
    fn get(&self, wanted: u32) -> Option<Tally> {
        let entry = self.index.partition_point(|(segment, _)| *segment <= wanted).checked_sub(1)?;
        let end = self.index.get(entry + 1).map_or(self.bytes.len(), |(_, at)| *at as usize);
        let mut reader = Reader::at(self.bytes.get(..end)?, self.index[entry].1 as usize);
        let mut segment = 0u32;
        while !reader.is_at_end() && segment < wanted {
            segment = segment.checked_add(reader.small()?)?;
            let tally = cells(&mut reader)?;
            if segment == wanted {
                return Some(tally);
            }
        }
        None
    }

    fn all(&self) -> Sums {
        let mut sums = Sums::new();
        for (entry, (_, from)) in self.index.iter().enumerate() {
            let to = self.index.get(entry + 1).map_or(self.bytes.len(), |(_, at)| *at as usize);
            let mut reader = Reader::at(self.bytes.get(..to).unwrap_or_default(), *from as usize);
            let mut segment = 0u32;
            while let Some(step) = reader.small::<u32>() {
                segment = segment.saturating_add(step);
                let Some(tally) = cells(&mut reader) else { break };
                sums.insert(segment, tally);
            }
        }
        sums
    }
}

fn cells(reader: &mut Reader<'_>) -> Option<Tally> {
    let count: u16 = reader.small()?;
    let mut tally = Tally::default();
    for _ in 0..count {
        let key = reader.small()?;
        tally.add(key, Amount { bytes: reader.number()?, packets: reader.number()? });
    }
    Some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spread::Time;

    fn delta(segment: u32, bytes: u64) -> Delta {
        let amount = Amount { bytes, packets: 1 };
        Delta { segment, key: 2, amount, time: Time::default(), unsure: false }
    }

    /// covers: N5.1
    #[test]
    fn every_segment_is_found_again_and_the_budget_holds() {
        let mut seconds = Seconds::new(40_000, Duration::from_secs(3_600));
        let deltas: Vec<_> = (1..=500).map(|no| delta(no * 3, u64::from(no))).collect();
        let hub = Tally::default();
        for second in 100..200 {
            seconds.push(second, &deltas, &hub);
            assert!(seconds.bytes <= 40_000);
        }
        for no in [1u32, 31, 32, 33, 64, 250, 499, 500] {
            let found = seconds.between(no * 3, 199, 200);
            assert_eq!(found[0].1.amount().up.bytes, u64::from(no), "segment {no}");
        }
        assert!(seconds.between(4, 0, 300).is_empty());
        assert_eq!(seconds.between(HUB, 199, 200).len(), 1);
        let all = seconds.all(199).unwrap();
        assert_eq!((all.len(), all[&1_500].amount().up.bytes), (501, 500));
        assert!(seconds.all(200).is_some() && seconds.all(201).is_none(), "the nearest, not any");
        println!("{} seconds of 500 segments in {} bytes", seconds.window(), seconds.bytes());
        assert!(seconds.window() > 5);
    }
}
