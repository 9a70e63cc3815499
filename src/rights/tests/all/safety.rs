//! Nobody gives rights to himself, nobody outside of where he may, and somebody always can.

use std::time::Duration;

use ets_journal::{Filter, Page, list};
use ets_registry::Author;
use ets_rights::{BUILT_IN_ROLES, By, Error, Scope, Wanted};

use crate::bed::{Bed, chief, institution, person, segment, wanted};

fn north() -> Scope {
    Scope::District("north".to_owned())
}

/// covers: T3
#[tokio::test]
async fn a_rights_administrator_of_a_district_gives_rights_there_alone() {
    let bed = Bed::new().await;
    let (asem, dana) = (bed.person("Asem").await, bed.person("Dana").await);
    bed.give(&asem, "rights-administrator", north()).await.unwrap();
    let archive = Scope::Institution("archive".parse().unwrap());
    let give = async |scope: Scope| {
        bed.rights.give(&dana, wanted("observer", scope), &person(&asem)).await
    };
    give(archive).await.unwrap();
    let grant = give(Scope::Segment("s1".parse().unwrap())).await.unwrap();
    for outside in [
        Scope::Everywhere,
        Scope::District("south".to_owned()),
        Scope::Segment("s2".parse().unwrap()),
    ] {
        assert!(matches!(give(outside.clone()).await, Err(Error::Outside)), "{outside}");
    }
    bed.rights.end(grant, &person(&asem)).await.unwrap();
    let hub_wide = bed.give(&dana, "auditor", Scope::Everywhere).await.unwrap();
    assert!(matches!(bed.rights.end(hub_wide, &person(&asem)).await, Err(Error::Outside)));
    assert!(matches!(bed.rights.suspend(&dana, None, &person(&asem)).await, Err(Error::Outside)));
    assert!(matches!(
        bed.rights.substitute(&dana, &asem, (None, None), &person(&asem)).await,
        Err(Error::OwnRights)
    ));
}

/// covers: T3
#[tokio::test]
async fn the_last_who_can_give_rights_stays_unless_the_glass_can_be_broken() {
    let bed = Bed::new().await;
    let (asem, dana) = (bed.person("Asem").await, bed.person("Dana").await);
    let grant = bed.give(&asem, "rights-administrator", Scope::Everywhere).await.unwrap();
    bed.give(&dana, "rights-administrator", north()).await.unwrap();
    let refused = [
        bed.rights.end(grant, &chief()).await,
        bed.rights.suspend_grant(grant, None, &chief()).await,
        bed.rights.suspend(&asem, None, &chief()).await,
    ];
    for one in refused {
        assert!(matches!(one, Err(Error::LastAdministrator)), "{one:?}");
    }
    assert!(bed.may(&asem, "rights.write", &segment("s1")));
    assert_eq!(bed.again().await.of(&asem, bed.clock.wall()).len(), 1);
    let second = bed.give(&dana, "rights-administrator", Scope::Everywhere).await.unwrap();
    bed.rights.end(grant, &chief()).await.unwrap();
    let by = By { break_glass: true, ..chief() };
    bed.rights.end(second, &by).await.unwrap();
}

/// covers: T3, T1.5
#[tokio::test]
async fn a_role_that_needs_a_second_person_waits_for_one() {
    let bed = Bed::new().await;
    let [asem, dana, erlan] =
        [bed.person("Asem").await, bed.person("Dana").await, bed.person("Erlan").await];
    for one in [&asem, &dana] {
        bed.give(one, "rights-administrator", Scope::Everywhere).await.unwrap();
    }
    let role = BUILT_IN_ROLES.iter().find(|role| role.id == "observer").unwrap();
    let words: Vec<String> = role.rights.iter().map(|word| (*word).to_owned()).collect();
    bed.rights.put_role("observer", "", &words, true, &chief()).await.unwrap();
    let by_asem = person(&asem);
    let observer = wanted("observer", Scope::Everywhere);
    let grant = bed.rights.give(&erlan, observer.clone(), &by_asem).await.unwrap();
    assert!(!bed.may(&erlan, "network.read", &segment("s1")));
    assert!(matches!(bed.rights.confirm(grant, &by_asem).await, Err(Error::Second)));
    // Nor by another certificate of the same person.
    let mut renewed = by_asem.clone();
    renewed.author.actor = "certificate:Asem (2)".to_owned();
    assert!(matches!(bed.rights.confirm(grant, &renewed).await, Err(Error::Second)));
    bed.rights.confirm(grant, &person(&dana)).await.unwrap();
    assert!(bed.may(&erlan, "network.read", &segment("s1")));
    assert!(matches!(bed.rights.confirm(grant, &person(&dana)).await, Err(Error::NotWaiting)));
    let own = bed.rights.give(&dana, observer, &by_asem).await.unwrap();
    assert!(matches!(bed.rights.confirm(own, &person(&dana)).await, Err(Error::Second)));
    // The flag outlives a restart: the roles of every hub are not put back.
    let again = bed.again().await;
    let roles = again.roles();
    let role = roles.iter().find(|role| role.id == "observer").unwrap();
    assert!(role.newest().unwrap().needs_second);
}

