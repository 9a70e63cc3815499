//! Once a month is over its 95th percentiles are put down, before its minutes are deleted: a few
//! segments at a time.

use ets_model::WallTime;

use crate::meter::Meter;
use crate::model::HUB;
use crate::percentile::{self, Percentile, minute};
use crate::sweep::next_segment;
use crate::{Error, range};

/// Segments in one piece of work.
const STRIDE: usize = 20;
/// A month is closed so long after its end, in minutes: nothing of it is on its way any more.
const AFTER: i64 = 120;

/// How far the closing of a month has come.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    /// The last month that is closed.
    closed: Option<i64>,
    /// The next segment of the running one.
    segment: i64,
}

impl Closing {
    /// Closes a few segments' month. Answers whether more waits.
    pub(crate) async fn some(&mut self, meter: &Meter, now: WallTime) -> Result<bool, Error> {
        let calendar = &meter.calendar;
        let month = calendar.month_of(calendar.day_of(minute(now) - AFTER)) - 1;
        if self.closed == Some(month) || !is_complete(meter, calendar.month_start(month + 1)) {
            return Ok(false);
        }
        if self.segment == 0 && !percentile::kept(&meter.store, &[HUB], month).await?.is_empty() {
            self.closed = Some(month);
            return Ok(false);
        }
        let mut rows = Vec::new();
        while rows.len() < STRIDE {
            let from = self.segment;
            let next = meter
                .store
                .read::<_, Error, _>(move |tx| {
                    Box::pin(async move { next_segment(tx, from).await })
                })
                .await?;
            let Some(next) = next.and_then(|next| u32::try_from(next).ok()) else {
                percentile::keep(&meter.store, month, rows).await?;
                (self.closed, self.segment) = (Some(month), 0);
                return Ok(false);
            };
            self.segment = i64::from(next) + 1;
            rows.extend(of_month(meter, next, month).await?.map(|one| (next, one)));
        }
        percentile::keep(&meter.store, month, rows).await?;
        Ok(true)
    }
}

/// Whether everything before this minute is in blocks.
fn is_complete(meter: &Meter, end: i64) -> bool {
    let memory = meter.memory();
    let read = memory.ledger.known().is_some_and(|known| minute(known) >= end);
    read && memory.parts(i64::MIN, end).is_empty()
}

/// The percentile of a month from its minutes; `None` where nothing is known of the segment.
pub(crate) async fn of_month(
    meter: &Meter,
    segment: u32,
    month: i64,
) -> Result<Option<Percentile>, Error> {
    let period = meter.calendar.month_period(month);
    of_minutes(meter, segment, minute(period.from), minute(period.to)).await
}

/// The percentile of minutes `from` to `to` (not included), from the segment's first record on
/// and up to now.
pub(crate) async fn of_minutes(
    meter: &Meter,
    segment: u32,
    from: i64,
    to: i64,
) -> Result<Option<Percentile>, Error> {
    let recent = meter.memory().recent(segment, from, to);
    let in_memory = recent.iter().map(|piece| piece.minute).min();
    let on_disk = percentile::first_hour(&meter.store, segment).await?.map(|hour| hour * 60);
    let Some(first) = [in_memory, on_disk].into_iter().flatten().min() else { return Ok(None) };
    let (from, to) = (from.max(first), to.min(minute(meter.clock.wall())));
    if from >= to {
        return Ok(None);
    }
    let minutes = range::tallies(&meter.store, segment, (from, to), false, recent).await?;
    Ok(Percentile::of(&minutes, from, to))
}
