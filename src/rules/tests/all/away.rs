//! One of the two processes is away, is killed, or is not the one that it was.

use std::time::Duration;

use ets_netd_api::{Drift, EventBody, RulesEvent};
use ets_rules::{Back, Cause, Error, VersionState};
use ets_store::on_both_databases;
use ets_store::testing::TestStore;

use crate::hub::{Place, migrations, wait};
use crate::netd::{Life, Netd, Next};
use crate::star::{grant, id, who, withdraw};

on_both_databases!(
    /// covers: N2.3
    what_became_of_a_change_while_serve_was_away_is_settled_with_its_reason_when_it_is_back,
    &migrations(),
    |mut store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        hub.make("aida", vec![withdraw("s2", "mail")]).await.unwrap();
        hub.kill().await;
        netd.expire();
        store.reopen(&migrations()).await;
        let hub = place.start(&store).await;
        hub.has(1).await;
        wait("the journal", async || hub.told(2).await == ["rules.apply", "rules.revert"]).await;
        let version = hub.version(2).await.unwrap();
        assert!(matches!(version.state, VersionState::Reverted { why: Back::TimeOut, .. }), "{version:?}");
        assert!(hub.rules.rights().may(&id("s2"), &id("mail")));
        assert_eq!(netd.life(|life| life.handed.clone()), [1, 2], "nothing is applied anew");
        hub.kill().await;
        store.reopen(&migrations()).await;
        let hub = place.start(&store).await;
        hub.has(1).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(hub.told(2).await.len(), 2, "a third life tells nothing twice");
    }
);

on_both_databases!(
    /// covers: N2.3
    a_change_that_waits_goes_on_waiting_over_a_restart_of_serve,
    &migrations(),
    |mut store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        hub.make("aida", vec![withdraw("s2", "mail")]).await.unwrap();
        hub.kill().await;
        store.reopen(&migrations()).await;
        let hub = place.start(&store).await;
        assert!(!hub.rules.rights().may(&id("s2"), &id("mail")), "known without netd");
        wait("the wait", async || hub.rules.state().waiting.is_some()).await;
        assert_eq!(hub.version(2).await.unwrap().state.name(), "waiting");
        hub.rules.confirm(2, &who("aida")).await.unwrap();
        assert!(netd.life(|life| life.pending.is_none()));
        assert_eq!(hub.told(2).await, ["rules.apply", "rules.confirm"]);
    }
);

on_both_databases!(
    /// covers: N2.3
    netd_that_starts_anew_takes_an_unconfirmed_change_back,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        hub.make("aida", vec![withdraw("s2", "mail")]).await.unwrap();
        let netd = netd.restart().await;
        hub.has(1).await;
        wait("the journal", async || hub.told(2).await == ["rules.apply", "rules.revert"]).await;
        let version = hub.version(2).await.unwrap();
        assert!(matches!(version.state, VersionState::Reverted { why: Back::Restarted, .. }));
        assert_eq!(netd.change(), 1);
    }
);

on_both_databases!(
    /// covers: N2.3
    serve_killed_between_its_row_and_the_answer_of_netd_finds_out_what_happened,
    &migrations(),
    |mut store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let mut hub = place.start(&store).await;
        hub.has(1).await;
        // Not taken: refused, and the draft stays.
        netd.next(Next::Swallow);
        let error = hub.make("aida", vec![grant("s3", "mail")]).await.unwrap_err();
        assert!(matches!(error, Error::Unsure { change: 2 }), "{error}");
        hub.kill().await;
        store.reopen(&migrations()).await;
        hub = place.start(&store).await;
        let version = hub.settles(2, "refused").await;
        assert!(matches!(&version.state, VersionState::Refused { why, .. } if why.contains("apply it again")));
        assert_eq!((hub.change(), hub.rules.draft("aida").steps.len()), (1, 1));
        assert_eq!(hub.told(2).await, ["rules.apply", "rules.refuse"]);
        // Taken, at once in force: the draft is spent.
        netd.next(Next::Mute);
        let error = hub.rules.apply(&who("aida"), ets_rules::Wish::default()).await.unwrap_err();
        assert!(matches!(error, Error::Unsure { change: 3 }), "{error}");
        hub.kill().await;
        store.reopen(&migrations()).await;
        hub = place.start(&store).await;
        hub.settles(3, "in_force").await;
        hub.has(3).await;
        assert!(hub.rules.draft("aida").is_empty());
        assert!(hub.rules.rights().may(&id("s3"), &id("mail")));
        // Taken, and waits.
        netd.next(Next::Mute);
        hub.make("aida", vec![withdraw("s3", "mail")]).await.unwrap_err();
        hub.kill().await;
        store.reopen(&migrations()).await;
        hub = place.start(&store).await;
        hub.settles(4, "waiting").await;
        hub.has(4).await;
        // Taken, and gone back before serve was there again.
        hub.rules.confirm(4, &who("aida")).await.unwrap();
        netd.next(Next::Mute);
        hub.make("aida", vec![withdraw("s2", "mail")]).await.unwrap_err();
        hub.kill().await;
        netd.veto(&[2]);
        store.reopen(&migrations()).await;
        hub = place.start(&store).await;
        hub.has(4).await;
        wait("the reason", async || {
            let version = hub.version(5).await.unwrap();
            matches!(version.state, VersionState::Reverted { why: Back::Veto { .. }, .. })
        })
        .await;
    }
);

