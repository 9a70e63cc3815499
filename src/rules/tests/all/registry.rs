//! The rules follow the registry by themselves, with the same safety line.

use std::time::Duration;

use ets_rules::{Back, Cause, Error, VersionState, Wish};
use ets_store::on_both_databases;
use ets_store::testing::TestStore;

use crate::hub::{Place, migrations, wait};
use crate::netd::{Netd, Next};
use crate::star::{fill, grant, id, segment, who};

on_both_databases!(
    /// covers: N2.3
    a_new_segment_is_in_the_rules_at_once_and_one_that_goes_waits_for_any_administrator,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        hub.registry.create_segment(segment(5), &who("lab")).await.unwrap();
        hub.has(2).await;
        let version = hub.version(2).await.unwrap();
        assert_eq!((version.author.as_str(), version.cause), ("registry", Cause::Registry));
        assert!(version.state.stood());
        assert_eq!(netd.policy().arms.len(), 5);
        hub.registry.retire_segment("s5", 1, &who("lab")).await.unwrap();
        hub.has(3).await;
        let waiting = hub.rules.state().waiting.clone().unwrap();
        assert!(waiting.may_confirm("bolat"));
        let version = hub.rules.confirm(3, &who("bolat")).await.unwrap();
        assert!(matches!(&version.state, VersionState::Confirmed { by, .. } if by == "bolat"));
        assert_eq!(hub.journal().await.pop().unwrap().entry.actor, "bolat");
        // Its port is no way into the hub: it leads to nobody now.
        let last = netd.policy().networks.pop().unwrap();
        assert_eq!(last, ets_model::Network::retired(vec![segment(5).interface]));
        let notes = ets_model::Segment { notes: "x".into(), ..(**hub.registry.catalog().segment("s1").unwrap()).clone() };
        hub.registry.update_segment(notes, &who("lab")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(netd.life(|life| life.handed.clone()), [1, 2, 3], "notes change no rule");
    }
);

on_both_databases!(
    /// covers: N2.3
    a_segment_that_is_taken_back_has_its_access_again_at_once,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        let before = netd.policy();
        hub.registry.retire_segment("s4", 1, &who("lab")).await.unwrap();
        hub.has(2).await;
        assert!(hub.rules.state().waiting.is_some());
        hub.registry.restore_segment("s4", 2, &who("lab")).await.unwrap();
        hub.has(1).await;
        assert_eq!(netd.policy(), before);
        assert_eq!((hub.rules.state().waiting.clone(), hub.rules.state().differs.clone()), (None, None));
        let version = hub.version(2).await.unwrap();
        assert!(matches!(&version.state, VersionState::Reverted { why: Back::Withdrawn { by }, .. } if by == "registry"), "{version:?}");
    }
);

on_both_databases!(
    /// covers: N2.3
    what_went_back_is_not_tried_again_until_something_changes_and_the_difference_is_named,
    &migrations(),
    |mut store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        hub.registry.retire_segment("s4", 1, &who("lab")).await.unwrap();
        hub.has(2).await;
        netd.veto(&[4]);
        wait("the difference", async || hub.rules.state().differs.is_some()).await;
        let differs = hub.rules.state().differs.clone().unwrap();
        assert_eq!(ets_rules::words(&differs.changes[0]), "s4 goes");
        assert_eq!(differs.tried, Some(2));
        wait("the reason", async || {
            let why = hub.rules.state().differs.clone().unwrap().why.clone();
            why.starts_with("change 2 went back (segments that were up fell: s4)")
        })
        .await;
        hub.kill().await;
        store.reopen(&migrations()).await;
        let hub = place.start(&store).await;
        wait("the difference", async || hub.rules.state().differs.is_some()).await;
        assert_eq!(netd.life(|life| life.handed.clone()), [1, 2], "not after a restart either");
        // The registry changes something: all of it is tried.
        hub.registry.create_segment(segment(5), &who("lab")).await.unwrap();
        hub.has(3).await;
        netd.expire();
        wait("the difference", async || hub.rules.state().differs.clone().is_some_and(|d| d.tried == Some(3))).await;
        // A person tries it again.
        let version = hub.rules.try_again(&who("aida"), Wish::default()).await.unwrap();
        assert_eq!((version.no, version.author.as_str()), (4, "aida"));
        hub.rules.confirm(4, &who("aida")).await.unwrap();
        wait("agreement", async || hub.rules.state().differs.is_none()).await;
        let error = hub.rules.try_again(&who("aida"), Wish::default()).await.unwrap_err();
        assert!(matches!(error, Error::Agree), "{error}");
    }
);

