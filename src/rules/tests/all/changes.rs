//! A change and its safety line.

use std::time::Duration;

use ets_rules::{Back, Cause, Error, VersionState, Wish};
use ets_store::on_both_databases;
use ets_store::testing::TestStore;

use crate::hub::{Place, migrations, wait};
use crate::netd::{Netd, Next};
use crate::star::{grant, id, service, who, withdraw};

on_both_databases!(
    /// covers: N2.3
    the_first_start_puts_the_rights_to_begin_with_in_force_without_a_confirmation,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        assert!(hub.rules.rights().may(&id("s1"), &id("mail")), "known before netd answers");
        hub.has(1).await;
        let first = hub.version(1).await.unwrap();
        assert_eq!((first.cause, first.author.as_str(), first.base), (Cause::First, "registry", 0));
        assert!(matches!(first.state, VersionState::InForce { .. }), "{first:?}");
        assert_eq!(netd.policy(), hub.rules.wanted());
        assert_eq!(netd.policy().arms.len(), 4);
        assert_eq!(hub.told(1).await, ["rules.apply"]);
        let state = hub.rules.state();
        assert!(state.differs.is_none() && state.waiting.is_none() && state.away.is_empty());
    }
);

on_both_databases!(
    /// covers: N2.3
    a_change_that_takes_nothing_away_is_in_force_at_once_and_the_draft_is_empty_again,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        let version = hub.make("aida", vec![grant("s3", "mail")]).await.unwrap();
        assert_eq!((version.no, version.base, version.changes), (2, 1, 1));
        assert_eq!(version.confirm_within, None);
        assert!(version.state.stood());
        assert!(hub.rules.rights().may(&id("s3"), &id("mail")));
        assert!(netd.policy().may(ets_model::SegmentNo(3), ets_model::ServiceNo(1)));
        assert!(hub.rules.draft("aida").is_empty());
        let entry = hub.journal().await.pop().unwrap().entry;
        assert_eq!((entry.actor.as_str(), entry.why.as_str()), ("aida", "aida wants it"));
        assert_eq!(entry.detail["changes"][0], "s3 may reach mail");
        let again = hub.make("aida", vec![grant("s3", "mail")]).await.unwrap_err();
        assert!(matches!(again, Error::Nothing), "{again}");
        let empty = hub.rules.apply(&who("bolat"), Wish::default()).await.unwrap_err();
        assert!(matches!(empty, Error::EmptyDraft), "{empty}");
    }
);

on_both_databases!(
    /// covers: N2.3
    a_change_that_takes_something_away_waits_and_only_its_author_confirms_it,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        let version = hub.make("aida", vec![withdraw("s2", "mail")]).await.unwrap();
        assert_eq!(version.confirm_within, Some(Duration::from_secs(120)));
        let waiting = hub.rules.state().waiting.clone().unwrap();
        assert_eq!((waiting.change, waiting.back_to), (2, 1));
        let left = waiting.left(ets_runtime::stamp_now());
        assert!(left > Duration::from_secs(110) && left <= Duration::from_secs(120), "{left:?}");
        assert!(waiting.may_confirm("aida") && !waiting.may_confirm("bolat"));
        let error = hub.rules.confirm(2, &who("bolat")).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "change 2 was made by aida, who alone may confirm it; you may withdraw it"
        );
        let second = hub.make("bolat", vec![grant("s4", "mail")]).await.unwrap_err();
        assert!(second.to_string().starts_with("change 2 of aida waits for its confirmation until 20"), "{second}");
        assert_eq!(netd.change(), 2);
        let confirmed = hub.rules.confirm(2, &who("aida")).await.unwrap();
        assert!(matches!(&confirmed.state, VersionState::Confirmed { by, .. } if by == "aida"));
        assert_eq!(hub.rules.state().waiting, None);
        assert_eq!(hub.told(2).await, ["rules.apply", "rules.confirm"]);
        let error = hub.rules.confirm(2, &who("aida")).await.unwrap_err();
        assert!(matches!(error, Error::NotWaiting(2)), "{error}");
        assert_eq!(hub.rules.apply(&who("bolat"), Wish::default()).await.unwrap().no, 3, "his draft was kept");
    }
);

on_both_databases!(
    /// covers: N2.3
    what_nobody_confirms_goes_back_with_its_reason_and_so_do_the_rights,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        hub.make("aida", vec![withdraw("s2", "mail")]).await.unwrap();
        assert!(!hub.rules.rights().may(&id("s2"), &id("mail")));
        netd.expire();
        hub.has(1).await;
        assert!(hub.rules.rights().may(&id("s2"), &id("mail")));
        let journaled = async || hub.told(2).await == ["rules.apply", "rules.revert"];
        wait("the entry in the journal", journaled).await;
        let version = hub.version(2).await.unwrap();
        assert!(matches!(version.state, VersionState::Reverted { why: Back::TimeOut, .. }), "{version:?}");
        let entry = hub.journal().await.pop().unwrap().entry;
        assert_eq!(entry.detail["sentence"], "nobody confirmed it in time");
        assert_eq!((entry.actor.as_str(), &entry.detail["back_to"]), ("netd", &1.into()));
        hub.make("aida", vec![withdraw("s2", "mail")]).await.unwrap();
        netd.veto(&[2, 4]);
        let version = hub.settles(3, "reverted").await;
        let told = async || hub.told(3).await.len() == 2;
        wait("the entry in the journal", told).await;
        let version = hub.version(version.no).await.unwrap();
        let fell = vec![id("s2"), id("s4")];
        assert!(matches!(&version.state, VersionState::Reverted { why: Back::Veto { fell: told }, .. } if *told == fell), "{version:?}");
        hub.has(1).await;
        assert!(hub.rules.state().differs.is_none());
    }
);

