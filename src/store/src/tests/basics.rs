//! Writing, reading, batching, undoing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::TABLE;
use crate::testing::TestStore;
use crate::{ConstraintKind, Engine, Error, Store, Type, Value, on_both_databases, values};

pub(super) async fn put(store: &Store, number: i64) -> Result<u64, Error> {
    store
        .write(move |tx| {
            Box::pin(async move {
                tx.execute("INSERT INTO test_number (number) VALUES ($1)", &values![number]).await
            })
        })
        .await
}

pub(super) async fn count(store: &Store) -> i64 {
    let row = store.query_one("SELECT COUNT(*) AS n FROM test_number", &[]).await.unwrap();
    row.int("n").unwrap()
}

on_both_databases!(
    /// covers: N1.1
    every_type_comes_back_as_it_went_in,
    TABLE,
    |store: TestStore| async move {
        store
            .write::<_, Error, _>(|tx| {
                Box::pin(async move {
                    let sql = "INSERT INTO test_number (number, word, body, share, positive)
                        VALUES ($1, $2, $3, $4, $5)";
                    tx.execute(sql, &values![i64::MIN, "ғылым", vec![0u8, 255], 0.5, 7i64]).await?;
                    let none = values![
                        i64::MAX,
                        None::<String>,
                        None::<Vec<u8>>,
                        None::<f64>,
                        None::<i64>
                    ];
                    tx.execute(sql, &none).await
                })
            })
            .await
            .unwrap();
        let rows = store.query("SELECT * FROM test_number ORDER BY number", &[]).await.unwrap();
        assert_eq!(rows[0].int("number").unwrap(), i64::MIN);
        assert_eq!(rows[0].text("word").unwrap(), "ғылым");
        assert_eq!(rows[0].blob("body").unwrap(), [0, 255]);
        assert_eq!(rows[0].real("share").unwrap(), 0.5);
        assert_eq!(rows[0].number::<u8>("positive").unwrap(), 7);
        assert_eq!(rows[1].opt_text("word").unwrap(), None);
        assert_eq!(rows[1].opt_blob("body").unwrap(), None);
        assert_eq!(rows[1].opt_real("share").unwrap(), None);
        assert_eq!(rows[1].opt_int("positive").unwrap(), None);
        assert!(matches!(rows[1].int("positive"), Err(Error::WrongType { .. })));
        assert!(matches!(rows[1].text("colour"), Err(Error::NoColumn { .. })));
        assert_eq!(Value::from(None::<i64>), Value::Null(Type::Int));
    }
);

on_both_databases!(
    /// covers: N1.1
    a_failed_work_leaves_the_others_of_its_batch_alone,
    TABLE,
    |store: TestStore| async move {
        let mut tasks = Vec::new();
        for number in 0..200i64 {
            let store = (*store).clone();
            // Every tenth is there twice: one of the two must be refused.
            let number = if number % 10 == 9 { number - 1 } else { number };
            tasks.push(tokio::spawn(async move { put(&store, number).await }));
        }
        let mut refused = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(touched) => assert_eq!(touched, 1),
                Err(error) => {
                    assert!(error.is_unique(), "{error:?}");
                    refused += 1;
                }
            }
        }
        assert_eq!(refused, 20);
        assert_eq!(count(&store).await, 180);
        let health = store.health().await;
        assert!(health.works == 180 && health.commits < 180, "{health:?}");
    }
);

