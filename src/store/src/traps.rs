//! Where SQLite and PostgreSQL differ although the statement is the same. Each known trap has a
//! test that shows it and the way around it; who finds a new one adds it here.
//!
//! 1. SUM of BIGINT is NUMERIC on PostgreSQL: `CAST(SUM(x) AS BIGINT)`. AVG likewise.
//! 2. STRICT tables of SQLite want INTEGER where PostgreSQL wants BIGINT: definitions are written
//!    for each.
//! 3. A null parameter has a type on PostgreSQL: bind `None::<i64>`, not some null.
//! 4. A reader of SQLite that begins to write fails with a busy snapshot: writing goes through
//!    the one writer, which begins IMMEDIATE, and readers are `query_only`.
//! 5. After a failed statement PostgreSQL refuses all further ones: so does our transaction, on
//!    both; use ON CONFLICT where a failure is expected.
//! 6. A missing parameter is NULL on SQLite and an error on PostgreSQL: it is an error on both.
//! 7. PostgreSQL takes no NUL character in a text: refused on both.
//! 8. Nulls sort first on SQLite and last on PostgreSQL: write NULLS FIRST or NULLS LAST.
//! 9. Text sorts by bytes on SQLite and by the locale on PostgreSQL: columns that are sorted or
//!    paged by are `TEXT COLLATE "C"` there.
//! 10. LIKE takes no notice of the case of ASCII on SQLite: compare `lower(x)` on both sides; and
//!     `lower()` knows only ASCII on SQLite and in columns with COLLATE "C", so text in our languages
//!     is folded in Rust.
//! 11. A comparison is 0 or 1 on SQLite and a boolean on PostgreSQL: `Row::flag` reads both.
//! 12. MAX(a, b) of two values is GREATEST on PostgreSQL: use CASE.
//! 13. SQLite's STRICT tables still take 1.0 for an INTEGER, and refuse 'x' with an error that is
//!     no constraint: it is reported as one.
//! 14. DDL in a transaction works on both, so a failed migration leaves nothing behind.

use crate::testing::TestStore;
use crate::{ConstraintKind, Engine, Error, Migration, on_both_databases, values};

const TABLE: &[Migration] = &[Migration {
    owner: "trap",
    version: 1,
    name: "one table",
    sqlite: "CREATE TABLE trap (a INTEGER, b TEXT) STRICT;",
    postgres: "CREATE TABLE trap (a BIGINT, b TEXT COLLATE \"C\");",
}];

async fn put(store: &TestStore, rows: &[(Option<i64>, &str)]) {
    for (a, b) in rows {
        let row = values![*a, *b];
        store
            .write::<_, Error, _>(move |tx| {
                Box::pin(async move {
                    tx.execute("INSERT INTO trap (a, b) VALUES ($1, $2)", &row).await
                })
            })
            .await
            .unwrap();
    }
}

async fn texts(store: &TestStore, sql: &str) -> Vec<String> {
    let rows = store.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.text("b").unwrap().to_owned()).collect()
}

on_both_databases!(
    /// covers: N1.1
    a_sum_has_to_be_cast,
    TABLE,
    |store: TestStore| async move {
        put(&store, &[(Some(1), "x"), (Some(2), "y")]).await;
        let plain = store.query("SELECT SUM(a) AS s FROM trap", &[]).await;
        match store.engine() {
            Engine::Sqlite => assert_eq!(plain.unwrap()[0].int("s").unwrap(), 3),
            Engine::Postgres => assert!(
                matches!(plain, Err(Error::UnknownType { name, .. }) if name == "NUMERIC")
            ),
        }
        let sql = "SELECT CAST(SUM(a) AS BIGINT) AS s FROM trap";
        assert_eq!(store.query_one(sql, &[]).await.unwrap().int("s").unwrap(), 3);
    }
);

/// covers: N1.1
#[tokio::test]
async fn a_strict_table_wants_integer() {
    let bad = Migration { sqlite: "CREATE TABLE t (a BIGINT) STRICT;", ..TABLE[0] };
    let folder = tempfile::tempdir().unwrap();
    let target = crate::Target::series(folder.path().join("t.db"));
    let opened = crate::Store::open(&target, &[bad]).await;
    assert!(matches!(opened, Err(Error::Migration { .. })), "{opened:?}");
}

on_both_databases!(
    /// covers: N1.1
    a_null_has_a_type,
    TABLE,
    |store: TestStore| async move {
        put(&store, &[(None, "x")]).await;
        let sql = "SELECT b FROM trap WHERE ($1 IS NULL OR a = $1) AND b = $2";
        let right = store.query(sql, &values![None::<i64>, "x"]).await.unwrap();
        assert_eq!(right.len(), 1);
        let wrong = store.query(sql, &values![None::<String>, "x"]).await;
        assert_eq!(wrong.is_err(), store.engine() == Engine::Postgres);
    }
);

