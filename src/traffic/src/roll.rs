//! Sums of 256 segments for a day or a month: one blob.

use std::collections::BTreeMap;

use ets_series::varint::{Reader, put};

use crate::tally::Tally;

/// First byte of a blob.
const VERSION: u8 = 1;

/// By segment. Stored as: version; for each segment, ascending: distance from the number before
/// it, tally with its peak.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Roll(pub(crate) BTreeMap<u32, Tally>);

impl Roll {
    pub(crate) fn merge(&mut self, segment: u32, tally: &Tally) {
        self.0.entry(segment).or_default().merge(tally);
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        let mut before = 0;
        for (segment, tally) in &self.0 {
            put(&mut out, (segment - before).into());
            before = *segment;
            tally.encode(&mut out);
        }
        out
    }

    /// Hands each segment's tally on. `None` when the blob is damaged.
    pub(crate) fn each(bytes: &[u8], mut with: impl FnMut(u32, Tally)) -> Option<()> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return None;
        }
        let mut segment = 0u32;
        while !reader.is_at_end() {
            segment = segment.checked_add(reader.small()?)?;
            with(segment, Tally::decode(&mut reader)?);
        }
        Some(())
    }

    /// `None` when the blob is damaged.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut roll = Self::default();
        Self::each(bytes, |segment, tally| roll.merge(segment, &tally))?;
        Some(roll)
    }
}
