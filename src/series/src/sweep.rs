//! Deleting what is too old: once a day, a few segments at a time.

use std::time::Duration;

use ets_model::WallTime;
use ets_store::{Store, values};

use crate::disk::{self, Shelf};
use crate::{Config, Error};

/// Segments swept in one transaction.
const STRIDE: i64 = 200;

/// How far today's sweep has come.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// The day of the last whole sweep.
    swept: Option<i64>,
    /// The last segment of the running one.
    segment: i64,
}

impl Sweep {
    /// Sweeps a few segments. Answers whether more waits.
    pub(crate) async fn some(
        &mut self,
        store: &Store,
        config: &Config,
        now: WallTime,
    ) -> Result<bool, Error> {
        let today = now.0.div_euclid(86_400_000_000);
        if self.swept == Some(today) {
            return Ok(false);
        }
        let segments = disk::segments_after(store, self.segment, STRIDE).await?;
        let whole = segments.len() < STRIDE as usize;
        let last = segments.last().copied().unwrap_or(self.segment);
        let (hour, day) = (limit(now, config.minutes_kept, 1), limit(now, config.hours_kept, 24));
        store
            .write::<_, Error, _>(move |tx| {
                Box::pin(async move {
                    for segment in segments {
                        Shelf::Hours.forget(tx, segment, hour).await?;
                        Shelf::Days.forget(tx, segment, day).await?;
                    }
                    if whole {
                        let sql = "DELETE FROM series_pack WHERE hour < $1 AND upto = packed";
                        tx.execute(sql, &values![hour]).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        (self.segment, self.swept) = if whole { (0, Some(today)) } else { (last, self.swept) };
        Ok(!whole)
    }
}

/// The first period of `hours` hours that is kept.
fn limit(now: WallTime, kept: Duration, hours: i64) -> i64 {
    now.minus(kept).0.div_euclid(3_600_000_000 * hours)
}
