//! Writing fast, packing in pieces, deleting what is too old.

use std::time::{Duration, Instant};

use ets_model::{SegmentNo, WallTime};
use ets_store::on_both_databases;
use ets_store::testing::TestStore;

use super::{Dice, LIFE, START, answered, at, lost, sharp};
use crate::{Config, MIGRATIONS, Recorder, Span};

const DAY: i64 = 86_400;

async fn rows(store: &TestStore, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS n FROM {table}");
    store.query_one(&sql, &[]).await.unwrap().int("n").unwrap()
}

fn minute(recorder: &Recorder, dice: &mut Dice, second: i64, segments: u32) {
    for tick in 0..3 {
        let samples = (1..=segments).map(|segment| match dice.roll(50) {
            0 => lost(segment),
            _ => answered(segment, 15_000 + dice.roll(4_000)),
        });
        let samples: Vec<_> = samples.collect();
        let second = second + tick * 20;
        recorder.record(LIFE, (second - START + 1).unsigned_abs(), at(second), samples);
    }
}

on_both_databases!(
    /// covers: N3.1
    a_minute_of_10_000_segments_is_one_row_written_in_under_50_milliseconds,
    MIGRATIONS,
    |store: TestStore| async move {
        let recorder = Recorder::open((*store).clone(), Config::default()).await.unwrap();
        let mut dice = Dice(5);
        let mut best = u64::MAX;
        for number in 0..5 {
            minute(&recorder, &mut dice, START + number * 60, 10_000);
            if number > 0 {
                recorder.work(at(START + number * 60)).await.unwrap();
                assert_eq!(rows(&store, "series_minute").await, number);
                best = best.min(recorder.health().last_flush_us);
            }
        }
        let sql = "SELECT MAX(length(block)) AS n FROM series_minute";
        let bytes = store.query_one(sql, &[]).await.unwrap().int("n").unwrap();
        println!("a minute of 10,000 segments: {best} us, {bytes} bytes");
        assert!(best < 50_000, "{best} us");
    }
);

on_both_databases!(
    /// covers: N3.1
    an_hour_is_packed_in_pieces_and_may_be_asked_for_all_the_while,
    MIGRATIONS,
    |store: TestStore| async move {
        let segments = 700;
        let recorder = Recorder::open((*store).clone(), Config::default()).await.unwrap();
        let mut dice = Dice(6);
        for number in 0..61 {
            minute(&recorder, &mut dice, START + number * 60, segments);
        }
        recorder.work(at(START + 3_601)).await.unwrap();
        assert_eq!(rows(&store, "series_hour").await, 0);
        let span = Span { from: sharp(START), to: sharp(START + 3_600), step: Duration::from_secs(60) };
        let before = recorder.range(SegmentNo(600), span).await.unwrap();
        assert_eq!(before.iter().map(|point| point.sent).sum::<u64>(), 180);
        let now = at(START + 3_700);
        let mut longest = Duration::ZERO;
        for piece in 1..=3 {
            let begun = Instant::now();
            assert!(recorder.work(now).await.unwrap());
            longest = longest.max(begun.elapsed());
            assert_eq!(rows(&store, "series_hour").await, (piece * 250).min(700));
            assert_eq!(recorder.range(SegmentNo(600), span).await.unwrap(), before);
        }
        println!("a piece of 250 segments: {longest:?}");
        assert_eq!(recorder.health().unpacked_hours, 0);
        assert_eq!(rows(&store, "series_day").await, 700);
        let sql = "SELECT MAX(length(block)) AS n FROM series_hour";
        println!("an hour of a segment: {} bytes",
            store.query_one(sql, &[]).await.unwrap().int("n").unwrap());
    }
);

