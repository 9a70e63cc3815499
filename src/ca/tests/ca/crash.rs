//! Histories of orders and revocations with a crash or a restored backup in each: no revocation is
//! lost, no serial number comes twice, no certificate is one that the store does not know.
//!
//! A crash is what it leaves on the disk: the log is written before the database, so it leaves the
//! log after a step, or a part of what the step wrote, and the database before it. A restore is the
//! database of any earlier moment. `ETS_TRIALS` says how many histories (120 without, each with two crashes).

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use ets_ca::{Authority, Ca, Deps, Error, Reason, Serial, State};
use ets_listen::Connections;
use ets_registry::Author;
use ets_runtime::Clock;
use ets_store::{Durability, Migration, Store, Target};
use ets_tls::{RevocationSet, Standing};

use crate::{authority, wanted};

fn migrations() -> Vec<Migration> {
    [ets_journal::MIGRATIONS, ets_ca::MIGRATIONS].concat()
}

/// What lies on the disk at a moment.
#[derive(Clone)]
struct Disk {
    log: Vec<u8>,
    database: Vec<Option<Vec<u8>>>,
}

struct Ground {
    dir: tempfile::TempDir,
    authority: Authority,
    chance: u64,
}

/// A hub that runs.
struct Hub {
    store: Store,
    ca: Ca,
    revoked: Arc<RevocationSet>,
}

impl Ground {
    fn new() -> Self {
        // Crashes are made by hand here: a disk in memory leaves the same, sooner.
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let authority = authority(dir.path());
        Self { dir, authority, chance: 0 }
    }

    /// A number below `end`, always the same ones for a trial.
    fn below(&mut self, end: usize) -> usize {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        (self.chance % end as u64) as usize
    }

    fn log(&self) -> PathBuf {
        self.authority.log()
    }

    fn database(&self) -> [PathBuf; 3] {
        ["state.db", "state.db-wal", "state.db-shm"].map(|name| self.dir.path().join(name))
    }

    fn disk(&self) -> Disk {
        let [file, wal, _] = self.database();
        let database = [file, wal].iter().map(|path| std::fs::read(path).ok()).collect();
        Disk { log: std::fs::read(self.log()).unwrap_or_default(), database }
    }

    fn put(&self, disk: &Disk) {
        std::fs::write(self.log(), &disk.log).unwrap();
        let [file, wal, shared] = self.database();
        drop(std::fs::remove_file(shared));
        for (path, content) in [file, wal].iter().zip(&disk.database) {
            match content {
                Some(content) => std::fs::write(path, content).unwrap(),
                None => drop(std::fs::remove_file(path)),
            }
        }
    }

    fn wipe(&self) {
        for path in self.database().iter().chain([&self.log()]) {
            drop(std::fs::remove_file(path));
        }
    }

    async fn start(&self) -> Hub {
        let path = self.dir.path().join("state.db");
        let target = Target::Sqlite { path, durability: Durability::Normal, reserve: 0 };
        let store = Store::open(&target, &migrations()).await.unwrap();
        let revoked = Arc::new(RevocationSet::new());
        let ca = open(&self.authority, &store, &revoked).await.unwrap();
        Hub { store, ca, revoked }
    }
}

async fn open(
    authority: &Authority,
    store: &Store,
    revoked: &Arc<RevocationSet>,
) -> Result<Ca, Error> {
    Ca::open(Deps {
        store: store.clone(),
        authority: authority.clone(),
        connections: Connections::new(Arc::clone(revoked)),
        revoked: Arc::clone(revoked),
        clock: Clock::system(),
    })
    .await
}

/// What was acknowledged, by serial number.
type Book = BTreeMap<Serial, State>;

/// One step; what it was told to change.
async fn step(ground: &mut Ground, hub: &Hub, book: &mut Book) {
    let by = Author::new("officer");
    let pick = ground.below(4);
    let known: Vec<Serial> = book.keys().copied().collect();
    let serial = (!known.is_empty()).then(|| known[ground.below(known.len())]);
    match (pick, serial) {
        (0, _) | (_, None) => {
            let order = wanted("civil-servant-file", "CN=A");
            let issued = hub.ca.issue(order, None, &by).await.unwrap();
            assert!(book.insert(issued.serial, State::Active).is_none(), "a serial came twice");
        }
        (1, Some(serial)) => {
            if hub.ca.revoke(serial, Reason::KeyCompromise, &by).await.is_ok() {
                book.insert(serial, State::Revoked);
            }
        }
        (2, Some(serial)) => {
            if hub.ca.suspend(serial, &by).await.is_ok() {
                book.insert(serial, State::Suspended);
            }
        }
        (_, Some(serial)) => {
            if hub.ca.resume(serial, &by).await.is_ok() {
                book.insert(serial, State::Active);
            }
        }
    }
}

