//! Standing in for somebody goes round no second person.

use std::time::Duration;

use ets_journal::{Filter, Page, list};
use ets_model::{PersonId, Stamp};
use ets_rights::{By, Error, MIGRATIONS, Object, Rights, Scope, Wanted};
use ets_runtime::{Clock, stamp_now};
use ets_store::testing::TestStore;
use ets_store::{Tx, Value, on_both_databases, values};

use crate::bed::{chief, person, wanted};

/// Asem and Dana give rights, and who issues certificates needs both of them; Officer and Erlan
/// have nothing.
struct Desk {
    rights: Rights,
    clock: Clock,
    people: [PersonId; 4],
}

impl Desk {
    async fn new(store: &TestStore) -> Self {
        let clock = Clock::by_hand(stamp_now());
        let rights = Rights::open((*store).clone(), clock.clone()).await.unwrap();
        let names = ["Asem", "Dana", "Officer", "Erlan"];
        let people = names.map(|name| PersonId::of_subject(None, name, None));
        for (id, name) in people.iter().zip(names) {
            rights.know(id, name, None).await.unwrap();
        }
        for giver in &people[..2] {
            let role = wanted("rights-administrator", Scope::Everywhere);
            rights.give(giver, role, &chief()).await.unwrap();
        }
        let words = ["ca.read", "ca.issue", "ca.revoke"].map(str::to_owned);
        rights.put_role("ca-officer", "", &words, true, &chief()).await.unwrap();
        Self { rights, clock, people }
    }

    async fn officer(&self, from: Option<Duration>) {
        let [asem, dana, officer, _] = &self.people;
        let from = from.map(|later| self.clock.wall().plus(later));
        let role = Wanted { from, ..wanted("ca-officer", Scope::Everywhere) };
        let grant = self.rights.give(officer, role, &person(asem)).await.unwrap();
        self.rights.confirm(grant, &person(dana)).await.unwrap();
    }

    async fn stand_in(&self, of: &PersonId, until: Option<Duration>) -> i64 {
        let [asem, _, _, erlan] = &self.people;
        let until = until.map(|later| self.clock.wall().plus(later));
        self.rights.substitute(of, erlan, (None, until), &person(asem)).await.unwrap()
    }

    async fn confirm(&self, no: i64, by: &By) -> Result<(), Error> {
        self.rights.confirm_substitution(no, by).await
    }

    fn may(&self, right: &str) -> bool {
        let erlan = &self.people[3];
        self.rights.decide(erlan, right, &Object::Everywhere, self.clock.wall()).is_allowed()
    }

    fn waits(&self, no: i64) -> bool {
        let found = self.rights.person(&self.people[3]).unwrap();
        self.rights.waits(found.stands_in.iter().find(|one| one.no == no).unwrap())
    }
}

on_both_databases!(
    /// covers: T3, T1.5
    who_stands_in_for_an_officer_waits_for_a_second_person,
    &[MIGRATIONS, ets_journal::MIGRATIONS].concat(),
    |store: TestStore| async move {
        let desk = Desk::new(&store).await;
        let [asem, _, officer, erlan] = &desk.people;
        let observer = wanted("observer", Scope::Everywhere);
        desk.rights.give(officer, observer, &person(asem)).await.unwrap();
        desk.officer(None).await;
        let no = desk.stand_in(officer, None).await;
        let before = desk.clock.wall();
        assert!(desk.waits(no) && !desk.may("ca.issue"));
        assert!(!desk.may("network.read"), "nor what is given alone");
        // Neither who gave it, by whatever he comes in, nor who gets it.
        let as_administrator =
            By { is_administrator: true, author: chief().author, ..person(asem) };
        let as_stand_in = By { is_administrator: true, ..person(erlan) };
        for by in [person(asem), as_administrator, as_stand_in] {
            let refused = desk.confirm(no, &by).await;
            assert!(matches!(refused, Err(Error::Second)), "{by:?} {refused:?}");
        }
        assert!(matches!(desk.confirm(no, &person(officer)).await, Err(Error::Outside)));
        let again = Rights::open((*store).clone(), desk.clock.clone()).await.unwrap();
        let desk = Desk { rights: again, ..desk };
        assert!(desk.waits(no) && !desk.may("ca.issue"));
        desk.clock.set(later(&desk.clock, 10, 0));
        let [_, dana, ..] = &desk.people;
        desk.confirm(no, &person(dana)).await.unwrap();
        assert!(!desk.waits(no) && desk.may("ca.issue"));
        assert!(matches!(desk.confirm(no, &person(dana)).await, Err(Error::NotWaiting)));
        // Nobody stood in on the day before.
        assert_eq!(desk.rights.report(before, Some("ca.issue")).await.unwrap().len(), 1);
        let now = desk.clock.wall();
        assert_eq!(desk.rights.report(now, Some("ca.issue")).await.unwrap().len(), 2);
        let page = list(&store, &Filter::default(), Page::default()).await.unwrap();
        let entry = &page.entries[0].entry;
        assert_eq!(entry.action, "rights.substitute.confirm");
        assert_eq!((entry.subject.id.as_str(), entry.why.as_str()), ("1", "order 7"));
        assert!(desk.may("network.read"));
        // A clock that was put back passes the moment again.
        desk.clock.set(later(&desk.clock, 0, 5));
        assert!(!desk.may("ca.issue"));
        assert_eq!(desk.rights.next_turn(desk.clock.wall()), Some(now));
        desk.rights.end_substitution(no, &chief()).await.unwrap();
        assert!(!desk.may("ca.issue"));
    }
);

