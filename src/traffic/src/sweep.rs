//! Deleting what is too old: once a day, a few segments at a time.

use std::time::Duration;

use ets_model::WallTime;
use ets_store::{Store, Tx, values};

use crate::calendar::Calendar;
use crate::disk::{Shelf, number, split_number};
use crate::{Config, Error};

/// Segments swept in one transaction.
const STRIDE: usize = 200;

/// How far today's sweep has come.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// The day of the last whole sweep.
    swept: Option<i64>,
    /// The next segment of the running one.
    segment: i64,
}

impl Sweep {
    /// Sweeps a few segments. Answers whether more waits.
    pub(crate) async fn some(
        &mut self,
        store: &Store,
        config: &Config,
        calendar: &Calendar,
        now: WallTime,
    ) -> Result<bool, Error> {
        let today = now.0.div_euclid(86_400_000_000);
        if self.swept == Some(today) {
            return Ok(false);
        }
        let limits = Limits::of(config, calendar, now);
        let segment = self.segment;
        let next = store
            .write::<_, Error, _>(move |tx| {
                Box::pin(async move { limits.sweep(tx, segment).await })
            })
            .await?;
        (self.segment, self.swept) = next.map_or((0, Some(today)), |next| (next, self.swept));
        Ok(next.is_some())
    }
}

/// The first of each that is kept.
struct Limits {
    hour: i64,
    day: i64,
    all_day: i64,
    month: i64,
    moment: i64,
}

impl Limits {
    fn of(config: &Config, calendar: &Calendar, now: WallTime) -> Self {
        let before = |kept: Duration| now.minus(kept).0;
        let moment = before(config.hours_kept);
        let all_day = calendar.day_of(moment.div_euclid(60_000_000));
        Self {
            hour: before(config.minutes_kept).div_euclid(3_600_000_000),
            day: moment.div_euclid(86_400_000_000),
            all_day,
            month: calendar.month_of(all_day),
            moment,
        }
    }

    /// Sweeps some segments from this one on. Answers where to go on.
    async fn sweep(&self, tx: &mut Tx<'_>, mut segment: i64) -> Result<Option<i64>, Error> {
        for _ in 0..STRIDE {
            let Some(next) = next_segment(tx, segment).await? else {
                self.sweep_common(tx).await?;
                return Ok(None);
            };
            for (shelf, limit) in [(Shelf::Hours, self.hour), (Shelf::Days, self.day)] {
                let sql = format!("DELETE FROM {} WHERE id >= $1 AND id < $2", shelf.table());
                tx.execute(&sql, &values![number(next, 0), number(next, limit)]).await?;
            }
            let sql = "DELETE FROM traffic_percentile WHERE id >= $1 AND id < $2";
            tx.execute(sql, &values![number(next, 0), number(next, self.month)]).await?;
            segment = next + 1;
        }
        Ok(Some(segment))
    }

    async fn sweep_common(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        for (shelf, limit) in [(Shelf::AllDays, self.all_day), (Shelf::AllMonths, self.month)] {
            let sql = format!("DELETE FROM {} WHERE id < $1", shelf.table());
            tx.execute(&sql, &values![number(limit, 0)]).await?;
        }
        let sql = "DELETE FROM traffic_pack WHERE hour < $1 AND upto = packed";
        tx.execute(sql, &values![self.hour]).await?;
        tx.execute("DELETE FROM traffic_gap WHERE until < $1", &values![self.moment]).await?;
        Ok(())
    }
}

/// The first segment from this one on that has anything in blocks.
pub(crate) async fn next_segment(tx: &mut Tx<'_>, from: i64) -> Result<Option<i64>, Error> {
    let mut found = None;
    for shelf in [Shelf::Hours, Shelf::Days] {
        let sql = format!("SELECT MIN(id) AS id FROM {} WHERE id >= $1", shelf.table());
        let first = tx.query_one(&sql, &values![number(from, 0)]).await?.opt_int("id")?;
        let segment = first.map(|number| split_number(number).0);
        found = [found, segment].into_iter().flatten().min();
    }
    Ok(found)
}
