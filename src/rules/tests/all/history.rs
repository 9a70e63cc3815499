//! Versions are kept for ever, compared and restored.

use ets_rules::{Edit, Error, Page, Wish};
use ets_store::on_both_databases;
use ets_store::testing::TestStore;

use crate::hub::{Place, migrations};
use crate::netd::Netd;
use crate::star::{grant, id, service, who, withdraw};

on_both_databases!(
    /// covers: N2.3
    any_two_versions_are_compared_and_any_one_is_restored_as_a_new_change,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        let first = hub.rules.rights();
        let add = Edit::AddService { service: service("dns", 53) };
        hub.make("aida", vec![add, grant("s3", "dns")]).await.unwrap();
        hub.make("aida", vec![withdraw("s2", "mail"), grant("s4", "mail")]).await.unwrap();
        hub.rules.confirm(3, &who("aida")).await.unwrap();
        let compared = hub.rules.compare(1, 3).await.unwrap();
        assert_eq!((compared.from.no, compared.to.no, compared.rights.len()), (1, 3, 4));
        assert_eq!(compared.policy.len(), 4, "{:?}", compared.policy);
        assert_eq!(*first, hub.rules.rights_of(1).await.unwrap());
        assert_eq!(netd.policy(), hub.rules.policy_of(3).await.unwrap());
        let restored = hub.rules.restore(1, &who("bolat")).await.unwrap();
        assert_eq!((restored.draft.steps.len(), restored.left_out), (4, vec![]));
        let again = hub.rules.restore(1, &who("bolat")).await.unwrap_err();
        assert!(matches!(again, Error::DraftNotEmpty(4)), "{again}");
        hub.rules.apply(&who("bolat"), Wish::default()).await.unwrap();
        hub.rules.confirm(4, &who("bolat")).await.unwrap();
        let rights = hub.rules.rights();
        assert_eq!(rights.active().count(), 3);
        assert_eq!(rights.grants, first.grants, "grants are as they were");
        assert!(rights.service(&id("dns")).unwrap().retired.is_some(), "its number stays its own");
        hub.rules.restore(3, &who("bolat")).await.unwrap();
        hub.rules.apply(&who("bolat"), Wish::default()).await.unwrap();
        hub.rules.confirm(5, &who("bolat")).await.unwrap();
        assert!(hub.rules.rights().same(&hub.rules.rights_of(3).await.unwrap()));
        assert!(matches!(hub.rules.restore(3, &who("bolat")).await.unwrap_err(), Error::Nothing));
        assert!(matches!(hub.rules.restore(9, &who("bolat")).await.unwrap_err(), Error::NoVersion(9)));
        let page = hub.rules.versions(Page { before: None, limit: 2 }).await.unwrap();
        assert_eq!(page.versions.iter().map(|one| one.no).collect::<Vec<_>>(), [5, 4]);
        let page = hub.rules.versions(Page { before: page.next, limit: 9 }).await.unwrap();
        assert_eq!((page.versions.len(), page.next), (3, None));
    }
);

on_both_databases!(
    /// covers: N2.3
    what_a_retired_segment_had_is_left_out_of_a_restored_version_and_named,
    &migrations(),
    |store: TestStore| async move {
        let (_place, _netd, hub) = Place::up(&store).await;
        hub.make("aida", vec![withdraw("s1", "mail"), withdraw("s2", "mail")]).await.unwrap();
        hub.rules.confirm(2, &who("aida")).await.unwrap();
        hub.registry.retire_segment("s2", 1, &who("lab")).await.unwrap();
        hub.has(3).await;
        hub.rules.confirm(3, &who("bolat")).await.unwrap();
        let restored = hub.rules.restore(1, &who("aida")).await.unwrap();
        assert_eq!(restored.left_out, [grant("s2", "mail")]);
        assert_eq!(restored.draft.steps.len(), 1);
    }
);

on_both_databases!(
    /// covers: N7.1
    a_service_whose_change_went_back_gets_its_number_again_and_no_other_does,
    &migrations(),
    |mut store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        let add = |name, port| Edit::AddService { service: service(name, port) };
        hub.make("aida", vec![add("dns", 53), withdraw("s2", "mail")]).await.unwrap();
        netd.expire();
        hub.has(1).await;
        hub.kill().await;
        store.reopen(&migrations()).await;
        let hub = place.start(&store).await;
        hub.make("aida", vec![add("fax", 77)]).await.unwrap();
        assert_eq!(hub.rules.service(&id("fax")).unwrap().no.0, 5);
        hub.make("aida", vec![add("dns", 53)]).await.unwrap();
        assert_eq!(hub.rules.service(&id("dns")).unwrap().no.0, 4);
    }
);
