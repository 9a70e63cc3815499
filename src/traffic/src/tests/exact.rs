//! Whatever happens to either process: what passed is in the series once, at every resolution.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ets_model::SegmentNo;
use ets_netd_api::{Class, Direction};
use ets_store::on_both_databases;
use ets_store::testing::TestStore;

use super::netd::Netd;
use super::{DAY, Dice, Ground, HOUR, START, handle, period, work};
use crate::key::{self, Key};
use crate::meter::Meter;
use crate::{Amount, SERIES_MIGRATIONS, Whose};

/// By minute, segment and key.
type Model = BTreeMap<(i64, u32, Key), Amount>;

/// Far apart, so that several chunks are in it; 0 is nobody's.
const SEGMENTS: [u32; 5] = [0, 1, 2, 300, 70_000];

fn pass(netd: &mut Netd, model: &mut Model, dice: &mut Dice) {
    let segment = SEGMENTS[dice.roll(SEGMENTS.len() as u64) as usize];
    let classes = [Class::Hub, Class::Outside, Class::Dropped, Class::from_code(5)];
    let class = classes[dice.roll(4) as usize];
    let way = if dice.roll(2) == 0 { Direction::Up } else { Direction::Down };
    let (bytes, packets) = (1 + dice.roll(1_000_000_000), 1 + dice.roll(1_000));
    netd.pass(segment, key::key(class, way), bytes, packets);
    let minute = netd.now.div_euclid(60);
    *model.entry((minute, segment, key::key(class, way))).or_default() += Amount { bytes, packets };
}

/// What the model has of a segment (all of them for the hub) between two minutes.
fn expected(model: &Model, whose: Whose, from: i64, to: i64) -> BTreeMap<Key, Amount> {
    let mut sum = BTreeMap::new();
    for ((_, segment, key), amount) in model.range((from, 0, 0)..(to, 0, 0)) {
        if whose == Whose::Hub || whose == Whose::Segment(SegmentNo(*segment)) {
            *sum.entry(*key).or_insert(Amount::default()) += *amount;
        }
    }
    sum
}

/// The series against the model in steps of so many minutes.
async fn compare_steps(meter: &Arc<Meter>, model: &Model, end: i64, minutes: i64) {
    let whose = SEGMENTS.map(|no| Whose::Segment(SegmentNo(no))).into_iter().chain([Whose::Hub]);
    for whose in whose {
        // The start is one of an hour, and the step is what the number of points leaves.
        let points = usize::try_from((end - START).div_euclid(minutes * 60) + 1).unwrap();
        let range = handle(meter).range(whose, period(START, end), points).await.unwrap();
        assert_eq!(range.step, Duration::from_secs(minutes.unsigned_abs() * 60), "{points} points");
        for index in 0..range.steps {
            let from = range.at(index).0.div_euclid(60_000_000);
            let mut told = BTreeMap::new();
            for line in &range.lines {
                told.insert(key::key(line.class, Direction::Up), line.up[index]);
                told.insert(key::key(line.class, Direction::Down), line.down[index]);
            }
            told.retain(|_, amount| !amount.is_zero());
            let to = (from + minutes).min((end + 59).div_euclid(60));
            assert_eq!(told, expected(model, whose, from, to), "{whose:?} minute {from}");
            assert!(!range.spread[index], "{whose:?} minute {from}");
        }
    }
}

