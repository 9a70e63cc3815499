//! What a month's act says of an institution, and the trend of a channel.

use std::collections::{BTreeMap, HashMap};

use ets_model::{Channel, InstitutionId, SegmentNo, WallTime};
use ets_netd_api::Direction;
use ets_registry::Catalog;
use tokio::task::JoinSet;

use crate::forecast::{self, Forecast};
use crate::meter::Meter;
use crate::percentile::{self, Percentile, minute};
use crate::sums::{Of, Sums};
use crate::tally::Tally;
use crate::{Both, Error, Handle, Period, Total, Whose, range};

/// Percentiles that are computed for one list.
const AT_ONCE: usize = 500;
/// So many of them are computed side by side.
const SIDES: usize = 4;
/// Weeks that a trend looks back.
const WEEKS: i64 = 52;
/// Hours of a week in which anything has to have passed for it to count.
const ENOUGH: usize = 20;
/// Hours of a week; in those that are not kept nothing passed.
const HOURS: usize = 168;

/// An institution's month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whose.
    pub institution: InstitutionId,
    /// Which month.
    pub month: Period,
    /// Its segments, in the order of the registry; retired ones where they had traffic.
    pub segments: Vec<SegmentReport>,
    /// All of them together. The peak is the largest of theirs.
    pub total: Total,
}

/// A segment's month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentReport {
    /// Which.
    pub segment: SegmentNo,
    /// What passed, by class.
    pub total: Total,
    /// The 95th percentile; `None` where nothing was recorded or the minutes are gone.
    pub percentile: Option<Percentile>,
    /// The contracted rates in bits a second; 0 where not known.
    pub contracted: Both<u64>,
}

pub(crate) async fn of_institution(
    handle: &Handle,
    institution: &InstitutionId,
    month: Period,
) -> Result<Report, Error> {
    let catalog = handle.0.registry.catalog();
    let numbers: Vec<u32> = catalog.of_institution(institution).map(|one| one.no.0).collect();
    let known = Known::of(handle, month, numbers).await?;
    Ok(known.report(&catalog, institution, month))
}

pub(crate) async fn of_all(handle: &Handle, month: Period) -> Result<Vec<Report>, Error> {
    let catalog = handle.0.registry.catalog();
    let numbers = catalog.all_segments().map(|segment| segment.no.0).collect();
    let known = Known::of(handle, month, numbers).await?;
    let reports = catalog.institutions().map(|one| known.report(&catalog, &one.id, month));
    Ok(reports.filter(|report| !report.segments.is_empty()).collect())
}

/// What is known of a month.
struct Known {
    sums: Sums,
    percentiles: HashMap<u32, Percentile>,
}

impl Known {
    async fn of(handle: &Handle, month: Period, numbers: Vec<u32>) -> Result<Self, Error> {
        let mut percentiles = match handle.whole_month(month) {
            Some(month) => percentile::kept(&handle.0.store, &numbers, month).await?,
            None => HashMap::new(),
        };
        let missing = numbers.iter().filter(|no| !percentiles.contains_key(*no));
        let missing: Vec<u32> = missing.copied().collect();
        if missing.len() <= AT_ONCE {
            percentiles.extend(side_by_side(handle, month, missing).await?);
        }
        let sums = handle.sums(month, Of::some(numbers)).await?;
        Ok(Self { sums, percentiles })
    }

    fn report(&self, catalog: &Catalog, institution: &InstitutionId, month: Period) -> Report {
        let (mut segments, mut whole) = (Vec::new(), Tally::default());
        for segment in catalog.of_institution(institution) {
            let tally = self.sums.get(&segment.no.0);
            if tally.is_none() && !segment.is_active() {
                continue;
            }
            whole.merge(tally.unwrap_or(&Tally::default()));
            segments.push(SegmentReport {
                segment: segment.no,
                total: tally.map(Tally::total).unwrap_or_default(),
                percentile: self.percentiles.get(&segment.no.0).copied(),
                contracted: contracted(&segment.channel),
            });
        }
        Report { institution: institution.clone(), month, segments, total: whole.total() }
    }
}

