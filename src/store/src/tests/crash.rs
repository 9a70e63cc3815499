//! What is acknowledged is on the disk: kill -9, a lost server, a damaged file.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::TABLE;
use super::basics::{count, put};
use crate::testing::{Server, TestStore};
use crate::{Error, Store, Target};

const FILE: &str = "ETS_STORE_TEST_FILE";
const SERVER: &str = "ETS_STORE_TEST_SERVER";

/// Not a test: the process that is killed. It tells each number once it is acknowledged.
#[tokio::test]
#[ignore = "started by the tests of kill -9"]
async fn child_that_writes_until_it_is_killed() {
    let target = match (std::env::var(FILE), std::env::var(SERVER)) {
        (Ok(file), _) => Target::state(file),
        (_, Ok(url)) => Target::postgres(url, "test"),
        _ => return,
    };
    let store = Store::open(&target, TABLE).await.unwrap();
    let first = count(&store).await;
    let tasks: Vec<_> = (0..8i64)
        .map(|lane| {
            let store = store.clone();
            tokio::spawn(async move {
                for step in 0.. {
                    let number = first + lane + step * 8;
                    if put(&store, number).await.is_ok() {
                        println!("acknowledged {number}");
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Starts the child, lets it write for a while, kills it; answers what it was told.
fn killed_child(variable: &str, value: &str) -> Vec<i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::crash::child_that_writes_until_it_is_killed"])
        .args(["--ignored", "--nocapture"])
        .env(variable, value)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    let mut begun = None;
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        let Some(number) = line.split("acknowledged ").nth(1) else { continue };
        acknowledged.push(number.trim().parse().unwrap());
        let begun = *begun.get_or_insert_with(Instant::now);
        if begun.elapsed() > Duration::from_millis(300) {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    acknowledged
}

async fn all_there(store: &Store, acknowledged: &[i64]) {
    assert!(acknowledged.len() > 10, "only {} were written", acknowledged.len());
    let rows = store.query("SELECT number FROM test_number", &[]).await.unwrap();
    let there: std::collections::HashSet<i64> =
        rows.iter().map(|row| row.int("number").unwrap()).collect();
    for number in acknowledged {
        assert!(there.contains(number), "{number} was acknowledged and is gone");
    }
}

/// covers: N1.1
#[tokio::test]
async fn kill_9_loses_nothing_acknowledged_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    for _ in 0..3 {
        let acknowledged = killed_child(FILE, path.to_str().unwrap());
        let store = Store::open(&Target::state(&path), TABLE).await.unwrap();
        all_there(&store, &acknowledged).await;
        store
            .write::<_, Error, _>(|tx| {
                Box::pin(async move { tx.execute("DELETE FROM test_number", &[]).await })
            })
            .await
            .unwrap();
        store.close().await;
    }
}

/// covers: N1.1
#[tokio::test]
async fn kill_9_loses_nothing_acknowledged_on_postgres() {
    let server = Server::start();
    let acknowledged = killed_child(SERVER, &server.url());
    let store = Store::open(&Target::postgres(server.url(), "test"), TABLE).await.unwrap();
    all_there(&store, &acknowledged).await;
}

/// covers: N1.1
#[tokio::test]
async fn a_lost_server_is_found_again() {
    let mut store = TestStore::postgres(TABLE).await;
    put(&store, 1).await.unwrap();
    store.server().unwrap().stop();
    let refused = put(&store, 2).await;
    assert!(matches!(refused, Err(Error::Unreachable { .. })), "{refused:?}");
    assert!(!store.health().await.reachable);
    store.server().unwrap().begin();
    put(&store, 3).await.unwrap();
    assert!(store.health().await.reachable);
    assert_eq!(count(&store).await, 2);
}

/// covers: N1.1
#[tokio::test]
async fn a_damaged_file_is_refused_with_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = Store::open(&Target::state(&path), TABLE).await.unwrap();
    for number in 0..2_000 {
        let words = crate::values![number, "x".repeat(100)];
        store
            .write::<_, Error, _>(move |tx| {
                Box::pin(async move {
                    let sql = "INSERT INTO test_number (number, word) VALUES ($1, $2)";
                    tx.execute(sql, &words).await
                })
            })
            .await
            .unwrap();
    }
    store.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    let opened = Store::open(&Target::state(&path), TABLE).await;
    assert!(matches!(opened, Err(Error::Corrupt { .. })), "{opened:?}");

    std::fs::write(&path, "this is no database at all, but long enough to be read as one").unwrap();
    let opened = Store::open(&Target::state(&path), TABLE).await;
    assert!(matches!(opened, Err(Error::Foreign { .. })), "{opened:?}");
}

/// covers: N1.1
#[tokio::test]
async fn a_missing_folder_is_told() {
    let opened = Store::open(&Target::state("/nonexistent/state.db"), TABLE).await;
    let Err(error @ Error::File { .. }) = opened else { panic!("{opened:?}") };
    assert!(error.to_string().contains("check that the folder exists"));
    // What SQLite cannot open is told in the same way: here a folder is in the file's place.
    let dir = tempfile::tempdir().unwrap();
    let opened = Store::open(&Target::state(dir.path()), TABLE).await;
    let Err(error @ Error::File { .. }) = opened else { panic!("{opened:?}") };
    assert!(error.to_string().contains(dir.path().to_str().unwrap()), "{error}");
}
