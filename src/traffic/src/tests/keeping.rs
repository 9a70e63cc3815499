//! Packing in pieces, deleting what is too old.

use std::time::{Duration, Instant};

use ets_model::SegmentNo;
use ets_netd_api::{Class, Direction};
use ets_store::on_both_databases;
use ets_store::testing::TestStore;

use super::netd::Netd;
use super::{DAY, Ground, HOUR, START, handle, period, rows, work};
use crate::key::key;
use crate::{SERIES_MIGRATIONS, Whose};

on_both_databases!(
    /// covers: N5.1
    minutes_are_kept_90_days_and_hours_5_years,
    SERIES_MIGRATIONS,
    |series: TestStore| async move {
        let ground = Ground::on(&series).await;
        let meter = ground.meter().await;
        let mut netd = Netd::new(1);
        for (segment, key) in [(1, 2), (700, 3)] {
            netd.pass(segment, key, 1_000, 1);
        }
        netd.tick();
        netd.connect(&meter);
        meter.flush().await.unwrap();
        let whose = Whose::Segment(SegmentNo(700));
        let hour = period(START - HOUR, START + HOUR);
        for (days, minutes, hours) in
            [(1, true, true), (89, true, true), (91, false, true), (5 * 365, false, true), (5 * 367, false, false)]
        {
            ground.at(START + days * DAY);
            work(&meter).await;
            let told = handle(&meter).range(whose, hour, 500).await.unwrap();
            assert_eq!(told.step < Duration::from_secs(3_600), minutes, "after {days} days");
            let sum: u64 = told.sum(Direction::Down).iter().map(|amount| amount.bytes).sum();
            assert_eq!(sum, if hours { 1_000 } else { 0 }, "after {days} days");
            assert_eq!(rows(&series, "traffic_hour").await > 0, minutes, "after {days} days");
        }
        for table in ["minute", "hour", "day", "all_day", "all_month", "percentile", "pack", "gap"] {
            assert_eq!(rows(&series, &format!("traffic_{table}")).await, 0, "{table}");
        }
        assert_eq!(rows(&series, "traffic_life").await, 1, "totals are kept");
    }
);

on_both_databases!(
    /// covers: N5.1
    an_hour_is_packed_in_pieces_and_asked_for_all_the_while,
    SERIES_MIGRATIONS,
    |series: TestStore| async move {
        let ground = Ground::on(&series).await;
        let meter = ground.meter().await;
        let mut netd = Netd::new(1);
        let (up, down) = (key(Class::Outside, Direction::Up), key(Class::Outside, Direction::Down));
        netd.connect(&meter);
        for minute in 0..61u32 {
            for segment in 1..=1_000 {
                netd.pass(segment, up, u64::from(segment) * 7 + u64::from(minute), 3);
                netd.pass(segment, down, u64::from(segment) * 9, 5);
            }
            for _ in 0..60 {
                let frame = netd.tick();
                if netd.now % 60 == 1 {
                    meter.take(&frame, None);
                }
            }
            ground.at(netd.now);
            meter.work(ground.clock.wall()).await.unwrap();
        }
        let ask = async || {
            let whose = Whose::Segment(SegmentNo(900));
            let hour = period(START, START + HOUR);
            let range = handle(&meter).range(whose, hour, 60).await.unwrap();
            let total = handle(&meter).total(Whose::Hub, hour).await.unwrap();
            let top = handle(&meter).top(hour, crate::By::Bytes, crate::Filter::default(), 3).await;
            (range, total, top.unwrap())
        };
        let before = ask().await;
        assert_eq!(before.2[0].segment, SegmentNo(1_000));
        ground.at(START + 3 * HOUR);
        let mut pieces = 0;
        let mut longest = Duration::ZERO;
        loop {
            let begun = Instant::now();
            let more = meter.work(ground.clock.wall()).await.unwrap();
            longest = longest.max(begun.elapsed());
            assert_eq!(ask().await, before, "after {pieces} pieces");
            pieces += 1;
            if !more {
                break;
            }
        }
        println!("{pieces} pieces, the longest took {longest:?}");
        assert!(pieces > 4);
        assert_eq!(rows(&series, "traffic_hour").await, 1_001, "an hour, and the hub");
    }
);
