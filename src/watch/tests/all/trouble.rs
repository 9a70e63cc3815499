//! Kills, full disks and other databases: what is written down is always the truth, once.

use std::time::Duration;

use ets_model::{Blind, BlindReason, LinkState, OutageId, OutageKind, SegmentNo, Stamp};
use ets_netd_api::EventBody;
use ets_runtime::stamp_now;
use ets_store::testing::TestStore;
use ets_watch::{OutageFilter, PageKey, Phase};
use proptest::prelude::*;

use crate::hub::{Hub, Place, migrations, wait};
use crate::live::hub_is_connected;
use crate::netd::{Life, Netd};

/// What is asked of `state.db`: segment, began, ended.
async fn story(hub: &Hub) -> Vec<(u32, i64, Option<i64>)> {
    let rows = hub.outages().await;
    let one = |row: &ets_watch::OutageRow| {
        let outage = &row.outage;
        (outage.segment.unwrap().0, outage.began_before.0, outage.ended.map(|at| at.0))
    };
    let mut story: Vec<_> = rows.iter().map(one).collect();
    story.sort_unstable();
    story
}

/// One step of a history.
#[derive(Clone, Debug)]
enum Step {
    Change(u32, LinkState),
    Tick,
    Kill,
    Stop,
    Reborn,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let state = prop_oneof![
        3 => Just(LinkState::Down),
        3 => Just(LinkState::Up),
        1 => Just(LinkState::Degraded),
        1 => Just(LinkState::Unknown),
    ];
    let step = prop_oneof![
        12 => (1..=4_u32, state).prop_map(|(no, state)| Step::Change(no, state)),
        3 => Just(Step::Tick),
        1 => Just(Step::Kill),
        1 => Just(Step::Stop),
        1 => Just(Step::Reborn),
    ];
    proptest::collection::vec(step, 5..60)
}

/// What is to stand there: an outage from the first Down to the next Up or Degraded.
fn truth(changes: &[(u32, LinkState, Stamp)]) -> Vec<(u32, i64, Option<i64>)> {
    let mut story = Vec::new();
    for no in 1..=4 {
        let mut open = None;
        for (_, state, at) in changes.iter().filter(|one| one.0 == no) {
            match state {
                LinkState::Down => open = open.or(Some(at.wall.0)),
                LinkState::Up | LinkState::Degraded => {
                    story.extend(open.take().map(|began| (no, began, Some(at.wall.0))));
                }
                _ => {}
            }
        }
        story.extend(open.map(|began| (no, began, None)));
    }
    story.sort_unstable();
    story
}

async fn play(steps: Vec<Step>) {
    let place = Place::new();
    let mut netd = Netd::start(&place.socket(), 1);
    let start = stamp_now();
    let mut hub = place.start(4).await;
    let mut changes = Vec::new();
    for (second, step) in (0..).zip(steps) {
        let at = start.at(start.boot + Duration::from_millis(second));
        match step {
            Step::Change(no, state) => {
                netd.change(no, state, at, at);
                changes.push((no, state, at));
            }
            Step::Tick => netd.tick_at(at, &[1, 2, 3, 4], &[]),
            Step::Kill => {
                hub.kill().await;
                hub = place.start(4).await;
            }
            Step::Stop => {
                hub.stop().await;
                hub = place.start(4).await;
            }
            Step::Reborn => {
                reaches(&hub, &truth(&changes)).await;
                let Life { instance, now, .. } = netd.kill().await;
                let life = Life { instance: instance + 1, now, ..Life::default() };
                netd = Netd::with(&place.socket(), life);
            }
        }
    }
    reaches(&hub, &truth(&changes)).await;
    hub.stop().await;
}

