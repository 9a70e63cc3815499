//! What happens while one of the two processes is away.

use std::time::Duration;

use ets_model::{Blind, BlindReason, LinkState, Stamp, WallTime};
use ets_netd_api::EventBody;
use ets_runtime::stamp_now;
use ets_store::testing::TestStore;
use ets_store::values;

use crate::hub::{Hub, Place, migrations, wait};
use crate::live::hub_is_connected;
use crate::netd::{Life, Netd};

/// The moment `seconds` after `start`.
fn after(start: Stamp, seconds: f64) -> Stamp {
    start.at(start.boot + Duration::from_secs_f64(seconds))
}

/// covers: N3.2
#[tokio::test]
async fn what_happened_while_serve_was_away_for_a_minute_is_written_down_with_the_true_times() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let start = stamp_now();
    let start = start.at(start.boot - Duration::from_secs(120));
    let hub = place.start(4).await;
    for no in 1..=4 {
        netd.change(no, LinkState::Up, start, after(start, 0.5));
    }
    netd.change(4, LinkState::Down, after(start, 1.0), after(start, 2.0));
    hub.has_outages(1, 1).await;
    hub.stop().await;
    for second in 10..70 {
        for no in 1..=3_u32 {
            let (down, up) = (second == 10 + 5 * no, second == 30 + 5 * no);
            let last = after(start, f64::from(second) - 0.9);
            let first = after(start, f64::from(second) + 0.1);
            if down {
                netd.change(no, LinkState::Down, last, first);
            }
            if up {
                netd.change(no, LinkState::Up, last, first);
            }
        }
        netd.tick_at(after(start, f64::from(second)), &[1, 2, 3], &[4]);
    }
    let hub = place.start(4).await;
    let rows = hub.has_outages(4, 1).await;
    for no in 1..=3_u32 {
        let row =
            rows.iter().find(|row| row.outage.segment.is_some_and(|one| one.0 == no)).unwrap();
        let began = f64::from(10 + 5 * no);
        assert_eq!(row.outage.began_after, after(start, began - 0.9).wall);
        assert_eq!(row.outage.began_before, after(start, began + 0.1).wall);
        assert_eq!(row.outage.ended, Some(after(start, began + 20.1).wall));
    }
    let health = hub.handle.health().await;
    assert!(health.blind.is_empty(), "netd saw everything: {:?}", health.blind);
    hub.stop().await;
    let hub = place.start(4).await;
    hub_is_connected(&hub).await;
    netd.tick(&[1], &[]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(hub.has_outages(4, 1).await, rows, "a third life changes nothing");
    hub.stop().await;
}

/// covers: N3.2
#[tokio::test]
async fn a_new_life_of_netd_is_a_blind_time_and_no_false_outage() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(3).await;
    let start = stamp_now();
    for no in 1..=3 {
        netd.change(no, LinkState::Up, start, start);
    }
    netd.change(3, LinkState::Down, start, start);
    hub.has_outages(1, 1).await;
    let (last, first) = (stamp_now(), after(stamp_now(), 1.5));
    netd.tick_at(last, &[1, 2], &[3]);
    hub_is_connected(&hub).await;
    let earlier = netd.kill().await;
    let netd =
        Netd::with(&place.socket(), Life { instance: 2, now: earlier.now, ..Life::default() });
    netd.tick_at(first, &[1, 2], &[3]);
    wait("the blind time", async || hub.handle.health().await.blind.len() == 1).await;
    let blind = hub.handle.health().await.blind[0].blind.clone();
    assert_eq!((blind.from.wall, blind.to.wall), (last.wall, first.wall));
    assert_eq!(blind.reason, BlindReason::Restarted);
    let rows = hub.has_outages(1, 1).await;
    assert_eq!(rows[0].outage.segment.unwrap().0, 3, "the same outage goes on");
    hub.stop().await;
}

