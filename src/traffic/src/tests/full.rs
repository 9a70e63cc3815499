//! A full disk: recording stops first, counting goes on, and afterwards no byte is missing.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ets_model::SegmentNo;
use ets_netd_api::{Class, Direction};
use ets_store::testing::TestStore;
use ets_store::{Store, Target};

use super::netd::Netd;
use super::{Ground, START, handle, period, state_migrations, work};
use crate::key::key;
use crate::{SERIES_MIGRATIONS, Whose};

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

/// covers: N5.2
#[tokio::test]
async fn recording_stops_first_with_an_alarm_and_no_byte_is_missing_afterwards() {
    let Some(disk) = Disk::of("64m") else { return };
    let target = Target::series(disk.path().join("series.db"));
    let series = Store::open(&target, SERIES_MIGRATIONS).await.unwrap();
    let state = TestStore::sqlite(&state_migrations()).await;
    let mut ground = Ground::of(&series, state).await;
    ground.config.waiting_minutes = 10;
    let meter = ground.meter().await;
    let mut netd = Netd::new(1);
    let up = key(Class::Outside, Direction::Up);
    netd.connect(&meter);
    let mut sent = 0;
    let mut run = async |minutes: i64| {
        for second in 0..minutes * 60 {
            netd.pass(1, up, 1_000, 1);
            sent += 1_000;
            let frame = netd.tick();
            ground.at(netd.now);
            meter.take(&frame, Some(Duration::from_secs(1)));
            if second % 60 == 30 {
                meter.work(ground.clock.wall()).await.unwrap();
            }
        }
        (netd.now, sent)
    };
    run(3).await;
    assert!(!meter.health().stopped);

    // Somebody else fills the disk up to the last five megabytes.
    let ballast = disk.path().join("ballast");
    let free = series.disk().unwrap().free;
    std::fs::write(&ballast, vec![1u8; usize::try_from(free - (5 << 20)).unwrap()]).unwrap();
    run(40).await;
    let health = meter.health();
    assert!(health.stopped && health.last_error.is_some(), "{health:?}");
    assert!(health.waiting <= 10 && health.joined > 20, "{health:?}");

    std::fs::remove_file(&ballast).unwrap();
    let (now, sent) = run(3).await;
    meter.flush().await.unwrap();
    work(&meter).await;
    assert!(!meter.health().stopped);
    let whose = Whose::Segment(SegmentNo(1));
    let again = ground.meter().await;
    let total = handle(&again).total(whose, period(START, now)).await.unwrap();
    assert_eq!(total.amount.up.bytes, sent);
    assert!(total.spread, "minutes that were put together are marked");
    assert_eq!(total.peak.up, 60_000, "and make no peak");
    series.close().await;
}

/// covers: N5.2
#[tokio::test]
async fn a_database_that_goes_away_and_may_have_taken_what_was_written_counts_nothing_twice() {
    let mut series = TestStore::postgres(SERIES_MIGRATIONS).await;
    let mut ground = Ground::on(&series).await;
    ground.config.waiting_minutes = 5;
    let meter = ground.meter().await;
    let mut netd = Netd::new(1);
    let up = key(Class::Outside, Direction::Up);
    netd.connect(&meter);
    let mut sent = 0;
    for minute in 0..40 {
        for _ in 0..60 {
            netd.pass(1, up, 1_000, 1);
            sent += 1_000;
            let frame = netd.tick();
            ground.at(netd.now);
            meter.take(&frame, Some(Duration::from_secs(1)));
        }
        match minute {
            10 => series.server().unwrap().stop(),
            30 => series.server().unwrap().begin(),
            _ => {}
        }
        let _ = meter.work(ground.clock.wall()).await;
    }
    meter.flush().await.unwrap();
    let total =
        handle(&meter).total(Whose::Segment(SegmentNo(1)), period(START, netd.now)).await.unwrap();
    assert_eq!(total.amount.up.bytes, sent);
    assert!(meter.health().joined > 5);
}
