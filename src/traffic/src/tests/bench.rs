//! A year of many segments: how large it is and how long questions take (D8). Size by
//! `ETS_TRAFFIC_SEGMENTS` and `ETS_TRAFFIC_DAYS`; the size of a run is printed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ets_model::SegmentNo;
use ets_netd_api::{Class, Direction};
use ets_store::Store;

use super::netd::Netd;
use super::{DAY, Dice, Ground, HOUR, START, handle, period};
use crate::block::Block;
use crate::disk::{Shelf, number};
use crate::key::{Key, key};
use crate::model::HUB;
use crate::part::{chunk_of, chunk_range};
use crate::roll::Roll;
use crate::tally::Tally;
use crate::{Amount, By, Filter, Whose};

/// Segments of which minutes are made too.
const WITH_MINUTES: u32 = 49;

fn size(name: &str, small: i64) -> i64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(small)
}

/// Five classes both ways, as an office has them: hub, outside, three services.
fn keys() -> Vec<Key> {
    let classes =
        [Class::Hub, Class::Outside, Class::from_code(4), Class::from_code(5), Class::from_code(6)];
    classes
        .iter()
        .flat_map(|class| [key(*class, Direction::Up), key(*class, Direction::Down)])
        .collect()
}

/// One minute: busy in working hours, nearly nothing at night.
fn minute(dice: &mut Dice, hour: i64, keys: &[Key]) -> Tally {
    let mut tally = Tally::default();
    let busy = (3..13).contains(&hour.rem_euclid(24));
    for key in keys {
        if !busy && dice.roll(3) > 0 {
            continue;
        }
        let packets = 1 + dice.roll(if busy { 20_000 } else { 40 });
        tally.add(*key, Amount { bytes: packets * (80 + dice.roll(1_300)), packets });
    }
    tally
}

/// The sum of sixty such minutes, made at once.
fn hour(dice: &mut Dice, at: i64, keys: &[Key]) -> Tally {
    let mut tally = Tally::default();
    let one = minute(dice, at, keys);
    for (key, amount) in one.cells() {
        let amount = Amount {
            bytes: amount.bytes * 60 + dice.roll(60),
            packets: amount.packets * 60 + dice.roll(60),
        };
        tally.add(*key, amount);
    }
    tally.peak = one.as_minute_peak();
    tally
}

/// Fills a year of days before [`START`], in the order in which they lie.
async fn fill(store: &Store, calendar: &crate::Calendar, segments: u32, days: i64) {
    let mut dice = Dice(9);
    for chunk in 0..=chunk_of(segments) {
        let range = chunk_range(chunk);
        let numbers = (*range.start()).max(1)..=(*range.end()).min(segments);
        fill_chunk(store, calendar, (chunk, numbers), days, &mut dice).await;
    }
    fill_minutes(store, &mut dice, segments.min(WITH_MINUTES), days.min(90)).await;
}

async fn fill_chunk(
    store: &Store,
    calendar: &crate::Calendar,
    (chunk, numbers): (u32, std::ops::RangeInclusive<u32>),
    days: i64,
    dice: &mut Dice,
) {
    let (keys, last) = (keys(), START.div_euclid(DAY));
    let mut by_day: BTreeMap<i64, Roll> = BTreeMap::new();
    let mut by_month: BTreeMap<i64, Roll> = BTreeMap::new();
    for segment in numbers {
        let mut rows = Vec::new();
        for day in last - days..last {
            let (mut block, mut sum) = (Block::default(), Tally::default());
            for place in 0..24u8 {
                let hour = hour(dice, i64::from(place), &keys);
                sum.merge(&hour);
                block.set(place, hour);
            }
            rows.push((number(segment.into(), day), block.encode()));
            by_month.entry(calendar.month_of(day)).or_default().merge(segment, &sum);
            by_day.entry(day).or_default().merge(segment, &sum);
        }
        put(store, Shelf::Days, rows).await;
    }
    for (shelf, rolls) in [(Shelf::AllDays, by_day), (Shelf::AllMonths, by_month)] {
        let rows =
            rolls.iter().map(|(period, roll)| (number(*period, chunk.into()), roll.encode()));
        put(store, shelf, rows.collect()).await;
    }
}

async fn put(store: &Store, shelf: Shelf, rows: Vec<(i64, Vec<u8>)>) {
    let write = store
        .write::<_, crate::Error, _>(move |tx| Box::pin(async move { shelf.put(tx, rows).await }));
    write.await.unwrap();
}

async fn fill_minutes(store: &Store, dice: &mut Dice, segments: u32, days: i64) {
    let keys = keys();
    let last = START.div_euclid(HOUR);
    for segment in (1..=segments).chain([HUB]) {
        let mut rows = Vec::new();
        for at in last - days * 24..last {
            let mut block = Block::default();
            (0..60u8).for_each(|place| block.set(place, minute(dice, at, &keys)));
            rows.push((number(segment.into(), at), block.encode()));
        }
        put(store, Shelf::Hours, rows).await;
    }
}

async fn bytes_of(store: &Store, table: &str) -> (i64, i64) {
    let sql = format!(
        "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(length(block)), 0) AS BIGINT) AS size FROM {table}"
    );
    let row = store.query_one(&sql, &[]).await.unwrap();
    (row.int("n").unwrap(), row.int("size").unwrap())
}