on_both_databases!(
    /// covers: N1.1
    what_a_failed_work_did_before_it_failed_is_undone_though_its_batch_is_kept,
    TABLE,
    |store: TestStore| async move {
        let (started, begun) = tokio::sync::oneshot::channel();
        let (release, held) = tokio::sync::oneshot::channel::<()>();
        let first = (*store).clone();
        let first = tokio::spawn(async move {
            first
                .write::<_, Error, _>(|tx| {
                    Box::pin(async move {
                        let _ = started.send(());
                        let _ = held.await;
                        tx.execute("INSERT INTO test_number (number) VALUES (1)", &[]).await
                    })
                })
                .await
        });
        begun.await.unwrap();
        let second = (*store).clone();
        let second = tokio::spawn(async move {
            second
                .write::<(), Error, _>(|tx| {
                    Box::pin(async move {
                        tx.execute("INSERT INTO test_number (number) VALUES (2)", &[]).await?;
                        Err(Error::NoRow)
                    })
                })
                .await
        });
        tokio::task::yield_now().await;
        let _ = release.send(());
        first.await.unwrap().unwrap();
        assert!(matches!(second.await.unwrap(), Err(Error::NoRow)));
        let rows = store.query("SELECT number FROM test_number", &[]).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(store.health().await.commits, 1);
    }
);

on_both_databases!(
    /// covers: N1.1
    a_swallowed_failure_undoes_the_work_all_the_same,
    TABLE,
    |store: TestStore| async move {
        put(&store, 1).await.unwrap();
        let outcome = store
            .write::<_, Error, _>(|tx| {
                Box::pin(async move {
                    let sql = "INSERT INTO test_number (number) VALUES ($1)";
                    tx.execute(sql, &values![2i64]).await?;
                    let again = tx.execute(sql, &values![1i64]).await;
                    assert!(again.is_err_and(|error| error.is_unique()));
                    Ok(())
                })
            })
            .await;
        assert!(outcome.is_err_and(|error| error.is_unique()));
        assert_eq!(count(&store).await, 1);
    }
);

on_both_databases!(
    /// covers: N1.1
    a_panic_is_undone_and_the_writer_lives_on,
    TABLE,
    |store: TestStore| async move {
        let outcome = store
            .write::<(), Error, _>(|tx| {
                Box::pin(async move {
                    tx.execute("INSERT INTO test_number (number) VALUES (1)", &[]).await?;
                    panic!("on purpose");
                })
            })
            .await;
        assert!(matches!(outcome, Err(Error::Panicked)));
        assert_eq!(count(&store).await, 0);
        put(&store, 1).await.unwrap();
    }
);

on_both_databases!(
    /// covers: N1.1
    rules_of_the_table_are_told_apart,
    TABLE,
    |store: TestStore| async move {
        let outcome = store
            .write::<_, Error, _>(|tx| {
                Box::pin(async move {
                    let sql = "INSERT INTO test_number (number, positive) VALUES (1, 0)";
                    tx.execute(sql, &[]).await
                })
            })
            .await;
        let Err(Error::Constraint { kind, .. }) = outcome else { panic!("{outcome:?}") };
        assert_eq!(kind, ConstraintKind::Check);
        let missing = store.query_one("SELECT * FROM test_number WHERE number = 5", &[]).await;
        assert!(matches!(missing, Err(Error::NoRow)));
    }
);

on_both_databases!(
    /// covers: N1.1
    a_reader_sees_one_moment_and_cannot_write,
    TABLE,
    |store: TestStore| async move {
        put(&store, 1).await.unwrap();
        let writer = (*store).clone();
        let (before, after) = store
            .read::<_, Error, _>(|tx| {
                Box::pin(async move {
                    let sql = "SELECT COUNT(*) AS n FROM test_number";
                    let before = tx.query_one(sql, &[]).await?.int("n")?;
                    put(&writer, 2).await?;
                    Ok((before, tx.query_one(sql, &[]).await?.int("n")?))
                })
            })
            .await
            .unwrap();
        assert_eq!((before, after), (1, 1));
        assert_eq!(count(&store).await, 2);
        assert!(store.query("DELETE FROM test_number RETURNING number", &[]).await.is_err());
        let deleted = store
            .read(|tx| Box::pin(async move { tx.execute("DELETE FROM test_number", &[]).await }))
            .await;
        assert!(deleted.is_err());
        assert_eq!(count(&store).await, 2);
    }
);

