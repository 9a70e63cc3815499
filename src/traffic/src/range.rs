//! One segment, or the whole hub, over time.

use std::collections::BTreeMap;
use std::time::Duration;

use ets_model::WallTime;
use ets_netd_api::{Class, Direction};
use ets_store::{Store, Tx};

use crate::calendar::Calendar;
use crate::disk::{self, Shelf};
use crate::memory::Piece;
use crate::part::chunk_of;
use crate::tally::Tally;
use crate::{Amount, Both, Error, Period, key};

/// Steps in one answer.
const MOST: i64 = 20_000;
/// The steps that a chart may have, in seconds.
const STEPS: [i64; 14] = [
    1,
    5,
    15,
    60,
    300,
    900,
    1_800,
    3_600,
    3 * 3_600,
    6 * 3_600,
    12 * 3_600,
    86_400,
    7 * 86_400,
    28 * 86_400,
];
/// 1970-01-01 was a Thursday; weeks begin on Monday.
const MONDAY: i64 = 3 * 86_400;

/// Traffic over time, in even steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// When the first step begins.
    pub from: WallTime,
    /// How long each is.
    pub step: Duration,
    /// How many there are.
    pub steps: usize,
    /// By class, those with anything in them; [`Class::Dropped`] comes last and is not to be added
    /// to the others.
    pub lines: Vec<Line>,
    /// By step: the most bytes in one of its minutes. Zero where steps are shorter than a minute.
    pub peak: Vec<Both<u64>>,
    /// By step: whether something in it is known only as the sum over a longer time.
    pub spread: Vec<bool>,
}

/// One class over time, each way, by step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which class.
    pub class: Class,
    /// From the segment.
    pub up: Vec<Amount>,
    /// To the segment.
    pub down: Vec<Amount>,
}

impl Range {
    /// All classes but [`Class::Dropped`] together, by step.
    pub fn sum(&self, direction: Direction) -> Vec<Amount> {
        let mut sum = vec![Amount::default(); self.steps];
        for line in self.lines.iter().filter(|line| line.class != Class::Dropped) {
            let amounts = if direction == Direction::Up { &line.up } else { &line.down };
            sum.iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += *amount);
        }
        sum
    }

    /// Bits a second of an amount in one step.
    pub fn bps(&self, amount: Amount) -> u64 {
        amount.bytes.saturating_mul(8) / self.step.as_secs().max(1)
    }

    /// When a step begins.
    pub fn at(&self, step: usize) -> WallTime {
        self.from.plus(self.step * u32::try_from(step).unwrap_or(u32::MAX))
    }
}

/// A span in whole steps, in seconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) step: i64,
}

/// From where in memory and on disk there is something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// The oldest second.
    pub(crate) seconds: Option<i64>,
    /// The oldest second of which there are minutes.
    pub(crate) minutes: i64,
}

impl Grid {
    /// The shortest steps of which there are at most `points`, and that are still known.
    pub(crate) fn of(
        period: Period,
        points: usize,
        reach: Reach,
        calendar: &Calendar,
    ) -> Result<Self, Error> {
        let from = period.from.0.div_euclid(1_000_000);
        let to = period.to.0.saturating_add(999_999).div_euclid(1_000_000);
        if to <= from {
            return Err(Error::BadPeriod("its end comes before its beginning"));
        }
        let points = i64::try_from(points).unwrap_or(MOST).clamp(1, MOST);
        let fits = |step: &i64| (to - from + step - 1) / step <= points;
        let known = |step: &i64| match *step {
            ..60 => reach.seconds.is_some_and(|oldest| oldest <= from),
            60..3_600 => reach.minutes <= from,
            _ => true,
        };
        let longest = ((to - from) / points / 86_400 + 1) * 86_400;
        let step = STEPS.into_iter().find(|step| fits(step) && known(step)).unwrap_or(longest);
        let minute = from.div_euclid(60);
        let shift =
            calendar.offset(minute) * 60 + if step % (7 * 86_400) == 0 { MONDAY } else { 0 };
        let from = (from + shift).div_euclid(step) * step - shift;
        Ok(Self { from, to, step })
    }

    pub(crate) fn is_seconds(self) -> bool {
        self.step < 60
    }

    /// The minutes that it touches, the last not included.
    pub(crate) fn minutes(self) -> (i64, i64) {
        (self.from.div_euclid(60), (self.to + 59).div_euclid(60))
    }

