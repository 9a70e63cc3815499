//! What people see now.

use std::time::{Duration, Instant};

use ets_model::{LinkState, OutageKind, SegmentNo, WallTime};
use ets_netd_api::EventBody;
use ets_registry::Author;
use ets_runtime::{stamp_now, wall_now};
use ets_watch::ChangeBody;

use crate::hub::{Place, segment, wait};
use crate::netd::Netd;

/// covers: N3.2
#[tokio::test]
async fn a_change_of_state_is_told_within_20_milliseconds_and_its_outage_follows() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(3).await;
    netd.change(2, LinkState::Up, stamp_now(), stamp_now());
    hub.shows(2, LinkState::Up).await;
    let mut changes = hub.handle.subscribe(None);
    let mut worst = Duration::ZERO;
    for round in 0..20 {
        let to = if round % 2 == 0 { LinkState::Down } else { LinkState::Up };
        let begun = Instant::now();
        netd.change(2, to, stamp_now(), stamp_now());
        loop {
            let change = changes.next().await.unwrap().unwrap();
            if let ChangeBody::State { segment, to: told, .. } = change.body {
                assert_eq!((segment.0, told), (2, to));
                assert!(
                    hub.handle.snapshot().change.seq >= change.id.seq,
                    "already in the picture"
                );
                assert_eq!(hub.state(2), to);
                break;
            }
        }
        worst = worst.max(begun.elapsed());
        hub.has_outages(round / 2 + 1, usize::from(to == LinkState::Down)).await;
    }
    assert!(worst < Duration::from_millis(20), "{worst:?}");
    hub.stop().await;
}

/// covers: N3.2
#[tokio::test]
async fn the_picture_knows_the_open_outage_the_loss_and_the_round_trip() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(3).await;
    hub_is_connected(&hub).await;
    let mut before = stamp_now();
    before.wall = before.wall.minus(Duration::from_secs(10));
    netd.change(2, LinkState::Up, before, before);
    hub.shows(2, LinkState::Up).await;
    for _ in 0..4 {
        netd.tick(&[1, 2, 3], &[]);
    }
    netd.tick(&[1, 3], &[2]);
    wait("five probes", async || hub.handle.snapshot().segment(SegmentNo(2)).unwrap().sent == 5)
        .await;
    let snapshot = hub.handle.snapshot();
    let two = snapshot.segment(SegmentNo(2)).unwrap();
    assert_eq!((two.rtt, two.loss()), (Some(Duration::from_millis(3)), Some(0.2)));
    netd.change(2, LinkState::Down, stamp_now(), stamp_now());
    wait("the outage in the picture", async || {
        hub.handle.snapshot().segment(SegmentNo(2)).unwrap().outage.is_some()
    })
    .await;
    let snapshot = hub.handle.snapshot();
    let two = snapshot.segment(SegmentNo(2)).unwrap();
    assert_eq!((two.sent, two.lost, two.rtt), (0, 0, None), "the outage is told by itself");
    assert_eq!((two.loss(), snapshot.counts.down), (Some(1.0), 1));
    let row = hub.handle.outage(two.outage.unwrap()).await.unwrap().unwrap();
    assert_eq!((row.outage.kind, row.outage.evidence.len()), (OutageKind::Segment, 1));
    netd.change(2, LinkState::Up, stamp_now(), stamp_now());
    wait("the outage to leave the picture", async || {
        hub.handle.snapshot().segment(SegmentNo(2)).unwrap().outage.is_none()
    })
    .await;
    hub.stop().await;
}

/// covers: N1.2
#[tokio::test]
async fn the_registry_is_live_in_netd_and_in_the_picture() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(2).await;
    let author = Author::new("test");
    let targets = || netd.desired().map_or(0, |desired| desired.targets.len());
    wait("two targets", async || targets() == 2).await;
    hub.registry.create_segment(segment(3), &author).await.unwrap();
    wait("three targets", async || targets() == 3).await;
    wait("three segments", async || hub.handle.snapshot().segments.len() == 3).await;
    assert_eq!(hub.state(3), LinkState::Unknown);
    netd.change(3, LinkState::Up, stamp_now(), stamp_now());
    netd.change(3, LinkState::Down, stamp_now(), stamp_now());
    hub.has_outages(1, 1).await;
    hub.registry.retire_segment("s00003", 1, &author).await.unwrap();
    wait("two targets again", async || targets() == 2).await;
    assert_eq!(hub.handle.snapshot().segments.len(), 2);
    hub.has_outages(1, 0).await;
    let soon = WallTime(wall_now().0 + 300_000);
    hub.registry.set_maintenance("s00001", Some(soon), &author).await.unwrap();
    let under = || netd.desired().unwrap().targets[0].maintenance;
    wait("maintenance", async || under()).await;
    wait("its end, by itself", async || !under()).await;
    hub.stop().await;
}

