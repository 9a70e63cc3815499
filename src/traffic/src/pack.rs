//! From parts to blocks, 256 segments at a time: an hour is packed over many small transactions,
//! so that nobody waits for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ets_store::{Store, Tx};

use crate::Error;
use crate::block::Block;
use crate::calendar::Calendar;
use crate::disk::{self, Packing, Shelf, number};
use crate::part::{Part, chunk_of};
use crate::roll::Roll;
use crate::tally::Tally;

/// No chunk comes after this.
const END: i64 = i64::MAX;

/// How one piece of packing ended.
pub(crate) enum Packed {
    /// More segments of the hour remain.
    Some,
    /// The hour is packed; these parts are in its blocks.
    Whole(Vec<i64>),
}

/// Packs the next segments of an hour, of which `parts` are on disk.
pub(crate) async fn pack(
    store: &Store,
    calendar: &Calendar,
    hour: i64,
    parts: Vec<Part>,
) -> Result<Packed, Error> {
    let packing = begin(disk::packing(store, hour).await?, &parts);
    // Parts that came after the round began wait for the next one.
    let within = parts.into_iter().filter(|part| part.id <= packing.upto);
    let (fresh, old): (Vec<Part>, Vec<Part>) = within.partition(|part| part.id > packing.packed);
    let chunks: BTreeSet<i64> =
        fresh.iter().flat_map(Part::segments).map(|no| chunk_of(no).into()).collect();
    let mut chunks = chunks.range(packing.chunk..);
    let (chunk, is_last) = (chunks.next().copied(), chunks.next().is_none());
    let done = if is_last {
        Packing { packed: packing.upto, upto: packing.upto, chunk: END }
    } else {
        Packing { chunk: chunk.map_or(END, |chunk| chunk + 1), ..packing }
    };
    let ids = fresh.iter().chain(&old).map(|part| part.id);
    let gone: Vec<i64> = if is_last { ids.collect() } else { Vec::new() };
    let piece = chunk.map(|chunk| Piece::of(calendar.clone(), hour, chunk, &fresh));
    let deleted = gone.clone();
    store
        .write::<_, Error, _>(move |tx| {
            Box::pin(async move {
                if let Some(piece) = piece {
                    piece.write(tx).await?;
                }
                disk::set_packing(tx, hour, done).await?;
                disk::delete_parts(tx, &deleted).await
            })
        })
        .await?;
    Ok(if is_last { Packed::Whole(gone) } else { Packed::Some })
}

/// Goes on with a round that was begun, or begins one over all parts there are.
fn begin(stored: Packing, parts: &[Part]) -> Packing {
    if stored.upto > stored.packed {
        return stored;
    }
    let upto = parts.iter().map(|part| part.id).max().unwrap_or(stored.packed);
    Packing { packed: stored.packed, upto: upto.max(stored.packed), chunk: 0 }
}

/// One transaction's worth: 256 segment numbers of an hour.
struct Piece {
    calendar: Calendar,
    hour: i64,
    chunk: i64,
    /// What is new, by segment and minute.
    fresh: BTreeMap<u32, Vec<(i64, Tally)>>,
}

impl Piece {
    fn of(calendar: Calendar, hour: i64, chunk: i64, parts: &[Part]) -> Self {
        let mut fresh: BTreeMap<u32, Vec<(i64, Tally)>> = BTreeMap::new();
        for part in parts {
            for (segment, tally) in part.of_chunk(u32::try_from(chunk).unwrap_or(u32::MAX)) {
                fresh.entry(segment).or_default().push((part.minute, tally));
            }
        }
        Self { calendar, hour, chunk, fresh }
    }

    async fn write(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let hours = self.hours(tx).await?;
        self.days(tx, &hours).await?;
        self.rolls(tx, &hours).await?;
        let numbers =
            |(segment, block): (u32, Block)| (number(segment.into(), self.hour), block.encode());
        Shelf::Hours.put(tx, hours.into_iter().map(numbers).collect()).await
    }

