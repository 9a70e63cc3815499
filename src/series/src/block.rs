//! An hour of minutes, or a day of hours, of one segment: one blob.

use crate::tally::Tally;
use crate::varint::Reader;

/// First byte of a blob.
const VERSION: u8 = 1;

/// Up to 64 tallies by their place: 60 minutes of an hour, 24 hours of a day.
///
/// Stored as: version; a bit for each place that is filled, eight bytes, little end first; the
/// tallies of the filled places in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Block {
    filled: Vec<(u8, Tally)>,
}

impl Block {
    /// Adds to what is at a place.
    pub(crate) fn add(&mut self, place: u8, tally: &Tally) {
        match self.filled.binary_search_by_key(&place, |(at, _)| *at) {
            Ok(index) => self.filled[index].1.merge(tally),
            Err(index) => self.filled.insert(index, (place, tally.clone())),
        }
    }

    /// Puts in place of what is there.
    pub(crate) fn set(&mut self, place: u8, tally: Tally) {
        match self.filled.binary_search_by_key(&place, |(at, _)| *at) {
            Ok(index) => self.filled[index].1 = tally,
            Err(index) => self.filled.insert(index, (place, tally)),
        }
    }

    pub(crate) fn filled(&self) -> impl Iterator<Item = (u8, &Tally)> {
        self.filled.iter().map(|(place, tally)| (*place, tally))
    }

    /// All of it in one.
    pub(crate) fn sum(&self) -> Tally {
        let mut sum = Tally::default();
        for (_, tally) in &self.filled {
            sum.merge(tally);
        }
        sum
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mask = self.filled.iter().fold(0u64, |mask, (place, _)| mask | 1 << (place & 63));
        let mut out = Vec::with_capacity(9 + self.filled.len() * 20);
        out.push(VERSION);
        out.extend_from_slice(&mask.to_le_bytes());
        for (_, tally) in &self.filled {
            tally.encode(&mut out);
        }
        out
    }

    /// `None` when the blob is damaged.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(9)?;
        if head[0] != VERSION {
            return None;
        }
        let mask = u64::from_le_bytes(head[1..].try_into().ok()?);
        let mut reader = Reader::new(rest);
        let mut filled = Vec::with_capacity(mask.count_ones() as usize);
        for place in (0..64u8).filter(|place| mask >> place & 1 == 1) {
            filled.push((place, Tally::decode(&mut reader)?));
        }
        Some(Self { filled })
    }
}
