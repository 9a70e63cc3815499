//! Orders and tokens from the first word to the last, on both databases.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use ets_ca::life::{Contact, Desk, Error, New, Order, Rules, Stage};
use ets_ca::{
    Addresses, Authority, Ca, Deps, Files, Passphrase, Protection, Query, Reason, Shown, State,
    Wanted, figures, pkcs12, search,
};
use ets_listen::Connections;
use ets_registry::Author;
use ets_runtime::Clock;
use ets_store::testing::TestStore;
use ets_store::{Migration, Store};
use ets_tls::RevocationSet;

const FILE: &str = "civil-servant-file";

fn migrations() -> Vec<Migration> {
    [ets_journal::MIGRATIONS, ets_ca::MIGRATIONS, ets_ca::life::MIGRATIONS].concat()
}

async fn ca(dir: &Path, store: &Store) -> Ca {
    let (files, passphrase) = (Files::in_dir(dir), Passphrase::new("correct horse"));
    let addresses = Addresses::new("http://pki.ets.localhost:8480").unwrap();
    if !files.exist() {
        Authority::make(&files, "Region", &passphrase, Some(&addresses)).unwrap();
    }
    let revoked = Arc::new(RevocationSet::new());
    Ca::open(Deps {
        store: store.clone(),
        authority: Authority::open(&files, &passphrase, Some(addresses)).unwrap(),
        connections: Connections::new(Arc::clone(&revoked)),
        revoked,
        clock: Clock::system(),
    })
    .await
    .unwrap()
}

async fn desk(ca: &Ca, store: &Store, four_eyes: bool) -> Desk {
    let rules = Rules { four_eyes, ..Rules::default() };
    Desk::open(ca.clone(), store.clone(), Clock::system(), rules).await.unwrap()
}

fn new(subject: &str) -> New {
    New {
        profile: FILE.to_owned(),
        subject: subject.parse().unwrap(),
        names: Vec::new(),
        token: "T-0017".to_owned(),
        request: None,
        contact: Contact::default(),
    }
}

fn officer() -> Author {
    Author::new("officer")
}

async fn handed(desk: &Desk, subject: &str) -> Order {
    let order = desk.order(new(subject), &officer()).await.unwrap();
    desk.issue(order.id, None, &officer()).await.unwrap();
    desk.hand_over(order.id, &officer()).await.unwrap()
}

async fn stage(desk: &Desk, order: &Order) -> Stage {
    desk.standing(order.id).await.unwrap().2
}

async fn a_lost_token_is_dead_from_then_on_and_its_successor_has_the_same_owner(store: TestStore) {
    let dir = tempfile::tempdir().unwrap();
    let ca = ca(dir.path(), &store).await;
    let desk = desk(&ca, &store, false).await;
    let old = handed(&desk, "CN=Айгүл Омарова,O=Әкімдік,serialNumber=850101400123").await;
    assert_eq!(stage(&desk, &old).await, Stage::Active);
    desk.lose(old.id, &officer()).await.unwrap();
    assert_eq!(stage(&desk, &old).await, Stage::Lost);
    let waits = desk.waiting().await.unwrap();
    assert_eq!(
        waits.iter().map(|(one, stage)| (one.id, *stage)).collect::<Vec<_>>(),
        [(old.id, Stage::Lost)]
    );
    assert_eq!(ca.find(old.serial.unwrap()).await.unwrap().state, State::Suspended);
    let new = desk.reissue(old.id, "T-0018".to_owned(), None, &officer()).await.unwrap();
    let again = desk.reissue(old.id, "T-0019".to_owned(), None, &officer()).await;
    assert!(matches!(again, Err(Error::Replaced(..))), "{again:?}");
    assert!(matches!(desk.find_again(old.id, &officer()).await, Err(Error::Replaced(..))));
    desk.issue(new.id, None, &officer()).await.unwrap();
    let dead = ca.find(old.serial.unwrap()).await.unwrap();
    assert_eq!((dead.state, dead.reason), (State::Revoked, Some(Reason::KeyCompromise)));
    let new = desk.hand_over(new.id, &officer()).await.unwrap();
    assert_eq!(
        (stage(&desk, &new).await, stage(&desk, &old).await),
        (Stage::Active, Stage::Revoked)
    );
    assert_eq!(new.person, old.person);
    assert_eq!(ets_journal::verify(&store).await.unwrap().broken, None);
}

ets_store::on_both_databases!(
    /// covers: T1.3, T1.5, T-2
    lost_and_replaced,
    &migrations(),
    a_lost_token_is_dead_from_then_on_and_its_successor_has_the_same_owner
);