on_both_databases!(
    /// covers: N2.3
    a_persons_change_carries_what_the_registry_could_not_and_shows_it_before,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        hub.registry.retire_segment("s4", 1, &who("lab")).await.unwrap();
        hub.has(2).await;
        netd.expire();
        wait("the difference", async || hub.rules.state().differs.is_some()).await;
        hub.rules.edit(&who("aida"), vec![grant("s3", "mail")]).await.unwrap();
        let review = hub.rules.review(&who("aida"), None);
        let words: Vec<_> = review.changes.iter().map(ets_rules::words).collect();
        assert_eq!(words, ["s3 may reach mail", "s4 goes"]);
        assert!(review.takes_away);
        hub.rules.apply(&who("aida"), Wish::default()).await.unwrap();
        assert!(hub.rules.state().differs.is_none());
        netd.expire();
        hub.has(1).await;
        wait("the difference", async || hub.rules.state().differs.is_some()).await;
        assert_eq!(netd.life(|life| life.handed.clone()), [1, 2, 3], "the same is not tried again");
    }
);

on_both_databases!(
    /// covers: N2.3
    a_registry_that_changes_while_a_change_waits_is_followed_when_that_is_settled,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        hub.make("aida", vec![crate::star::withdraw("s2", "mail")]).await.unwrap();
        hub.registry.create_segment(segment(5), &who("lab")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(netd.change(), 2);
        netd.expire();
        hub.has(3).await;
        assert_eq!((netd.policy().arms.len(), hub.version(3).await.unwrap().base), (5, 1));
        assert!(hub.rules.rights().may(&id("s2"), &id("mail")));
    }
);

on_both_databases!(
    /// covers: N2.3
    what_netd_refuses_of_the_registry_is_tried_again_under_its_own_number,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        netd.next(Next::Refuse("not yet: wait"));
        let hub = place.start(&store).await;
        wait("the difference", async || hub.rules.state().differs.is_some()).await;
        assert_eq!(hub.rules.state().differs.clone().unwrap().why, "not yet: wait");
        assert_eq!(hub.told(1).await, ["rules.apply", "rules.refuse"]);
        hub.has(1).await;
        assert_eq!(netd.life(|life| life.handed.clone()), [1, 1]);
        assert!(hub.rules.state().differs.is_none());
        // A registry that makes no sound policy is not handed over, and both sides are named.
        let mut clash = segment(7);
        clash.prefixes = vec![id("10.1.0.0/25")];
        clash.probing.address = id("10.1.0.1");
        hub.registry.create_segment(clash, &who("lab")).await.unwrap();
        wait("the difference", async || hub.rules.state().differs.is_some()).await;
        let differs = hub.rules.state().differs.clone().unwrap();
        assert!(differs.why.contains("10.1.0.0/25 of s7 and 10.1.0.0/24 of the hub's network dc"), "{}", differs.why);
        let error = hub.make("aida", vec![grant("s3", "mail")]).await.unwrap_err();
        assert!(error.to_string().contains("of the hub's network dc"), "{error}");
        assert_eq!(netd.life(|life| life.handed.len()), 2);
        // Nothing is handed over on a machine that cannot take it.
        netd.life(|life| life.problem = "this machine has no packet filter".into());
        hub.registry.retire_segment("s7", 1, &who("lab")).await.unwrap();
        fill(&hub.registry, 1).await;
        hub.registry.create_segment(segment(8), &who("lab")).await.unwrap();
        wait("the problem", async || {
            hub.rules.state().differs.clone().is_some_and(|d| d.why.contains("no packet filter"))
        })
        .await;
    }
);
