//! What is taken while the database is away, and who may take what opens the hub itself.

use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use ets_ca::{Ca, Error, Kept, Reason, Serial, State};
use ets_registry::Author;
use ets_runtime::Shutdown;
use ets_store::Store;
use ets_store::testing::TestStore;
use ets_tls::Standing;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::desk::{Desk, migrations, open};
use crate::{authority, wanted};

fn officer() -> Author {
    Author { reason: "call of 10:12".to_owned(), ..Author::new("officer") }
}

async fn issued(ca: &Ca, profile: &str) -> Serial {
    ca.issue(wanted(profile, "CN=A"), None, &officer()).await.unwrap().serial
}

async fn execute(store: &Store, sql: &'static str) {
    store
        .write(move |tx| Box::pin(async move { tx.execute(sql, &[]).await.map(drop) }))
        .await
        .unwrap();
}

/// From now on the database answers nothing about certificates.
async fn away(store: &Store) {
    execute(store, "ALTER TABLE ca_certificate RENAME TO away").await;
}

async fn back(store: &Store) {
    execute(store, "ALTER TABLE away RENAME TO ca_certificate").await;
}

/// Waits until this is so.
async fn follows(is_so: impl AsyncFn() -> bool) {
    let waits = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waits).await.expect("it follows");
}

async fn state(ca: &Ca, serial: Serial) -> State {
    ca.find(serial).await.unwrap().state
}

/// A log that is in memory, so that it can be sealed: it takes nothing more then.
fn log_in_memory(dir: &Path) -> OwnedFd {
    let log = memfd_create("log", MFdFlags::MFD_ALLOW_SEALING).unwrap();
    symlink(format!("/proc/self/fd/{}", log.as_raw_fd()), authority(dir).log()).unwrap();
    log
}

async fn who_revoked(store: &Store, serial: Serial) -> Vec<String> {
    let page = ets_journal::Page { before: None, limit: 100 };
    let listing = ets_journal::list(store, &ets_journal::Filter::default(), page).await.unwrap();
    let of = |one: &&ets_journal::Entry| {
        one.action == "certificate.revoke" && one.subject.id == serial.to_string()
    };
    listing.entries.iter().map(|one| &one.entry).filter(of).map(|one| one.actor.clone()).collect()
}

async fn what_is_taken_without_the_database_is_in_force_and_the_row_follows(store: TestStore) {
    let dir = tempfile::tempdir().unwrap();
    let Desk { ca, revoked } = open(dir.path(), &store).await;
    let person = async || {
        let serial = issued(&ca, "civil-servant-file").await;
        (serial, ca.find(serial).await.unwrap().id())
    };
    let [(lost, first), (lent, second), (kept, third)] =
        [person().await, person().await, person().await];
    let ids = [first, second, third];
    let (former, _) = person().await;
    ca.revoke(former, Reason::KeyCompromise, &officer()).await.unwrap();
    away(&store).await;
    let told = ca.revoke(lost, Reason::KeyCompromise, &officer()).await;
    assert!(matches!(told, Err(Error::Owed(serial)) if serial == lost), "{told:?}");
    let told = ca.suspend(lent, &officer()).await;
    assert!(matches!(told, Err(Error::Owed(serial)) if serial == lent), "{told:?}");
    // What gives something back is not done without it.
    let refused = ca.resume(kept, &officer()).await;
    assert!(matches!(refused, Err(Error::Store(_))), "{refused:?}");
    let unknown = "40000000000000000000000000000000".parse().unwrap();
    let refused = ca.revoke(unknown, Reason::Unspecified, &officer()).await;
    assert!(matches!(refused, Err(Error::Store(_))), "nothing is in force: {refused:?}");
    let standings = || ids.map(|id| revoked.standing(id));
    let expected = [Standing::Revoked, Standing::Revoked, Standing::Good];
    assert_eq!(standings(), expected, "at once");
    back(&store).await;
    let states = async || [state(&ca, lost).await, state(&ca, lent).await];
    assert_eq!(states().await, [State::Active; 2], "the database was not told");
    // It does not take the first one yet: the second one is not tried.
    execute(&store, "CREATE UNIQUE INDEX not_yet ON ca_certificate (reason)").await;
    let (_trigger, shutdown) = Shutdown::new();
    tokio::spawn(ca.clone().keep_status(shutdown));
    // What is done afterwards.
    let is_responder = |kept: &Kept| kept.profile == "ocsp" && kept.state == State::Active;
    follows(async || ca.list(10).await.unwrap().iter().any(is_responder)).await;
    assert_eq!(states().await, [State::Active; 2]);
    execute(&store, "DROP INDEX not_yet").await;
    follows(async || states().await == [State::Revoked, State::Suspended]).await;
    assert_eq!(ca.find(lost).await.unwrap().reason, Some(Reason::KeyCompromise));
    assert_eq!(who_revoked(&store, lost).await, ["officer"]);
    assert_eq!(standings(), expected, "afterwards");
    ca.resume(lent, &officer()).await.unwrap();
    assert_eq!(revoked.standing(second), Standing::Good);
}

