//! The seconds in memory.

use std::time::Duration;

use ets_store::testing::TestStore;

use super::{LIFE, START, answered, at, lost};
use crate::{Config, MIGRATIONS, Recorder, Second, Span};

async fn recorder(config: Config) -> (TestStore, Recorder) {
    let store = TestStore::sqlite(MIGRATIONS).await;
    let recorder = Recorder::open((*store).clone(), config).await.unwrap();
    (store, recorder)
}

fn no(segment: u32) -> ets_model::SegmentNo {
    ets_model::SegmentNo(segment)
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

/// covers: N3.1
///
/// The stated budget: an hour of seconds of 10,000 segments in 160 MB.
#[tokio::test]
async fn an_hour_of_10_000_segments_takes_at_most_160_megabytes() {
    let (_store, recorder) = recorder(Config::default()).await;
    let before = resident();
    for second in 0..3_605 {
        // The disk is not asked here; minutes are closed and dropped by themselves.
        let samples = (1..=10_000).map(|segment| answered(segment, 20_000));
        recorder.record(LIFE, second, at(START + second as i64), samples);
    }
    let health = recorder.health();
    assert_eq!(health.seconds_window, 3_600);
    assert!(health.seconds_bytes <= 160_000_000, "{}", health.seconds_bytes);
    assert!(health.seconds_bytes >= 144_000_000, "{}", health.seconds_bytes);
    let grown = resident() - before;
    println!("seconds {} minutes {} resident {grown}", health.seconds_bytes, health.minutes_bytes);
    assert!(grown <= 160_000_000 + 2 * health.minutes_bytes + 16_000_000, "{grown}");
    let recent = recorder.recent(no(10_000), at(START + 3_604), 3_600);
    assert_eq!(recent.len(), 3_600);
    assert!(recent.iter().all(|second| second.sent == 1));
}

/// covers: N3.1
#[tokio::test]
async fn above_the_budget_the_window_becomes_shorter() {
    let config = Config { seconds_budget: 400_000, ..Config::default() };
    let (_store, recorder) = recorder(config).await;
    for second in 0..500 {
        let samples = (1..=1_000).map(|segment| answered(segment, 20_000));
        recorder.record(LIFE, second, at(START + second as i64), samples);
    }
    let health = recorder.health();
    assert_eq!(health.seconds_window, 100);
    assert!(health.seconds_bytes <= 400_000 + 250_000, "{}", health.seconds_bytes);
    assert_eq!(recorder.recent(no(5), at(START + 499), 300).len(), 100);
}

/// covers: N3.1
#[tokio::test]
async fn a_second_keeps_sent_lost_and_the_mean_round_trip() {
    let (_store, recorder) = recorder(Config::default()).await;
    let samples = [answered(1, 1_000), answered(1, 3_000), lost(1), answered(2, 50)];
    recorder.record(LIFE, 1, at(START), samples);
    recorder.record(LIFE, 2, at(START + 2), [lost(1)]);
    let recent = recorder.recent(no(1), at(START + 2), 3);
    let second = |offset, sent, lost, micros: Option<u64>| Second {
        at: ets_model::WallTime((START + offset) * 1_000_000),
        sent,
        lost,
        rtt: micros.map(Duration::from_micros),
    };
    let expected = [second(0, 3, 1, Some(2_000)), second(1, 0, 0, None), second(2, 1, 1, None)];
    assert_eq!(recent, expected);
    let span = Span { from: at(START), to: at(START + 10), step: Duration::from_secs(5) };
    let points = recorder.range(no(1), span).await.unwrap();
    assert_eq!(points.len(), 3);
    assert_eq!((points[0].sent, points[0].lost), (4, 2));
    assert_eq!(points[1].sent, 0);
}

/// covers: N3.1
///
/// Ten times a second while down, plus a burst, is more than a cell can count: it stays at its
/// most and minutes count on.
#[tokio::test]
async fn more_probes_than_a_second_can_count_are_still_counted_in_minutes() {
    let (_store, recorder) = recorder(Config::default()).await;
    recorder.record(LIFE, 1, at(START), (0..50).map(|_| lost(1)));
    let recent = recorder.recent(no(1), at(START), 1);
    assert_eq!((recent[0].sent, recent[0].lost), (31, 31));
    let span = Span { from: at(START), to: at(START + 60), step: Duration::from_secs(60) };
    assert_eq!(recorder.range(no(1), span).await.unwrap()[0].lost, 50);
}

/// covers: N3.1
#[tokio::test]
async fn a_replay_does_not_count_twice_and_fills_behind_the_live_stream() {
    let (_store, recorder) = recorder(Config::default()).await;
    for seq in [10, 11, 1, 2, 10, 2, 3] {
        recorder.record(LIFE, seq, at(START + seq as i64), [answered(1, 100)]);
    }
    let sent: Vec<_> =
        recorder.recent(no(1), at(START + 11), 12).iter().map(|second| second.sent).collect();
    assert_eq!(sent, [0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1]);
    assert_eq!(recorder.progress().ranges, [(1, 3), (10, 11)]);
    recorder.pass(LIFE, 4);
    assert_eq!(recorder.progress().ranges, [(1, 4), (10, 11)]);
}

/// covers: N3.1
#[tokio::test]
async fn a_wall_clock_stepped_by_an_hour_both_ways_loses_no_live_second() {
    let (_store, recorder) = recorder(Config::default()).await;
    let mut seq = 0;
    for base in [START, START + 3_600, START, START - 7_200, START] {
        for second in 0..30 {
            seq += 1;
            recorder.record(LIFE, seq, at(base + second), [answered(1, 100)]);
        }
        let recent = recorder.recent(no(1), at(base + 29), 30);
        assert_eq!(recent.len(), 30);
        assert!(recent.iter().all(|second| second.sent >= 1), "{base}");
    }
}

/// covers: N3.1
#[tokio::test]
async fn the_place_of_a_segment_that_went_silent_is_given_to_another() {
    let (_store, recorder) = recorder(Config::default()).await;
    recorder.record(LIFE, 1, at(START), [answered(1, 100)]);
    for hour in 1..4u64 {
        let second = START + 3_700 * hour as i64;
        recorder.record(LIFE, hour * 10, at(second), [answered(2, 100)]);
        recorder.record(LIFE, hour * 10 + 1, at(second + 60), [answered(2, 100)]);
    }
    let now = START + 3_700 * 3 + 61;
    recorder.record(LIFE, 100, at(now), [answered(3, 700)]);
    assert_eq!(recorder.recent(no(1), at(now), 60).iter().filter(|s| s.sent > 0).count(), 0);
    assert_eq!(recorder.recent(no(3), at(now), 3_600).iter().filter(|s| s.sent > 0).count(), 1);
    assert_eq!(recorder.recent(no(2), at(now), 70).iter().filter(|s| s.sent > 0).count(), 2);
}

/// covers: N3.1
#[tokio::test]
async fn a_span_that_makes_no_sense_is_refused() {
    let (_store, recorder) = recorder(Config::default()).await;
    let ask = |seconds: i64, step| {
        let span = Span { from: at(START), to: at(START + seconds), step };
        let recorder = recorder.clone();
        async move { recorder.range(no(1), span).await }
    };
    for (seconds, step) in [(10, 0), (10, 61), (600, 90), (30_000, 1), (2_000_000, 60)] {
        assert!(ask(seconds, Duration::from_secs(step)).await.is_err(), "{seconds} by {step}");
    }
    assert!(ask(10, Duration::from_millis(1_500)).await.is_err());
    assert!(ask(-5, Duration::from_secs(60)).await.unwrap().is_empty());
    assert_eq!(ask(86_400, Duration::from_secs(86_400)).await.unwrap().len(), 2);
}
