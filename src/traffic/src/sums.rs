//! What passed in a period of every segment: from months, days, hours and minutes, each once.

use std::collections::{BTreeMap, HashMap};

use ets_model::SegmentNo;
use ets_netd_api::{Class, Direction};
use ets_store::{Store, Tx};

use crate::block::Block;
use crate::calendar::{Calendar, Split};
use crate::disk::{self, Packing, Shelf, number, split_number};
use crate::part::{Part, chunk_of};
use crate::roll::Roll;
use crate::tally::Tally;
use crate::{Amount, Both, Error, Total, key};

/// By segment; the whole hub under its own number.
pub(crate) type Sums = BTreeMap<u32, Tally>;

/// What a list of segments is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// Bytes.
    #[default]
    Bytes,
    /// Packets.
    Packets,
    /// The most bytes in one minute.
    Peak,
}

/// Which traffic a list counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// One class alone. `None`: all but [`Class::Dropped`].
    pub class: Option<Class>,
    /// One direction alone. `None`: both together; of a peak, the larger.
    pub direction: Option<Direction>,
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Which segment.
    pub segment: SegmentNo,
    /// What the filter counts of it, each way.
    pub amount: Both<Amount>,
    /// Bytes, packets, or bytes in the busiest minute: what the list is ordered by.
    pub value: u64,
    /// All of the segment's traffic in the period.
    pub total: Total,
}

impl Filter {
    /// What it counts of a tally.
    fn amount(&self, tally: &Tally) -> Both<Amount> {
        let Some(class) = self.class else { return self.one_way(tally.amount()) };
        let mut sum = Both::<Amount>::default();
        for (key, amount) in tally.cells().iter().filter(|(key, _)| key::class(*key) == class) {
            *sum.of_mut(key::direction(*key)) += *amount;
        }
        self.one_way(sum)
    }

    fn one_way(&self, mut both: Both<Amount>) -> Both<Amount> {
        match self.direction {
            None => {}
            Some(Direction::Up) => both.down = Amount::default(),
            Some(Direction::Down) => both.up = Amount::default(),
        }
        both
    }

    fn value(&self, by: By, tally: &Tally, amount: Both<Amount>) -> u64 {
        match by {
            By::Bytes => amount.sum().bytes,
            By::Packets => amount.sum().packets,
            By::Peak => self.direction.map_or(tally.peak.larger(), |way| *tally.peak.of(way)),
        }
    }
}

/// The first `limit` segments, largest first; segments without traffic are left out.
pub(crate) fn rank(sums: &Sums, by: By, filter: Filter, limit: usize) -> Vec<Ranked> {
    let mut order: Vec<_> = sums
        .iter()
        .filter(|(segment, _)| **segment != crate::model::HUB && **segment != 0)
        .map(|(segment, tally)| {
            let amount = filter.amount(tally);
            (filter.value(by, tally, amount), *segment, amount, tally)
        })
        .filter(|(value, ..)| *value > 0)
        .collect();
    order.sort_unstable_by_key(|(value, segment, ..)| (std::cmp::Reverse(*value), *segment));
    order.truncate(limit);
    let ranked = |(value, segment, amount, tally): (u64, u32, _, &Tally)| Ranked {
        segment: SegmentNo(segment),
        amount,
        value,
        total: tally.total(),
    };
    order.into_iter().map(ranked).collect()
}

/// Whose sums are asked for.
#[derive(Clone, Debug)]
pub(crate) enum Of {
    /// These alone, ascending.
    Some(Vec<u32>),
    /// Everybody; these are known, for the hours at the ends.
    All(Vec<u32>),
}

impl Of {
    /// These alone.
    pub(crate) fn some(mut numbers: Vec<u32>) -> Self {
        numbers.sort_unstable();
        numbers.dedup();
        Self::Some(numbers)
    }

    fn numbers(&self) -> &[u32] {
        match self {
            Self::Some(numbers) | Self::All(numbers) => numbers,
        }
    }

    fn has(&self, segment: u32) -> bool {
        match self {
            Self::Some(numbers) => numbers.binary_search(&segment).is_ok(),
            Self::All(_) => true,
        }
    }
}

/// The sums of minutes `from` to `to` (not included); `parts` are those in memory.
pub(crate) async fn read(
    store: &Store,
    calendar: &Calendar,
    (from, to): (i64, i64),
    of: Of,
    parts: Vec<Part>,
) -> Result<Sums, Error> {
    let split = calendar.split(from, to);
    store
        .read::<_, Error, _>(move |tx| {
            Box::pin(async move {
                let mut sums = Sums::new();
                add_rolls(tx, &split, &of, &mut sums).await?;
                for (from, to) in &split.rest {
                    add_rest(tx, (*from, *to), of.numbers(), &mut sums).await?;
                }
                let packings =
                    disk::packings_in(tx, from.div_euclid(60), (to + 59).div_euclid(60)).await?;
                add_parts(&parts, &packings, &of, &mut sums);
                Ok(sums)
            })
        })
        .await
}