    /// The hour's blocks as they are to be.
    async fn hours(&self, tx: &mut Tx<'_>) -> Result<BTreeMap<u32, Block>, Error> {
        let mut blocks = self.blocks(tx, Shelf::Hours, self.hour).await?;
        let mut hours = BTreeMap::new();
        for (segment, minutes) in &self.fresh {
            let mut block = blocks.remove(segment).unwrap_or_default();
            for (minute, tally) in minutes {
                block.add(place(*minute, 60), tally);
            }
            hours.insert(*segment, block);
        }
        Ok(hours)
    }

    async fn days(&self, tx: &mut Tx<'_>, hours: &BTreeMap<u32, Block>) -> Result<(), Error> {
        let day = self.hour.div_euclid(24);
        let mut blocks = self.blocks(tx, Shelf::Days, day).await?;
        let mut rows = Vec::with_capacity(hours.len());
        for (segment, hour) in hours {
            let mut block = blocks.remove(segment).unwrap_or_default();
            block.set(place(self.hour, 24), hour.sum_of_minutes());
            rows.push((number((*segment).into(), day), block.encode()));
        }
        Shelf::Days.put(tx, rows).await
    }

    /// Adds what is new to the day and the month of the hub's calendar. An hour may lie in two of
    /// them, so that it goes by the minute.
    async fn rolls(&self, tx: &mut Tx<'_>, hours: &BTreeMap<u32, Block>) -> Result<(), Error> {
        let mut days: BTreeMap<i64, Roll> = BTreeMap::new();
        let mut day_of = HashMap::new();
        for (segment, minutes) in &self.fresh {
            for (minute, tally) in minutes {
                let day = *day_of.entry(*minute).or_insert_with(|| self.calendar.day_of(*minute));
                days.entry(day).or_default().merge(*segment, tally);
            }
        }
        // The peak is that of the whole minute, of which only a part may be new.
        for (segment, block) in hours {
            for (minute, tally) in block.filled() {
                let minute = self.hour * 60 + i64::from(minute);
                let Some(day) = day_of.get(&minute) else { continue };
                let peak = Tally::of_peak(tally.as_minute_peak());
                days.entry(*day).or_default().merge(*segment, &peak);
            }
        }
        let mut months: BTreeMap<i64, Roll> = BTreeMap::new();
        for (day, roll) in &days {
            let month = months.entry(self.calendar.month_of(*day)).or_default();
            roll.0.iter().for_each(|(segment, tally)| month.merge(*segment, tally));
        }
        self.add(tx, Shelf::AllDays, days).await?;
        self.add(tx, Shelf::AllMonths, months).await
    }

    async fn add(
        &self,
        tx: &mut Tx<'_>,
        shelf: Shelf,
        mut rolls: BTreeMap<i64, Roll>,
    ) -> Result<(), Error> {
        let numbers: Vec<i64> = rolls.keys().map(|period| number(*period, self.chunk)).collect();
        for row in shelf.some(tx, &numbers).await? {
            let (period, stored) = shelf.roll(&row)?;
            let roll = rolls.entry(period).or_default();
            stored.0.iter().for_each(|(segment, tally)| roll.merge(*segment, tally));
        }
        let rows = rolls.iter().map(|(period, roll)| (number(*period, self.chunk), roll.encode()));
        shelf.put(tx, rows.collect()).await
    }

    async fn blocks(
        &self,
        tx: &mut Tx<'_>,
        shelf: Shelf,
        period: i64,
    ) -> Result<HashMap<u32, Block>, Error> {
        let numbers: Vec<i64> = self.fresh.keys().map(|no| number((*no).into(), period)).collect();
        let rows = shelf.some(tx, &numbers).await?;
        let block = |row| shelf.block(row).map(|(segment, _, block)| (segment, block));
        rows.iter().map(block).collect()
    }
}

fn place(period: i64, of: i64) -> u8 {
    u8::try_from(period.rem_euclid(of)).unwrap_or(0)
}
