//! What is given, suspended and ended.

use std::time::Duration;

use ets_model::PersonId;
use ets_rights::{By, Config, Decision, Error, MIGRATIONS, Object, Rights, Scope, Wanted};
use ets_runtime::{Clock, stamp_now};
use ets_store::on_both_databases;
use ets_store::testing::TestStore;

use crate::bed::{Bed, chief, institution, person, segment, wanted};

/// covers: T3
#[tokio::test]
async fn a_role_opens_its_rights_within_its_scope_and_no_others() {
    let bed = Bed::new().await;
    let asem = bed.person("Asem").await;
    let dana = bed.person("Dana").await;
    bed.give(&asem, "observer", Scope::District("north".into())).await.unwrap();
    bed.give(&dana, "ca-officer", Scope::Everywhere).await.unwrap();
    assert!(bed.may(&asem, "network.read", &segment("s1")));
    assert!(bed.may(&asem, "network.read", &institution("archive")));
    assert!(!bed.may(&asem, "network.read", &segment("s2")));
    assert!(!bed.may(&asem, "network.read", &Object::Everywhere));
    assert!(!bed.may(&asem, "network.write", &segment("s1")));
    assert!(bed.may(&dana, "ca.issue", &Object::Everywhere));
    assert!(!bed.may(&dana, "network.read", &segment("s1")));
    let stranger = PersonId::of_subject(None, "Nobody", None);
    assert!(!bed.may(&stranger, "network.read", &segment("s1")));
    assert!(!bed.may(&dana, "ca.nonsense", &Object::Everywhere));
}

/// covers: T3, T-9
#[tokio::test]
async fn a_denial_says_which_right_is_missing_and_whom_to_ask() {
    let bed = Bed::new().await;
    let asem = bed.person("Asem").await;
    let dana = bed.person("Dana").await;
    let on = segment("s1");
    let deny = |names: &[&str]| Decision::Denied {
        missing: "network.read".to_owned(),
        whom_to_ask: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    assert_eq!(bed.rights.decide(&asem, "network.read", &on, bed.clock.wall()), deny(&[]));
    let south = Scope::District("south".into());
    bed.give(&dana, "rights-administrator", south).await.unwrap();
    assert_eq!(bed.rights.decide(&asem, "network.read", &on, bed.clock.wall()), deny(&[]));
    let grant = bed.give(&dana, "rights-administrator", Scope::Everywhere).await.unwrap();
    assert_eq!(bed.rights.decide(&asem, "network.read", &on, bed.clock.wall()), deny(&["Dana"]));
    let by = By { break_glass: true, ..chief() };
    bed.rights.suspend_grant(grant, None, &by).await.unwrap();
    assert_eq!(bed.rights.decide(&asem, "network.read", &on, bed.clock.wall()), deny(&[]));
}

/// covers: T3
#[tokio::test]
async fn a_grant_holds_from_until_and_a_suspension_takes_it_back_meanwhile() {
    let bed = Bed::new().await;
    let asem = bed.person("Asem").await;
    let now = bed.clock.wall();
    let after = |seconds| Some(now.plus(Duration::from_secs(seconds)));
    let from_until =
        Wanted { from: after(10), until: after(100), ..wanted("observer", Scope::Everywhere) };
    let grant = bed.rights.give(&asem, from_until, &chief()).await.unwrap();
    let may = || bed.may(&asem, "network.read", &segment("s1"));
    assert!(!may());
    bed.later(10);
    assert!(may());
    bed.rights.suspend_grant(grant, after(30), &chief()).await.unwrap();
    assert!(!may());
    assert!(matches!(bed.rights.suspend_grant(grant, None, &chief()).await, Err(Error::Suspended)));
    bed.later(20);
    assert!(may());
    bed.rights.suspend(&asem, None, &chief()).await.unwrap();
    assert!(!may() && bed.rights.of(&asem, bed.clock.wall()).is_empty());
    bed.rights.resume(&asem, &chief()).await.unwrap();
    assert!(may());
    bed.later(70);
    assert!(!may());
    assert!(matches!(bed.rights.end(grant, &chief()).await, Err(Error::NoGrant(_))));
}

/// covers: T3
#[tokio::test]
async fn who_stands_in_acts_for_another_and_hands_nothing_on() {
    let bed = Bed::new().await;
    let [asem, dana, erlan] =
        [bed.person("Asem").await, bed.person("Dana").await, bed.person("Erlan").await];
    bed.give(&asem, "ca-officer", Scope::Everywhere).await.unwrap();
    let until = Some(bed.clock.wall().plus(Duration::from_secs(60)));
    bed.rights.substitute(&asem, &dana, (None, until), &chief()).await.unwrap();
    bed.rights.substitute(&dana, &erlan, (None, None), &chief()).await.unwrap();
    let decision = bed.rights.decide(&dana, "ca.issue", &Object::Everywhere, bed.clock.wall());
    assert!(
        matches!(decision, Decision::Allowed { acting_for: Some(of), .. } if of == asem),
        "whose the grant is"
    );
    assert!(!bed.may(&erlan, "ca.issue", &Object::Everywhere));
    let held = bed.rights.of(&dana, bed.clock.wall());
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].until, until);
    assert_eq!(held[0].acting_for, Some((asem.clone(), "Asem".to_owned())));
    bed.rights.suspend(&asem, None, &chief()).await.unwrap();
    assert!(!bed.may(&dana, "ca.issue", &Object::Everywhere));
    bed.rights.resume(&asem, &chief()).await.unwrap();
    bed.later(60);
    assert!(!bed.may(&dana, "ca.issue", &Object::Everywhere));
}