/// covers: N1.1
#[tokio::test]
async fn a_reader_that_begins_to_write_meets_a_busy_snapshot() {
    use sqlx::{Connection as _, Executor as _, SqliteConnection};
    let store = TestStore::sqlite(TABLE).await;
    let url = format!("sqlite://{}", store.folder().unwrap().join("test.db").display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    other.execute("BEGIN").await.unwrap();
    other.fetch_all("SELECT * FROM trap").await.unwrap();
    put(&store, &[(Some(1), "x")]).await;
    let refused = other.execute("INSERT INTO trap (a) VALUES (1)").await.unwrap_err();
    let code = refused.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap();
    assert_eq!(code, "517", "SQLITE_BUSY_SNAPSHOT");
    other.execute("ROLLBACK").await.unwrap();
    // The writer begins IMMEDIATE and waits for its turn instead.
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let waiting = put(&store, &[(Some(2), "y")]);
    let (_, done) = tokio::join!(waiting, async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        other.execute("COMMIT").await
    });
    done.unwrap();
    assert_eq!(texts(&store, "SELECT b FROM trap ORDER BY a").await, ["x", "y"]);
}

on_both_databases!(
    /// covers: N1.1
    a_missing_parameter_and_a_nul_are_refused,
    TABLE,
    |store: TestStore| async move {
        let few = store.query("SELECT b FROM trap WHERE a = $1 AND b = $2", &values![1i64]).await;
        assert!(matches!(few, Err(Error::Parameters { wanted: 2, given: 1 })));
        let nul = store.query("SELECT b FROM trap WHERE b = $1", &values!["a\0b"]).await;
        assert!(matches!(nul, Err(Error::NulInText)));
    }
);

on_both_databases!(
    /// covers: N1.1
    nulls_and_texts_sort_alike_when_told_how,
    TABLE,
    |store: TestStore| async move {
        put(&store, &[(Some(1), "б"), (None, "a"), (Some(2), "B"), (None, "і")]).await;
        let nulls = texts(&store, "SELECT b FROM trap ORDER BY a NULLS LAST, b").await;
        assert_eq!(nulls, ["б", "B", "a", "і"]);
        assert_eq!(texts(&store, "SELECT b FROM trap ORDER BY b").await, ["B", "a", "б", "і"]);
    }
);

on_both_databases!(
    /// covers: N1.1
    like_takes_no_notice_of_case_on_sqlite_alone,
    TABLE,
    |store: TestStore| async move {
        put(&store, &[(None, "Abai"), (None, "Ғабит")]).await;
        let plain = texts(&store, "SELECT b FROM trap WHERE b LIKE 'a%'").await;
        assert_eq!(plain.len(), usize::from(store.engine() == Engine::Sqlite));
        assert_eq!(texts(&store, "SELECT b FROM trap WHERE lower(b) LIKE 'a%'").await, ["Abai"]);
        let folded = texts(&store, "SELECT b FROM trap WHERE lower(b) LIKE 'ғ%'").await;
        assert!(folded.is_empty());
    }
);

on_both_databases!(
    /// covers: N1.1
    a_comparison_is_a_flag,
    TABLE,
    |store: TestStore| async move {
        put(&store, &[(Some(1), "x")]).await;
        let sql = "SELECT a = 1 AS yes, EXISTS (SELECT 1 FROM trap WHERE a = 2) AS no FROM trap";
        let row = store.query_one(sql, &[]).await.unwrap();
        assert!(row.flag("yes").unwrap() && !row.flag("no").unwrap());
    }
);

on_both_databases!(
    /// covers: N1.1
    the_greater_of_two_needs_a_case,
    TABLE,
    |store: TestStore| async move {
        put(&store, &[(Some(1), "x")]).await;
        let scalar = store.query("SELECT MAX(a, 5) AS m FROM trap", &[]).await;
        assert_eq!(scalar.is_ok(), store.engine() == Engine::Sqlite);
        let sql = "SELECT CASE WHEN a > $1 THEN a ELSE $1 END AS m FROM trap";
        assert_eq!(store.query_one(sql, &values![5i64]).await.unwrap().int("m").unwrap(), 5);
    }
);

/// covers: N1.1
#[tokio::test]
async fn a_wrong_type_in_a_strict_table_is_a_broken_rule() {
    let store = TestStore::sqlite(TABLE).await;
    let outcome = store
        .write::<_, Error, _>(|tx| {
            Box::pin(async move { tx.execute("INSERT INTO trap (a) VALUES ('x')", &[]).await })
        })
        .await;
    let Err(Error::Constraint { kind, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(kind, ConstraintKind::Check);
}