/// Where what was written ends; behind it is the reserve.
fn end(log: &[u8]) -> usize {
    log.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1)
}

/// What a crash or a restore leaves, of the disk before a step, after it, and of any time.
fn wreck(ground: &mut Ground, before: &Disk, after: &Disk, past: &[Disk]) -> (Disk, bool) {
    let (from, to) = (end(&before.log), end(&after.log));
    match ground.below(6) {
        // Killed between log and database.
        0 => (Disk { log: after.log.clone(), database: before.database.clone() }, false),
        // Killed while the log was written: a part of it is there.
        1 if to > from => {
            let cut = from + ground.below(to - from);
            let mut log = after.log.clone();
            log[cut..].fill(0);
            (Disk { log, database: before.database.clone() }, false)
        }
        // The disk wrote the later part of the last line first.
        2 if to > from + 2 => {
            let lines = after.log[..to - 1].iter().rposition(|octet| *octet == b'\n');
            let start = lines.map_or(0, |end| end + 1);
            let hole = start + ground.below((to - start) / 2);
            let mut log = after.log.clone();
            log[start..=hole].fill(0);
            (Disk { log, database: before.database.clone() }, false)
        }
        // A backup of the database comes back, of any age.
        3 | 4 => {
            let old = past[ground.below(past.len())].database.clone();
            (Disk { log: after.log.clone(), database: old }, true)
        }
        // Only killed.
        _ => (after.clone(), true),
    }
}

fn depth(state: State) -> u8 {
    match state {
        State::Intended | State::Active => 0,
        State::Suspended => 1,
        State::Revoked => 2,
    }
}

/// What was acknowledged holds; the book is what the store says from now on.
async fn judge(hub: &Hub, book: &mut Book, trial: u64) {
    for (serial, state) in book.iter_mut() {
        let kept = hub.ca.find(*serial).await;
        let kept = kept.unwrap_or_else(|error| panic!("trial {trial}: {serial}: {error}"));
        assert!(depth(kept.state) >= depth(*state), "trial {trial}: {serial} is {:?}", kept.state);
        let dead = if kept.state == State::Active { Standing::Good } else { Standing::Revoked };
        assert_eq!(hub.revoked.standing(kept.id()), dead, "trial {trial}: {serial}");
        *state = kept.state;
    }
    for kept in hub.ca.list(1_000).await.unwrap() {
        assert_ne!(kept.state, State::Intended, "trial {trial}");
        let is_handed = book.contains_key(&kept.serial);
        assert!(kept.state != State::Active || is_handed, "trial {trial}: nobody has this");
    }
}

async fn history(ground: &mut Ground, trial: u64) {
    ground.chance = trial.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    ground.wipe();
    let mut hub = ground.start().await;
    let (mut book, mut past) = (Book::new(), vec![ground.disk()]);
    let mut numbers = HashSet::new();
    for _ in 0..2 {
        for _ in 0..ground.below(4) {
            step(ground, &hub, &mut book).await;
            past.push(ground.disk());
        }
        let (before, mut after) = (ground.disk(), book.clone());
        step(ground, &hub, &mut after).await;
        numbers.extend(after.keys().copied());
        let disk = ground.disk();
        past.push(disk.clone());
        let (left, is_whole) = wreck(ground, &before, &disk, &past);
        hub.store.close().await;
        drop(hub);
        ground.put(&left);
        hub = ground.start().await;
        if is_whole {
            book = after;
        } else {
            // Such a database never was.
            past.pop();
        }
        judge(&hub, &mut book, trial).await;
    }
    let by = Author::new("officer");
    let fresh = hub.ca.issue(wanted("civil-servant-file", "CN=B"), None, &by).await.unwrap();
    assert!(numbers.insert(fresh.serial), "trial {trial}: a serial came twice");
    hub.store.close().await;
}