/// The percentiles of a month that is not closed, several at once.
async fn side_by_side(
    handle: &Handle,
    month: Period,
    numbers: Vec<u32>,
) -> Result<Vec<(u32, Percentile)>, Error> {
    let mut tasks = JoinSet::new();
    let mut found = Vec::with_capacity(numbers.len());
    for number in numbers {
        if tasks.len() >= SIDES {
            collect(&mut tasks, &mut found).await?;
        }
        let handle = handle.clone();
        tasks.spawn(async move {
            let one = handle.percentile(Whose::Segment(SegmentNo(number)), month).await?;
            Ok(one.map(|one| (number, one)))
        });
    }
    while !tasks.is_empty() {
        collect(&mut tasks, &mut found).await?;
    }
    Ok(found)
}

type Found = Result<Option<(u32, Percentile)>, Error>;

async fn collect(
    tasks: &mut JoinSet<Found>,
    found: &mut Vec<(u32, Percentile)>,
) -> Result<(), Error> {
    if let Some(ended) = tasks.join_next().await {
        // Nobody cancels these tasks: an error is a panic.
        found.extend(ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?);
    }
    Ok(())
}

fn contracted(channel: &Channel) -> Both<u64> {
    let bps = |kbps: u64| kbps.saturating_mul(1_000);
    Both { up: bps(channel.up_kbps), down: bps(channel.down_kbps) }
}

/// The forecast of a segment's channel, each way.
pub(crate) async fn forecast(
    meter: &Meter,
    segment: SegmentNo,
    channel: &Channel,
) -> Result<Both<Forecast>, Error> {
    let now = meter.clock.wall();
    let calendar = &meter.calendar;
    // Whole weeks of the hub's calendar, the last of which ended before now.
    let today = calendar.day_of(minute(now));
    let end = today - (today + 3).rem_euclid(7);
    let (from, to) = (calendar.day_start(end - WEEKS * 7), calendar.day_start(end));
    let segment = segment.0;
    let recent = meter.memory().recent(segment, from, to);
    let hours = range::tallies(&meter.store, segment, (from, to), true, recent).await?;
    let mut weeks: BTreeMap<i64, Vec<Both<u64>>> = BTreeMap::new();
    for (second, tally) in hours {
        let day = calendar.day_of(second.div_euclid(60));
        weeks.entry((day + 3).div_euclid(7)).or_default().push(rate(&tally));
    }
    let last = WallTime(to * 60_000_000);
    let contracted = contracted(channel);
    let way = |direction: Direction| {
        let weeks: Vec<(i64, u64)> = weeks
            .iter()
            .filter(|(_, hours)| hours.len() >= ENOUGH)
            .map(|(week, hours)| {
                let idle = std::iter::repeat_n(0, HOURS.saturating_sub(hours.len()));
                let rates = hours.iter().map(|hour| *hour.of(direction)).chain(idle);
                (*week, forecast::busy_hour(rates))
            })
            .collect();
        // The weeks that count may end before the last.
        let newest = weeks.last().map_or(0, |(week, _)| *week);
        let missing = (end + 3).div_euclid(7) - 1 - newest;
        let last = last
            .minus(std::time::Duration::from_secs(604_800) * u32::try_from(missing).unwrap_or(0));
        forecast::forecast(&weeks, *contracted.of(direction), last, now)
    };
    Ok(Both { up: way(Direction::Up), down: way(Direction::Down) })
}

/// An hour's average in bits a second.
fn rate(hour: &Tally) -> Both<u64> {
    let amount = hour.amount();
    let bps = |bytes: u64| bytes.saturating_mul(8) / 3_600;
    Both { up: bps(amount.up.bytes), down: bps(amount.down.bytes) }
}