on_both_databases!(
    /// covers: N2.3
    an_answer_that_does_not_come_is_asked_for_without_a_restart_too,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        netd.next(Next::Mute);
        hub.make("aida", vec![withdraw("s2", "mail")]).await.unwrap_err();
        hub.settles(2, "waiting").await;
        wait("the draft to be spent", async || hub.rules.draft("aida").is_empty()).await;
        hub.rules.confirm(2, &who("aida")).await.unwrap();
        netd.next(Next::Swallow);
        hub.make("aida", vec![withdraw("s1", "mail")]).await.unwrap_err();
        hub.settles(3, "refused").await;
        assert_eq!(hub.rules.draft("aida").steps.len(), 1);
    }
);

on_both_databases!(
    /// covers: N2.3
    a_change_that_the_database_does_not_know_is_found_and_what_differs_goes_its_way,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        let mut policy = netd.policy();
        policy.arms[3].may.push(ets_model::ServiceNo(1));
        netd.life(|life| (life.change, life.policy) = (57, Some(policy)));
        netd.enter(EventBody::Rules(RulesEvent::Drifted { found: Vec::new(), mended: true }));
        let found = hub.settles(57, "in_force").await;
        assert_eq!((found.cause, found.author.as_str()), (Cause::Found, "netd"));
        // s4 had what nobody granted: taking it away waits, as the registry's change.
        hub.has(58).await;
        let waiting = hub.rules.state().waiting.clone().unwrap();
        assert_eq!((waiting.author.as_str(), waiting.back_to), ("registry", 57));
        netd.expire();
        hub.has(57).await;
        wait("the difference", async || hub.rules.state().differs.is_some()).await;
        let differs = hub.rules.state().differs.clone().unwrap();
        assert_eq!(ets_rules::words(&differs.changes[0]), "s4 may no longer reach mail");
        assert_eq!(hub.make("aida", vec![grant("s3", "mail")]).await.unwrap().no, 59);
        assert_eq!(hub.rules.state().waiting.clone().unwrap().back_to, 57);
    }
);

on_both_databases!(
    /// covers: N2.3
    a_netd_without_its_file_gets_the_rights_that_were_in_force_at_once,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        hub.make("aida", vec![grant("s3", "mail")]).await.unwrap();
        let policy = netd.policy();
        netd.kill().await;
        let netd = Netd::with(&place.socket(), Life { instance: 9, ..Life::default() });
        wait("the rules", async || netd.change() > 0).await;
        assert_eq!(netd.policy(), policy);
        hub.has(netd.change()).await;
        assert!(hub.rules.rights().may(&id("s3"), &id("mail")));
        assert!(hub.told(2).await.contains(&"rules.lost".to_owned()));
    }
);

on_both_databases!(
    /// covers: N2.3
    drift_is_in_the_journal_once_and_the_table_of_reach_is_asked_for_anew,
    &migrations(),
    |mut store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        let asked = || netd.life(|life| life.reach_asked);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let before = asked();
        let (one, two) = tokio::join!(hub.rules.reach(), hub.rules.reach());
        assert_eq!((one.unwrap().change, two.unwrap().change), (1, 1));
        hub.rules.reach().await.unwrap();
        assert_eq!(asked(), before + 1);
        let found = Drift { what: "rule in chain forward".into(), wanted: String::new(), found: "accept".into() };
        netd.enter(EventBody::Rules(RulesEvent::Drifted { found: vec![found], mended: true }));
        wait("the journal", async || hub.told_of("rules.drift").await == 1).await;
        wait("a new question", async || {
            hub.rules.reach().await.unwrap();
            asked() > before + 1
        })
        .await;
        hub.kill().await;
        store.reopen(&migrations()).await;
        let hub = place.start(&store).await;
        hub.has(1).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(hub.told_of("rules.drift").await, 1);
    }
);