/// covers: T3
#[tokio::test]
async fn nobody_raises_himself_by_a_change_of_a_role_that_he_has() {
    let bed = Bed::new().await;
    let [asem, dana, erlan] =
        [bed.person("Asem").await, bed.person("Dana").await, bed.person("Erlan").await];
    for one in [&asem, &dana, &erlan] {
        bed.give(one, "rights-administrator", Scope::Everywhere).await.unwrap();
    }
    let put = async |words: &[&str], by: &By| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        bed.rights.put_role("clerk", "Clerk", &words, false, by).await
    };
    put(&["ca.read"], &person(&asem)).await.unwrap();
    // What begins later counts as well.
    let from = Some(bed.clock.wall().plus(Duration::from_secs(3_600)));
    let clerk = Wanted { from, ..wanted("clerk", Scope::Everywhere) };
    let grant = bed.rights.give(&asem, clerk, &chief()).await.unwrap();
    let later = (from, None);
    bed.rights.substitute(&asem, &dana, later, &chief()).await.unwrap();
    let for_asem = By { acting_for: Some(asem.clone()), ..person(&erlan) };
    let for_dana = By { acting_for: Some(dana.clone()), ..person(&erlan) };
    // Nor does a certificate of an administrator make another of him.
    let both = By { is_administrator: true, ..person(&asem) };
    for by in [person(&asem), person(&dana), for_asem, for_dana, both] {
        let refused = put(&["*"], &by).await;
        assert!(matches!(refused, Err(Error::OwnRights)), "{by:?} {refused:?}");
    }
    bed.later(3_600);
    assert!(bed.may(&asem, "ca.read", &segment("s1")));
    assert!(!bed.may(&asem, "network.write", &segment("s1")));
    put(&["ca.read", "ca.issue"], &person(&erlan)).await.unwrap();
    assert!(bed.may(&asem, "ca.issue", &segment("s1")));
    bed.rights.end(grant, &chief()).await.unwrap();
    put(&["ca.read"], &person(&asem)).await.unwrap();
}

/// covers: T3
#[tokio::test]
async fn nobody_gives_to_himself_through_somebody_whom_he_stands_in_for() {
    let bed = Bed::new().await;
    let (asem, dana) = (bed.person("Asem").await, bed.person("Dana").await);
    bed.give(&asem, "rights-administrator", Scope::Everywhere).await.unwrap();
    let from = Some(bed.clock.wall().plus(Duration::from_secs(60)));
    let no = bed.rights.substitute(&dana, &asem, (from, None), &chief()).await.unwrap();
    let by_asem = person(&asem);
    let all = || wanted("administrator", Scope::Everywhere);
    assert!(matches!(bed.rights.give(&dana, all(), &by_asem).await, Err(Error::OwnRights)));
    bed.rights.suspend(&dana, None, &by_asem).await.unwrap();
    assert!(matches!(bed.rights.resume(&dana, &by_asem).await, Err(Error::OwnRights)));
    bed.rights.end_substitution(no, &by_asem).await.unwrap();
    bed.rights.resume(&dana, &by_asem).await.unwrap();
    bed.rights.give(&dana, all(), &by_asem).await.unwrap();
}

/// covers: T3, T1.5
#[tokio::test]
async fn a_role_that_needs_a_second_person_is_changed_by_an_administrator_alone() {
    let bed = Bed::new().await;
    let asem = bed.person("Asem").await;
    bed.give(&asem, "rights-administrator", Scope::Everywhere).await.unwrap();
    let put = async |word: &str, needs_second: bool, by: &By| {
        bed.rights.put_role("clerk", "Clerk", &[word.to_owned()], needs_second, by).await
    };
    put("ca.read", false, &person(&asem)).await.unwrap();
    put("ca.read", true, &person(&asem)).await.unwrap();
    // A certificate that stands somewhere is no leave for whoever has another.
    let by = By { break_glass: true, ..person(&asem) };
    for refused in [
        put("ca.read", false, &by).await,
        put("*", true, &by).await,
        bed.rights.close_role("clerk", &by).await,
    ] {
        assert!(matches!(refused, Err(Error::FourEyes(_))), "{refused:?}");
    }
    put("ca.issue", true, &chief()).await.unwrap();
    put("ca.issue", false, &chief()).await.unwrap();
    bed.rights.close_role("clerk", &person(&asem)).await.unwrap();
}