/// The sums of periods of any length against the model.
async fn compare_sums(meter: &Arc<Meter>, model: &Model, from: i64, to: i64) {
    let mut told = Model::new();
    for (segment, total) in handle(meter).totals(period(from, to)).await.unwrap() {
        let mut sum = crate::Both::<Amount>::default();
        for flow in total.flows {
            told.insert((0, segment.0, key::key(flow.class, Direction::Up)), flow.amount.up);
            told.insert((0, segment.0, key::key(flow.class, Direction::Down)), flow.amount.down);
            if flow.class != Class::Dropped {
                sum.up += flow.amount.up;
                sum.down += flow.amount.down;
            }
        }
        assert_eq!(total.amount, sum);
    }
    told.retain(|_, amount| !amount.is_zero());
    let mut sums = Model::new();
    let minutes = (from.div_euclid(60), (to + 59).div_euclid(60));
    for ((_, segment, key), amount) in model.range((minutes.0, 0, 0)..(minutes.1, 0, 0)) {
        *sums.entry((0, *segment, *key)).or_default() += *amount;
    }
    assert_eq!(told, sums, "{from} to {to}");
}

on_both_databases!(
    /// covers: N5.2
    every_byte_is_in_its_minute_once_over_random_kills_of_either_process,
    SERIES_MIGRATIONS,
    |series: TestStore| async move {
        for seed in 1..=4u64 {
            run(&series, seed * 0x9E37_79B9).await;
            for table in ["total", "life", "minute", "hour", "day", "all_day", "all_month", "pack"] {
                let sql = format!("DELETE FROM traffic_{table}");
                series
                    .write::<_, ets_store::Error, _>(move |tx| {
                        Box::pin(async move { tx.execute(&sql, &[]).await })
                    })
                    .await
                    .unwrap();
            }
        }
    }
);

async fn run(series: &TestStore, seed: u64) {
    let ground = Ground::on(series).await;
    let (mut netd, mut model, mut dice) = (Netd::new(seed), Model::new(), Dice(seed));
    let mut meter = ground.meter().await;
    netd.connect(&meter);
    meter.flush().await.unwrap();
    let (mut kills, mut cuts) = (0, 0);
    // Five hours in steps of half a minute or so; midnight in Almaty comes at START + 9 h.
    while netd.now < START + 5 * HOUR {
        for _ in 0..=dice.roll(60) {
            if dice.roll(3) > 0 {
                pass(&mut netd, &mut model, &mut dice);
            }
            let frame = netd.tick();
            ground.at(netd.now);
            meter.take(&frame, Some(Duration::from_secs(1)));
        }
        match dice.roll(12) {
            0 | 1 => drop(meter.work(ground.clock.wall()).await.unwrap()),
            2 => work(&meter).await,
            // serve dies: all that is not on disk is gone.
            3 | 4 => {
                kills += 1;
                meter = ground.meter().await;
                for _ in 0..dice.roll(400) {
                    pass(&mut netd, &mut model, &mut dice);
                    netd.tick();
                }
                ground.at(netd.now);
                netd.connect(&meter);
            }
            // netd dies or the connection breaks: the counters live on.
            5 => {
                cuts += 1;
                for _ in 0..dice.roll(90) {
                    pass(&mut netd, &mut model, &mut dice);
                    netd.tick();
                }
                ground.at(netd.now);
                netd.connect(&meter);
            }
            6 => meter.flush().await.unwrap(),
            _ => {}
        }
    }
    println!("seed {seed:x}: {kills} kills of serve, {cuts} of netd");
    let end = netd.now;
    compare_steps(&meter, &model, end, 1).await;
    // In parts, all of it packed, and after a start.
    for round in 0..3 {
        if round == 1 {
            meter.flush().await.unwrap();
            ground.at(end + 2 * HOUR);
            work(&meter).await;
        }
        if round == 2 {
            meter = ground.meter().await;
        }
        compare_steps(&meter, &model, end, 5).await;
        compare_steps(&meter, &model, end, 60).await;
        compare_sums(&meter, &model, START - 30 * DAY, end + 40 * DAY).await;
        compare_sums(&meter, &model, START - DAY, end + DAY).await;
        for _ in 0..10 {
            let from = START + dice.roll(5 * 60) as i64 * 60;
            compare_sums(&meter, &model, from, from + 60 + dice.roll(180) as i64 * 60).await;
        }
    }
}
