//! The journal on both databases.

use ets_model::WallTime;
use ets_store::testing::TestStore;
use ets_store::{Engine, on_both_databases, values};
use serde_json::json;

use crate::{
    Anchor, Broken, Entry, Error, Fault, Filter, MIGRATIONS, Page, Recorded, Subject, append, list,
    verify, verify_against,
};

async fn write(store: &TestStore, at: i64, entry: Entry) -> Recorded {
    let written = store.write::<_, Error, _>(move |tx| Box::pin(append(tx, WallTime(at), entry)));
    written.await.unwrap()
}

fn entry(number: i64) -> Entry {
    let subject = Subject::new("segment", format!("s{number:03}"));
    Entry::new("aigerim", "segment.update", subject)
        .why("new provider")
        .detail(json!({"n": number}))
}

async fn filled(store: &TestStore, count: i64) {
    for number in 1..=count {
        write(store, number * 1_000, entry(number)).await;
    }
}

/// What an intruder with the file would do.
async fn tamper(store: &TestStore, sql: &'static str) {
    store
        .write::<_, ets_store::Error, _>(move |tx| {
            Box::pin(async move {
                let guards: &[&str] = match tx.engine() {
                    Engine::Sqlite => &[
                        "DROP TRIGGER IF EXISTS journal_entry_no_update",
                        "DROP TRIGGER IF EXISTS journal_entry_no_delete",
                    ],
                    Engine::Postgres => &["DROP TRIGGER journal_entry_no_change ON journal_entry"],
                };
                for guard in guards {
                    tx.execute(guard, &[]).await?;
                }
                tx.execute(sql, &[]).await
            })
        })
        .await
        .unwrap();
}

on_both_databases!(
    /// covers: N1.2
    an_entry_is_read_as_it_was_written,
    MIGRATIONS,
    |store: TestStore| async move {
        let full = Entry::new("оператор", "segment.create", Subject::new("segment", "s001"))
            .on_behalf("akim")
            .why("жаңа мектеп")
            .from_segment(Some("s007".parse().unwrap()))
            .detail(json!({"after": {"name": "Мектеп №5"}, "before": null}));
        let first = write(&store, 1_000, full).await;
        let second = write(&store, 2_000, entry(2)).await;
        let listing = list(&store, &Filter::default(), Page::default()).await.unwrap();
        assert_eq!(listing.entries, [second, first]);
        assert_eq!(listing.next, None);
    }
);