/// covers: N3.2
#[tokio::test]
async fn what_changed_while_both_were_away_is_settled_from_what_netd_says_now() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(3).await;
    let start = stamp_now();
    for no in 1..=3 {
        netd.change(no, LinkState::Up, start, start);
    }
    netd.change(3, LinkState::Down, start, start);
    hub.has_outages(1, 1).await;
    let last = stamp_now();
    netd.tick_at(last, &[1, 2], &[3]);
    wait("the tick", async || hub.handle.snapshot().tick == last.wall).await;
    hub.stop().await;
    let changed = stamp_now();
    netd.change(3, LinkState::Up, start, changed);
    netd.change(2, LinkState::Down, start, changed);
    let earlier = netd.kill().await;
    let netd =
        Netd::with(&place.socket(), Life { instance: 2, now: earlier.now, ..Life::default() });
    let first = after(last, 60.0);
    netd.tick_at(first, &[1, 3], &[2]);
    let hub = place.start(3).await;
    let rows = hub.has_outages(2, 1).await;
    assert_eq!(rows[0].outage.segment.unwrap().0, 2);
    assert_eq!(rows[0].outage.began_before, changed.wall);
    assert_eq!(rows[1].outage.ended, Some(changed.wall));
    assert_eq!(restarts(&hub, 1).await, [(last.wall, first.wall)]);
    hub.stop().await;
}

const DAY: Duration = Duration::from_secs(86_400);

/// The blind times of restarts, once there are so many.
async fn restarts(hub: &Hub, count: usize) -> Vec<(WallTime, WallTime)> {
    let now = stamp_now();
    let (from, to) = (now.wall.minus(DAY), now.wall.plus(DAY));
    let asked = async || hub.handle.blinds(from, to, 10).await.unwrap();
    wait("the blind time", async || asked().await.len() == count).await;
    let rows = asked().await.into_iter().map(|row| row.blind);
    let rows = rows.inspect(|blind| assert_eq!(blind.reason, BlindReason::Restarted));
    rows.map(|blind| (blind.from.wall, blind.to.wall)).collect()
}

/// covers: N3.2
#[tokio::test]
async fn when_serve_went_first_the_time_up_to_netds_end_is_blind_as_well_and_told_once() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(1).await;
    hub_is_connected(&hub).await;
    let last = stamp_now();
    netd.change(1, LinkState::Up, last, last);
    netd.tick_at(last, &[1], &[]);
    wait("the tick", async || hub.handle.snapshot().tick == last.wall).await;
    hub.stop().await;
    let (ended, began) = (after(last, 30.0), after(last, 60.0));
    netd.tick_at(ended, &[1], &[]);
    let earlier = netd.kill().await;
    let netd =
        Netd::with(&place.socket(), Life { instance: 2, now: earlier.now, ..Life::default() });
    let (reason, trunk) = (BlindReason::Restarted, String::new());
    netd.enter_at(began, EventBody::Blind(Blind { from: ended, to: began, reason, trunk }));
    netd.tick_at(after(last, 61.0), &[1], &[]);
    let hub = place.start(1).await;
    wait("the tick", async || hub.handle.snapshot().counts.up == 1).await;
    assert_eq!(restarts(&hub, 1).await, [(last.wall, began.wall)]);
    hub.stop().await;
}

/// covers: N3.2
#[tokio::test]
async fn a_blind_time_is_not_lost_when_serve_ends_before_the_first_tick_after_it() {
    for orderly in [true, false] {
        let place = Place::new();
        let netd = Netd::start(&place.socket(), 1);
        let hub = place.start(2).await;
        hub_is_connected(&hub).await;
        let last = stamp_now();
        netd.tick_at(last, &[1], &[]);
        wait("the tick", async || hub.handle.snapshot().tick == last.wall).await;
        hub.stop().await;
        let earlier = netd.kill().await;
        let netd =
            Netd::with(&place.socket(), Life { instance: 2, now: earlier.now, ..Life::default() });
        let hub = place.start(2).await;
        hub_is_connected(&hub).await;
        netd.change(1, LinkState::Down, after(last, 59.0), after(last, 60.0));
        hub.has_outages(1, 1).await;
        if orderly {
            hub.stop().await;
        } else {
            hub.kill().await;
        }
        let hub = place.start(2).await;
        hub_is_connected(&hub).await;
        let first = after(last, 61.0);
        netd.tick_at(first, &[2], &[1]);
        assert_eq!(restarts(&hub, 1).await, [(last.wall, first.wall)]);
        hub.stop().await;
    }
}

