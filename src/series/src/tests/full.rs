//! A full disk: recording stops first, with an alarm, and `state.db` on the same disk goes on.

use std::path::Path;
use std::process::Command;

use ets_model::SegmentNo;
use ets_store::{Error, Migration, Store, Target, values};

use super::{LIFE, START, answered, at};
use crate::{Config, MIGRATIONS, Recorder, Span};

struct Disk(tempfile::TempDir);

impl Disk {
    fn of(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .output();
        mounted.is_ok_and(|done| done.status.success()).then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

const STATE: &[Migration] = &[Migration {
    owner: "test",
    version: 1,
    name: "a table",
    sqlite: "CREATE TABLE test_t (a INTEGER) STRICT;",
    postgres: "",
}];

async fn put(state: &Store, number: i64) {
    let written = state.write::<_, Error, _>(move |tx| {
        Box::pin(
            async move { tx.execute("INSERT INTO test_t (a) VALUES ($1)", &values![number]).await },
        )
    });
    written.await.unwrap();
}

/// covers: N3.1
#[tokio::test]
async fn recording_stops_first_with_an_alarm_while_state_goes_on_and_begins_again_by_itself() {
    let Some(disk) = Disk::of("64m") else { return };
    let state = Store::open(&Target::state(disk.path().join("state.db")), STATE).await.unwrap();
    let target = Target::series(disk.path().join("series.db"));
    let series = Store::open(&target, MIGRATIONS).await.unwrap();
    let recorder = Recorder::open(series.clone(), Config::default()).await.unwrap();
    let tick = |number: i64| {
        let seq = number.unsigned_abs() + 1;
        recorder.record(LIFE, seq, at(START + number * 60), [answered(1, 100)]);
    };
    tick(0);
    tick(1);
    recorder.work(at(START + 60)).await.unwrap();
    assert!(!recorder.health().stopped);

    // Somebody else fills the disk up to the last five megabytes.
    let ballast = disk.path().join("ballast");
    let free = state.disk().unwrap().free;
    let file = vec![1u8; usize::try_from(free - (5 << 20)).unwrap()];
    std::fs::write(&ballast, file).unwrap();
    for number in 2..12 {
        tick(number);
        recorder.work(at(START + number * 60)).await.unwrap();
        put(&state, number).await;
    }
    let health = recorder.health();
    assert!(health.stopped, "{health:?}");
    assert_eq!((health.waiting, health.dropped), (10, 0));
    assert!(!state.health().await.disk_full);

    std::fs::remove_file(&ballast).unwrap();
    recorder.work(at(START + 12 * 60)).await.unwrap();
    let health = recorder.health();
    assert_eq!((health.stopped, health.waiting), (false, 0), "{health:?}");
    let span =
        Span { from: at(START), to: at(START + 12 * 60), step: std::time::Duration::from_secs(60) };
    let points = recorder.range(SegmentNo(1), span).await.unwrap();
    assert_eq!(points.iter().map(|point| point.sent).sum::<u64>(), 12);
    state.close().await;
    series.close().await;
}

/// covers: N3.1
#[tokio::test]
async fn minutes_that_wait_too_long_are_dropped_and_counted() {
    let store = ets_store::testing::TestStore::sqlite(MIGRATIONS).await;
    let config = Config { waiting_minutes: 5, ..Config::default() };
    let recorder = Recorder::open((*store).clone(), config).await.unwrap();
    for number in 0..20i64 {
        let seq = number.unsigned_abs() + 1;
        recorder.record(LIFE, seq, at(START + number * 60), [answered(1, 100)]);
    }
    let health = recorder.health();
    assert_eq!(health.waiting, 5);
    assert_eq!(health.dropped, 14);
}
