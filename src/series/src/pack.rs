//! From parts to blocks, a bounded piece at a time: an hour is packed over many small
//! transactions, so that nobody waits for it.

use std::collections::BTreeSet;

use ets_store::{Store, Tx};

use crate::Error;
use crate::block::Block;
use crate::disk::{self, Packing, Shelf};
use crate::minute::Part;

/// Segments packed in one transaction.
pub(crate) const STRIDE: usize = 250;

/// The last segment there can be.
const END: i64 = i64::MAX;

/// How one piece of packing ended.
pub(crate) enum Packed {
    /// More segments of the hour remain.
    Some,
    /// The hour is packed; these parts are in its blocks.
    Whole(Vec<i64>),
}

/// Packs the next segments of an hour, of which `parts` are on disk.
pub(crate) async fn pack(store: &Store, hour: i64, parts: Vec<Part>) -> Result<Packed, Error> {
    let packing = begin(disk::packing(store, hour).await?, &parts);
    // Parts that came after the round began wait for the next one.
    let within = parts.into_iter().filter(|part| part.id <= packing.upto);
    let (fresh, old): (Vec<Part>, Vec<Part>) = within.partition(|part| part.id > packing.packed);
    let segments = next_segments(&fresh, packing.segment);
    let whole = segments.len() < STRIDE;
    let done = Packing {
        segment: if whole { END } else { segments.last().copied().unwrap_or(END) },
        packed: if whole { packing.upto } else { packing.packed },
        ..packing
    };
    let ids = fresh.iter().chain(&old).map(|part| part.id);
    let gone: Vec<i64> = if whole { ids.collect() } else { Vec::new() };
    let piece = Piece { hour, done, parts: fresh, segments };
    let deleted = gone.clone();
    store
        .write::<_, Error, _>(move |tx| {
            Box::pin(async move {
                piece.write(tx).await?;
                disk::delete_parts(tx, &deleted).await
            })
        })
        .await?;
    Ok(if whole { Packed::Whole(gone) } else { Packed::Some })
}

/// Goes on with a round that was begun, or begins one over all parts there are.
fn begin(stored: Packing, parts: &[Part]) -> Packing {
    if stored.upto > stored.packed {
        return stored;
    }
    let upto = parts.iter().map(|part| part.id).max().unwrap_or(stored.packed);
    Packing { packed: stored.packed, upto: upto.max(stored.packed), segment: 0 }
}

fn next_segments(parts: &[Part], after: i64) -> Vec<i64> {
    let all: BTreeSet<i64> =
        parts.iter().flat_map(Part::segments).map(i64::from).filter(|no| *no > after).collect();
    all.into_iter().take(STRIDE).collect()
}

/// One transaction's worth.
struct Piece {
    hour: i64,
    done: Packing,
    parts: Vec<Part>,
    segments: Vec<i64>,
}

impl Piece {
    async fn write(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let mut hours = Shelf::Hours.of_segments(tx, &self.segments, self.hour).await?;
        let day = self.hour.div_euclid(24);
        let place = u8::try_from(self.hour.rem_euclid(24)).unwrap_or(0);
        let mut days = Shelf::Days.of_segments(tx, &self.segments, day).await?;
        let mut hour_blocks = Vec::with_capacity(self.segments.len());
        let mut day_blocks = Vec::with_capacity(self.segments.len());
        for segment in &self.segments {
            let block = self.block(*segment, hours.remove(segment).unwrap_or_default());
            let mut whole_day = days.remove(segment).unwrap_or_default();
            whole_day.set(place, block.sum());
            hour_blocks.push((*segment, block));
            day_blocks.push((*segment, whole_day));
        }
        Shelf::Hours.put(tx, self.hour, &hour_blocks).await?;
        Shelf::Days.put(tx, day, &day_blocks).await?;
        disk::set_packing(tx, self.hour, self.done).await
    }

    fn block(&self, segment: i64, mut block: Block) -> Block {
        let number = u32::try_from(segment).unwrap_or(u32::MAX);
        for part in &self.parts {
            if let Some(tally) = part.get(number) {
                let place = u8::try_from(part.minute.rem_euclid(60)).unwrap_or(0);
                block.add(place, &tally);
            }
        }
        block
    }
}
