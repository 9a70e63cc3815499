//! The 95th percentile against a recomputation from what passed each second.

use ets_model::SegmentNo;
use ets_netd_api::{Class, Direction};
use ets_store::on_both_databases;
use ets_store::testing::TestStore;

use super::netd::Netd;
use super::{DAY, Dice, Ground, HOUR, START, handle, period, rows, wall, work};
use crate::key::key;
use crate::{Forecast, Period, SERIES_MIGRATIONS, Whose};

on_both_databases!(
    /// covers: N5.4
    the_95th_percentile_of_a_month_is_that_of_the_raw_seconds_also_when_its_minutes_are_gone,
    SERIES_MIGRATIONS,
    |series: TestStore| async move {
        let ground = Ground::on(&series).await;
        let mut meter = ground.meter().await;
        let (mut netd, mut dice) = (Netd::new(1), Dice(77));
        let (up, down) = (key(Class::Outside, Direction::Up), key(Class::Hub, Direction::Down));
        let dropped = key(Class::Dropped, Direction::Up);
        // To the end of November in Almaty, and a day more; one burst every ten seconds.
        let month = meter.calendar.month(wall(START));
        let end = month.to.0 / 1_000_000;
        let intervals = usize::try_from((end - START) / 300).unwrap();
        let mut raw = vec![[0u64; 2]; intervals];
        netd.connect(&meter);
        while netd.now < end + DAY {
            let bytes = [dice.roll(10_000) * dice.roll(10_000), dice.roll(1_000_000)];
            netd.pass(5, up, bytes[0], 1);
            netd.pass(5, down, bytes[1], 1);
            netd.pass(5, dropped, 1 << 40, 1);
            if let Some(sum) = raw.get_mut(usize::try_from((netd.now - 4 - START).max(0) / 300).unwrap()) {
                sum[0] += bytes[0];
                sum[1] += bytes[1];
            }
            let frame = netd.tick();
            meter.take(&frame, None);
            netd.now += 9;
            if netd.now % 600 < 10 {
                ground.at(netd.now);
                meter.work(ground.clock.wall()).await.unwrap();
            }
            if dice.roll(5_000) == 0 {
                meter.flush().await.unwrap();
                meter = ground.meter().await;
                netd.connect(&meter);
            }
        }
        // By hand: in order, the one above which a twentieth lies.
        let by_hand = |way: usize| {
            let mut values: Vec<u64> = raw.iter().map(|sum| sum[way]).collect();
            values.sort_unstable();
            let above = values.len() / 20;
            values[values.len() - 1 - above] * 8 / 300
        };
        let whose = Whose::Segment(SegmentNo(5));
        for round in 0..3 {
            let told = handle(&meter).percentile(whose, month).await.unwrap().unwrap();
            assert_eq!((told.bps.up, told.bps.down), (by_hand(0), by_hand(1)), "round {round}");
            assert_eq!(told.larger(), by_hand(0).max(by_hand(1)));
            assert_eq!(told.intervals, intervals as u64);
            match round {
                0 => {
                    work(&meter).await;
                    assert_eq!(rows(&series, "traffic_percentile").await, 2, "the segment and the hub");
                }
                _ => {
                    ground.at(netd.now + 100 * DAY);
                    work(&meter).await;
                    assert_eq!(rows(&series, "traffic_hour").await, 0);
                    meter = ground.meter().await;
                }
            }
        }
        let kept = handle(&meter).percentile(Whose::Hub, month).await.unwrap().unwrap();
        assert_eq!(kept.bps.up, by_hand(0));
        let other = Period { from: month.from, ..period(0, START + HOUR) };
        assert_eq!(handle(&meter).percentile(whose, other).await.unwrap(), None, "minutes are gone");
        let forecast = handle(&meter).forecast(SegmentNo(5)).await.unwrap();
        assert_eq!(forecast.up, Forecast::NoRate);
    }
);