/// covers: T3
#[tokio::test]
async fn roles_are_made_changed_and_closed_but_those_of_every_hub_stay() {
    let bed =
        Bed::with(Config { more_rights: vec!["portal.documents".to_owned()], ..Config::default() })
            .await;
    let asem = bed.person("Asem").await;
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let put = async |id: &str, list: &[&str]| {
        bed.rights.put_role(id, "Архивариус", &words(list), false, &chief()).await
    };
    assert!(matches!(put("archivist", &["portal.dances"]).await, Err(Error::NoRight(_))));
    assert!(matches!(put("observer", &["*"]).await, Err(Error::BuiltIn(_))));
    put("archivist", &["portal.documents"]).await.unwrap();
    let grant = bed.give(&asem, "archivist", Scope::Everywhere).await.unwrap();
    assert!(bed.may(&asem, "portal.documents", &Object::Everywhere));
    put("archivist", &["portal.enter"]).await.unwrap();
    assert!(!bed.may(&asem, "portal.documents", &Object::Everywhere));
    assert!(bed.may(&asem, "portal.enter", &Object::Everywhere));
    assert!(matches!(bed.rights.close_role("archivist", &chief()).await, Err(Error::Role(_))));
    bed.rights.end(grant, &chief()).await.unwrap();
    bed.rights.close_role("archivist", &chief()).await.unwrap();
    assert!(matches!(bed.give(&asem, "archivist", Scope::Everywhere).await, Err(Error::NoRole(_))));
    assert_eq!(bed.rights.roles().len(), ets_rights::BUILT_IN_ROLES.len());
}

/// covers: T3
#[tokio::test]
async fn everybody_who_is_known_is_a_civil_servant_only_where_that_is_configured() {
    let bed = Bed::new().await;
    let asem = bed.person("Asem").await;
    assert!(!bed.may(&asem, "portal.enter", &Object::Everywhere));
    let config = Config { civil_servant_by_default: true, ..Config::default() };
    let open = async || {
        Rights::open_with(config.clone(), bed.store.clone(), bed.clock.clone()).await.unwrap()
    };
    let rights = open().await;
    let dana = PersonId::of_subject(None, "Dana", None);
    rights.know(&dana, "Dana", None).await.unwrap();
    for who in [&asem, &dana] {
        let decision = rights.decide(who, "portal.enter", &Object::Everywhere, bed.clock.wall());
        assert!(decision.is_allowed(), "{who}");
    }
    // Who had it and lost it does not get it again.
    let grant = rights.of(&dana, bed.clock.wall())[0].grant;
    rights.end(grant, &chief()).await.unwrap();
    let again = open().await;
    assert!(again.of(&dana, bed.clock.wall()).is_empty());
}

/// covers: T3
#[tokio::test]
async fn what_is_wrong_with_an_order_is_said_and_nothing_is_given() {
    let bed = Bed::new().await;
    let asem = bed.person("Asem").await;
    let stranger = PersonId::of_subject(None, "Nobody", None);
    let everywhere = || wanted("observer", Scope::Everywhere);
    let give = async |who: &PersonId, what: Wanted, by: By| bed.rights.give(who, what, &by).await;
    assert!(matches!(give(&stranger, everywhere(), chief()).await, Err(Error::NoPerson(_))));
    let no_role = wanted("king", Scope::Everywhere);
    assert!(matches!(give(&asem, no_role, chief()).await, Err(Error::NoRole(_))));
    let past = Wanted { until: Some(bed.clock.wall()), ..everywhere() };
    assert!(matches!(give(&asem, past, chief()).await, Err(Error::Times)));
    let mut silent = chief();
    silent.author.reason = " ".to_owned();
    assert!(matches!(give(&asem, everywhere(), silent).await, Err(Error::NeedReason)));
    assert!(matches!(give(&asem, everywhere(), person(&asem)).await, Err(Error::OwnRights)));
    assert!(bed.rights.of(&asem, bed.clock.wall()).is_empty());
    give(&asem, everywhere(), chief()).await.unwrap();
    assert!(matches!(give(&asem, everywhere(), chief()).await, Err(Error::Already)));
}

on_both_databases!(
    /// covers: T3, S9
    what_was_given_is_there_after_a_restart,
    &[MIGRATIONS, ets_journal::MIGRATIONS].concat(),
    |store: TestStore| async move {
        let clock = Clock::by_hand(stamp_now());
        let rights = Rights::open(store.clone(), clock.clone()).await.unwrap();
        let [asem, dana] = ["Asem", "Dana"].map(|name| PersonId::of_subject(None, name, None));
        for (id, name) in [(&asem, "Asem"), (&dana, "Dana")] {
            rights.know(id, name, None).await.unwrap();
        }
        let until = Some(clock.wall().plus(Duration::from_secs(60)));
        let office = Wanted { until, ..wanted("ca-officer", Scope::District("north".into())) };
        rights.give(&asem, office, &chief()).await.unwrap();
        let grant =
            rights.give(&asem, wanted("observer", Scope::Everywhere), &chief()).await.unwrap();
        rights.suspend_grant(grant, None, &chief()).await.unwrap();
        rights.substitute(&asem, &dana, (None, until), &chief()).await.unwrap();
        let before = [rights.of(&asem, clock.wall()), rights.of(&dana, clock.wall())];
        let again = Rights::open(store.clone(), clock.clone()).await.unwrap();
        assert_eq!([again.of(&asem, clock.wall()), again.of(&dana, clock.wall())], before);
        assert_eq!((before[0].len(), before[1].len()), (1, 1));
        again.resume_grant(grant, &chief()).await.unwrap();
        assert_eq!(again.of(&asem, clock.wall()).len(), 2);
    }
);