/// covers: T3, T1.5
#[tokio::test]
async fn rights_that_need_a_second_person_are_given_alone_under_no_other_name() {
    let bed = Bed::new().await;
    let [asem, dana, erlan] =
        [bed.person("Asem").await, bed.person("Dana").await, bed.person("Erlan").await];
    for one in [&asem, &dana] {
        bed.give(one, "rights-administrator", Scope::Everywhere).await.unwrap();
    }
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let put = async |id: &str, rights: &[&str], by: &By| {
        bed.rights.put_role(id, "", &words(rights), false, by).await
    };
    let officer = ["ca.read", "ca.issue", "ca.revoke"];
    bed.rights.put_role("ca-officer", "", &words(&officer), true, &chief()).await.unwrap();
    let by_asem = person(&asem);
    // A new role of the same rights, of a part of them, and of more: each grant waits.
    let archive = institution("archive");
    for (id, rights) in [("same", &officer[..]), ("part", &["ca.issue"]), ("more", &["*"])] {
        put(id, rights, &by_asem).await.unwrap();
        let grant = bed.rights.give(&erlan, wanted(id, Scope::Everywhere), &by_asem).await.unwrap();
        assert!(!bed.may(&erlan, "ca.issue", &archive), "{id}");
        assert!(matches!(bed.rights.confirm(grant, &by_asem).await, Err(Error::Second)), "{id}");
        bed.rights.confirm(grant, &person(&dana)).await.unwrap();
        assert!(bed.may(&erlan, "ca.issue", &archive), "{id}");
        bed.rights.end(grant, &chief()).await.unwrap();
    }
    // Nor by the role of everything that every hub has.
    let all = bed.rights.give(&erlan, wanted("administrator", Scope::Everywhere), &by_asem).await;
    bed.rights.end(all.unwrap(), &chief()).await.unwrap();
    assert!(!bed.may(&erlan, "ca.issue", &archive));
    // What people have already does not get wider by one person alone.
    put("clerk", &["ca.read"], &by_asem).await.unwrap();
    let clerk = bed.rights.give(&erlan, wanted("clerk", Scope::Everywhere), &by_asem).await;
    clerk.unwrap();
    assert!(bed.may(&erlan, "ca.read", &archive), "officers alone do not guard what auditors see");
    for rights in [&["ca.read", "ca.issue"][..], &["*"], &["ca.revoke"]] {
        let refused = put("clerk", rights, &by_asem).await;
        assert!(matches!(refused, Err(Error::FourEyes(_))), "{rights:?}: {refused:?}");
        assert!(!bed.may(&erlan, rights[rights.len() - 1], &archive));
    }
    put("clerk", &["ca.read", "journal.read"], &by_asem).await.unwrap();
    put("clerk", &["ca.read", "ca.issue", "journal.read"], &chief()).await.unwrap();
    // What is taken from it needs nobody.
    put("clerk", &["ca.issue"], &by_asem).await.unwrap();
    put("clerk", &["journal.read"], &by_asem).await.unwrap();
    let needs = |id: &str| {
        let roles = bed.rights.roles();
        bed.rights.needs_second(roles.iter().find(|role| role.id == id).unwrap())
    };
    let told = ["ca-officer", "same", "part", "administrator", "clerk", "auditor", "observer"];
    assert_eq!(told.map(needs), [true, true, true, true, false, false, false]);
    // With the flag goes what it guarded.
    bed.rights.put_role("ca-officer", "", &words(&officer), false, &chief()).await.unwrap();
    assert_eq!(told.map(needs), [false; 7]);
    bed.rights.give(&erlan, wanted("part", Scope::Everywhere), &by_asem).await.unwrap();
    assert!(bed.may(&erlan, "ca.issue", &archive));
}