/// covers: T1.3
#[tokio::test]
async fn who_forgot_the_token_works_for_a_day_with_another_and_then_with_the_token_again() {
    let store = TestStore::sqlite(&migrations()).await;
    let dir = tempfile::tempdir().unwrap();
    let ca = ca(dir.path(), &store).await;
    let desk = desk(&ca, &store, false).await;
    let own = handed(&desk, "CN=Asem,O=Archive").await;
    let card = ("day card 3".to_owned(), None);
    let long = desk.stand_in(own.id, 100, card.clone(), &officer()).await;
    assert!(matches!(long, Err(Error::TooLong(_))), "{long:?}");
    assert_eq!(stage(&desk, &own).await, Stage::Active, "a refused order changes nothing");
    let day = desk.stand_in(own.id, 9, card, &officer()).await.unwrap();
    assert_eq!(stage(&desk, &own).await, Stage::Suspended);
    let issued = desk.issue(day.id, None, &officer()).await.unwrap();
    let kept = ca.find(issued.serial).await.unwrap();
    let hours = kept.not_after.since(Clock::system().wall()).as_secs() / 60;
    assert!((9 * 60 - 2..=9 * 60).contains(&hours), "{hours} minutes");
    assert_eq!(stage(&desk, &own).await, Stage::Suspended, "a temporary one replaces nothing");
    desk.find_again(own.id, &officer()).await.unwrap();
    assert_eq!(stage(&desk, &own).await, Stage::Active);
    assert_eq!(stage(&desk, &day).await, Stage::Revoked);
}

/// covers: T1.5
#[tokio::test]
async fn where_four_eyes_are_wanted_nobody_confirms_himself() {
    let store = TestStore::sqlite(&migrations()).await;
    let dir = tempfile::tempdir().unwrap();
    let ca = ca(dir.path(), &store).await;
    let desk = desk(&ca, &store, true).await;
    let order = desk.order(new("CN=Asem,O=Archive"), &officer()).await.unwrap();
    let early = desk.issue(order.id, None, &officer()).await;
    assert!(matches!(early, Err(Error::Unconfirmed(_))), "{early:?}");
    let alone = desk.confirm(order.id, &officer()).await;
    assert!(matches!(alone, Err(Error::SamePerson)), "{alone:?}");
    desk.confirm(order.id, &Author::new("second")).await.unwrap();
    desk.issue(order.id, None, &officer()).await.unwrap();
    let twice = desk.issue(order.id, None, &officer()).await;
    assert!(matches!(twice, Err(Error::NotNow(_, Stage::Issued))), "{twice:?}");
    let other = desk.order(new("CN=Asem,O=Archive"), &officer()).await.unwrap();
    desk.refuse(other.id, &officer()).await.unwrap();
    let refused = desk.confirm(other.id, &Author::new("second")).await;
    assert!(matches!(refused, Err(Error::NotNow(_, Stage::Refused))), "{refused:?}");
}

/// covers: T1.3, T-6
#[tokio::test]
async fn what_a_crash_left_between_the_new_and_the_old_certificate_is_finished_at_the_start() {
    let store = TestStore::sqlite(&migrations()).await;
    let dir = tempfile::tempdir().unwrap();
    let ca = ca(dir.path(), &store).await;
    let first = desk(&ca, &store, false).await;
    let old = handed(&first, "CN=Asem,O=Archive").await;
    let new = first.reissue(old.id, "T-2".to_owned(), None, &officer()).await.unwrap();
    let wanted = Wanted {
        profile: FILE.to_owned(),
        subject: "CN=Asem,O=Archive".parse().unwrap(),
        names: Vec::new(),
        until: None,
    };
    let serial = ca.issue(wanted, None, &officer()).await.unwrap().serial.to_string();
    let sql = "UPDATE token_order SET serial = $1, step = 'issued' WHERE id = $2";
    let values = ets_store::values![serial, new.id.0];
    let crash = store.write(move |tx: &mut ets_store::Tx<'_>| {
        Box::pin(async move { tx.execute(sql, &values).await })
    });
    crash.await.unwrap();
    assert_eq!(stage(&first, &old).await, Stage::Active);
    let again = desk(&ca, &store, false).await;
    assert_eq!(stage(&again, &old).await, Stage::Revoked);
}

/// covers: T1.3
#[tokio::test]
async fn a_returned_token_opens_nothing() {
    let store = TestStore::sqlite(&migrations()).await;
    let dir = tempfile::tempdir().unwrap();
    let ca = ca(dir.path(), &store).await;
    let desk = desk(&ca, &store, false).await;
    let order = handed(&desk, "CN=Asem,O=Archive").await;
    desk.give_back(order.id, &officer()).await.unwrap();
    assert_eq!(stage(&desk, &order).await, Stage::Returned);
    assert_eq!(ca.find(order.serial.unwrap()).await.unwrap().state, State::Revoked);
    assert!(matches!(desk.lose(order.id, &officer()).await, Err(Error::NotNow(..))));
}