on_both_databases!(
    /// covers: N1.2
    an_entry_stands_only_when_what_it_tells_of_stands,
    MIGRATIONS,
    |store: TestStore| async move {
        let undone = store
            .write::<(), Error, _>(|tx| {
                Box::pin(async move {
                    append(tx, WallTime(1), entry(1)).await?;
                    Err(Error::NoHead)
                })
            })
            .await;
        assert!(undone.is_err());
        filled(&store, 2).await;
        let listing = list(&store, &Filter::default(), Page::default()).await.unwrap();
        assert_eq!(listing.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(verify(&store).await.unwrap().sound, 2);
    }
);

on_both_databases!(
    /// covers: N1.2
    a_whole_chain_is_found_sound_also_when_many_write_at_once,
    MIGRATIONS,
    |store: TestStore| async move {
        assert_eq!(verify(&store).await.unwrap().sound, 0);
        let tasks: Vec<_> = (0..120)
            .map(|number| {
                let store = (*store).clone();
                tokio::spawn(async move {
                    store
                        .write::<_, Error, _>(move |tx| {
                            Box::pin(append(tx, WallTime(number), entry(number)))
                        })
                        .await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let verdict = verify(&store).await.unwrap();
        assert_eq!((verdict.sound, verdict.broken), (120, None));
    }
);

on_both_databases!(
    /// covers: N1.2
    the_first_broken_entry_is_named,
    MIGRATIONS,
    |store: TestStore| async move {
        filled(&store, 6).await;
        tamper(&store, "UPDATE journal_entry SET why = 'nothing to see' WHERE seq = 4").await;
        let verdict = verify(&store).await.unwrap();
        assert_eq!(verdict.sound, 3);
        assert_eq!(verdict.broken, Some(Broken { seq: 4, fault: Fault::Changed }));
    }
);

on_both_databases!(
    /// covers: N1.2
    a_removed_entry_is_named,
    MIGRATIONS,
    |store: TestStore| async move {
        filled(&store, 6).await;
        tamper(&store, "DELETE FROM journal_entry WHERE seq = 2").await;
        let broken = verify(&store).await.unwrap().broken;
        assert_eq!(broken, Some(Broken { seq: 2, fault: Fault::Missing }));
    }
);

on_both_databases!(
    /// covers: N1.2
    a_cut_off_end_is_named,
    MIGRATIONS,
    |store: TestStore| async move {
        filled(&store, 6).await;
        tamper(&store, "DELETE FROM journal_entry WHERE seq > 4").await;
        let broken = verify(&store).await.unwrap().broken;
        assert_eq!(broken, Some(Broken { seq: 5, fault: Fault::Missing }));
    }
);

on_both_databases!(
    /// covers: N1.2
    a_head_that_was_turned_back_shows_against_an_anchor,
    MIGRATIONS,
    |store: TestStore| async move {
        filled(&store, 6).await;
        let anchor = verify(&store).await.unwrap().last.unwrap();
        tamper(&store, "DELETE FROM journal_entry WHERE seq > 4").await;
        let back = store
            .write::<_, ets_store::Error, _>(|tx| {
                Box::pin(async move {
                    let sql = "UPDATE journal_head SET seq = 4,
                        hash = (SELECT hash FROM journal_entry WHERE seq = 4)";
                    tx.execute(sql, &[]).await
                })
            })
            .await;
        back.unwrap();
        assert_eq!(verify(&store).await.unwrap().broken, None);
        let broken = verify_against(&store, &[anchor]).await.unwrap().broken;
        assert_eq!(broken, Some(Broken { seq: 5, fault: Fault::Missing }));
        let other = Anchor { seq: 3, hash: [7; 32] };
        let broken = verify_against(&store, &[other]).await.unwrap().broken;
        assert_eq!(broken, Some(Broken { seq: 3, fault: Fault::Anchor }));
    }
);

on_both_databases!(
    /// covers: N1.2
    the_database_itself_refuses_to_change_or_delete_an_entry,
    MIGRATIONS,
    |store: TestStore| async move {
        filled(&store, 1).await;
        for sql in ["UPDATE journal_entry SET why = 'x'", "DELETE FROM journal_entry"] {
            let outcome = store
                .write::<_, ets_store::Error, _>(move |tx| {
                    Box::pin(async move { tx.execute(sql, &[]).await })
                })
                .await;
            assert!(outcome.is_err(), "{sql}");
        }
        assert_eq!(verify(&store).await.unwrap().sound, 1);
    }
);

on_both_databases!(
    /// covers: N1.2
    pages_follow_each_other_without_gap_or_double,
    MIGRATIONS,
    |store: TestStore| async move {
        filled(&store, 7).await;
        let mut page = Page { limit: 3, ..Page::default() };
        let mut seen = Vec::new();
        loop {
            let listing = list(&store, &Filter::default(), page).await.unwrap();
            seen.extend(listing.entries.iter().map(|entry| entry.seq));
            page.before = listing.next;
            if listing.next.is_none() {
                break;
            }
            // What comes in the meantime does not shift the pages.
            write(&store, 99, entry(99)).await;
        }
        assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    }
);

on_both_databases!(
    /// covers: N1.2
    each_filter_takes_its_entries,
    MIGRATIONS,
    |store: TestStore| async move {
        filled(&store, 3).await;
        let session = Subject::new("session", "1");
        let other = Entry::new("system", "session.begin", session)
            .on_behalf("aigerim")
            .from_segment(Some("s009".parse().unwrap()));
        write(&store, 9_000, other).await;
        let some = |text: &str| Some(text.to_owned());
        let base = Filter::default;
        let cases = [
            (Filter { person: some("aigerim"), ..base() }, vec![4, 3, 2, 1]),
            (Filter { person: some("system"), ..base() }, vec![4]),
            (Filter { action: some("segment."), ..base() }, vec![3, 2, 1]),
            (Filter { action: some("%"), ..base() }, vec![]),
            (Filter { subject_kind: some("session"), ..base() }, vec![4]),
            (Filter { subject_id: some("s002"), ..base() }, vec![2]),
            (Filter { from_segment: some("s009"), ..base() }, vec![4]),
            (Filter { since: Some(WallTime(2_000)), until: Some(WallTime(9_000)), ..base() }, vec![3, 2]),
        ];
        for (filter, expected) in cases {
            let listing = list(&store, &filter, Page::default()).await.unwrap();
            let seen: Vec<_> = listing.entries.iter().map(|entry| entry.seq).collect();
            assert_eq!(seen, expected, "{filter:?}");
        }
    }
);

on_both_databases!(
    /// covers: N1.2
    a_missing_head_is_told_and_nothing_is_written,
    MIGRATIONS,
    |store: TestStore| async move {
        filled(&store, 1).await;
        tamper(&store, "DELETE FROM journal_head").await;
        let outcome =
            store.write::<_, Error, _>(|tx| Box::pin(append(tx, WallTime(1), entry(2)))).await;
        assert!(matches!(outcome, Err(Error::NoHead)));
        let broken = verify(&store).await.unwrap().broken;
        assert_eq!(broken, Some(Broken { seq: 2, fault: Fault::Head }));
        let after = values![1i64];
        let rows = store.query("SELECT seq FROM journal_entry WHERE seq > $1", &after).await;
        assert!(rows.unwrap().is_empty());
    }
);
