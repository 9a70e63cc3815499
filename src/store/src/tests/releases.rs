//! The one migrator: forward only, and who may read what a newer release made.

use super::TABLE;
use super::basics::{count, put};
use crate::testing::TestStore;
use crate::{Error, Migration, Release, Store, Target, on_both_databases};

const fn release(number: i64) -> Release {
    Release { number, minimum_reader: number - 1 }
}

fn next(version: i64) -> Migration {
    Migration {
        owner: "test",
        version,
        name: "one more column",
        sqlite: "ALTER TABLE test_number ADD COLUMN colour TEXT;",
        postgres: "ALTER TABLE test_number ADD COLUMN colour TEXT;",
    }
}

async fn reopened(
    store: &TestStore,
    migrations: &[Migration],
    number: i64,
) -> Result<Store, Error> {
    Store::open_as(store.target(), migrations, release(number)).await
}

on_both_databases!(
    /// covers: N1.1
    release_n_reads_what_n_plus_1_migrated_and_refuses_n_plus_2,
    TABLE,
    |store: TestStore| async move {
        put(&store, 1).await.unwrap();
        store.close().await;
        let newer = [TABLE[0], next(2)];
        let newer = reopened(&store, &newer, 2).await.unwrap();
        put(&newer, 2).await.unwrap();
        newer.close().await;

        let older = reopened(&store, TABLE, 1).await.unwrap();
        put(&older, 3).await.unwrap();
        assert_eq!(count(&older).await, 3);
        older.close().await;

        let much_newer = reopened(&store, &[TABLE[0], next(2)], 3).await.unwrap();
        much_newer.close().await;
        let before = bytes(store.target());
        let refused = reopened(&store, TABLE, 1).await;
        let Err(Error::TooNew { found: 3, minimum: 2, ours: 1, .. }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(bytes(store.target()), before);
        assert!(refused.unwrap_err().to_string().contains("start the newer release"));
        // Release 2 still may.
        let newer = reopened(&store, TABLE, 2).await.unwrap();
        assert_eq!(count(&newer).await, 3);
        newer.close().await;
    }
);

/// The file and what lies beside it; nothing on PostgreSQL.
fn bytes(target: &Target) -> Vec<(String, String)> {
    let Target::Sqlite { path, .. } = target else { return Vec::new() };
    let mut files: Vec<_> = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), digest(&path)))
        .collect();
    files.sort();
    files
}

fn digest(path: &std::path::Path) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(std::fs::read(path).unwrap()))
}

on_both_databases!(
    /// covers: N1.1
    a_failing_migration_leaves_nothing_behind,
    TABLE,
    |store: TestStore| async move {
        put(&store, 1).await.unwrap();
        store.close().await;
        let broken = Migration {
            name: "broken",
            sqlite: "CREATE TABLE test_other (a INTEGER) STRICT; CREATE TABLE test_number (a INTEGER);",
            postgres: "CREATE TABLE test_other (a BIGINT); CREATE TABLE test_number (a BIGINT);",
            ..next(3)
        };
        let failed = reopened(&store, &[TABLE[0], next(2), broken], 2).await;
        assert!(matches!(failed, Err(Error::Migration { version: 3, .. })), "{failed:?}");
        let again = reopened(&store, TABLE, 1).await.unwrap();
        assert!(again.query("SELECT colour FROM test_number", &[]).await.is_err());
        assert!(again.query("SELECT a FROM test_other", &[]).await.is_err());
        assert_eq!(count(&again).await, 1);
        again.close().await;
    }
);

on_both_databases!(
    /// covers: N1.1
    a_migration_that_was_changed_after_it_had_been_applied_is_refused,
    TABLE,
    |store: TestStore| async move {
        store.close().await;
        let changed = Migration {
            sqlite: "CREATE TABLE test_number (a INTEGER);",
            postgres: "CREATE TABLE test_number (a BIGINT);",
            ..TABLE[0]
        };
        let refused = reopened(&store, &[changed], 1).await;
        assert!(matches!(refused, Err(Error::BadMigration { .. })), "{refused:?}");
    }
);

/// covers: N1.1
#[tokio::test]
async fn numbers_of_migrations_have_no_gaps_and_no_doubles() {
    for wrong in [vec![next(2)], vec![TABLE[0], next(3)], vec![TABLE[0], TABLE[0]]] {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::series(folder.path().join("x.db"));
        let refused = Store::open(&target, &wrong).await;
        assert!(matches!(refused, Err(Error::BadMigration { .. })), "{refused:?}");
    }
}

/// covers: N1.1
#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    use sqlx::{Connection as _, Executor as _};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
    other.execute("CREATE TABLE theirs (a)").await.unwrap();
    other.close().await.unwrap();
    let before = digest(&path);
    let refused = Store::open(&Target::state(&path), TABLE).await;
    assert!(matches!(refused, Err(Error::Foreign { .. })), "{refused:?}");
    assert_eq!(digest(&path), before);
}
