//! Recording, closing, writing, packing, restarting and replaying in any order, against a model
//! that simply adds up.

use std::collections::BTreeMap;
use std::time::Duration;

use ets_model::{SegmentNo, WallTime};
use ets_store::on_both_databases;
use ets_store::testing::TestStore;

use super::{Dice, LIFE, START, answered, at, lost};
use crate::{Config, MIGRATIONS, Point, Recorder, Span};

const SEGMENTS: u32 = 3;

/// Minute and segment: sent and lost.
type Model = BTreeMap<(i64, u32), (u64, u64)>;

/// What `netd` would send again: by number.
fn event(seq: u64) -> (WallTime, Vec<ets_model::Sample>) {
    let mut dice = Dice(seq.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let samples = (1..=SEGMENTS).filter_map(|segment| match dice.roll(10) {
        0 => None,
        1 => Some(lost(segment)),
        _ => Some(answered(segment, 100 + dice.roll(1_000_000))),
    });
    // Each event stands for seven seconds, so that a few thousand of them make some hours.
    (at(START + seq as i64 * 7), samples.collect())
}

fn count(model: &mut Model, seq: u64) {
    let (at, samples) = event(seq);
    for sample in samples {
        let minute = at.0.div_euclid(60_000_000);
        let cell = model.entry((minute, sample.segment.0)).or_default();
        cell.0 += 1;
        cell.1 += u64::from(sample.outcome == ets_model::Outcome::Lost);
    }
}

async fn compare(recorder: &Recorder, model: &Model, minutes: i64, step: i64) {
    let first = START / 60;
    let from = WallTime(first * 60_000_000);
    let to = WallTime((first + minutes) * 60_000_000);
    let span = Span { from, to, step: Duration::from_secs(step.unsigned_abs() * 60) };
    for segment in 1..=SEGMENTS {
        let points = recorder.range(SegmentNo(segment), span).await.unwrap();
        for (index, point) in points.iter().enumerate() {
            let begin = first + index as i64 * step;
            let cells = (begin..begin + step).filter_map(|minute| model.get(&(minute, segment)));
            let (sent, lost) = cells.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
            let Point { sent: told, lost: missed, .. } = point;
            assert_eq!((*told, *missed), (sent, lost), "segment {segment} minute {begin}");
            assert_eq!(point.hist.count(), sent - lost);
        }
    }
}

/// The same of all segments at once.
async fn compare_all(recorder: &Recorder, model: &Model, minutes: i64) {
    let first = START / 60;
    let (from, to) = (WallTime(first * 60_000_000), WallTime((first + minutes) * 60_000_000));
    let mut told = Model::new();
    for (segment, minutes) in recorder.minutes(from, to).await.unwrap() {
        for minute in minutes {
            let key = (minute.at.0 / 60_000_000, segment.0);
            told.insert(key, (minute.sent.into(), minute.lost.into()));
            assert_eq!(minute.p50_us > 0, minute.sent > minute.lost);
        }
    }
    assert_eq!(&told, model);
}

on_both_databases!(
    /// covers: N3.1
    everything_counts_once_whatever_happens_in_between,
    MIGRATIONS,
    |mut store: TestStore| async move {
        let mut recorder = Recorder::open((*store).clone(), Config::default()).await.unwrap();
        let mut dice = Dice(0xE75);
        let mut model = Model::new();
        let total = 2_600;
        let mut live = 0;
        let mut behind: Vec<u64> = Vec::new();
        while live < total {
            let now = at(START + live as i64 * 7);
            match dice.roll(100) {
                // The live stream jumps ahead; what it left out comes later as a backlog.
                0..=3 => {
                    behind.extend(live + 1..=live + 40);
                    live += 40;
                }
                4..=5 => {
                    recorder.flush().await.unwrap();
                }
                6..=20 => {
                    recorder.work(now).await.unwrap();
                }
                21 => {
                    // A crash: what is not on disk is gone, and comes again from the ring.
                    store.reopen(MIGRATIONS).await;
                    recorder = Recorder::open((*store).clone(), Config::default()).await.unwrap();
                    for seq in (1..=live).filter(|seq| !behind.contains(seq)) {
                        let (at, samples) = event(seq);
                        recorder.record(LIFE, seq, at, samples);
                    }
                }
                22..=40 if !behind.is_empty() => {
                    let seq = behind.remove(0);
                    let (at, samples) = event(seq);
                    recorder.record(LIFE, seq, at, samples.clone());
                    recorder.record(LIFE, seq, at, samples);
                    count(&mut model, seq);
                }
                41 => {
                    compare(&recorder, &model, 360, 1).await;
                    compare_all(&recorder, &model, 360).await;
                }
                _ => {
                    live += 1;
                    let (at, samples) = event(live);
                    recorder.record(LIFE, live, at, samples);
                    count(&mut model, live);
                }
            }
        }
        for seq in behind {
            let (at, samples) = event(seq);
            recorder.record(LIFE, seq, at, samples);
            count(&mut model, seq);
        }
        for step in [1, 5, 60, 120] {
            compare(&recorder, &model, 360, step).await;
        }
        // Everything packed gives the same answers, and so does a new process.
        recorder.flush().await.unwrap();
        let later = at(START + 100 * 3_600);
        while recorder.work(later).await.unwrap() {}
        let health = recorder.health();
        assert_eq!((health.unpacked_hours, health.waiting, health.minutes_bytes), (0, 0, 0));
        for step in [1, 60] {
            compare(&recorder, &model, 360, step).await;
        }
        store.reopen(MIGRATIONS).await;
        let recorder = Recorder::open((*store).clone(), Config::default()).await.unwrap();
        for step in [1, 5, 60, 120] {
            compare(&recorder, &model, 360, step).await;
        }
        compare_all(&recorder, &model, 360).await;
        // A straggler long after its hour was packed is added to it.
        let (at, samples) = event(50);
        recorder.record(LIFE, 1_000_000, at, samples.clone());
        count(&mut model, 50);
        compare(&recorder, &model, 360, 1).await;
        recorder.flush().await.unwrap();
        while recorder.work(later).await.unwrap() {}
        for step in [1, 60] {
            compare(&recorder, &model, 360, step).await;
        }
    }
);
