//! An hour of minutes, or a day of hours, of one segment: one blob.

use std::collections::BTreeMap;

use ets_series::varint::{Reader, put};

use crate::key::Key;
use crate::tally::Tally;
use crate::{Amount, Both};

/// First byte of a blob without peaks.
const PLAIN: u8 = 1;
/// First byte of a blob with the peak of each place.
const PEAKS: u8 = 2;

/// Up to 64 tallies by their place: 60 minutes of an hour, 24 hours of a day.
///
/// Stored by column: version; the places that are spread, as a mask; number of keys; for each,
/// ascending: distance from the key before it, mask of the places that have any, their bytes and
/// packets; then, with [`PEAKS`], the mask of places with a peak and both ways of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Block {
    filled: BTreeMap<u8, Tally>,
}

impl Block {
    /// Adds to what is at a place.
    pub(crate) fn add(&mut self, place: u8, tally: &Tally) {
        self.filled.entry(place).or_default().merge(tally);
    }

    /// Puts in place of what is there.
    pub(crate) fn set(&mut self, place: u8, tally: Tally) {
        self.filled.insert(place, tally);
    }

    pub(crate) fn filled(&self) -> impl Iterator<Item = (u8, &Tally)> {
        self.filled.iter().map(|(place, tally)| (*place, tally))
    }

    pub(crate) fn into_filled(self) -> impl Iterator<Item = (u8, Tally)> {
        self.filled.into_iter()
    }

    /// The minutes in one, with their peak.
    pub(crate) fn sum_of_minutes(&self) -> Tally {
        let mut sum = Tally::default();
        self.filled.values().for_each(|minute| sum.merge_minute(minute));
        sum
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mask = |is: &dyn Fn(&Tally) -> bool| {
            self.filled
                .iter()
                .filter(|(_, one)| is(one))
                .fold(0u64, |m, (at, _)| m | 1 << (at & 63))
        };
        let peaks = mask(&|tally| tally.peak != Both::default());
        let mut out = Vec::with_capacity(16 + self.filled.len() * 32);
        out.push(if peaks == 0 { PLAIN } else { PEAKS });
        put(&mut out, mask(&|tally| tally.spread));
        self.encode_columns(&mut out);
        if peaks != 0 {
            put(&mut out, peaks);
            for tally in self.filled.values().filter(|tally| tally.peak != Both::default()) {
                put(&mut out, tally.peak.up);
                put(&mut out, tally.peak.down);
            }
        }
        out
    }

    fn encode_columns(&self, out: &mut Vec<u8>) {
        let mut columns: BTreeMap<Key, Vec<(u8, Amount)>> = BTreeMap::new();
        for (place, tally) in &self.filled {
            for (key, amount) in tally.cells().iter().filter(|(_, amount)| !amount.is_zero()) {
                columns.entry(*key).or_default().push((*place, *amount));
            }
        }
        put(out, columns.len() as u64);
        let mut before = 0;
        for (key, cells) in columns {
            put(out, (key - before).into());
            before = key;
            put(out, cells.iter().fold(0u64, |mask, (place, _)| mask | 1 << (place & 63)));
            for (_, amount) in cells {
                put(out, amount.bytes);
                put(out, amount.packets);
            }
        }
    }

    /// `None` when the blob is damaged.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let version = reader.byte()?;
        if !matches!(version, PLAIN | PEAKS) {
            return None;
        }
        let mut block = Self::default();
        for place in places(reader.number()?) {
            block.filled.entry(place).or_default().spread = true;
        }
        let keys: u16 = reader.small()?;
        let mut key: Key = 0;
        for _ in 0..keys {
            key = key.checked_add(reader.small()?)?;
            for place in places(reader.number()?) {
                let amount = Amount { bytes: reader.number()?, packets: reader.number()? };
                block.filled.entry(place).or_default().add(key, amount);
            }
        }
        if version == PEAKS {
            for place in places(reader.number()?) {
                let peak = Both { up: reader.number()?, down: reader.number()? };
                block.filled.entry(place).or_default().peak = peak;
            }
        }
        Some(block)
    }
}

fn places(mask: u64) -> impl Iterator<Item = u8> {
    (0..64u8).filter(move |place| mask >> place & 1 == 1)
}