on_both_databases!(
    /// covers: N3.1
    who_asks_while_an_hour_is_being_packed_gets_the_same_answer_each_time,
    MIGRATIONS,
    |store: TestStore| async move {
        let recorder = Recorder::open((*store).clone(), Config::default()).await.unwrap();
        let mut dice = Dice(8);
        for number in 0..61 {
            minute(&recorder, &mut dice, START + number * 60, 1_200);
            recorder.work(at(START + number * 60)).await.unwrap();
        }
        let span = Span { from: sharp(START), to: sharp(START + 3_600), ..HOURLY };
        let before = recorder.range(SegmentNo(700), span).await.unwrap();
        let pack = async {
            while recorder.work(at(START + 3_700)).await.unwrap() {}
        };
        let mut pack = std::pin::pin!(pack);
        let mut asked = 0;
        loop {
            tokio::select! {
                () = &mut pack => break,
                answer = recorder.range(SegmentNo(700), span) => {
                    assert_eq!(answer.unwrap(), before);
                    asked += 1;
                }
            }
        }
        println!("asked {asked} times meanwhile");
        assert!(asked > 3);
        assert_eq!(recorder.range(SegmentNo(700), span).await.unwrap(), before);
    }
);

/// An hour in one step; the beginning and end are to be filled in.
const HOURLY: Span = Span { from: WallTime(0), to: WallTime(0), step: Duration::from_secs(3_600) };

on_both_databases!(
    /// covers: N3.1
    minutes_are_kept_90_days_and_hours_5_years,
    MIGRATIONS,
    |store: TestStore| async move {
        let recorder = Recorder::open((*store).clone(), Config::default()).await.unwrap();
        for (seq, segment) in [(1, 1), (2, 2)] {
            recorder.record(LIFE, seq, at(START), [answered(segment, 100), lost(segment)]);
        }
        recorder.flush().await.unwrap();
        let hour = |begin: i64| Span {
            from: sharp(begin),
            to: sharp(begin + 3_600),
            step: Duration::from_secs(3_600),
        };
        let minutes = Span { step: Duration::from_secs(60), ..hour(START) };
        let sum = async |span| -> u64 {
            let points = recorder.range(SegmentNo(2), span).await.unwrap();
            points.iter().map(|point| point.sent).sum()
        };
        let mut now = START;
        for (days, of_minutes, of_hours) in
            [(1, 2, 2), (89, 2, 2), (91, 0, 2), (5 * 365, 0, 2), (5 * 366, 0, 0)]
        {
            now = START + days * DAY;
            while recorder.work(at(now)).await.unwrap() {}
            assert_eq!(sum(minutes).await, of_minutes, "minutes after {days} days");
            assert_eq!(sum(hour(START)).await, of_hours, "hours after {days} days");
        }
        for table in ["series_minute", "series_hour", "series_day", "series_pack"] {
            assert_eq!(rows(&store, table).await, 0, "{table}");
        }
        assert!(now > START);
    }
);

/// covers: N3.1
#[tokio::test]
async fn a_year_of_hours_is_answered_from_a_row_a_day() {
    let store = TestStore::sqlite(MIGRATIONS).await;
    let recorder = Recorder::open((*store).clone(), Config::default()).await.unwrap();
    for day in 0..400u64 {
        let second = START + day as i64 * DAY;
        recorder.record(LIFE, day + 1, at(second), [answered(1, 100)]);
        if day % 50 == 49 {
            recorder.flush().await.unwrap();
            while recorder.work(at(second + 7_200)).await.unwrap() {}
        }
    }
    let span = Span {
        from: WallTime((START - 5 * 3_600) * 1_000_000),
        to: sharp(START + 400 * DAY),
        step: Duration::from_secs(86_400),
    };
    let begun = Instant::now();
    let points = recorder.range(SegmentNo(1), span).await.unwrap();
    println!("400 days: {:?}", begun.elapsed());
    assert_eq!(points.len(), 401);
    assert_eq!(points.iter().filter(|point| point.sent == 1).count(), 400);
    // A day begins where it was asked to, at midnight of wherever that is.
    assert_eq!(points[0].at, span.from);
    assert!(rows(&store, "series_day").await == 400);
}
