//! Answering a question: what is in blocks on disk, and what is still in memory, added up once.

use std::collections::BTreeMap;
use std::time::Duration;

use ets_model::WallTime;
use ets_store::{Store, Tx};

use crate::disk::{self, Shelf};
use crate::memory::Recent;
use crate::tally::Tally;
use crate::{Error, Point, Second, Span};

/// Steps in one answer.
const MOST: i64 = 20_000;

/// A span in whole units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) unit: Unit,
    /// In seconds since the epoch.
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) step: i64,
}

/// What a span is answered from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Minutes,
    Hours,
}

impl Grid {
    pub(crate) fn of(span: Span) -> Result<Self, Error> {
        let step = i64::try_from(span.step.as_secs()).unwrap_or(i64::MAX);
        let unit = match step {
            _ if span.step.subsec_nanos() != 0 || step == 0 => {
                return Err(Error::BadSpan("the step is whole seconds, at least one"));
            }
            ..60 => Unit::Seconds,
            _ if step % 3_600 == 0 => Unit::Hours,
            _ if step % 60 == 0 => Unit::Minutes,
            _ => return Err(Error::BadSpan("a step above a minute is whole minutes")),
        };
        let second = |time: WallTime| time.0.div_euclid(1_000_000);
        let from = second(span.from).div_euclid(unit.seconds()) * unit.seconds();
        let to = second(WallTime(span.to.0.saturating_add(999_999))).max(from);
        if (to - from) / step > MOST {
            return Err(Error::BadSpan("at most 20,000 steps at once"));
        }
        Ok(Self { unit, from, to, step })
    }

    /// One empty tally for each step.
    fn steps(self) -> Vec<Tally> {
        let count = (self.to - self.from + self.step - 1) / self.step;
        vec![Tally::default(); usize::try_from(count).unwrap_or(0)]
    }

    fn index(self, second: i64) -> Option<usize> {
        usize::try_from((second - self.from).div_euclid(self.step)).ok()
    }

    fn points(self, tallies: Vec<Tally>) -> Vec<Point> {
        let starts = (0..).map(|index| WallTime((self.from + index * self.step) * 1_000_000));
        starts.zip(tallies).map(|(at, tally)| tally.point(at)).collect()
    }

    /// The minutes that it touches, the last not included. A span of hours takes whole hours.
    pub(crate) fn minutes(self) -> (i64, i64) {
        let unit = self.unit.seconds();
        let to = (self.to + unit - 1).div_euclid(unit) * unit;
        (self.from.div_euclid(60), to.div_euclid(60))
    }
}

impl Unit {
    fn seconds(self) -> i64 {
        match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
            Self::Hours => 3_600,
        }
    }
}

/// From the seconds in memory alone.
pub(crate) fn from_seconds(grid: Grid, seconds: &[Second]) -> Vec<Point> {
    let mut tallies = grid.steps();
    for second in seconds {
        let index = grid.index(second.at.0.div_euclid(1_000_000));
        if let Some(tally) = index.and_then(|index| tallies.get_mut(index)) {
            tally.add_second(second);
        }
    }
    grid.points(tallies)
}

/// From the blocks on disk and the parts in memory.
pub(crate) async fn from_minutes(
    store: &Store,
    grid: Grid,
    segment: u32,
    recent: Recent,
) -> Result<Vec<Point>, Error> {
    let tallies = store
        .read::<_, Error, _>(move |tx| {
            Box::pin(async move { add_up(tx, grid, i64::from(segment), recent).await })
        })
        .await?;
    let mut steps = grid.steps();
    for (second, tally) in tallies {
        if let Some(step) = grid.index(second).and_then(|index| steps.get_mut(index)) {
            step.merge(&tally);
        }
    }
    Ok(grid.points(steps))
}

/// Tallies by the second in which their unit begins.
async fn add_up(
    tx: &mut Tx<'_>,
    grid: Grid,
    segment: i64,
    recent: Recent,
) -> Result<BTreeMap<i64, Tally>, Error> {
    let (from, to) = grid.minutes();
    let (first, last) = (from.div_euclid(60), (to + 59).div_euclid(60));
    let mut tallies = stored(tx, grid.unit, segment, first, last).await?;
    let packings = disk::packings_in(tx, first, last).await?;
    let unit = grid.unit.seconds();
    for piece in recent.minutes {
        let hour = piece.minute.div_euclid(60);
        let packed = packings.get(&hour).copied().unwrap_or_default();
        if !packed.holds(piece.id, segment) {
            let at = (piece.minute * 60).div_euclid(unit) * unit;
            tallies.entry(at).or_default().merge(&piece.tally);
        }
    }
    tallies.retain(|at, _| (from * 60..to * 60).contains(at));
    Ok(tallies)
}

/// The blocks of hours `first` to `last` (not included).
async fn stored(
    tx: &mut Tx<'_>,
    unit: Unit,
    segment: i64,
    first: i64,
    last: i64,
) -> Result<BTreeMap<i64, Tally>, Error> {
    let (shelf, from, to, length) = match unit {
        Unit::Hours => (Shelf::Days, first.div_euclid(24), (last + 23).div_euclid(24), 24),
        _ => (Shelf::Hours, first, last, 60),
    };
    let blocks = shelf.of_segment(tx, segment, from, to).await?;
    let mut tallies = BTreeMap::new();
    for (period, block) in blocks {
        for (place, tally) in block.filled() {
            let at = (period * length + i64::from(place)) * unit.seconds();
            tallies.insert(at, tally.clone());
        }
    }
    Ok(tallies)
}

impl Tally {
    /// A second in memory keeps only the mean of its round trips, so that is what each counts as.
    fn add_second(&mut self, second: &Second) {
        use ets_model::Outcome;
        for _ in 0..second.lost {
            self.add(Outcome::Lost);
        }
        let mean = second.rtt.unwrap_or(Duration::ZERO);
        for _ in second.lost..second.sent {
            self.add(Outcome::Answered(mean));
        }
    }
}
