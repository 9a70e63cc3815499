//! The 95th percentile of five-minute averages, as lines are billed by.

use std::collections::{BTreeMap, HashMap};

use ets_model::WallTime;
use ets_store::{Row, Store, Value, values};
use serde::Serialize;

use crate::disk::{MANY, number, placeholders, split_number};
use crate::tally::Tally;
use crate::{Both, Error};

/// Minutes in an interval.
const INTERVAL: i64 = 5;

/// The 95th percentile of a time.
///
/// The time from the segment's first record (or the period's beginning) to the period's end (or
/// now) is cut into intervals of five minutes; each has the average rate of its bytes, zero where
/// nothing passed. Of `n` rates in order the one with number `ceil(0.95 n)` counts: one twentieth
/// lies above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Percentile {
    /// Bits a second, each way.
    pub bps: Both<u64>,
    /// How many intervals there were.
    pub intervals: u64,
    /// In how many of them a part is known only as the sum over a longer time.
    pub spread: u64,
}

impl Percentile {
    /// The larger of both ways: what is billed.
    pub fn larger(&self) -> u64 {
        self.bps.larger()
    }

    /// Of the minutes from `from` to `to` (not included, minutes since the epoch), given by the
    /// second in which they begin.
    pub(crate) fn of(minutes: &BTreeMap<i64, Tally>, from: i64, to: i64) -> Option<Self> {
        let (first, last) = (from.div_euclid(INTERVAL), to.div_euclid(INTERVAL));
        let count = usize::try_from(last - first).ok().filter(|count| *count > 0)?;
        let mut sums = vec![(Both::<u64>::default(), false); count];
        for (second, tally) in minutes {
            let index = usize::try_from(second.div_euclid(60 * INTERVAL) - first);
            let Some((sum, spread)) = index.ok().and_then(|index| sums.get_mut(index)) else {
                continue;
            };
            let amount = tally.amount();
            sum.up = sum.up.saturating_add(amount.up.bytes);
            sum.down = sum.down.saturating_add(amount.down.bytes);
            *spread |= tally.spread;
        }
        let spread = sums.iter().filter(|(_, spread)| *spread).count() as u64;
        let way =
            |of: fn(&Both<u64>) -> u64| bps(ninety_fifth(sums.iter().map(|(sum, _)| of(sum))));
        let bps = Both { up: way(|sum| sum.up), down: way(|sum| sum.down) };
        Some(Self { bps, intervals: count as u64, spread })
    }
}

/// The value of which one twentieth lies above; 0 of none.
pub(crate) fn ninety_fifth(values: impl Iterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    let rank = (values.len() * 95).div_ceil(100);
    rank.checked_sub(1).and_then(|at| values.get(at)).copied().unwrap_or(0)
}

fn bps(bytes: u64) -> u64 {
    let bits = u128::from(bytes) * 8 / (60 * INTERVAL.unsigned_abs() as u128);
    u64::try_from(bits).unwrap_or(u64::MAX)
}

/// A month that is over, as it was put down then, of those segments that had any.
pub(crate) async fn kept(
    store: &Store,
    segments: &[u32],
    month: i64,
) -> Result<HashMap<u32, Percentile>, Error> {
    let mut found = HashMap::new();
    for some in segments.chunks(MANY) {
        let list = placeholders(some.len(), 1);
        let sql = format!(
            "SELECT id, up, down, intervals, spread FROM traffic_percentile WHERE id IN ({list})"
        );
        let ids: Vec<Value> =
            some.iter().map(|segment| Value::Int(number((*segment).into(), month))).collect();
        for row in store.query(&sql, &ids).await? {
            let (segment, _) = split_number(row.int("id")?);
            found.insert(u32::try_from(segment).unwrap_or(u32::MAX), read(&row)?);
        }
    }
    Ok(found)
}

fn read(row: &Row) -> Result<Percentile, Error> {
    let positive = |column| row.int(column).map(|value: i64| u64::try_from(value).unwrap_or(0));
    let bps = Both { up: positive("up")?, down: positive("down")? };
    Ok(Percentile { bps, intervals: positive("intervals")?, spread: positive("spread")? })
}

/// Puts a month that is over down.
pub(crate) async fn keep(
    store: &Store,
    month: i64,
    rows: Vec<(u32, Percentile)>,
) -> Result<(), Error> {
    let positive = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    store
        .write::<_, Error, _>(move |tx| {
            Box::pin(async move {
                for (segment, one) in rows {
                    let sql = "INSERT INTO traffic_percentile (id, up, down, intervals, spread)
                        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET
                            up = excluded.up, down = excluded.down,
                            intervals = excluded.intervals, spread = excluded.spread";
                    let id = number(segment.into(), month);
                    let (up, down) = (positive(one.bps.up), positive(one.bps.down));
                    let (all, spread) = (positive(one.intervals), positive(one.spread));
                    tx.execute(sql, &values![id, up, down, all, spread]).await?;
                }
                Ok(())
            })
        })
        .await
}

/// The first hour in which anything is kept of a segment.
pub(crate) async fn first_hour(store: &Store, segment: u32) -> Result<Option<i64>, Error> {
    use crate::disk::Shelf;
    let sql = "SELECT id, block FROM traffic_day WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 1";
    let (from, to) = (number(segment.into(), 0), number(i64::from(segment) + 1, 0));
    let Some(row) = store.query_optional(sql, &values![from, to]).await? else { return Ok(None) };
    let (_, day, block) = Shelf::Days.block(&row)?;
    let first = block.filled().next().map_or(0, |(hour, _)| hour);
    Ok(Some(day * 24 + i64::from(first)))
}

/// Whole minutes of a moment.
pub(crate) fn minute(at: WallTime) -> i64 {
    at.0.div_euclid(60_000_000)
}