/// covers: N3.2
#[tokio::test]
async fn a_ring_that_was_too_short_leaves_a_blind_time_and_true_states() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(3).await;
    let start = stamp_now();
    for no in 1..=3 {
        netd.change(no, LinkState::Up, start, start);
    }
    netd.tick_at(start, &[1, 2, 3], &[]);
    netd.change(3, LinkState::Down, start, start);
    hub.has_outages(1, 1).await;
    hub.stop().await;
    let lost = after(start, 10.0);
    netd.change(3, LinkState::Up, start, lost);
    netd.change(2, LinkState::Down, start, lost);
    let kept = after(start, 20.0);
    netd.tick_at(kept, &[1, 3], &[2]);
    let last = after(start, 21.0);
    netd.change(1, LinkState::Down, kept, last);
    netd.change(1, LinkState::Up, last, after(start, 22.0));
    netd.forget(8);
    let hub = place.start(3).await;
    let rows = hub.has_outages(3, 1).await;
    let of = |no: u32| rows.iter().find(|row| row.outage.segment.unwrap().0 == no).unwrap();
    assert_eq!(of(1).outage.ended, Some(after(start, 22.0).wall));
    assert_eq!((of(2).outage.began_before, of(2).outage.ended), (lost.wall, None));
    assert_eq!(of(3).outage.ended, Some(lost.wall));
    wait("the blind time", async || hub.handle.health().await.blind.len() == 1).await;
    let blind = hub.handle.health().await.blind[0].blind.clone();
    assert_eq!((blind.from.wall, blind.to.wall), (start.wall, kept.wall));
    hub.stop().await;
}

#[tokio::test]
async fn a_blind_time_that_netd_tells_of_is_kept_and_told_once() {
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(1).await;
    hub_is_connected(&hub).await;
    let (from, to) = (stamp_now(), after(stamp_now(), 5.0));
    let blind = Blind { from, to, reason: BlindReason::Stalled, trunk: String::new() };
    netd.enter(EventBody::Blind(blind.clone()));
    wait("the blind time", async || hub.handle.health().await.blind.len() == 1).await;
    let health = hub.handle.health().await;
    assert_eq!(health.blind[0].blind, blind);
    assert_eq!(health.blind_total.as_millis(), 5_000);
    hub.stop().await;
    let hub = place.start(1).await;
    hub_is_connected(&hub).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(hub.handle.health().await.blind.len(), 1);
    hub.stop().await;
}

/// What the first release of these tables had.
fn first_release() -> Vec<ets_store::Migration> {
    let mut all = migrations();
    all.retain(|one| one.owner != "watch" || one.version == 1);
    all
}

ets_store::on_both_databases!(
    /// covers: N3.2
    the_place_in_the_stream_is_taken_over_from_the_first_release,
    &first_release(),
    |mut store: TestStore| async move {
        let last = stamp_now();
        let sql = "INSERT INTO watch_cursor (one, instance, seq, tick_boot, tick_wall) \
            VALUES (1, 7, 9, $1, $2)";
        let values = values![last.boot.0.cast_signed(), last.wall.0];
        let work = store
            .write(move |tx| Box::pin(async move { tx.execute(sql, &values).await.map(drop) }));
        let written: Result<(), ets_store::Error> = work.await;
        written.unwrap();
        store.reopen(&migrations()).await;
        let place = Place::new();
        let netd = Netd::start(&place.socket(), 8);
        let first = after(last, 60.0);
        netd.tick_at(first, &[1], &[]);
        let hub = place.start_on((*store).clone(), 1).await;
        assert_eq!(restarts(&hub, 1).await, [(last.wall, first.wall)]);
        hub.stop().await;
    }
);