/// covers: N5.1, N5.4 (D8)
#[tokio::test]
async fn a_year_of_all_segments_is_asked_for_in_less_than_two_seconds() {
    let segments = u32::try_from(size("ETS_TRAFFIC_SEGMENTS", 500)).unwrap();
    let days = size("ETS_TRAFFIC_DAYS", 365);
    let (series, ground) = Ground::on_sqlite().await;
    let meter = ground.meter().await;
    ground.at(START - START.rem_euclid(DAY));
    let begun = Instant::now();
    fill(&series, &meter.calendar, segments, days).await;
    println!("{segments} segments, {days} days, filled in {:?}", begun.elapsed());
    sizes(&series, i64::from(segments), days).await;
    // So that the numbers at the ends are known.
    let mut netd = Netd::new(1);
    netd.now = START - START.rem_euclid(DAY);
    (1..=segments).for_each(|segment| netd.pass(segment, 2, 1, 1));
    netd.connect(&meter);

    let handle = handle(&meter);
    let end = START - START.rem_euclid(DAY);
    let year = period(end - days * DAY, end);
    let uneven = period(end - (days - 3) * DAY + 5 * HOUR + 60, end - 7 * HOUR - 60);
    let one = Whose::Segment(SegmentNo(segments / 2));
    let mut slowest = Duration::ZERO;
    let mut timed = |name: &str, begun: Instant| {
        println!("{name}: {:?}", begun.elapsed());
        slowest = slowest.max(begun.elapsed());
    };
    for (name, period) in [("a year", year), ("a year from minute to minute", uneven)] {
        for by in [By::Bytes, By::Peak] {
            let begun = Instant::now();
            let top = handle.top(period, by, Filter::default(), 20).await.unwrap();
            timed(&format!("top by {by:?}, {name}"), begun);
            assert_eq!(top.len(), 20);
        }
    }
    let begun = Instant::now();
    handle.total(one, uneven).await.unwrap();
    timed("total of a segment", begun);
    for (name, from, points) in [
        ("a chart of a year", days * DAY, 400),
        ("a chart of a year by the hour", days * DAY, 9_000),
        ("a chart of 90 days of minutes", 90 * DAY - HOUR, 5_000),
        ("a chart of a day", DAY, 1_440),
    ] {
        for whose in [one, Whose::Segment(SegmentNo(3)), Whose::Hub] {
            let begun = Instant::now();
            handle
                .range(whose, crate::Period { from: super::wall(end - from), ..year }, points)
                .await
                .unwrap();
            timed(name, begun);
        }
    }
    let begun = Instant::now();
    handle.forecast(SegmentNo(3)).await.unwrap();
    timed("a forecast", begun);
    let month = handle.calendar().month(super::wall(end - 20 * DAY));
    ground.segments(49).await;
    let begun = Instant::now();
    let reports = handle.reports(month).await.unwrap();
    timed("the reports of 49 institutions of a month not yet closed", begun);
    assert_eq!(reports.iter().filter_map(|one| one.segments[0].percentile).count(), 49);
    let begun = Instant::now();
    handle.percentile(Whose::Segment(SegmentNo(3)), month).await.unwrap();
    timed("a 95th percentile", begun);
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}

async fn sizes(series: &Store, segments: i64, days: i64) {
    let per_year = |bytes: i64, of: i64| bytes / of * 365 / days;
    let (_, hours) = bytes_of(series, "traffic_day").await;
    let (_, all_days) = bytes_of(series, "traffic_all_day").await;
    let (_, months) = bytes_of(series, "traffic_all_month").await;
    let (rows, minutes) = bytes_of(series, "traffic_hour").await;
    println!(
        "a segment and year: hours {} kB, days of all {} kB, months of all {} kB; \
         90 days of minutes {} kB",
        per_year(hours, segments) / 1_000,
        per_year(all_days, segments) / 1_000,
        per_year(months, segments) / 1_000,
        minutes / rows.max(1) * 24 * 90 / 1_000,
    );
    println!("the file: {} MB", series.health().await.size_bytes / 1_000_000);
}

/// covers: N5.1 (D7)
#[tokio::test]
async fn a_second_of_all_segments_is_taken_in_within_a_twentieth_of_it() {
    let segments = u32::try_from(size("ETS_TRAFFIC_SEGMENTS", 10_000)).unwrap();
    let (_series, ground) = Ground::on_sqlite().await;
    let meter = ground.meter().await;
    let mut netd = Netd::new(1);
    let keys = keys();
    netd.connect(&meter);
    let mut best = u64::MAX;
    for _ in 0..12 {
        for segment in 1..=segments {
            keys.iter().take(4).for_each(|key| netd.pass(segment, *key, 150_000, 120));
        }
        let frame = netd.tick();
        meter.take(&frame, Some(Duration::from_secs(1)));
        best = best.min(meter.health().last_frame_us);
    }
    for _ in 0..60 {
        meter.take(&netd.tick(), Some(Duration::from_secs(1)));
    }
    meter.flush().await.unwrap();
    let health = meter.health();
    println!("{segments} segments, four counters each: {best} us a second, {health:?}");
    assert!(best < 50_000, "{best} us");
}
