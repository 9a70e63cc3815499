//! Totals since ever, and pictures of moments that are over.

use std::time::Duration;

use ets_model::SegmentNo;
use ets_netd_api::{Class, Direction};

use super::netd::Netd;
use super::{DAY, Ground, START, handle, period, wall, work};
use crate::Whose;
use crate::key::key;

/// covers: N5.1, N5.2
#[tokio::test]
async fn totals_since_ever_go_on_after_a_restart_a_reset_and_a_new_life() {
    let (_series, ground) = Ground::on_sqlite().await;
    let up = key(Class::Outside, Direction::Up);
    let mut netd = Netd::new(1);
    let mut passed = 0;
    for round in 0..4u64 {
        let meter = ground.meter().await;
        let ever = || handle(&meter).ever_of(SegmentNo(1)).amount.up.bytes;
        assert_eq!(ever(), passed, "round {round}: as it stood");
        netd.connect(&meter);
        for _ in 0..3 * 3_600 {
            netd.pass(1, up, 1_000, 1);
            passed += 1_000;
            ground.at(netd.now + 1);
            meter.take(&netd.tick(), None);
        }
        assert_eq!(ever(), passed, "round {round}");
        match round {
            0 => netd.reborn(2),
            // Somebody resets the counter: what it then has is where it begins again.
            1 => {
                netd.totals.clear();
                netd.pass(1, up, 7, 1);
                meter.take(&netd.tick(), None);
                assert_eq!(ever(), passed, "a reset takes nothing away");
            }
            _ => {}
        }
        meter.flush().await.unwrap();
        work(&meter).await;
        let total = handle(&meter).total(Whose::Hub, period(START - DAY, netd.now + DAY)).await;
        assert_eq!(total.unwrap().amount.up.bytes, passed, "round {round}: the same as is kept");
    }
}

/// covers: N5.4
#[tokio::test]
async fn a_moment_is_found_again_as_a_second_then_as_a_minute_then_as_an_hour() {
    let (_series, mut ground) = Ground::on_sqlite().await;
    ground.config.seconds_kept = Duration::from_secs(120);
    let meter = ground.meter().await;
    let handle = handle(&meter);
    let (up, down) = (key(Class::Hub, Direction::Up), key(Class::Dropped, Direction::Down));
    let mut netd = Netd::new(1);
    netd.connect(&meter);
    let mut shown = 0;
    for second in 0..3_600u64 {
        netd.pass(3, up, 100 + second, 1);
        netd.pass(9, down, 5, 1);
        ground.at(netd.now + 1);
        meter.take(&netd.tick(), Some(Duration::from_secs(1)));
        if second == 3_590 {
            shown = handle.snapshot().second();
        }
    }
    let live = handle.picture(wall(shown)).await.unwrap();
    assert_eq!(live.length(), Duration::from_secs(1));
    assert_eq!(live.hub.amount.up.bytes, 3_690, "as the live picture had it");
    let segments: Vec<_> = live.segments.iter().map(|(no, one)| (no.0, one.amount)).collect();
    assert_eq!((segments[0].0, segments[0].1.up.bytes), (3, 3_690));
    assert_eq!((segments[1].0, segments[1].1.down.bytes), (9, 0), "dropped is not added");

    meter.flush().await.unwrap();
    work(&meter).await;
    let minute = handle.picture(wall(START + 61)).await.unwrap();
    assert_eq!((minute.period, minute.segments.len()), (period(START + 60, START + 120), 2));
    let expected: u64 = (60..120).map(|second| 100 + second).sum();
    assert_eq!(minute.hub.amount.up.bytes, expected);

    ground.at(START + 100 * DAY);
    let hour = handle.picture(wall(START + 61)).await.unwrap();
    assert_eq!(hour.length(), Duration::from_secs(3_600));
    assert_eq!(hour.hub.amount.up.packets, 3_600);
}
