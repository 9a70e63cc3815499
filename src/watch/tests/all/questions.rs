//! Questions about the past.

use std::time::Duration;

use ets_model::{LinkState, SegmentNo, Stamp, WallTime};
use ets_registry::Author;
use ets_runtime::{stamp_now, wall_now};
use ets_store::testing::TestStore;
use ets_watch::{OutageFilter, Phase, Span};

use crate::hub::{Hub, Place, migrations, segment, wait};
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
    assert!(days[1].unknown > Duration::from_millis(400), "before the first answer: {:?}", days[1]);
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
    wait("the status", async || hub.handle.health().await.netd.status.is_some()).await;
    let health = hub.handle.health().await;
    assert!(health.resident > 1_000_000 && health.disk.is_some());
    assert!(health.databases.iter().all(|one| one.writable), "{:?}", health.databases);
    assert_eq!(health.databases.len(), 2);
    let names: Vec<_> = health.memory.iter().map(|part| part.name).collect();
    let ours = ["picture", "snapshot", "changes", "seconds", "minutes", "registry", "sqlite"];
    assert_eq!(names[..7], ours);
    assert_eq!(names[7..], ["program", "free", "other"]);
    hub.stop().await;
}

/// The days and the unseen times of a segment, once they are as they should be.
async fn unseen(hub: &Hub, no: u32, from: WallTime, to: WallTime, wanted: &[Span]) {
    let asked = async || hub.handle.unseen(SegmentNo(no), from, to).await.unwrap();
    wait(&format!("{wanted:?}"), async || asked().await == wanted).await;
    let days = hub.handle.availability(SegmentNo(no), &[from, to]).await.unwrap();
    let sum: Duration = wanted.iter().map(|span| span.length()).sum();
    assert_eq!((days[0].unknown, days[0].up), (sum, to.since(from) - sum));
}

ets_store::on_both_databases!(
    /// covers: N4.4
    of_a_segment_nothing_is_known_before_it_was_first_seen_and_while_it_was_retired,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket(), 1);
        let hub = place.start_on((*store).clone(), 2).await;
        let author = Author::new("test");
        let seen = |no, at| netd.change(no, LinkState::Up, at, at);
        let begun = wall_now().minus(Duration::from_secs(3_600));
        let early = wall_now();
        unseen(&hub, 1, begun, early, &[Span { from: begun, to: early }]).await;
        let first = stamp_now();
        seen(1, first);
        let now = wall_now();
        unseen(&hub, 1, begun, now, &[Span { from: begun, to: first.wall }]).await;
        hub.registry.create_segment(segment(3), &author).await.unwrap();
        let now = wall_now();
        unseen(&hub, 3, begun, now, &[Span { from: begun, to: now }]).await;
        hub.registry.retire_segment("s00001", 1, &author).await.unwrap();
        let gone = hub.registry.catalog().segment("s00001").unwrap().retired.unwrap();
        wait("it to leave", async || hub.handle.snapshot().segments.len() == 2).await;
        hub.registry.restore_segment("s00001", 2, &author).await.unwrap();
        wait("it to come back", async || hub.handle.snapshot().segments.len() == 3).await;
        netd.change(1, LinkState::Unknown, stamp_now(), stamp_now());
        hub.pause().await;
        let hub = place.start_on((*store).clone(), 3).await;
        crate::live::hub_is_connected(&hub).await;
        let again = stamp_now();
        seen(1, again);
        let wanted =
            [Span { from: begun, to: first.wall }, Span { from: gone, to: again.wall }];
        let now = wall_now();
        unseen(&hub, 1, begun, now, &wanted).await;
        hub.pause().await;
        let hub = place.start_on((*store).clone(), 3).await;
        crate::live::hub_is_connected(&hub).await;
        unseen(&hub, 1, begun, now, &wanted).await;
        hub.stop().await;
    }
);