async fn what_the_log_does_not_take_is_in_force_and_the_row_follows(store: TestStore) {
    let dir = tempfile::tempdir().unwrap();
    let log = log_in_memory(dir.path());
    let Desk { ca, revoked } = open(dir.path(), &store).await;
    let [lost, lent] =
        [issued(&ca, "civil-servant-file").await, issued(&ca, "civil-servant-file").await];
    let ids = [ca.find(lost).await.unwrap().id(), ca.find(lent).await.unwrap().id()];
    fcntl(&log, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_WRITE)).unwrap();
    let told = ca.revoke(lost, Reason::KeyCompromise, &officer()).await;
    assert!(matches!(told, Err(Error::LogEnded)), "{told:?}");
    assert_eq!(state(&ca, lost).await, State::Revoked, "the database is told");
    away(&store).await;
    let told = ca.suspend(lent, &officer()).await;
    assert!(matches!(told, Err(Error::LogEnded)), "{told:?}");
    assert_eq!(ids.map(|id| revoked.standing(id)), [Standing::Revoked; 2]);
    back(&store).await;
    let (_trigger, shutdown) = Shutdown::new();
    tokio::spawn(ca.clone().keep_status(shutdown));
    follows(async || state(&ca, lent).await == State::Suspended).await;
}

async fn what_is_owed_at_the_end_of_the_process_is_told_at_the_next_start(store: TestStore) {
    let dir = tempfile::tempdir().unwrap();
    let desk = open(dir.path(), &store).await;
    let serial = issued(&desk.ca, "civil-servant-file").await;
    away(&store).await;
    let told = desk.ca.revoke(serial, Reason::KeyCompromise, &officer()).await;
    assert!(matches!(told, Err(Error::Owed(_))), "{told:?}");
    drop(desk);
    back(&store).await;
    let again = open(dir.path(), &store).await;
    let kept = again.ca.find(serial).await.unwrap();
    assert_eq!((kept.state, kept.reason), (State::Revoked, Some(Reason::KeyCompromise)));
    assert_eq!(again.revoked.standing(kept.id()), Standing::Revoked);
}

async fn the_last_administrator_in_force_is_taken_at_the_hub_alone(store: TestStore) {
    let dir = tempfile::tempdir().unwrap();
    let Desk { ca, .. } = open(dir.path(), &store).await;
    let take = async |serial, reason| ca.take_from_afar(serial, reason, &officer()).await;
    let (first, second) = (issued(&ca, "administrator").await, issued(&ca, "administrator").await);
    let other = issued(&ca, "civil-servant-file").await;
    assert_eq!([first, second, other].map(|serial| ca.is_own(serial)), [true, true, false]);
    take(other, Some(Reason::Superseded)).await.unwrap();
    take(first, None).await.unwrap();
    for reason in [None, Some(Reason::KeyCompromise)] {
        let refused = take(second, reason).await;
        assert!(matches!(refused, Err(Error::LastAdministrator(_))), "{reason:?}: {refused:?}");
    }
    assert_eq!(ca.find(second).await.unwrap().state, State::Active);
    // Also while nobody can be asked about it.
    away(&store).await;
    let refused = take(second, Some(Reason::KeyCompromise)).await;
    assert!(matches!(refused, Err(Error::LastAdministrator(_))), "{refused:?}");
    back(&store).await;
    // What is suspended opens nothing that its end could close.
    take(first, Some(Reason::KeyCompromise)).await.unwrap();
    let third = issued(&ca, "administrator").await;
    let at_once = [second, third].map(|serial| {
        let ca = ca.clone();
        tokio::spawn(async move {
            ca.take_from_afar(serial, Some(Reason::KeyCompromise), &officer()).await
        })
    });
    let mut done = 0;
    for one in at_once {
        done += usize::from(one.await.unwrap().is_ok());
    }
    assert_eq!(done, 1, "of the last two one stays");
    drop(ca);
    let again = open(dir.path(), &store).await.ca;
    assert!(again.is_own(first) && !again.is_own(other), "known after a start");
    let states = [again.find(second).await.unwrap(), again.find(third).await.unwrap()];
    let last = states.iter().find(|kept| kept.state == State::Active).unwrap();
    let refused = again.take_from_afar(last.serial, None, &officer()).await;
    assert!(matches!(refused, Err(Error::LastAdministrator(_))), "{refused:?}");
    again.revoke(last.serial, Reason::KeyCompromise, &officer()).await.unwrap();
}

ets_store::on_both_databases!(
    /// covers: T-7, T1.3
    owed,
    &migrations(),
    what_is_taken_without_the_database_is_in_force_and_the_row_follows
);
ets_store::on_both_databases!(
    /// covers: T-7, T1.3
    unlogged,
    &migrations(),
    what_the_log_does_not_take_is_in_force_and_the_row_follows
);
ets_store::on_both_databases!(
    /// covers: T-6, T-7
    owed_over_a_restart,
    &migrations(),
    what_is_owed_at_the_end_of_the_process_is_told_at_the_next_start
);
ets_store::on_both_databases!(
    /// covers: T1.3, T3
    last_administrator,
    &migrations(),
    the_last_administrator_in_force_is_taken_at_the_hub_alone
);