/// covers: T-6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crashes_and_restores_at_random_lose_no_revocation_and_no_certificate() {
    let trials = std::env::var("ETS_TRIALS").ok().and_then(|text| text.parse().ok());
    let trials: u64 = trials.unwrap_or(120);
    let half = |first| async move {
        let mut ground = Ground::new();
        for trial in (first..=trials).step_by(2) {
            history(&mut ground, trial).await;
        }
    };
    let (odd, even) = (tokio::spawn(half(1)), tokio::spawn(half(2)));
    odd.await.unwrap();
    even.await.unwrap();
}

/// covers: T-6
#[tokio::test]
async fn a_log_that_was_changed_is_refused_and_one_that_is_gone_is_written_anew() {
    let mut ground = Ground::new();
    ground.chance = 7;
    let hub = ground.start().await;
    let mut book = Book::new();
    for _ in 0..12 {
        step(&mut ground, &hub, &mut book).await;
    }
    hub.store.close().await;
    drop(hub);
    let good = ground.disk();
    let last = end(&good.log);
    for at in [40, last / 2, last - 60] {
        let mut bad = good.clone();
        bad.log[at] ^= 1;
        ground.put(&bad);
        refused(&ground).await;
        ground.put(&good);
    }
    // Lines that were taken out.
    let lines: Vec<&[u8]> = good.log[..last].split_inclusive(|octet| *octet == b'\n').collect();
    let mut fewer = good.clone();
    fewer.log = [&lines[..3], &lines[4..]].concat().concat();
    ground.put(&fewer);
    refused(&ground).await;
    // None at all: the database is what is known, and the log knows it from then on.
    let mut none = good.clone();
    none.log.clear();
    ground.put(&none);
    let hub = ground.start().await;
    judge(&hub, &mut book.clone(), 0).await;
    hub.store.close().await;
    drop(hub);
    let empty = Disk { log: ground.disk().log, database: vec![None, None] };
    ground.put(&empty);
    let hub = ground.start().await;
    for serial in book.keys() {
        assert_eq!(hub.ca.find(*serial).await.unwrap().state, State::Revoked);
    }
    hub.store.close().await;
}

async fn refused(ground: &Ground) {
    let path = ground.dir.path().join("state.db");
    let target = Target::Sqlite { path, durability: Durability::Normal, reserve: 0 };
    let store = Store::open(&target, &migrations()).await.unwrap();
    let told = open(&ground.authority, &store, &Arc::new(RevocationSet::new())).await;
    let said = told.unwrap_err().to_string();
    assert!(said.contains("put the file back"), "{said}");
    store.close().await;
}

/// covers: T-6
#[tokio::test]
async fn what_was_brought_back_stands_in_the_journal_and_two_hubs_do_not_share_a_log() {
    let ground = Ground::new();
    let hub = ground.start().await;
    let by = Author::new("officer");
    let order = || wanted("civil-servant-file", "CN=A,O=B");
    let one = hub.ca.issue(order(), None, &by).await.unwrap().serial;
    let backup = ground.disk();
    let two = hub.ca.issue(order(), None, &by).await.unwrap().serial;
    hub.ca.revoke(one, Reason::KeyCompromise, &by).await.unwrap();
    let second = open(&ground.authority, &hub.store, &Arc::new(RevocationSet::new())).await;
    assert!(matches!(second, Err(Error::InUse { .. })), "{second:?}");
    hub.store.close().await;
    drop(hub);
    let log = ground.disk().log;
    ground.put(&Disk { log, database: backup.database });
    let hub = ground.start().await;
    let (first, other) = (hub.ca.find(one).await.unwrap(), hub.ca.find(two).await.unwrap());
    assert_eq!((first.state, first.reason), (State::Revoked, Some(Reason::KeyCompromise)));
    assert_eq!((other.state, other.subject.as_str()), (State::Revoked, "CN=A,O=B"));
    let page = ets_journal::Page { before: None, limit: 100 };
    let filter = ets_journal::Filter::default();
    let listing = ets_journal::list(&hub.store, &filter, page).await.unwrap();
    let found = listing.entries.iter().filter(|one| one.entry.why.contains("authority's log"));
    assert_eq!(found.count(), 2);
    hub.store.close().await;
}