on_both_databases!(
    /// covers: N2.3
    everybody_may_withdraw_a_change_and_is_named_for_it,
    &migrations(),
    |store: TestStore| async move {
        let (_place, _netd, hub) = Place::up(&store).await;
        hub.make("aida", vec![withdraw("s2", "mail")]).await.unwrap();
        let version = hub.rules.withdraw(2, &who("bolat")).await.unwrap();
        let by = Back::Withdrawn { by: "bolat".into() };
        assert!(matches!(&version.state, VersionState::Reverted { why, .. } if *why == by));
        assert_eq!(hub.change(), 1);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(hub.told(2).await, ["rules.apply", "rules.revert"], "the event tells nothing new");
        assert_eq!(hub.journal().await.pop().unwrap().entry.actor, "bolat");
        let error = hub.rules.withdraw(2, &who("bolat")).await.unwrap_err();
        assert!(matches!(error, Error::NotWaiting(2)), "{error}");
    }
);

on_both_databases!(
    /// covers: N2.3
    what_netd_refuses_is_kept_as_refused_and_the_draft_stays,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        netd.next(Next::Refuse("the kernel has no room: free some"));
        let error = hub.make("aida", vec![grant("s3", "mail")]).await.unwrap_err();
        assert_eq!(error.to_string(), "change 2 was not put in force: the kernel has no room: free some");
        assert_eq!(hub.told(2).await, ["rules.apply", "rules.refuse"]);
        assert_eq!((hub.change(), hub.rules.draft("aida").steps.len()), (1, 1));
        assert!(!hub.rules.rights().may(&id("s3"), &id("mail")));
        let version = hub.rules.apply(&who("aida"), Wish::default()).await.unwrap();
        assert_eq!((version.no, version.base), (3, 1));
    }
);

on_both_databases!(
    /// covers: N2.3
    a_change_is_checked_before_anything_is_written,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        let within = |secs| Wish { within: Some(Duration::from_secs(secs)), ..Wish::default() };
        for secs in [9, 1801] {
            let error = hub.rules.apply(&who("aida"), within(secs)).await.unwrap_err();
            assert!(matches!(error, Error::Within(_)), "{error}");
        }
        let mut clash = service("second", 25);
        clash.open_to = ets_model::OpenTo::Everyone;
        hub.rules.edit(&who("aida"), vec![ets_rules::Edit::AddService { service: clash }]).await.unwrap();
        let error = hub.rules.apply(&who("aida"), Wish::default()).await.unwrap_err();
        assert!(error.to_string().contains("services mail and second both answer on tcp/25"), "{error}");
        let looked = hub.rules.review(&who("bolat"), None).digest;
        hub.rules.edit(&who("bolat"), vec![grant("s3", "mail")]).await.unwrap();
        let wish = Wish { digest: Some(looked), ..Wish::default() };
        let error = hub.rules.apply(&who("bolat"), wish).await.unwrap_err();
        assert!(matches!(error, Error::Changed), "{error}");
        assert_eq!((netd.change(), hub.version(2).await), (1, None));
        let looked = hub.rules.review(&who("bolat"), None).digest;
        let wish = Wish { digest: Some(looked), within: Some(Duration::from_secs(10)) };
        assert_eq!(hub.rules.apply(&who("bolat"), wish).await.unwrap().no, 2);
        let life = netd.kill().await;
        let error = hub.make("bolat", vec![grant("s4", "mail")]).await.unwrap_err();
        assert!(matches!(error, Error::Netd(_)), "{error}");
        wait("netd to be missed", async || !hub.rules.state().away.is_empty()).await;
        assert_eq!(hub.version(3).await, None);
        let _netd = Netd::with(&place.socket(), life);
        wait("netd to be back", async || hub.rules.state().away.is_empty()).await;
        assert_eq!(hub.rules.apply(&who("bolat"), Wish::default()).await.unwrap().no, 3);
    }
);

on_both_databases!(
    /// covers: N2.3, D10
    ten_thousand_changes_go_in_one_draft_and_one_change,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start_with(&store, 10_000, crate::star::seed()).await;
        hub.has(1).await;
        let edits: Vec<_> = (1..=10_000).map(|no| grant(&format!("s{no}"), "mail")).collect();
        let begun = std::time::Instant::now();
        hub.rules.edit(&who("aida"), edits).await.unwrap();
        let edited = begun.elapsed();
        let review = hub.rules.review(&who("aida"), None);
        let reviewed = begun.elapsed() - edited;
        assert_eq!((review.changes.len(), review.faults.len()), (9_998, 0));
        let version = hub.rules.apply(&who("aida"), Wish::default()).await.unwrap();
        let took = begun.elapsed();
        println!("edit {edited:?}, review {reviewed:?}, all with apply {took:?}");
        assert_eq!(version.changes, 9_998);
        assert!(netd.policy().arms.iter().all(|arm| arm.may.contains(&ets_model::ServiceNo(1))));
        assert!(hub.rules.draft("aida").is_empty());
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
);