on_both_databases!(
    /// covers: N1.1
    work_whose_caller_went_away_before_its_turn_is_not_done,
    TABLE,
    |store: TestStore| async move {
        let ran = Arc::new(AtomicBool::new(false));
        let (started, begun) = tokio::sync::oneshot::channel();
        let (release, held) = tokio::sync::oneshot::channel::<()>();
        let first = (*store).clone();
        let first = tokio::spawn(async move {
            first
                .write::<_, Error, _>(|_tx| {
                    Box::pin(async move {
                        let _ = started.send(());
                        let _ = held.await;
                        Ok(())
                    })
                })
                .await
        });
        begun.await.unwrap();
        let (second, mark) = ((*store).clone(), Arc::clone(&ran));
        let second = tokio::spawn(async move {
            second
                .write::<_, Error, _>(move |_tx| {
                    mark.store(true, Ordering::SeqCst);
                    Box::pin(async move { Ok(()) })
                })
                .await
        });
        tokio::task::yield_now().await;
        second.abort();
        assert!(second.await.unwrap_err().is_cancelled());
        let _ = release.send(());
        first.await.unwrap().unwrap();
        put(&store, 1).await.unwrap();
        assert!(!ran.load(Ordering::SeqCst));
    }
);

on_both_databases!(
    /// covers: N1.1
    work_that_asks_for_another_transaction_is_told_so_instead_of_waiting_for_ever,
    TABLE,
    |store: TestStore| async move {
        let inner = (*store).clone();
        let outcome = store
            .write::<_, Error, _>(|_tx| Box::pin(async move { put(&inner, 1).await }))
            .await;
        assert!(matches!(outcome, Err(Error::Nested)));
    }
);

on_both_databases!(
    /// covers: N1.1
    what_waits_at_the_end_is_still_written,
    TABLE,
    |mut store: TestStore| async move {
        let tasks: Vec<_> = (0..50)
            .map(|number| {
                let store = (*store).clone();
                tokio::spawn(async move { put(&store, number).await })
            })
            .collect();
        tokio::task::yield_now().await;
        let closing = (*store).clone();
        let closer = tokio::spawn(async move { closing.close().await });
        let mut good = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => good += 1,
                Err(error) => assert!(matches!(error, Error::Closed), "{error:?}"),
            }
        }
        closer.await.unwrap();
        assert!(matches!(put(&store, 1_000).await, Err(Error::Closed)));
        store.reopen(TABLE).await;
        assert_eq!(count(&store).await, good);
    }
);

on_both_databases!(
    /// covers: N1.1
    a_second_hub_is_kept_out,
    TABLE,
    |store: TestStore| async move {
        let second = Store::open(store.target(), TABLE).await;
        assert!(matches!(second, Err(Error::InUse { .. })), "{second:?}");
        put(&store, 1).await.unwrap();
    }
);

on_both_databases!(
    /// covers: N1.1
    the_health_names_the_database_and_its_size,
    TABLE,
    |store: TestStore| async move {
        put(&store, 1).await.unwrap();
        let health = store.health().await;
        assert!(health.size_bytes > 0 && health.reachable && !health.disk_full, "{health:?}");
        assert_eq!(health.damage.as_deref(), Some(""));
        assert_eq!(health.free_bytes.is_some(), health.engine == Engine::Sqlite);
        assert!(!health.place.contains("password"));
    }
);

/// covers: N1.1
#[tokio::test]
async fn a_schema_with_a_dangerous_name_is_refused() {
    for schema in ["", "Ets", "ets\"; DROP", "1"] {
        let opened = Store::open(&crate::Target::postgres("postgres://x@h/d", schema), &[]).await;
        assert!(matches!(opened, Err(Error::BadTarget { .. })), "{schema}");
    }
    let opened = Store::open(&crate::Target::postgres("nonsense", "ets"), &[]).await;
    assert!(matches!(opened, Err(Error::BadTarget { .. })));
}