/// covers: T1.2, T-5
#[tokio::test]
async fn openssl_opens_the_pkcs12_of_either_protection_with_the_password_and_not_without() {
    let store = TestStore::sqlite(&migrations()).await;
    let dir = tempfile::tempdir().unwrap();
    let ca = ca(dir.path(), &store).await;
    let desk = desk(&ca, &store, false).await;
    let order = desk.order(new("CN=Asem,O=Archive"), &officer()).await.unwrap();
    let issued = desk.issue(order.id, None, &officer()).await.unwrap();
    assert!(pkcs12(&issued, "short", Protection::Modern).is_err());
    for (protection, more) in [(Protection::Modern, &[][..]), (Protection::Old, &["-legacy"])] {
        let file = dir.path().join("person.p12");
        std::fs::write(&file, pkcs12(&issued, "long enough", protection).unwrap()).unwrap();
        let open = |password: &str| {
            let mut openssl = Command::new("openssl");
            openssl.args(["pkcs12", "-in"]).arg(&file).args(["-nodes", "-passin"]);
            openssl.arg(format!("pass:{password}")).args(more).output().unwrap()
        };
        let told = open("long enough");
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        assert_eq!(told.matches("BEGIN CERTIFICATE").count(), 2, "{protection:?}");
        assert!(told.contains("BEGIN PRIVATE KEY"), "{protection:?}");
        assert!(!open("something else").status.success(), "{protection:?}");
    }
}

async fn what_is_looked_for_is_found_in_whatever_capitals(store: TestStore) {
    let dir = tempfile::tempdir().unwrap();
    let ca = ca(dir.path(), &store).await;
    let desk = desk(&ca, &store, false).await;
    let first = handed(&desk, "CN=Әсем Қуанова,O=Мұрағат").await;
    let second = handed(&desk, "CN=Болат,O=Әкімдік").await;
    desk.lose(second.id, &officer()).await.unwrap();
    let now = Clock::system().wall();
    let find = async |text: &str, shown| {
        let query = Query { text: text.to_owned(), shown, profile: String::new() };
        let found = search(&store, &query, now, (0, 10)).await.unwrap();
        found.iter().map(|kept| kept.serial).collect::<Vec<_>>()
    };
    assert_eq!(find("қуан", None).await, [first.serial.unwrap()]);
    assert_eq!(find("", None).await, [second.serial.unwrap(), first.serial.unwrap()]);
    assert_eq!(find("", Some(Shown::Suspended)).await, [second.serial.unwrap()]);
    assert_eq!(find(&first.serial.unwrap().to_string(), None).await.len(), 1);
    assert!(find("nobody", None).await.is_empty());
    // By pages, whether all of them fit or not; what was signed is asked for one by one.
    for profile in ["", FILE] {
        let query = Query { profile: profile.to_owned(), ..Query::default() };
        for (from, expected) in [(0, second.serial), (1, first.serial), (2, None)] {
            let page = search(&store, &query, now, (from, 1)).await.unwrap();
            assert_eq!(page.first().map(|kept| kept.serial), expected, "{profile} {from}");
            assert!(page.len() <= 1 && page.iter().all(|kept| kept.certificate.is_empty()));
        }
    }
    let all = figures(&store, now).await.unwrap();
    assert_eq!((all.active, all.suspended, all.revoked, all.ending), (1, 1, 0, 0));
    let later = now.plus(std::time::Duration::from_secs(380 * 86_400));
    assert_eq!(figures(&store, later).await.unwrap().ending, 1);
}

ets_store::on_both_databases!(
    /// covers: T1.4
    found,
    &migrations(),
    what_is_looked_for_is_found_in_whatever_capitals
);

/// covers: T1.1, T1.5
#[tokio::test]
async fn what_opens_the_hub_itself_is_ordered_at_no_desk() {
    let store = TestStore::sqlite(&migrations()).await;
    let dir = tempfile::tempdir().unwrap();
    let ca = ca(dir.path(), &store).await;
    let desk = desk(&ca, &store, false).await;
    for profile in ets_ca::OWN {
        let order = New { profile: profile.to_owned(), ..new("CN=me") };
        let refused = desk.order(order, &officer()).await;
        assert!(matches!(refused, Err(Error::OfTheHub(_))), "{profile}: {refused:?}");
    }
}

