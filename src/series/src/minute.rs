//! One minute of all segments: one blob, one row.

use std::collections::HashMap;
use std::sync::Arc;

use crate::tally::Tally;
use crate::varint::{Reader, put};

/// First byte of a blob.
const VERSION: u8 = 1;

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
        let mut segments: Vec<u32> = tallies.keys().copied().collect();
        segments.sort_unstable();
        let mut bytes = Vec::with_capacity(1 + segments.len() * 24);
        let mut index = Vec::with_capacity(segments.len());
        bytes.push(VERSION);
        let mut before = 0;
        for segment in segments {
            put(&mut bytes, (segment - before).into());
            before = segment;
            index.push((segment, u32::try_from(bytes.len()).unwrap_or(u32::MAX)));
            tallies[&segment].encode(&mut bytes);
        }
        Self { id, minute, bytes: bytes.into(), index: index.into() }
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
            Tally::decode(&mut reader)?;
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
        Tally::decode(&mut Reader::at(&self.bytes, self.index[found].1 as usize))
    }
}