    fn count(self) -> usize {
        usize::try_from((self.to - self.from + self.step - 1) / self.step).unwrap_or(0)
    }

    /// Puts tallies, by the second in which they begin, into steps.
    pub(crate) fn fill(self, tallies: impl IntoIterator<Item = (i64, Tally)>) -> Range {
        let mut steps = vec![Tally::default(); self.count()];
        for (second, tally) in tallies {
            let index = usize::try_from((second - self.from).div_euclid(self.step));
            if let Some(step) = index.ok().and_then(|index| steps.get_mut(index)) {
                step.merge(&tally);
            }
        }
        self.range(&steps)
    }

    fn range(self, steps: &[Tally]) -> Range {
        let mut lines: BTreeMap<u16, Line> = BTreeMap::new();
        for (index, step) in steps.iter().enumerate() {
            for (key, amount) in step.cells() {
                let empty = || Line {
                    class: key::class(*key),
                    up: vec![Amount::default(); steps.len()],
                    down: vec![Amount::default(); steps.len()],
                };
                let line = lines.entry(*key >> 1).or_insert_with(empty);
                let up = key::direction(*key) == Direction::Up;
                (if up { &mut line.up } else { &mut line.down })[index] += *amount;
            }
        }
        Range {
            from: WallTime(self.from * 1_000_000),
            step: Duration::from_secs(self.step.unsigned_abs()),
            steps: steps.len(),
            lines: lines.into_values().collect(),
            peak: steps.iter().map(|step| step.peak).collect(),
            spread: steps.iter().map(|step| step.spread).collect(),
        }
    }
}

/// The minutes or hours of one segment, by the second in which they begin, each with its peak:
/// from the blocks on disk and the parts in memory, each once.
pub(crate) async fn tallies(
    store: &Store,
    segment: u32,
    (from, to): (i64, i64),
    by_hours: bool,
    recent: Vec<Piece>,
) -> Result<BTreeMap<i64, Tally>, Error> {
    store
        .read::<_, Error, _>(move |tx| {
            Box::pin(async move { add_up(tx, segment, (from, to), by_hours, recent).await })
        })
        .await
}

async fn add_up(
    tx: &mut Tx<'_>,
    segment: u32,
    (from, to): (i64, i64),
    by_hours: bool,
    recent: Vec<Piece>,
) -> Result<BTreeMap<i64, Tally>, Error> {
    let (first, last) = (from.div_euclid(60), (to + 59).div_euclid(60));
    let mut tallies = stored(tx, segment, (first, last), by_hours).await?;
    let packings = disk::packings_in(tx, first, last).await?;
    let mut minutes: BTreeMap<i64, Tally> = BTreeMap::new();
    for piece in recent {
        let packed = packings.get(&piece.minute.div_euclid(60)).copied().unwrap_or_default();
        if !packed.holds(piece.id, chunk_of(segment)) {
            minutes.entry(piece.minute).or_default().merge(&piece.tally);
        }
    }
    let unit = if by_hours { 3_600 } else { 60 };
    for (minute, tally) in minutes {
        tallies.entry((minute * 60).div_euclid(unit) * unit).or_default().merge_minute(&tally);
    }
    if !by_hours {
        tallies.retain(|at, _| (from * 60..to * 60).contains(at));
        tallies.values_mut().for_each(|minute| minute.peak = minute.as_minute_peak());
    }
    Ok(tallies)
}

/// What is in the blocks of hours `first` to `last` (not included).
async fn stored(
    tx: &mut Tx<'_>,
    segment: u32,
    (first, last): (i64, i64),
    by_hours: bool,
) -> Result<BTreeMap<i64, Tally>, Error> {
    let mut tallies = BTreeMap::new();
    if by_hours {
        let (from, to) = (first.div_euclid(24), (last + 23).div_euclid(24));
        for (day, block) in Shelf::Days.of_segment(tx, segment, from, to).await? {
            let hours = block.into_filled().map(|(at, tally)| (day * 24 + i64::from(at), tally));
            let hours = hours.filter(|(hour, _)| (first..last).contains(hour));
            tallies.extend(hours.map(|(hour, tally)| (hour * 3_600, tally)));
        }
    } else {
        for (hour, block) in Shelf::Hours.of_segment(tx, segment, first, last).await? {
            let minutes = block.into_filled().map(|(at, tally)| (hour * 60 + i64::from(at), tally));
            tallies.extend(minutes.map(|(minute, tally)| (minute * 60, tally)));
        }
    }
    Ok(tallies)
}