/// covers: T3, T1.5
#[tokio::test]
async fn a_role_that_holds_all_of_a_guarded_one_is_guarded_as_well() {
    let bed = Bed::new().await;
    let needs = || {
        let roles = bed.rights.roles();
        let mut all: Vec<String> = roles
            .iter()
            .filter(|role| bed.rights.needs_second(role))
            .map(|role| role.id.clone())
            .collect();
        all.sort_unstable();
        all
    };
    let guard = async |id: &str, flag: bool| {
        let role = BUILT_IN_ROLES.iter().find(|role| role.id == id).unwrap();
        let words: Vec<String> = role.rights.iter().map(|word| (*word).to_owned()).collect();
        bed.rights.put_role(id, "", &words, flag, &chief()).await.unwrap();
    };
    for (id, expected) in [
        ("observer", &["administrator", "auditor", "observer"][..]),
        ("rights-administrator", &["administrator", "rights-administrator"]),
        ("administrator", &["administrator"]),
    ] {
        guard(id, true).await;
        assert_eq!(needs(), expected, "{id}");
        guard(id, false).await;
    }
    // Each of its rights is given alone by a role of every hub; both together are not.
    for (id, flag) in [("both", true), ("twin", false)] {
        let words = ["ca.issue", "rights.write"].map(str::to_owned);
        bed.rights.put_role(id, "", &words, flag, &chief()).await.unwrap();
    }
    assert_eq!(needs(), ["administrator", "both", "twin"]);
}

/// covers: T3, T1.5
#[tokio::test]
async fn two_certificates_of_one_person_and_two_links_are_not_two_people() {
    let bed = Bed::new().await;
    let [asem, dana, erlan] =
        [bed.person("Asem").await, bed.person("Dana").await, bed.person("Erlan").await];
    for one in [&asem, &dana] {
        bed.give(one, "rights-administrator", Scope::Everywhere).await.unwrap();
    }
    let words = vec!["ca.read".to_owned()];
    bed.rights.put_role("clerk", "Clerk", &words, true, &chief()).await.unwrap();
    let as_administrator = By {
        author: Author { actor: "certificate:Asem (2)".to_owned(), ..chief().author },
        is_administrator: true,
        ..person(&asem)
    };
    let by_link = |hash: &str| By {
        author: Author {
            actor: format!("session:administrator ({hash})"),
            human: Some("session".to_owned()),
            ..chief().author
        },
        ..chief()
    };
    for (one, same, other) in [
        (person(&asem), as_administrator.clone(), person(&dana)),
        (as_administrator.clone(), person(&asem), by_link("01")),
        (by_link("01"), by_link("02"), as_administrator.clone()),
    ] {
        let clerk = wanted("clerk", Scope::Everywhere);
        let grant = bed.rights.give(&erlan, clerk, &one).await.unwrap();
        let refused = bed.rights.confirm(grant, &same).await;
        assert!(matches!(refused, Err(Error::Second)), "{one:?} {same:?} {refused:?}");
        bed.rights.confirm(grant, &other).await.unwrap();
        bed.rights.end(grant, &chief()).await.unwrap();
    }
    // And nobody without a name of his own has rights because of that.
    let nobody = By { is_administrator: false, ..chief() };
    let given = bed.rights.give(&erlan, wanted("clerk", Scope::Everywhere), &nobody).await;
    assert!(matches!(given, Err(Error::Outside)), "{given:?}");
}

/// covers: T3, T1.5
#[tokio::test]
async fn every_change_is_in_the_journal_with_who_and_why() {
    let bed = Bed::new().await;
    let (asem, dana) = (bed.person("Asem").await, bed.person("Dana").await);
    let grant = bed.give(&asem, "observer", Scope::Everywhere).await.unwrap();
    bed.rights.suspend_grant(grant, None, &chief()).await.unwrap();
    bed.rights.resume_grant(grant, &chief()).await.unwrap();
    let stand_in = bed.rights.substitute(&asem, &dana, (None, None), &chief()).await.unwrap();
    bed.rights.end_substitution(stand_in, &chief()).await.unwrap();
    bed.rights.suspend(&asem, None, &chief()).await.unwrap();
    bed.rights.resume(&asem, &chief()).await.unwrap();
    bed.rights.end(grant, &chief()).await.unwrap();
    let page =
        list(&bed.store, &Filter::default(), Page { before: None, limit: 100 }).await.unwrap();
    let told: Vec<_> = page
        .entries
        .iter()
        .map(|one| &one.entry)
        .filter(|entry| entry.action.starts_with("rights.") && entry.actor != "system")
        .collect();
    assert!(told.iter().all(|entry| entry.why == "order 7" && entry.actor == chief().author.actor));
    let actions: Vec<&str> = told.iter().map(|entry| entry.action.as_str()).collect();
    let expected = [
        "rights.end",
        "rights.person.resume",
        "rights.person.suspend",
        "rights.substitute.end",
        "rights.substitute",
        "rights.resume",
        "rights.suspend",
        "rights.grant",
    ];
    assert_eq!(actions, expected);
    let given = told.last().unwrap();
    assert_eq!(given.subject.id, grant.to_string());
    assert_eq!(given.detail["role"], "observer");
}
