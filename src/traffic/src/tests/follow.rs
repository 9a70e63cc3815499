//! The whole part over the real protocol: a `netd` that ends the connection, comes back, falls
//! silent, and does not count.

use std::path::Path;
use std::time::Duration;

use ets_model::{SegmentNo, WallTime};
use ets_netd_api::{
    Class, Client, Connection, Counter, Direction, MeterBuilder, MeterFrame, MeterKind, Metering,
    Reply, Request, greet,
};
use ets_runtime::{Clock, Shutdown, stamp_now};
use ets_store::testing::TestStore;
use tokio::net::UnixListener;

use super::{Ground, state_migrations};
use crate::{Deps, Handle, SERIES_MIGRATIONS, Traffic, Whose};

const ONE: SegmentNo = SegmentNo(1);

fn frame(kind: MeterKind, bytes: u64) -> Reply {
    let mut builder = MeterBuilder::default();
    let (class, direction) = (Class::Hub, Direction::Up);
    builder.push(Counter { segment: ONE, class, direction, bytes, packets: bytes / 100 });
    Reply::Meter(MeterFrame { at: stamp_now(), kind, packed: builder.build() })
}

/// The next follower, and after which moment it asks.
async fn follower(listener: &UnixListener) -> (Connection, Option<WallTime>) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut connection = Connection::new(stream);
    greet(&mut connection).await.unwrap();
    match connection.receive::<Request>("a request").await.unwrap() {
        Some(Request::Meter { after }) => (connection, after),
        other => panic!("{other:?}"),
    }
}

async fn metering(connection: &mut Connection) {
    let metering = Metering { life: 1, by: "filter".into() };
    connection.send(&Reply::Metering(metering)).await.unwrap();
}

async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..200 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not within ten seconds: {what}");
}

async fn start(
    path: &Path,
    ground: &Ground,
) -> (Handle, ets_runtime::ShutdownTrigger, tokio::task::JoinHandle<()>) {
    let deps = Deps {
        series: ground.series.clone(),
        state: (*ground.state).clone(),
        registry: ground.registry.clone(),
        netd: Client::new(path),
        shaper: None,
        clock: Clock::system(),
    };
    let traffic = Traffic::build(ground.config.clone(), deps).await.unwrap();
    let handle = traffic.handle();
    let (trigger, shutdown) = Shutdown::new();
    let task = tokio::spawn(async move { traffic.run(shutdown).await.unwrap() });
    (handle, trigger, task)
}

/// covers: N5.1, N5.2
#[tokio::test]
async fn it_follows_over_ends_silences_and_starts_and_asks_for_what_it_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("netd.sock");
    let series = TestStore::sqlite(SERIES_MIGRATIONS).await;
    let ground = Ground::of(&series, TestStore::sqlite(&state_migrations()).await).await;
    let listener = UnixListener::bind(&path).unwrap();
    let (handle, trigger, task) = start(&path, &ground).await;

    let (mut connection, after) = follower(&listener).await;
    assert_eq!(after, None);
    metering(&mut connection).await;
    connection.send(&frame(MeterKind::All, 1_000)).await.unwrap();
    for bytes in [1_500, 2_500] {
        tokio::time::sleep(Duration::from_millis(200)).await;
        connection.send(&frame(MeterKind::Second, bytes)).await.unwrap();
    }
    until("rates", || handle.snapshot().segment(ONE).is_some()).await;
    let rate = handle.snapshot().segment(ONE).unwrap().rate.up.bytes;
    assert!((1_500..8_000).contains(&rate), "{rate}");
    assert_eq!(handle.snapshot().by, "filter");
    // Silence is told after three seconds.
    until("stale", || handle.snapshot().stale_since.is_some()).await;
    drop(connection);
    until("a problem", || handle.health().problem.is_some()).await;

    let (mut connection, after) = follower(&listener).await;
    assert!(after.is_some_and(|after| after > WallTime(0)));
    metering(&mut connection).await;
    connection.send(&frame(MeterKind::All, 4_000)).await.unwrap();
    until("no problem", || handle.health().problem.is_none()).await;
    trigger.fire();
    task.await.unwrap();
    drop(connection);

    // Another process goes on from there.
    let (handle, trigger, task) = start(&path, &ground).await;
    let (mut connection, again) = follower(&listener).await;
    assert!(again > after);
    connection.send(&Reply::Refused("nothing is counted here".into())).await.unwrap();
    until("a refusal", || {
        handle.health().problem.is_some_and(|problem| problem.contains("nothing is counted"))
    })
    .await;
    drop(connection);
    let (mut connection, _) = follower(&listener).await;
    metering(&mut connection).await;
    connection.send(&frame(MeterKind::All, 4_700)).await.unwrap();
    until("a frame", || handle.health().frames > 0).await;
    let now = Clock::system().wall();
    let hour = Duration::from_secs(3_600);
    let period = crate::Period { from: now.minus(hour), to: now.plus(hour) };
    let total = handle.total(Whose::Segment(ONE), period).await.unwrap();
    assert_eq!(total.amount.up.bytes, 4_700);
    trigger.fire();
    task.await.unwrap();
}
