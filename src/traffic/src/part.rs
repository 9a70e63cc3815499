//! One minute of all segments: one blob, one row.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ets_series::varint::{Reader, put};

use crate::tally::Tally;

/// First byte of a blob.
const VERSION: u8 = 1;

/// How many segment numbers stand in one row of all segments, as a power of two.
const CHUNK_BITS: u32 = 8;

/// The chunk of a segment's number.
pub(crate) fn chunk_of(segment: u32) -> u32 {
    segment >> CHUNK_BITS
}

/// The first number of a chunk and the last.
pub(crate) fn chunk_range(chunk: u32) -> std::ops::RangeInclusive<u32> {
    chunk << CHUNK_BITS..=(chunk << CHUNK_BITS | ((1 << CHUNK_BITS) - 1))
}

/// A full minute, or a part of one, packed. A part is added to the others of its minute.
///
/// Stored as: version; for each segment, ascending: distance from the number before it, tally.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Counts the parts ever made; never used again.
    pub(crate) id: i64,
    /// Minutes since the epoch.
    pub(crate) minute: i64,
    bytes: Arc<[u8]>,
    /// Segment and where its tally begins, ascending.
    index: Arc<[(u32, u32)]>,
}

impl Part {
    pub(crate) fn pack(id: i64, minute: i64, tallies: &HashMap<u32, Tally>) -> Self {
        let mut segments: Vec<(&u32, &Tally)> = tallies.iter().collect();
        segments.sort_unstable_by_key(|(segment, _)| **segment);
        Self::pack_sorted(id, minute, segments.into_iter().map(|(no, tally)| (*no, tally)))
    }

    fn pack_sorted<'t>(
        id: i64,
        minute: i64,
        tallies: impl Iterator<Item = (u32, &'t Tally)>,
    ) -> Self {
        let mut bytes = vec![VERSION];
        let mut index = Vec::new();
        let mut before = 0;
        for (segment, tally) in tallies {
            put(&mut bytes, (segment - before).into());
            before = segment;
            index.push((segment, u32::try_from(bytes.len()).unwrap_or(u32::MAX)));
            tally.encode(&mut bytes);
        }
        Self { id, minute, bytes: bytes.into(), index: index.into() }
    }

    /// Both in one, at the later's minute; what comes of it is spread.
    pub(crate) fn join(&self, later: &Self) -> Self {
        let mut sum: BTreeMap<u32, Tally> = self.tallies().collect();
        for (segment, tally) in later.tallies() {
            sum.entry(segment).or_default().merge(&tally);
        }
        let spread = self.minute != later.minute;
        sum.values_mut().for_each(|tally| tally.spread |= spread);
        Self::pack_sorted(later.id, later.minute, sum.iter().map(|(no, tally)| (*no, tally)))
    }

    /// `None` when the blob is damaged.
    pub(crate) fn unpack(id: i64, minute: i64, bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return None;
        }
        let mut index = Vec::new();
        let mut segment = 0u32;
        while !reader.is_at_end() {
            segment = segment.checked_add(reader.small()?)?;
            index.push((segment, u32::try_from(reader.position()).ok()?));
            Tally::skip(&mut reader)?;
        }
        Some(Self { id, minute, bytes: bytes.into(), index: index.into() })
    }

    pub(crate) fn hour(&self) -> i64 {
        self.minute.div_euclid(60)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes in memory.
    pub(crate) fn footprint(&self) -> usize {
        self.bytes.len() + self.index.len() * size_of::<(u32, u32)>()
    }

    /// The segments in it, ascending.
    pub(crate) fn segments(&self) -> impl Iterator<Item = u32> + '_ {
        self.index.iter().map(|(segment, _)| *segment)
    }

    pub(crate) fn get(&self, segment: u32) -> Option<Tally> {
        let found = self.index.binary_search_by_key(&segment, |(number, _)| *number).ok()?;
        self.at(found)
    }

    /// Everything in it, ascending.
    pub(crate) fn tallies(&self) -> impl Iterator<Item = (u32, Tally)> + '_ {
        (0..self.index.len()).filter_map(|at| Some((self.index[at].0, self.at(at)?)))
    }

    /// What it has of a chunk of segments.
    pub(crate) fn of_chunk(&self, chunk: u32) -> impl Iterator<Item = (u32, Tally)> + '_ {
        let range = chunk_range(chunk);
        let first = self.index.partition_point(|(segment, _)| segment < range.start());
        let last = self.index.partition_point(|(segment, _)| segment <= range.end());
        (first..last).filter_map(|at| Some((self.index[at].0, self.at(at)?)))
    }

    fn at(&self, at: usize) -> Option<Tally> {
        Tally::decode(&mut Reader::at(&self.bytes, self.index.get(at)?.1 as usize))
    }
}