/// covers: N3.2
#[tokio::test]
async fn when_netd_falls_silent_everything_is_unknown_after_three_seconds_and_back_at_once() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(2).await;
    netd.change(1, LinkState::Up, stamp_now(), stamp_now());
    hub.shows(1, LinkState::Up).await;
    let silent = Instant::now();
    hub.shows(1, LinkState::Unknown).await;
    let after = silent.elapsed();
    assert!((2.9..3.7).contains(&after.as_secs_f64()), "{after:?}");
    assert!(hub.handle.snapshot().stale_since.is_some());
    assert_eq!(hub.handle.snapshot().counts.unknown, 2);
    netd.tick(&[1], &[]);
    hub.shows(1, LinkState::Up).await;
    assert_eq!(hub.handle.snapshot().stale_since, None);
    let netd = netd.kill().await;
    let problem = async || hub.handle.health().await.netd.problem;
    wait("the problem", async || problem().await.contains("cannot reach netd")).await;
    assert!(!hub.handle.health().await.netd.connected);
    let again = Netd::with(&place.socket(), netd);
    wait("netd again", async || hub.handle.health().await.netd.connected).await;
    hub.shows(1, LinkState::Up).await;
    drop(again);
    hub.stop().await;
}

#[tokio::test]
async fn a_page_that_comes_back_gets_what_it_missed() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(2).await;
    netd.change(1, LinkState::Up, stamp_now(), stamp_now());
    hub.shows(1, LinkState::Up).await;
    let left = hub.handle.snapshot().change;
    netd.change(2, LinkState::Up, stamp_now(), stamp_now());
    hub.shows(2, LinkState::Up).await;
    let text = left.to_string();
    let back = hub.handle.subscribe(Some(text.parse().unwrap()));
    assert!(!back.reset);
    assert!(
        matches!(back.missed[..], [ref change] if matches!(change.body, ChangeBody::State { .. }))
    );
    assert!(matches!(hub.handle.recent(1)[0].body, ChangeBody::State { .. }));
    hub.stop().await;
}

/// covers: N3.3
#[tokio::test]
async fn a_dark_trunk_is_one_outage_of_the_hub() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(2).await;
    hub_is_connected(&hub).await;
    let dark = |dark| EventBody::Trunk { name: "main".into(), dark, since: stamp_now() };
    netd.enter(dark(false));
    netd.enter(dark(true));
    let rows = hub.has_outages(1, 1).await;
    assert_eq!((rows[0].outage.kind, rows[0].trunk.as_str()), (OutageKind::Hub, "main"));
    assert!(hub.handle.snapshot().trunks[0].dark_since.is_some());
    assert_eq!(hub.handle.open_outages().await.unwrap(), (0, 1));
    netd.enter(dark(false));
    hub.has_outages(1, 0).await;
    assert!(hub.handle.snapshot().trunks[0].dark_since.is_none());
    hub.stop().await;
}

/// covers: N11
#[tokio::test]
async fn a_ping_on_demand_streams_its_answers() {
    let place = Place::new();
    let _netd = Netd::start(&place.socket(), 1);
    let hub = place.start(1).await;
    let interval = Duration::from_millis(200);
    let mut ping = hub.handle.ping(SegmentNo(1), 4, interval).await.unwrap();
    let mut lines = 0;
    while let Some(line) = ping.next().await {
        lines += 1;
        assert_eq!(line.unwrap().number, lines);
    }
    assert_eq!(lines, 4);
    assert!(hub.handle.ping(SegmentNo(9), 1, interval).await.is_err());
    hub.stop().await;
}

/// covers: N11
#[tokio::test]
async fn what_changed_lately_is_known_after_a_restart_as_well() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(2).await;
    let (down, up, dark) = (stamp_now(), stamp_now(), stamp_now());
    netd.change(2, LinkState::Down, down, down);
    netd.change(2, LinkState::Up, up, up);
    netd.enter(EventBody::Trunk { name: "main".into(), dark: true, since: dark });
    hub.has_outages(2, 1).await;
    hub.stop().await;
    let hub = place.start(2).await;
    let recent = hub.handle.recent(100);
    let told: Vec<_> = recent.iter().rev().map(|change| (change.at, change.body.clone())).collect();
    let state = |from, to, since| ChangeBody::State { segment: SegmentNo(2), from, to, since };
    let wanted = [
        (down.wall, state(LinkState::Up, LinkState::Down, down.wall)),
        (up.wall, state(LinkState::Down, LinkState::Up, up.wall)),
        (dark.wall, ChangeBody::Trunk { name: "main".into(), dark: true }),
    ];
    assert_eq!(told[..3], wanted);
    hub.stop().await;
}

pub(crate) async fn hub_is_connected(hub: &crate::hub::Hub) {
    wait("netd", async || hub.handle.snapshot().stale_since.is_none()).await;
}
