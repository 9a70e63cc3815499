//! What the rest of `serve` holds of the accounting.

use std::collections::BTreeSet;
use std::sync::Arc;

use ets_model::{InstitutionId, SegmentNo, WallTime};
use ets_registry::Author;
use tokio::sync::broadcast;

use crate::live::{Live, Snapshot};
use crate::meter::{Health, Meter};
use crate::model::HUB;
use crate::percentile::{self, Percentile, minute};
use crate::range::{self, Grid, Range, Reach};
use crate::sums::{self, By, Filter, Of, Ranked, Sums};
use crate::tally::Tally;
use crate::{
    Both, Calendar, Error, Forecast, Gap, Notice, Period, Picture, Quota, Report, Standing, Talk,
    Total, Whose, closing, gap, picture, quota, report,
};

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle(pub(crate) Arc<Meter>);

impl Handle {
    /// What passes now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.live.borrow().clone()
    }

    /// Wakes at each new snapshot, about once a second.
    pub fn subscribe(&self) -> Live {
        self.0.live.subscribe()
    }

    /// The hub's own days and months.
    pub fn calendar(&self) -> &Calendar {
        &self.0.calendar
    }

    /// How the accounting is.
    pub fn health(&self) -> Health {
        self.0.health()
    }

    /// Times of which not everything is known, that touch a period; oldest first, at most 1,000.
    ///
    /// # Errors
    /// The database's.
    pub async fn gaps(&self, period: Period) -> Result<Vec<Gap>, Error> {
        gap::list(&self.0.store, period).await
    }

    /// One segment, or the whole hub, over time: in the shortest steps of which there are at most
    /// `points` and that are still known: seconds for the last hour as memory allows, minutes for
    /// 90 days, hours beyond.
    ///
    /// # Errors
    /// [`Error::BadPeriod`], or the database's.
    pub async fn range(&self, whose: Whose, period: Period, points: usize) -> Result<Range, Error> {
        let meter = &self.0;
        let segment = whose.number();
        let kept = meter.clock.wall().minus(meter.config.minutes_kept).0.div_euclid(1_000_000);
        let seconds = meter.memory().seconds.oldest();
        let grid = Grid::of(period, points, Reach { seconds, minutes: kept }, &meter.calendar)?;
        if grid.is_seconds() {
            return Ok(grid.fill(meter.memory().seconds.between(segment, grid.from, grid.to)));
        }
        let by_hours = grid.step % 3_600 == 0;
        let (from, to) = grid.minutes();
        // Memory first: what goes to disk after this is recognised there and left out here.
        let recent = meter.memory().recent(segment, from, to);
        let tallies = range::tallies(&meter.store, segment, (from, to), by_hours, recent).await?;
        Ok(grid.fill(tallies))
    }

    /// What passed in a period of one segment, or of the whole hub. Exact to the minute while
    /// minutes are kept, to the hour beyond; whole days and months of the hub's calendar always.
    ///
    /// # Errors
    /// [`Error::BadPeriod`], or the database's.
    pub async fn total(&self, whose: Whose, period: Period) -> Result<Total, Error> {
        let sums = self.sums(period, Of::some(vec![whose.number()])).await?;
        Ok(sums.get(&whose.number()).map(Tally::total).unwrap_or_default())
    }

    /// The same of every segment that had traffic, ascending by number; 0 is what belongs to no
    /// segment.
    ///
    /// # Errors
    /// As for [`Self::total`].
    pub async fn totals(&self, period: Period) -> Result<Vec<(SegmentNo, Total)>, Error> {
        let sums = self.sums(period, self.everybody()).await?;
        let totals = sums.iter().filter(|(segment, _)| **segment != HUB);
        Ok(totals.map(|(segment, tally)| (SegmentNo(*segment), tally.total())).collect())
    }

    /// All that was ever counted, as far back as it is kept: every segment with traffic, ascending
    /// by number, 0 for what belongs to no segment. From memory; never falls while this process
    /// runs, and goes on where it stood when the next one begins.
    pub fn ever(&self) -> Vec<(SegmentNo, Total)> {
        let memory = self.0.memory();
        memory.ever().iter().map(|(segment, tally)| (SegmentNo(*segment), tally.total())).collect()
    }

    /// The same of one segment.
    pub fn ever_of(&self, segment: SegmentNo) -> Total {
        self.0.memory().ever().get(&segment.0).map(Tally::total).unwrap_or_default()
    }

    /// What passed at a moment of the past, of everybody: in that second as long as seconds are in
    /// memory, in its minute while minutes are kept, in its hour beyond.
    ///
    /// # Errors
    /// The database's.
    pub async fn picture(&self, at: WallTime) -> Result<Picture, Error> {
        picture::of(self, at).await
    }

    /// Who talks in a segment now.
    ///
    /// # Errors
    /// [`Error::Unheard`].
    pub async fn talk(&self, segment: SegmentNo) -> Result<Talk, Error> {
        let nobody = || Error::Unheard("there is no netd to ask".to_owned());
        let netd = self.0.netd.get().ok_or_else(nobody)?;
        let told = netd.conversations(segment).await;
        told.map(Talk::from).map_err(|error| Error::Unheard(error.to_string()))
    }

    /// The segments with the most traffic in a period, largest first.
    ///
    /// # Errors
    /// As for [`Self::total`].
    pub async fn top(
        &self,
        period: Period,
        by: By,
        filter: Filter,
        limit: usize,
    ) -> Result<Vec<Ranked>, Error> {
        let sums = self.sums(period, self.everybody()).await?;
        Ok(sums::rank(&sums, by, filter, limit))
    }

    /// The 95th percentile of five-minute averages of a period. `None` where nothing was recorded
    /// of the segment, or the minutes of the period are no longer kept.
    ///
    /// # Errors
    /// The database's.
    pub async fn percentile(
        &self,
        whose: Whose,
        period: Period,
    ) -> Result<Option<Percentile>, Error> {
        let segment = whose.number();
        if let Some(month) = self.whole_month(period) {
            let kept = percentile::kept(&self.0.store, &[segment], month).await?;
            if let Some(kept) = kept.get(&segment) {
                return Ok(Some(*kept));
            }
        }
        let kept = self.0.clock.wall().minus(self.0.config.minutes_kept);
        if period.from < kept {
            return Ok(None);
        }
        closing::of_minutes(&self.0, segment, minute(period.from), minute(period.to)).await
    }

    /// When a segment's channel fills, each way: the weeks of up to a year back against the rate
    /// that the registry has.
    ///
    /// # Errors
    /// The database's.
    pub async fn forecast(&self, segment: SegmentNo) -> Result<Both<Forecast>, Error> {
        let catalog = self.0.registry.catalog();
        let channel = catalog.by_no(segment).map(|one| one.channel.clone()).unwrap_or_default();
        report::forecast(&self.0, segment, &channel).await
    }

    /// What a month's act of an institution says: its segments, retired ones with traffic too.
    ///
    /// # Errors
    /// As for [`Self::total`].
    pub async fn report(
        &self,
        institution: &InstitutionId,
        month: Period,
    ) -> Result<Report, Error> {
        report::of_institution(self, institution, month).await
    }

    /// The same of every institution that has segments, by identifier. With more than 500 segments
    /// the percentiles of a month that is not yet closed are left out: each costs the month's
    /// minutes.
    ///
    /// # Errors
    /// As for [`Self::total`].
    pub async fn reports(&self, month: Period) -> Result<Vec<Report>, Error> {
        report::of_all(self, month).await
    }

    /// All quotas, by number.
    ///
    /// # Errors
    /// The database's.
    pub async fn quotas(&self) -> Result<Vec<Quota>, Error> {
        quota::list(&self.0.state).await
    }

    /// How segments stand to quotas, where it is not normal.
    ///
    /// # Errors
    /// The database's.
    pub async fn standings(&self) -> Result<Vec<Standing>, Error> {
        quota::standings(&self.0.state).await
    }

    /// Adds a quota (number 0) or changes one, and puts it into the journal.
    ///
    /// # Errors
    /// [`Error::BadQuota`], [`Error::NoQuota`], [`Error::Conflict`], or the database's.
    pub async fn put_quota(&self, quota: Quota, author: &Author) -> Result<Quota, Error> {
        if let Some(segment) = quota.segment
            && self.0.registry.catalog().by_no(segment).is_none()
        {
            return Err(Error::BadQuota(format!("there is no segment with number {segment}")));
        }
        let quota = quota::put(&self.0.state, self.0.clock.wall(), quota, author).await?;
        self.0.quotas.changed.notify_one();
        Ok(quota)
    }

    /// Takes a quota away; `version` is the one that was seen.
    ///
    /// # Errors
    /// [`Error::NoQuota`], [`Error::Conflict`], or the database's.
    pub async fn remove_quota(&self, id: i64, version: i64, author: &Author) -> Result<(), Error> {
        quota::remove(&self.0.state, self.0.clock.wall(), (id, version), author).await?;
        self.0.quotas.changed.notify_one();
        Ok(())
    }

    /// What happens to quotas from now on.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.0.quotas.notices.subscribe()
    }

    /// The month that a period is, if it is one.
    pub(crate) fn whole_month(&self, period: Period) -> Option<i64> {
        let calendar = &self.0.calendar;
        let month = calendar.month_of(calendar.day_of(minute(period.from)));
        (calendar.month_period(month) == period).then_some(month)
    }

    /// Everybody's sums of a period.
    pub(crate) async fn everybodys_sums(&self, period: Period) -> Result<Sums, Error> {
        self.sums(period, self.everybody()).await
    }

    /// Everybody who may have traffic.
    fn everybody(&self) -> Of {
        let mut numbers: BTreeSet<u32> = [0, HUB].into();
        numbers.extend(self.0.registry.catalog().all_segments().map(|segment| segment.no.0));
        for life in self.0.memory().ledger.lives() {
            numbers.extend(life.segments());
        }
        Of::All(numbers.into_iter().collect())
    }

    pub(crate) async fn sums(&self, period: Period, of: Of) -> Result<Sums, Error> {
        let (from, to) = (minute(period.from), (period.to.0 + 59_999_999).div_euclid(60_000_000));
        if to <= from {
            return Err(Error::BadPeriod("its end comes before its beginning"));
        }
        let parts = self.0.memory().parts(from, to);
        sums::read(&self.0.store, &self.0.calendar, (from, to), of, parts).await
    }
}