/// covers: T1.5
#[tokio::test]
async fn one_human_with_two_certificates_is_one_pair_of_eyes() {
    let store = TestStore::sqlite(&migrations()).await;
    let dir = tempfile::tempdir().unwrap();
    let ca = ca(dir.path(), &store).await;
    let desk = desk(&ca, &store, true).await;
    let by =
        |actor: &str, human: &str| Author { human: Some(human.to_owned()), ..Author::new(actor) };
    let first = by("certificate:Asem (01)", "number:85");
    let order = desk.order(new("CN=Bolat,O=Archive"), &first).await.unwrap();
    let same = desk.confirm(order.id, &by("certificate:Asem (02)", "number:85")).await;
    assert!(matches!(same, Err(Error::SamePerson)), "{same:?}");
    desk.confirm(order.id, &by("certificate:Saule (03)", "number:86")).await.unwrap();
}

/// covers: T1.5
#[tokio::test]
async fn the_key_that_was_confirmed_is_not_exchanged_for_another() {
    let store = TestStore::sqlite(&migrations()).await;
    let dir = tempfile::tempdir().unwrap();
    let ca = ca(dir.path(), &store).await;
    let desk = desk(&ca, &store, false).await;
    let order = New {
        profile: "civil-servant".to_owned(),
        request: Some(request("/CN=a")),
        ..new("CN=Asem,O=Archive")
    };
    let order = desk.order(order, &officer()).await.unwrap();
    let other = desk.issue(order.id, Some(request("/CN=a")), &officer()).await;
    assert!(matches!(other, Err(Error::HasRequest(_))), "{other:?}");
    desk.issue(order.id, None, &officer()).await.unwrap();
}

/// A request for a new key, made by openssl.
fn request(subject: &str) -> String {
    let args = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let mut openssl = Command::new("openssl");
    let made = openssl.args(args).args(["-keyout", "/dev/null", "-subj", subject]).output();
    String::from_utf8(made.unwrap().stdout).unwrap()
}

/// covers: T1.3
#[tokio::test]
async fn when_the_token_is_back_nothing_that_stood_in_for_it_opens_or_is_issued_any_more() {
    let store = TestStore::sqlite(&migrations()).await;
    let dir = tempfile::tempdir().unwrap();
    let ca = ca(dir.path(), &store).await;
    let desk = desk(&ca, &store, false).await;
    let own = handed(&desk, "CN=Asem,O=Archive").await;
    let card = || ("day card".to_owned(), None);
    let used = desk.stand_in(own.id, 9, card(), &officer()).await.unwrap();
    desk.issue(used.id, None, &officer()).await.unwrap();
    let open = desk.stand_in(own.id, 9, card(), &officer()).await.unwrap();
    desk.find_again(own.id, &officer()).await.unwrap();
    let late = desk.issue(open.id, None, &officer()).await;
    assert!(matches!(late, Err(Error::NotNow(_, Stage::Refused))), "{late:?}");
    assert_eq!(stage(&desk, &used).await, Stage::Revoked);
    let again = desk.stand_in(own.id, 9, card(), &officer()).await.unwrap();
    let issued = desk.issue(again.id, None, &officer()).await.unwrap();
    desk.give_back(own.id, &officer()).await.unwrap();
    assert_eq!(ca.find(issued.serial).await.unwrap().state, State::Revoked);
}

/// covers: T-6, T1.2
#[tokio::test]
async fn what_was_signed_when_the_process_ended_belongs_to_its_order_or_is_dead() {
    let store = TestStore::sqlite(&migrations()).await;
    let dir = tempfile::tempdir().unwrap();
    let ca = ca(dir.path(), &store).await;
    let first = desk(&ca, &store, false).await;
    let with_request = New {
        profile: "civil-servant".to_owned(),
        request: Some(request("/CN=a")),
        ..new("CN=Asem,O=Archive")
    };
    let mut ends = Vec::new();
    for order in [with_request, new("CN=Bolat,O=Archive")] {
        let order = first.order(order, &officer()).await.unwrap();
        let serial = first.issue(order.id, None, &officer()).await.unwrap().serial;
        // As if the process had ended between the certificate and the order's own line.
        let sql = "UPDATE token_order SET serial = NULL, step = 'ordered' WHERE id = $1";
        let values = ets_store::values![order.id.0];
        let crash = store.write(move |tx: &mut ets_store::Tx<'_>| {
            Box::pin(async move { tx.execute(sql, &values).await })
        });
        crash.await.unwrap();
        ends.push((order, serial));
    }
    let again = desk(&ca, &store, false).await;
    assert_eq!(again.find(ends[0].0.id).await.unwrap().serial, Some(ends[0].1));
    assert_eq!(stage(&again, &ends[1].0).await, Stage::Ordered);
    assert_eq!(ca.find(ends[1].1).await.unwrap().state, State::Revoked);
}
