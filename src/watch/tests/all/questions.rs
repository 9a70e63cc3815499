//! Questions about the past.

use std::time::Duration;

use ets_model::{LinkState, SegmentNo, Stamp, WallTime};
use ets_runtime::{stamp_now, wall_now};
use ets_watch::{OutageFilter, Phase};

use crate::hub::Place;
use crate::netd::Netd;

fn ago(seconds: u64) -> Stamp {
    let now = stamp_now();
    now.at(now.boot - Duration::from_secs(seconds))
}

/// covers: N11
#[tokio::test]
async fn outages_are_listed_newest_first_page_by_page_and_by_every_filter() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(2).await;
    for round in 0..7_u64 {
        let no = 1 + u32::try_from(round % 2).unwrap();
        let begun = ago(100 - round * 10);
        netd.change(no, LinkState::Down, begun, begun);
        if round < 6 {
            let ended = ago(95 - round * 10);
            netd.change(no, LinkState::Up, ended, ended);
        }
    }
    hub.has_outages(7, 1).await;
    let mut filter = OutageFilter { limit: 3, ..OutageFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = hub.handle.outages(&filter).await.unwrap();
        seen.extend(page.rows.iter().map(|row| row.outage.id.0));
        filter.after = page.next.map(|key| key.to_string().parse().unwrap());
        if filter.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    let count = async |filter: OutageFilter| hub.handle.outages(&filter).await.unwrap().rows.len();
    let all = OutageFilter::default();
    assert_eq!(count(OutageFilter { phase: Phase::Open, ..all.clone() }).await, 1);
    assert_eq!(count(OutageFilter { phase: Phase::Closed, ..all.clone() }).await, 6);
    assert_eq!(count(OutageFilter { segment: Some(SegmentNo(2)), ..all.clone() }).await, 3);
    let (from, to) = (Some(ago(77).wall), Some(ago(55).wall));
    assert_eq!(count(OutageFilter { from, to, ..all }).await, 3);
    assert_eq!(hub.handle.open_outages().await.unwrap(), (1, 0));
    hub.stop().await;
}

/// covers: N4.4
#[tokio::test]
async fn availability_splits_time_into_up_down_and_unknown() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let begun = wall_now();
    let hub = place.start(1).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    netd.change(1, LinkState::Up, stamp_now(), stamp_now());
    let down = stamp_now();
    netd.change(1, LinkState::Down, down, down);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let up = stamp_now();
    netd.change(1, LinkState::Up, up, up);
    hub.has_outages(1, 0).await;
    let hour = Duration::from_secs(3_600);
    let borders = [begun.minus(hour), begun, begun.plus(hour)];
    let days = hub.handle.availability(SegmentNo(1), &borders).await.unwrap();
    assert_eq!((days[0].unknown, days[0].up, days[0].outages), (hour, Duration::ZERO, 0));
    assert_eq!(days[1].down, up.wall.since(down.wall));
    assert_eq!(days[1].outages, 1);
    assert!(days[1].up > Duration::from_millis(300), "{:?}", days[1]);
    assert!(days[1].to <= wall_now(), "the future is no part of it");
    assert_eq!(days[1].up + days[1].down + days[1].unknown, days[1].to.since(days[1].from));
    assert!(hub.handle.availability(SegmentNo(1), &[WallTime(0)]).await.unwrap().is_empty());
    hub.stop().await;
}

/// covers: N11
#[tokio::test]
async fn health_tells_of_both_processes_both_databases_and_the_disk() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(2).await;
    netd.tick(&[1, 2], &[]);
    crate::hub::wait("the status", async || hub.handle.health().await.netd.status.is_some()).await;
    let health = hub.handle.health().await;
    assert!(health.resident > 1_000_000 && health.disk.is_some());
    assert!(health.databases.iter().all(|one| one.writable), "{:?}", health.databases);
    assert_eq!(health.databases.len(), 2);
    let names: Vec<_> = health.memory.iter().map(|part| part.name).collect();
    assert_eq!(names, ["picture", "snapshot", "changes", "seconds", "minutes"]);
    hub.stop().await;
}
