//! A full disk: told as such, survived by the reserve, over when there is space again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::TABLE;
use crate::{Durability, Error, ReserveState, Store, Target, values};

const MIB: u64 = 1 << 20;

/// A small disk of its own; unmounted when dropped. None without the right to mount.
struct Disk(tempfile::TempDir);

impl Disk {
    fn of(size: u64) -> Option<Self> {
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

    /// Leaves `left` bytes.
    fn fill(&self, left: u64) -> PathBuf {
        let path = self.path().join("ballast");
        let disk = nix::sys::statvfs::statvfs(self.path()).unwrap();
        let free = disk.blocks_available() * disk.fragment_size();
        let file = std::fs::File::create(&path).unwrap();
        let size = i64::try_from(free.saturating_sub(left)).unwrap();
        nix::fcntl::posix_fallocate(&file, 0, size).unwrap();
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

async fn put_large(store: &Store, number: i64, size: usize) -> Result<u64, Error> {
    let row = values![number, vec![7u8; size]];
    store
        .write(move |tx| {
            Box::pin(async move {
                let sql = "INSERT INTO test_number (number, body) VALUES ($1, $2)";
                tx.execute(sql, &row).await
            })
        })
        .await
}

async fn count(store: &Store) -> i64 {
    super::basics::count(store).await
}

/// covers: N1.1
#[tokio::test]
async fn the_reserve_is_given_up_before_any_work_is_refused_and_made_again() {
    let Some(disk) = Disk::of(128 * MIB) else { return };
    let path = disk.path().join("state.db");
    let target = Target::Sqlite { path, durability: Durability::Full, reserve: 16 * MIB };
    let store = Store::open(&target, TABLE).await.unwrap();
    put_large(&store, 0, 1_000).await.unwrap();
    assert_eq!(store.health().await.reserve, ReserveState::Kept);

    let ballast = disk.fill(64 << 10);
    for number in 1..=100 {
        put_large(&store, number, 50_000).await.unwrap();
    }
    let health = store.health().await;
    assert_eq!((health.reserve, health.disk_full), (ReserveState::GivenUp, false));

    std::fs::remove_file(ballast).unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(store.health().await.reserve, ReserveState::Kept);
    assert_eq!(count(&store).await, 101);
    store.close().await;
}

/// covers: N1.1
#[tokio::test]
async fn a_full_disk_is_told_and_writing_goes_on_by_itself_when_there_is_space() {
    let Some(disk) = Disk::of(48 * MIB) else { return };
    let path = disk.path().join("series.db");
    let target = Target::Sqlite { path, durability: Durability::Normal, reserve: 0 };
    let store = Store::open(&target, TABLE).await.unwrap();
    put_large(&store, 0, 1_000).await.unwrap();
    let ballast = disk.fill(MIB);
    let mut written = 1;
    let mut refused = 0;
    for number in 1..=60 {
        match put_large(&store, number, 50_000).await {
            Ok(_) => written += 1,
            Err(error) => {
                assert!(error.is_disk_full(), "{error:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0 && store.health().await.disk_full);
    assert_eq!(count(&store).await, written);

    std::fs::remove_file(ballast).unwrap();
    for number in 100..110 {
        put_large(&store, number, 50_000).await.unwrap();
        written += 1;
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(!store.health().await.disk_full);
    store.close().await;
    let store = Store::open(&target, TABLE).await.unwrap();
    assert_eq!(count(&store).await, written);
    store.close().await;
}

/// covers: N1.1
///
/// The same refusal without the right to mount: SQLite's own limit of pages.
#[tokio::test]
async fn a_database_at_its_limit_of_pages_says_that_the_disk_is_full() {
    let store = crate::testing::TestStore::sqlite(TABLE).await;
    limit_pages(&store, 40).await;
    let mut outcome = Ok(0);
    for number in 0..100 {
        outcome = put_large(&store, number, 50_000).await;
        if outcome.is_err() {
            break;
        }
    }
    assert!(outcome.is_err_and(|error| error.is_disk_full()));
    let kept = count(&store).await;
    limit_pages(&store, 1_000_000).await;
    put_large(&store, 1_000, 50_000).await.unwrap();
    assert_eq!(count(&store).await, kept + 1);
}

async fn limit_pages(store: &Store, pages: u32) {
    store
        .write::<_, Error, _>(move |tx| {
            Box::pin(
                async move { tx.query(&format!("PRAGMA max_page_count = {pages}"), &[]).await },
            )
        })
        .await
        .unwrap();
}
