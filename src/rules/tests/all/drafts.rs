//! Drafts: what fits, what is undone, what is warned of.

use ets_model::{CheckFault, CheckKind, OpenTo, Service, ServiceNo, ServicePlace};
use ets_rules::{Author, Edit, Error, Fault, Shaping, Warning, Wish};
use ets_store::on_both_databases;
use ets_store::testing::TestStore;

use crate::hub::{Place, migrations};
use crate::netd::Netd;
use crate::star::{grant, id, service, who, withdraw};

on_both_databases!(
    /// covers: N2.3
    a_draft_is_saved_as_it_is_edited_and_each_edit_can_be_undone,
    &migrations(),
    |mut store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        let add = Edit::AddService { service: service("dns", 53) };
        let edits = vec![add, grant("s3", "dns"), grant("s4", "mail")];
        let draft = hub.rules.edit(&who("aida"), edits).await.unwrap();
        assert_eq!(draft.steps.iter().map(|step| step.no).collect::<Vec<_>>(), [1, 2, 3]);
        let review = hub.rules.review(&who("aida"), None);
        assert_eq!(review.rights.service(&id("dns")).unwrap().no, ServiceNo(4));
        assert_eq!((review.changes.len(), review.takes_away), (3, false));
        assert_eq!(hub.rules.plan(&who("aida")).await.unwrap().added.len(), 4);
        hub.rules.undo("aida", 1).await.unwrap();
        let review = hub.rules.review(&who("aida"), None);
        assert_eq!(review.faults.len(), 1);
        assert_eq!(review.faults[0].edit, Some(2));
        assert_eq!(review.faults[0].fault, Fault::NoService(id("dns")));
        let error = hub.rules.apply(&who("aida"), Wish::default()).await.unwrap_err();
        assert!(error.to_string().starts_with("edit 2: there is no service dns"), "{error}");
        hub.kill().await;
        drop(netd);
        store.reopen(&migrations()).await;
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        let draft = hub.rules.draft("aida");
        assert_eq!(draft.steps.iter().map(|step| step.no).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(hub.rules.drafts().len(), 1);
        assert!(matches!(hub.rules.undo("aida", 1).await.unwrap_err(), Error::NoEdit(1)));
        hub.rules.undo("aida", 3).await.unwrap();
        let draft = hub.rules.edit(&who("aida"), vec![grant("s3", "mail")]).await.unwrap();
        assert_eq!(draft.steps[1].no, 4, "a number is not used again");
        hub.rules.discard("aida").await.unwrap();
        assert!(hub.rules.draft("aida").is_empty() && hub.rules.drafts().is_empty());
        drop(netd);
    }
);

