//! What passed in a time: amounts by class and direction.

use ets_netd_api::Class;
use ets_series::varint::{Reader, put};

use crate::key::{self, Key};
use crate::{Amount, Both, Flow, Total};

/// The bytes of a minute may belong to another one: only their sum over a longer time is known.
const SPREAD: u8 = 1;
/// Two numbers for the peak follow.
const PEAK: u8 = 2;

/// What passed of one segment in a minute, an hour, a day or a month.
///
/// Stored as: flags; number of cells; for each, ascending, the distance from the key before it,
/// bytes, packets; the peak both ways, where flagged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    cells: Vec<(Key, Amount)>,
    /// The most bytes in one minute that is not spread. Not kept of single minutes.
    pub(crate) peak: Both<u64>,
    pub(crate) spread: bool,
}

impl Tally {
    /// Nothing but a peak.
    pub(crate) fn of_peak(peak: Both<u64>) -> Self {
        Self { peak, ..Self::default() }
    }

    pub(crate) fn add(&mut self, key: Key, amount: Amount) {
        match self.cells.binary_search_by_key(&key, |(at, _)| *at) {
            Ok(index) => self.cells[index].1 += amount,
            Err(index) => self.cells.insert(index, (key, amount)),
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (key, amount) in &other.cells {
            self.add(*key, *amount);
        }
        self.spread |= other.spread;
        self.peak.up = self.peak.up.max(other.peak.up);
        self.peak.down = self.peak.down.max(other.peak.down);
    }

    /// Takes a minute in, and with it the peak that it may be.
    pub(crate) fn merge_minute(&mut self, minute: &Self) {
        self.merge(minute);
        let peak = minute.as_minute_peak();
        self.peak.up = self.peak.up.max(peak.up);
        self.peak.down = self.peak.down.max(peak.down);
    }

    /// The bytes of this minute, none where they are spread.
    pub(crate) fn as_minute_peak(&self) -> Both<u64> {
        if self.spread {
            return Both::default();
        }
        let sum = self.amount();
        Both { up: sum.up.bytes, down: sum.down.bytes }
    }

    pub(crate) fn cells(&self) -> &[(Key, Amount)] {
        &self.cells
    }

    /// All that is summed, each way.
    pub(crate) fn amount(&self) -> Both<Amount> {
        let mut sum = Both::<Amount>::default();
        for (key, amount) in self.cells.iter().filter(|(key, _)| key::is_summed(*key)) {
            *sum.of_mut(key::direction(*key)) += *amount;
        }
        sum
    }

    /// Bytes in memory, roughly.
    pub(crate) fn footprint(&self) -> usize {
        80 + self.cells.capacity() * size_of::<(Key, Amount)>()
    }

    pub(crate) fn total(&self) -> Total {
        let mut flows: Vec<Flow> = Vec::new();
        for (key, amount) in &self.cells {
            let class = key::class(*key);
            if flows.last().is_none_or(|flow| flow.class != class) {
                flows.push(Flow { class, amount: Both::default() });
            }
            if let Some(flow) = flows.last_mut() {
                *flow.amount.of_mut(key::direction(*key)) += *amount;
            }
        }
        debug_assert!(flows.iter().rev().skip(1).all(|flow| flow.class != Class::Dropped));
        Total { flows, amount: self.amount(), peak: self.peak, spread: self.spread }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let has_peak = self.peak != Both::default();
        out.push((u8::from(self.spread) * SPREAD) | (u8::from(has_peak) * PEAK));
        put(out, self.cells.len() as u64);
        let mut before = 0;
        for (key, amount) in &self.cells {
            put(out, (key - before).into());
            before = *key;
            put(out, amount.bytes);
            put(out, amount.packets);
        }
        if has_peak {
            put(out, self.peak.up);
            put(out, self.peak.down);
        }
    }

    /// `None` when it is damaged.
    pub(crate) fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        let flags = reader.byte()?;
        let count: u16 = reader.small()?;
        let mut cells = Vec::with_capacity(count.min(512).into());
        let mut key: Key = 0;
        for _ in 0..count {
            key = key.checked_add(reader.small()?)?;
            cells.push((key, Amount { bytes: reader.number()?, packets: reader.number()? }));
        }
        let peak = if flags & PEAK == 0 {
            Both::default()
        } else {
            Both { up: reader.number()?, down: reader.number()? }
        };
        Some(Self { cells, peak, spread: flags & SPREAD != 0 })
    }

    /// Moves past one without keeping it.
    pub(crate) fn skip(reader: &mut Reader<'_>) -> Option<()> {
        let flags = reader.byte()?;
        let count: u16 = reader.small()?;
        let numbers = usize::from(count) * 3 + if flags & PEAK == 0 { 0 } else { 2 };
        (0..numbers).try_for_each(|_| reader.number().map(drop))
    }
}
