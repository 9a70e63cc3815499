//! Nobody gives rights to himself, nobody outside of where he may, and somebody always can.

use ets_journal::{Filter, Page, list};
use ets_rights::{BUILT_IN_ROLES, By, Error, Scope};

use crate::bed::{Bed, chief, person, segment, wanted};

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