async fn reaches(hub: &Hub, expected: &[(u32, i64, Option<i64>)]) {
    let begun = std::time::Instant::now();
    while story(hub).await != expected {
        if begun.elapsed() > Duration::from_secs(5) {
            assert_eq!(story(hub).await, expected);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// covers: N3.2
    #[test]
    fn whoever_is_killed_every_outage_stands_once_and_with_its_true_times(steps in steps()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(play(steps));
    }
}

/// covers: N3.2
#[tokio::test]
async fn with_a_full_disk_the_picture_stays_live_and_the_outages_are_written_down_afterwards() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(3).await;
    hub_is_connected(&hub).await;
    limit_pages(&hub, 1).await;
    for round in 0..200 {
        let to = if round % 2 == 0 { LinkState::Down } else { LinkState::Up };
        netd.change(1, to, stamp_now(), stamp_now());
    }
    netd.change(2, LinkState::Down, stamp_now(), stamp_now());
    hub.shows(2, LinkState::Down).await;
    wait("the alarm", async || !hub.handle.health().await.databases[0].writable).await;
    let health = hub.handle.health().await;
    assert!(health.behind > 0 && health.behind_since.is_some());
    assert!(health.databases[0].problem.contains("full"), "{}", health.databases[0].problem);
    netd.change(3, LinkState::Down, stamp_now(), stamp_now());
    hub.shows(3, LinkState::Down).await;
    limit_pages(&hub, 1_000_000).await;
    wait("the outages", async || hub.handle.open_outages().await.unwrap() == (2, 0)).await;
    let filter =
        OutageFilter { segment: Some(SegmentNo(1)), limit: 1_000, ..OutageFilter::default() };
    assert_eq!(hub.handle.outages(&filter).await.unwrap().rows.len(), 100);
    let health = hub.handle.health().await;
    assert!(health.databases[0].writable && health.behind == 0, "{:?}", health.databases);
    hub.stop().await;
}

/// covers: N3.2
#[tokio::test]
async fn what_is_too_much_to_wait_in_memory_waits_with_netd() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(3).await;
    hub_is_connected(&hub).await;
    limit_pages(&hub, 1).await;
    for round in 0..60_000_u32 {
        let to = if round % 2 == 0 { LinkState::Down } else { LinkState::Up };
        netd.change(1 + round / 2 % 3, to, stamp_now(), stamp_now());
        if round % 512 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    netd.change(2, LinkState::Down, stamp_now(), stamp_now());
    hub.shows(2, LinkState::Down).await;
    wait("the alarm", async || !hub.handle.health().await.databases[0].writable).await;
    assert!(hub.handle.health().await.behind <= 50_000);
    limit_pages(&hub, 1_000_000).await;
    let begun = std::time::Instant::now();
    while hub.handle.open_outages().await.unwrap() != (1, 0) || count(&hub).await != 30_001 {
        assert!(begun.elapsed() < Duration::from_secs(100), "{} outages", count(&hub).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    hub.stop().await;
}

async fn count(hub: &Hub) -> i64 {
    let sql = "SELECT COUNT(*) AS outages FROM watch_outage";
    hub.store.query_one(sql, &[]).await.unwrap().int("outages").unwrap()
}

/// SQLite refuses to grow beyond so many pages, as if the disk were full.
async fn limit_pages(hub: &Hub, pages: u32) {
    let sql = format!("PRAGMA max_page_count = {pages}");
    let work =
        hub.store.write(move |tx| Box::pin(async move { tx.query(&sql, &[]).await.map(drop) }));
    let _: Result<(), ets_store::Error> = work.await;
}

ets_store::on_both_databases!(
    /// covers: N3.2
    outages_blind_times_and_the_place_in_the_stream_are_kept,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket(), 1);
        let hub = place.start_on((*store).clone(), 2).await;
        let start = stamp_now();
        netd.change(1, LinkState::Down, start, start);
        netd.change(2, LinkState::Down, start, start);
        let up = stamp_now();
        netd.change(2, LinkState::Up, up, up);
        netd.tick(&[2], &[1]);
        let rows = hub.has_outages(2, 1).await;
        assert_eq!(rows[0].outage.kind, OutageKind::Segment);
        let id = rows[0].outage.id;
        assert_eq!(hub.handle.outage(id).await.unwrap().unwrap().outage.evidence.len(), 2);
        let borders = [start.wall, up.wall, up.wall.plus(Duration::from_secs(1))];
        let days = hub.handle.availability(rows[0].outage.segment.unwrap(), &borders).await.unwrap();
        assert_eq!(days[0].down, up.wall.since(start.wall));
        assert_eq!(hub.handle.open_outages().await.unwrap(), (1, 0));
        let filter = OutageFilter {
            phase: Phase::Open,
            segment: Some(SegmentNo(1)),
            from: Some(start.wall),
            to: Some(up.wall),
            after: Some(PageKey { began: up.wall, id: OutageId(9) }),
            limit: 1,
        };
        assert_eq!(hub.handle.outages(&filter).await.unwrap().rows.len(), 1);
        let blind = Blind {
            from: start,
            to: up,
            reason: BlindReason::Stalled,
            trunk: String::new(),
        };
        netd.enter(EventBody::Blind(blind));
        wait("a blind time", async || hub.handle.health().await.blind.len() == 1).await;
        hub.pause().await;
        let hub = place.start_on((*store).clone(), 2).await;
        hub_is_connected(&hub).await;
        netd.change(1, LinkState::Up, stamp_now(), stamp_now());
        let after = hub.has_outages(2, 0).await;
        assert_eq!(after[0].outage.id, id);
        hub.stop().await;
    }
);