on_both_databases!(
    /// covers: N2.3
    edits_that_do_not_fit_are_refused_all_together_and_each_with_its_sentence,
    &migrations(),
    |store: TestStore| async move {
        let (_place, _netd, hub) = Place::up(&store).await;
        hub.registry.retire_segment("s4", 1, &who("lab")).await.unwrap();
        let nameless = Service { name: ets_model::Names::default(), ..service("dns", 53) };
        let stale = Service { version: 7, ..hub.rules.service(&id("mail")).unwrap() };
        let edits = vec![
            grant("s9", "mail"),
            grant("s4", "mail"),
            grant("s1", "fax"),
            withdraw("s9", "mail"),
            Edit::AddService { service: service("mail", 26) },
            Edit::AddService { service: nameless },
            Edit::ChangeService { service: stale },
            Edit::BringBack { service: id("mail") },
            Edit::Shape { segment: id("s1"), to: Some(Shaping::Own(ets_model::Rate::default())) },
            grant("s3", "mail"),
        ];
        let error = hub.rules.edit(&who("aida"), edits).await.unwrap_err();
        let Error::Invalid(faults) = &error else { panic!("{error}") };
        assert_eq!(faults.iter().map(|one| one.edit.unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let said = error.to_string();
        for sentence in [
            "edit 1: there is no segment s9",
            "edit 2: segment s4 is retired",
            "edit 3: there is no service fax",
            "edit 5: there is a service mail already",
            "edit 6: service dns has no name",
            "edit 7: service mail was changed meanwhile (version 1, yours is 7)",
            "edit 8: service mail is not retired",
            "edit 9: the rate of s1 says nothing",
        ] {
            assert!(said.contains(sentence), "{said}");
        }
        assert!(hub.rules.draft("aida").is_empty());
    }
);

on_both_databases!(
    /// covers: N7.1: a service without the port that its check asks would be asked by nobody
    ports_that_leave_a_check_without_one_are_refused,
    &migrations(),
    |store: TestStore| async move {
        let (_place, _netd, hub) = Place::up(&store).await;
        let mut mail = hub.rules.service(&id("mail")).unwrap();
        mail.checks = vec!["tcp".parse().unwrap()];
        hub.make("aida", vec![Edit::ChangeService { service: mail }]).await.unwrap();
        let mut mail = hub.rules.service(&id("mail")).unwrap();
        mail.ports = Vec::new();
        let bare = vec![Edit::ChangeService { service: mail }];
        let error = hub.rules.edit(&who("aida"), bare).await.unwrap_err();
        let Error::Invalid(faults) = &error else { panic!("{error}") };
        let none = vec![(1, CheckFault::NoPort(CheckKind::Tcp))];
        assert_eq!(faults[0].fault, Fault::Checks(id("mail"), none));
        // Another port does.
        let mut mail = hub.rules.service(&id("mail")).unwrap();
        mail.ports = vec![ets_model::PortRange::tcp(587)];
        hub.make("aida", vec![Edit::ChangeService { service: mail }]).await.unwrap();
    }
);

on_both_databases!(
    /// covers: N2.3
    two_administrators_have_drafts_of_their_own_and_the_second_is_told_what_no_longer_fits,
    &migrations(),
    |store: TestStore| async move {
        let (_place, _netd, hub) = Place::up(&store).await;
        let mut mail = hub.rules.service(&id("mail")).unwrap();
        mail.ports.push(ets_model::PortRange::tcp(587));
        let edit = Edit::ChangeService { service: mail.clone() };
        hub.rules.edit(&who("bolat"), vec![edit.clone(), grant("s4", "mail")]).await.unwrap();
        mail.name.ru = "Почта".into();
        hub.make("aida", vec![Edit::ChangeService { service: mail }, grant("s3", "mail")]).await.unwrap();
        let review = hub.rules.review(&who("bolat"), None);
        assert!(matches!(review.faults[0].fault, Fault::ServiceChanged { yours: 1, current: 2, .. }));
        assert!(review.rights.may(&id("s3"), &id("mail")) && review.rights.may(&id("s4"), &id("mail")));
        hub.rules.undo("bolat", 1).await.unwrap();
        hub.rules.apply(&who("bolat"), Wish::default()).await.unwrap();
        let rights = hub.rules.rights();
        assert!(rights.may(&id("s3"), &id("mail")) && rights.may(&id("s4"), &id("mail")));
        assert_eq!(rights.service(&id("mail")).unwrap().ports.len(), 2);
    }
);

on_both_databases!(
    /// covers: N2.3
    a_review_warns_first_of_what_locks_the_author_himself_out,
    &migrations(),
    |store: TestStore| async move {
        let (_place, _netd, hub) = Place::up(&store).await;
        let dashboard = hub.rules.service(&id("dashboard")).unwrap();
        assert_eq!(dashboard.place, ServicePlace::Hub);
        let edits = vec![
            withdraw("s1", "dashboard"),
            Edit::RetireService { service: id("web") },
            Edit::Shape { segment: id("s2"), to: Some(Shaping::Contract) },
        ];
        hub.rules.edit(&who("aida"), edits).await.unwrap();
        let mut aida = who("aida");
        let review = hub.rules.review(&aida, Some(id("10.10.1.77")));
        assert_eq!(review.warnings[..2], [
            Warning::OwnDashboard { segment: id("s1") },
            Warning::OwnService { segment: id("s1"), service: id("dashboard") },
        ]);
        assert!(review.warnings[0].is_own() && review.takes_away);
        let all = ["s1", "s2", "s3", "s4"].map(id).to_vec();
        let cut = Warning::CutOff { service: id("web"), segments: all };
        assert!(review.warnings.contains(&cut), "{:?}", review.warnings);
        assert_eq!(cut.to_string(), "4 lose service web: s1, s2, s3, s4");
        aida = Author { from_segment: Some(id("s2")), ..aida };
        let review = hub.rules.review(&aida, None);
        assert!(!review.warnings.iter().any(Warning::is_own), "{:?}", review.warnings);
        hub.rules.discard("aida").await.unwrap();
        let own = Some(ets_model::Limits { packets: 10, ..ets_model::Limits::default() });
        let edits = vec![Edit::Limits { segment: Some(id("s2")), limits: own }];
        hub.rules.edit(&aida, edits).await.unwrap();
        let review = hub.rules.review(&aida, None);
        assert_eq!(review.warnings, [Warning::OwnSegment { segment: id("s2") }]);
    }
);

on_both_databases!(
    /// covers: N2.1, N8.1
    limits_shaping_and_openness_reach_the_policy,
    &migrations(),
    |store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(&store).await;
        hub.has(1).await;
        let own = ets_model::Rate { down_kbps: 64, up_kbps: 0 };
        let limits = ets_model::Limits { connections: 100, new_connections: 10, packets: 1000 };
        let few = ets_model::Limits { connections: 5, ..limits };
        let open = Service { open_to: OpenTo::Everyone, ..hub.rules.service(&id("mail")).unwrap() };
        let edits = vec![
            Edit::Shape { segment: id("s1"), to: Some(Shaping::Contract) },
            Edit::Shape { segment: id("s2"), to: Some(Shaping::Own(own)) },
            Edit::Limits { segment: None, limits: Some(limits) },
            Edit::Limits { segment: Some(id("s3")), limits: Some(few) },
            Edit::ChangeService { service: open },
        ];
        let version = hub.make("aida", edits).await.unwrap();
        assert!(version.takes_away, "limits take away");
        let policy = netd.policy();
        assert_eq!(policy.arms[0].rate.unwrap().down_kbps, 1000);
        assert_eq!(policy.arms[1].rate, Some(own));
        assert_eq!((policy.limits, policy.arms[2].limits), (limits, Some(few)));
        assert!(policy.services[0].everyone);
        assert_eq!(hub.rules.rights().limits_of(&id("s3")), few);
        assert_eq!(hub.rules.grants(&id("s2")), [id("mail")]);
    }
);