async fn add_rolls(tx: &mut Tx<'_>, split: &Split, of: &Of, sums: &mut Sums) -> Result<(), Error> {
    for (shelf, periods) in [(Shelf::AllMonths, &split.months), (Shelf::AllDays, &split.days)] {
        for period in periods {
            for row in rolls_of(tx, shelf, *period, of).await? {
                let (_, chunk) = split_number(row.int("id")?);
                let what = || disk::unreadable(format!("{} {period}/{chunk}", shelf.table()));
                let add = |segment, tally: Tally| {
                    if of.has(segment) {
                        sums.entry(segment).or_default().merge(&tally);
                    }
                };
                Roll::each(row.blob("block")?, add).ok_or_else(what)?;
            }
        }
    }
    Ok(())
}

async fn rolls_of(
    tx: &mut Tx<'_>,
    shelf: Shelf,
    period: i64,
    of: &Of,
) -> Result<Vec<ets_store::Row>, Error> {
    match of {
        Of::All(_) => shelf.between(tx, number(period, 0), number(period + 1, 0)).await,
        Of::Some(numbers) => {
            let mut chunks: Vec<_> =
                numbers.iter().map(|no| number(period, chunk_of(*no).into())).collect();
            chunks.sort_unstable();
            chunks.dedup();
            shelf.some(tx, &chunks).await
        }
    }
}

/// Whole hours from the blocks of days, what is left from the blocks of hours.
async fn add_rest(
    tx: &mut Tx<'_>,
    (from, to): (i64, i64),
    segments: &[u32],
    sums: &mut Sums,
) -> Result<(), Error> {
    let (first, last) = ((from + 59).div_euclid(60), to.div_euclid(60));
    if first > last {
        // Within one hour.
        return add_blocks(tx, Shelf::Hours, last, (from, to), segments, sums).await;
    }
    for day in first.div_euclid(24)..(last + 23).div_euclid(24) {
        add_blocks(tx, Shelf::Days, day, (first, last), segments, sums).await?;
    }
    if from < first * 60 {
        add_blocks(tx, Shelf::Hours, first - 1, (from, to), segments, sums).await?;
    }
    if last * 60 < to {
        add_blocks(tx, Shelf::Hours, last, (from, to), segments, sums).await?;
    }
    Ok(())
}

/// The hours of a day, or the minutes of an hour, that lie within.
async fn add_blocks(
    tx: &mut Tx<'_>,
    shelf: Shelf,
    period: i64,
    within: (i64, i64),
    segments: &[u32],
    sums: &mut Sums,
) -> Result<(), Error> {
    let length = if shelf == Shelf::Days { 24 } else { 60 };
    let numbers: Vec<i64> = segments.iter().map(|no| number((*no).into(), period)).collect();
    for row in shelf.some(tx, &numbers).await? {
        let (segment, _, block): (_, _, Block) = shelf.block(&row)?;
        let sum = sums.entry(segment).or_default();
        for (place, tally) in block.filled() {
            if !(within.0..within.1).contains(&(period * length + i64::from(place))) {
                continue;
            }
            match shelf {
                Shelf::Days => sum.merge(tally),
                _ => sum.merge_minute(tally),
            }
        }
    }
    Ok(())
}

fn add_parts(parts: &[Part], packings: &HashMap<i64, Packing>, of: &Of, sums: &mut Sums) {
    let mut minutes: BTreeMap<i64, Vec<(&Part, Packing)>> = BTreeMap::new();
    for part in parts {
        let packing = packings.get(&part.hour()).copied().unwrap_or_default();
        minutes.entry(part.minute).or_default().push((part, packing));
    }
    for parts in minutes.into_values() {
        // Several parts of a minute are one minute, and its peak is that of all of them.
        let mut minute = Sums::new();
        for (part, packing) in parts {
            for (segment, tally) in taken(part, of) {
                if !packing.holds(part.id, chunk_of(segment)) {
                    minute.entry(segment).or_default().merge(&tally);
                }
            }
        }
        for (segment, tally) in minute {
            sums.entry(segment).or_default().merge_minute(&tally);
        }
    }
}

fn taken<'p>(part: &'p Part, of: &'p Of) -> Box<dyn Iterator<Item = (u32, Tally)> + 'p> {
    match of {
        Of::All(_) => Box::new(part.tallies()),
        Of::Some(numbers) => Box::new(numbers.iter().filter_map(|no| Some((*no, part.get(*no)?)))),
    }
}
