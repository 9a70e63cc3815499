//! The live picture, lists, reports.

use std::time::Duration;

use ets_model::SegmentNo;
use ets_netd_api::{Class, Direction};

use super::netd::Netd;
use super::{Ground, HOUR, START, handle, period};
use crate::key::key;
use crate::{By, Error, Filter, Whose};

/// covers: N5.1
#[tokio::test]
async fn the_live_picture_has_the_rates_of_the_last_second_by_class_and_direction() {
    let (_series, ground) = Ground::on_sqlite().await;
    let meter = ground.meter().await;
    let handle = handle(&meter);
    assert!(handle.snapshot().stale_since.is_some());
    let mut live = handle.subscribe();
    let mut netd = Netd::new(1);
    netd.connect(&meter);
    let mail = Class::from_code(4);
    for second in 0..100u64 {
        netd.pass(1, key(mail, Direction::Up), 1_000 + second, 2);
        netd.pass(1, key(Class::Outside, Direction::Down), 5_000, 4);
        netd.pass(1, key(Class::Dropped, Direction::Up), 70, 1);
        netd.pass(9, key(mail, Direction::Down), 900_000, 600);
        let frame = netd.tick();
        meter.take(&frame, Some(Duration::from_millis(500)));
    }
    assert!(live.has_changed().unwrap());
    let picture = live.borrow_and_update().clone();
    assert_eq!((picture.by.as_str(), picture.stale_since, picture.seq), ("wire", None, 101));
    let one = picture.segment(SegmentNo(1)).unwrap();
    assert_eq!((one.rate.up.bytes, one.rate.up.packets), (2 * 1_099, 4), "dropped is not added");
    assert_eq!(one.rate.down.bytes, 10_000);
    let flows = picture.of_segment(SegmentNo(1));
    let classes: Vec<_> = flows.iter().map(|flow| flow.class).collect();
    assert_eq!(classes, [Class::Outside, mail, Class::Dropped]);
    assert_eq!(picture.hub.down.bytes, 1_810_000);
    assert_eq!(picture.top(None, 1)[0].segment, SegmentNo(9));
    assert_eq!(picture.top(Some(Direction::Up), 5).len(), 1);
    assert!(picture.segment(SegmentNo(2)).is_none());

    // The last minute by the second, from memory.
    let last = period(netd.now - 60, netd.now);
    let range = handle.range(Whose::Segment(SegmentNo(1)), last, 60).await.unwrap();
    assert_eq!((range.step, range.steps), (Duration::from_secs(1), 60));
    assert!(range.sum(Direction::Down).iter().all(|amount| amount.bytes == 5_000));
    let hub = handle.range(Whose::Hub, last, 60).await.unwrap();
    assert!(hub.sum(Direction::Down).iter().all(|amount| amount.bytes == 905_000));
    let health = handle.health();
    println!("{health:?}");
    assert_eq!(health.frames, 101);
    assert!(health.seconds_window >= 99);
}

/// covers: N5.4
#[tokio::test]
async fn lists_reports_and_their_order() {
    let (_series, ground) = Ground::on_sqlite().await;
    ground.segments(3).await;
    let meter = ground.meter().await;
    let handle = handle(&meter);
    let mut netd = Netd::new(1);
    netd.connect(&meter);
    let (up, down) = (key(Class::Hub, Direction::Up), key(Class::Outside, Direction::Down));
    for minute in 0..10u64 {
        netd.pass(1, up, 100, 1_000);
        netd.pass(2, down, if minute == 3 { 5_000 } else { 10 }, 1);
        netd.pass(3, up, 700, 2);
        netd.pass(0, up, 1_000_000, 1);
        for _ in 0..60 {
            let frame = netd.tick();
            meter.take(&frame, None);
        }
    }
    ground.at(netd.now);
    let hour = period(START, START + HOUR);
    let order = async |by, filter| {
        let top = handle.top(hour, by, filter, 10).await.unwrap();
        top.iter().map(|one| (one.segment.0, one.value)).collect::<Vec<_>>()
    };
    let all = Filter::default();
    assert_eq!(order(By::Bytes, all).await, [(3, 7_000), (2, 5_090), (1, 1_000)]);
    assert_eq!(order(By::Packets, all).await, [(1, 10_000), (3, 20), (2, 10)]);
    assert_eq!(order(By::Peak, all).await, [(2, 5_000), (3, 700), (1, 100)]);
    let outside = Filter { class: Some(Class::Outside), direction: None };
    assert_eq!(order(By::Bytes, outside).await, [(2, 5_090)]);
    let downwards = Filter { class: None, direction: Some(Direction::Down) };
    assert_eq!(order(By::Bytes, downwards).await, [(2, 5_090)]);

    let month = handle.calendar().month(super::wall(START));
    let reports = handle.reports(month).await.unwrap();
    let ids: Vec<_> = reports.iter().map(|one| one.institution.as_str()).collect();
    assert_eq!(ids, ["i001", "i002", "i003"]);
    let third = &reports[2];
    assert_eq!(third, &handle.report(&third.institution, month).await.unwrap());
    assert_eq!(third.total.amount.up.bytes, 7_000);
    assert_eq!(third.segments[0].contracted.down, 100_000_000);
    assert_eq!(third.segments[0].percentile.unwrap().intervals, 2);
    assert_eq!(third.total.of_class(Class::Hub).up.packets, 20);
    let backwards = handle.top(period(START, START - 60), By::Bytes, all, 3).await;
    assert!(matches!(backwards, Err(Error::BadPeriod(_))));
}