on_both_databases!(
    /// covers: T3, T1.5
    what_needs_a_second_person_goes_by_no_substitution_that_was_made_before,
    &[MIGRATIONS, ets_journal::MIGRATIONS].concat(),
    |store: TestStore| async move {
        let desk = Desk::new(&store).await;
        let [asem, dana, officer, _] = &desk.people;
        let observer = wanted("observer", Scope::Everywhere);
        desk.rights.give(officer, observer, &person(asem)).await.unwrap();
        let no = desk.stand_in(officer, None).await;
        assert!(!desk.waits(no) && desk.may("network.read"), "what is given alone passes");
        assert!(matches!(desk.confirm(no, &person(dana)).await, Err(Error::NotWaiting)));
        desk.officer(None).await;
        assert!(desk.waits(no) && desk.may("network.read") && !desk.may("ca.issue"));
        let held = desk.rights.of(&desk.people[3], desk.clock.wall());
        assert_eq!(held.iter().map(|one| one.role.as_str()).collect::<Vec<_>>(), ["observer"]);
        assert!(matches!(desk.confirm(no, &person(asem)).await, Err(Error::Second)));
        desk.confirm(no, &person(dana)).await.unwrap();
        assert!(desk.may("ca.issue") && !desk.waits(no));
    }
);

/// covers: T3, T1.5
#[tokio::test]
async fn a_substitution_waits_for_what_begins_while_it_lasts_and_not_for_what_begins_after_it() {
    let store = TestStore::sqlite(&[MIGRATIONS, ets_journal::MIGRATIONS].concat()).await;
    let desk = Desk::new(&store).await;
    let [_, _, officer, _] = &desk.people;
    desk.officer(Some(Duration::from_secs(60))).await;
    let before = desk.stand_in(officer, Some(Duration::from_secs(60))).await;
    assert!(!desk.waits(before));
    desk.rights.end_substitution(before, &chief()).await.unwrap();
    let during = desk.stand_in(officer, Some(Duration::from_secs(61))).await;
    assert!(desk.waits(during));
    desk.clock.set(later(&desk.clock, 60, 0));
    assert!(!desk.may("ca.issue"));
    desk.clock.set(later(&desk.clock, 1, 0));
    assert!(!desk.waits(during), "it is over");
}

on_both_databases!(
    /// covers: T3, T1.5, S9
    a_substitution_from_before_was_confirmed_by_nobody_and_its_past_stays,
    &[&MIGRATIONS[..1], ets_journal::MIGRATIONS].concat(),
    |store: TestStore| async move {
        let mut store = store;
        let (now, hour) = (stamp_now().wall, Duration::from_secs(3_600));
        let ids = ["Officer", "Erlan"].map(|name| PersonId::of_subject(None, name, None));
        for (no, id) in (1..).zip(&ids) {
            let sql = "INSERT INTO rights_person (no, id, name, organisation, known) \
                VALUES ($1, $2, 'x', '', 0)";
            execute(&store, sql, values![no, id.as_str()].to_vec()).await;
        }
        let past = [now.minus(hour * 3).0, now.minus(hour).0];
        for (no, until, ended) in
            [(1_i64, Some(past[1]), None), (2, None, Some(past[1])), (3, None, None::<i64>)]
        {
            let sql = "INSERT INTO rights_substitution (no, of_person, by_person, since, until, \
                given_by, why, ended) VALUES ($1, $2, $3, $4, $5, 'certificate:Asem (1)', '', $6)";
            let row = values![no, ids[0].as_str(), ids[1].as_str(), past[0], until, ended];
            execute(&store, sql, row.to_vec()).await;
        }
        store.reopen(&[MIGRATIONS, ets_journal::MIGRATIONS].concat()).await;
        let desk = Desk::new(&store).await;
        desk.officer(None).await;
        assert!(desk.waits(3) && !desk.may("ca.issue"));
        // Nobody knows who made it: it is ended and made again.
        assert!(matches!(desk.confirm(3, &person(&desk.people[1])).await, Err(Error::Second)));
        desk.rights.end_substitution(3, &chief()).await.unwrap();
        let all = desk.rights.history(&desk.people[3]).await.unwrap().stands_in;
        let confirmed: Vec<_> =
            all.iter().map(|one| one.confirmed.map(|moment| moment.0)).collect();
        assert_eq!(confirmed, [Some(past[0]), Some(past[0]), None]);
    }
);

/// In `seconds`, or with the wall clock so much put back.
fn later(clock: &Clock, seconds: u64, back: u64) -> Stamp {
    let (now, step) = (clock.stamp(), Duration::from_secs(seconds));
    Stamp { boot: now.boot + step, wall: now.wall.plus(step).minus(Duration::from_secs(back)) }
}

async fn execute(store: &TestStore, sql: &'static str, row: Vec<Value>) {
    let work = store.write(move |tx: &mut Tx<'_>| {
        Box::pin(async move { tx.execute(sql, &row).await.map(drop) })
    });
    let written: Result<(), ets_store::Error> = work.await;
    written.unwrap();
}
