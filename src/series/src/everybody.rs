//! The same minutes of all segments at once: blocks on disk and parts in memory, added up once.

use std::collections::{BTreeMap, HashMap};

use ets_model::{SegmentNo, WallTime};
use ets_store::{Store, Tx};

use crate::disk::{self, Packing, Shelf};
use crate::minute::Part;
use crate::pack::STRIDE;
use crate::tally::Tally;
use crate::{Error, Minute};

/// By segment, then by minute.
type Table = BTreeMap<u32, BTreeMap<i64, Tally>>;

/// The whole minutes of a span, the last not included.
pub(crate) fn minutes(from: WallTime, to: WallTime) -> Result<(i64, i64), Error> {
    let from = from.0.div_euclid(60_000_000);
    let to = to.0.saturating_add(59_999_999).div_euclid(60_000_000).max(from);
    if to - from > 24 * 60 + 1 {
        return Err(Error::BadSpan("at most a day of all segments at once"));
    }
    Ok((from, to))
}

pub(crate) async fn read(
    store: &Store,
    from: i64,
    to: i64,
    parts: Vec<Part>,
) -> Result<Vec<(SegmentNo, Vec<Minute>)>, Error> {
    let table = store
        .read::<_, Error, _>(move |tx| Box::pin(async move { add_up(tx, from, to, &parts).await }))
        .await?;
    let brief = |(minute, tally): (i64, Tally)| tally.brief(WallTime(minute * 60_000_000));
    let rows = table
        .into_iter()
        .map(|(segment, minutes)| (SegmentNo(segment), minutes.into_iter().map(brief).collect()));
    Ok(rows.collect())
}

async fn add_up(tx: &mut Tx<'_>, from: i64, to: i64, parts: &[Part]) -> Result<Table, Error> {
    let (first, last) = (from.div_euclid(60), (to + 59).div_euclid(60));
    let packings = disk::packings_in(tx, first, last).await?;
    let mut table = Table::new();
    let packed: Vec<i64> = (first..last).filter(|hour| packings.contains_key(hour)).collect();
    if !packed.is_empty() {
        let segments = disk::segments_in(tx).await?;
        for hour in packed {
            for some in segments.chunks(STRIDE) {
                add_blocks(tx, hour, some, &mut table).await?;
            }
        }
    }
    add_parts(parts, &packings, &mut table);
    for minutes in table.values_mut() {
        minutes.retain(|minute, _| (from..to).contains(minute));
    }
    table.retain(|_, minutes| !minutes.is_empty());
    Ok(table)
}

async fn add_blocks(
    tx: &mut Tx<'_>,
    hour: i64,
    segments: &[i64],
    table: &mut Table,
) -> Result<(), Error> {
    for (segment, block) in Shelf::Hours.of_segments(tx, segments, hour).await? {
        let minutes = table.entry(u32::try_from(segment).unwrap_or(u32::MAX)).or_default();
        for (place, tally) in block.filled() {
            minutes.entry(hour * 60 + i64::from(place)).or_default().merge(tally);
        }
    }
    Ok(())
}

fn add_parts(parts: &[Part], packings: &HashMap<i64, Packing>, table: &mut Table) {
    for part in parts {
        let packing = packings.get(&part.hour()).copied().unwrap_or_default();
        for segment in part.segments().filter(|no| !packing.holds(part.id, i64::from(*no))) {
            if let Some(tally) = part.get(segment) {
                table.entry(segment).or_default().entry(part.minute).or_default().merge(&tally);
            }
        }
    }
}
