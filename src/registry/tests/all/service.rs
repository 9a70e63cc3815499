//! The registry on a real database.

use ets_journal::{Filter, Page};
use ets_model::{InstitutionId, Parent, Stamp, WallTime};
use ets_registry::{Author, Error, Photo, Registry};
use ets_runtime::Clock;
use ets_store::testing::TestStore;
use ets_store::{Migration, Store, on_both_databases};

use crate::star;

fn migrations() -> Vec<Migration> {
    [ets_journal::MIGRATIONS, ets_registry::MIGRATIONS].concat()
}

async fn open(store: &Store) -> Registry {
    let clock = Clock::by_hand(Stamp { wall: WallTime(1_000_000), ..Stamp::default() });
    Registry::open(store.clone(), clock).await.unwrap()
}

/// A registry with three institutions of one segment each.
async fn started(store: &Store) -> Registry {
    let registry = open(store).await;
    for number in 1..=3 {
        let institution = star::institution(number, "Школа");
        registry.create_institution(institution, &author()).await.unwrap();
        registry.create_segment(star::segment(number), &author()).await.unwrap();
    }
    registry
}

fn author() -> Author {
    Author { reason: "приказ 17".into(), ..Author::new("admin") }
}

async fn actions(store: &Store) -> Vec<String> {
    let listing = ets_journal::list(store, &Filter::default(), Page::default()).await.unwrap();
    listing.entries.into_iter().map(|recorded| recorded.entry.action).collect()
}

fn codes(error: &Error) -> Vec<&'static str> {
    let Error::Invalid(faults) = error else { panic!("{error}") };
    faults.iter().map(ets_registry::Fault::code).collect()
}

on_both_databases!(
    /// covers: N1.2
    every_change_is_live_at_once_in_the_journal_and_there_after_a_restart,
    &migrations(),
    |mut store: TestStore| async move {
        let registry = started(&store).await;
        let mut changes = registry.changes();
        changes.mark_unchanged();
        let mut segment = (**registry.catalog().segment("s002").unwrap()).clone();
        segment.notes = " на втором этаже ".into();
        let changed = registry.update_segment(segment, &author()).await.unwrap();
        assert_eq!((changed.version, changed.notes.as_str()), (2, "на втором этаже"));
        assert!(changes.has_changed().unwrap());
        assert_eq!(registry.catalog().generation(), 7);
        assert_eq!(actions(&store).await[..2], ["segment.update", "segment.create"]);
        let last = ets_journal::list(&store, &Filter::default(), Page { limit: 1, ..Page::default() })
            .await
            .unwrap();
        let entry = &last.entries[0].entry;
        assert_eq!((entry.actor.as_str(), entry.why.as_str()), ("admin", "приказ 17"));
        assert_eq!(entry.detail["changes"][0]["field"], "notes");
        drop(registry);
        store.reopen(&migrations()).await;
        let again = open(&store).await;
        assert_eq!(**again.catalog().segment("s002").unwrap(), *changed);
        assert_eq!(again.catalog().generation(), 7);
    }
);

on_both_databases!(
    /// covers: N1.2
    of_two_people_who_change_the_same_segment_the_second_is_told,
    &migrations(),
    |store: TestStore| async move {
        let registry = started(&store).await;
        let seen = (**registry.catalog().segment("s001").unwrap()).clone();
        let mut first = seen.clone();
        first.notes = "a".into();
        registry.update_segment(first, &author()).await.unwrap();
        let entries = actions(&store).await.len();
        let mut second = seen;
        second.notes = "b".into();
        let error = registry.update_segment(second, &author()).await.unwrap_err();
        assert!(matches!(error, Error::Conflict { yours: 1, current: 2, .. }), "{error}");
        assert_eq!(actions(&store).await.len(), entries);
    }
);

on_both_databases!(
    /// covers: N1.2
    an_overlap_is_refused_with_both_names_and_nothing_is_written,
    &migrations(),
    |store: TestStore| async move {
        let registry = started(&store).await;
        let mut segment = star::segment(50);
        segment.institution = "i002".parse().unwrap();
        segment.prefixes = vec!["10.10.0.0/22".parse().unwrap()];
        let before = actions(&store).await.len();
        let error = registry.create_segment(segment, &author()).await.unwrap_err();
        assert_eq!(
            error.to_string().lines().next().unwrap(),
            "prefixes: 10.10.0.0/22 of s050 (Institution 2) overlaps 10.10.1.0/24 of s001 \
             (Institution 1); correct one of the two; addresses belong to one segment only"
        );
        assert!(codes(&error).contains(&"prefix_overlap"));
        assert_eq!(actions(&store).await.len(), before);
        assert!(registry.catalog().segment("s050").is_none());
    }
);

on_both_databases!(
    /// covers: N1.2
    a_retired_segment_frees_its_prefix_keeps_its_identifier_and_can_come_back,
    &migrations(),
    |store: TestStore| async move {
        let registry = started(&store).await;
        registry.retire_segment("s003", 1, &author()).await.unwrap();
        assert_eq!(registry.catalog().segments().count(), 2);
        let error = registry.create_segment(star::segment(3), &author()).await.unwrap_err();
        assert_eq!(codes(&error), ["id_retired"]);
        let restored = registry.restore_segment("s003", 2, &author()).await.unwrap();
        assert_eq!((restored.no.0, restored.version, restored.retired), (3, 3, None));
        let error = registry.restore_segment("s003", 3, &author()).await.unwrap_err();
        assert_eq!(codes(&error), ["not_retired"]);
        registry.retire_segment("s003", 3, &author()).await.unwrap();
        let mut heir = star::segment(3);
        heir.id = "s004".parse().unwrap();
        assert_eq!(registry.create_segment(heir, &author()).await.unwrap().no.0, 4);
        let error = registry.restore_segment("s003", 4, &author()).await.unwrap_err();
        assert_eq!(codes(&error), ["prefix_overlap", "address_taken"]);
        assert_eq!(actions(&store).await[0], "segment.create");
    }
);

on_both_databases!(
    /// covers: N1.1
    institutions_and_provider_points_live_as_long_as_somebody_needs_them,
    &migrations(),
    |store: TestStore| async move {
        let registry = started(&store).await;
        let id: InstitutionId = "i001".parse().unwrap();
        let error = registry.remove_institution(&id, 1, &author()).await.unwrap_err();
        assert_eq!(codes(&error), ["in_use"]);
        registry.create_institution(star::institution(9, "Музей"), &author()).await.unwrap();
        let error = registry.create_institution(star::institution(9, "Музей"), &author()).await.unwrap_err();
        assert_eq!(codes(&error), ["id_taken"]);
        registry.remove_institution(&"i009".parse().unwrap(), 1, &author()).await.unwrap();
        let parent = Parent {
            id: "pp-1".into(),
            name: star::institution(1, "Узел связи").name,
            provider: "Провайдер".into(),
            version: 0,
        };
        let parent = registry.create_parent(parent, &author()).await.unwrap();
        let mut segment = (**registry.catalog().segment("s001").unwrap()).clone();
        segment.parent = "pp-1".into();
        registry.update_segment(segment, &author()).await.unwrap();
        assert_eq!(registry.catalog().children("pp-1").count(), 1);
        let mut renamed = (*parent).clone();
        renamed.name.ru = "Узел связи № 1".into();
        registry.update_parent(renamed, &author()).await.unwrap();
        let error = registry.remove_parent("pp-1", 1, &author()).await.unwrap_err();
        assert!(matches!(error, Error::Conflict { current: 2, .. }), "{error}");
        let error = registry.remove_parent("pp-1", 2, &author()).await.unwrap_err();
        assert_eq!(codes(&error), ["in_use"]);
        assert!(error.to_string().contains("s001 (Institution 1)"), "{error}");
        let mut segment = (**registry.catalog().segment("s001").unwrap()).clone();
        segment.parent = String::new();
        registry.update_segment(segment, &author()).await.unwrap();
        registry.remove_parent("pp-1", 2, &author()).await.unwrap();
        let error = registry.remove_parent("pp-1", 2, &author()).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { kind: "provider point", .. }), "{error}");
        let told = ["parent.remove", "segment.update", "parent.update"];
        assert_eq!(actions(&store).await[..3], told);
    }
);

on_both_databases!(
    /// covers: N1.1
    a_photograph_is_kept_replaced_and_taken_away,
    &migrations(),
    |store: TestStore| async move {
        let registry = started(&store).await;
        let photo = Photo::new(b"\x89PNG\r\n\x1a\nxyz".to_vec()).unwrap();
        registry.set_photo("s001", Some(photo.clone()), &author()).await.unwrap();
        assert_eq!(registry.photo("s001").await.unwrap(), Some(photo));
        let other = Photo::new(b"\xff\xd8\xff\xe0abc".to_vec()).unwrap();
        registry.set_photo("s001", Some(other.clone()), &author()).await.unwrap();
        assert_eq!(registry.photo("s001").await.unwrap(), Some(other));
        let segment = registry.catalog().segment("s001").unwrap().clone();
        assert!(registry.has_photo(&segment).await.unwrap());
        registry.set_photo("s001", None, &author()).await.unwrap();
        assert_eq!(registry.photo("s001").await.unwrap(), None);
        assert!(!registry.has_photo(&segment).await.unwrap());
        let error = registry.set_photo("s001", None, &author()).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { kind: "photograph", .. }), "{error}");
        let told = ["segment.photo.remove", "segment.photo", "segment.photo"];
        assert_eq!(actions(&store).await[..3], told);
    }
);

on_both_databases!(
    /// covers: N1.2
    an_import_is_all_or_nothing_and_only_what_was_previewed,
    &migrations(),
    |store: TestStore| async move {
        let registry = started(&store).await;
        let file = registry.export_csv();
        let mut lines: Vec<String> = file.lines().map(str::to_owned).collect();
        lines[1] = lines[1].replace("ets1", "tun1");
        lines.push(lines[3].replace("s003", "s030").replace("10.10.3.", "10.10.30."));
        let edited = lines.join("\r\n") + "\r\n";
        let preview = registry.preview_csv(edited.as_bytes());
        assert_eq!(preview.faults, []);
        registry.set_maintenance("s002", Some(WallTime(9)), &author()).await.unwrap();
        let refused = registry.apply_csv(edited.as_bytes(), &preview.digest, &author()).await;
        assert!(matches!(refused, Err(Error::Changed)));
        let preview = registry.preview_csv(edited.as_bytes());
        let applied = registry.apply_csv(edited.as_bytes(), &preview.digest, &author()).await.unwrap();
        assert_eq!((applied.new, applied.changed, applied.unchanged), (1, 1, 2));
        assert_eq!(registry.export_csv(), edited, "byte for byte");
        assert_eq!(actions(&store).await[..3], ["segment.create", "segment.update", "registry.import"]);
        let kept = registry.catalog().segment("s002").unwrap().maintenance_until;
        assert_eq!(kept, Some(WallTime(9)));
    }
);

on_both_databases!(
    /// covers: N1.2
    a_change_goes_on_when_the_one_who_asked_for_it_is_gone,
    &migrations(),
    |store: TestStore| async move {
        let registry = started(&store).await;
        let before = registry.catalog().generation();
        for round in 0..20 {
            let mut segment = (**registry.catalog().segment("s001").unwrap()).clone();
            segment.notes = round.to_string();
            let author = author();
            let change = registry.update_segment(segment, &author);
            let _ = tokio::time::timeout(std::time::Duration::from_micros(round * 50), change).await;
            // Waits until the change is through, whether or not its caller did.
            registry.set_maintenance("s002", Some(WallTime(i64::try_from(round).unwrap())), &author).await.unwrap();
        }
        let catalog = registry.catalog();
        assert!(catalog.generation() >= before + 20);
        let again = Registry::open(store.clone(), Clock::system()).await.unwrap();
        assert_eq!(again.catalog().generation(), catalog.generation());
        assert_eq!(again.catalog().segment("s001"), catalog.segment("s001"));
    }
);

on_both_databases!(
    a_second_process_that_changed_the_database_is_noticed,
    &migrations(),
    |store: TestStore| async move {
        let registry = started(&store).await;
        let other = Registry::open(store.clone(), Clock::system()).await.unwrap();
        other.set_maintenance("s001", Some(WallTime(5)), &author()).await.unwrap();
        let error =
            registry.set_maintenance("s001", Some(WallTime(6)), &author()).await.unwrap_err();
        assert!(matches!(error, Error::Changed), "{error}");
    }
);

on_both_databases!(
    /// covers: N1.1
    provider_points_come_from_a_file_of_their_own_all_or_nothing,
    &migrations(),
    |store: TestStore| async move {
        let registry = started(&store).await;
        let file = "id,name_kk,name_ru,name_en,provider\npp-1,,Узел 1,,Провайдер\npp-2,,Узел 2,,\n";
        assert_eq!(registry.import_parents(file.as_bytes(), &author()).await.unwrap(), 2);
        assert_eq!(registry.import_parents(file.as_bytes(), &author()).await.unwrap(), 0, "unchanged");
        assert_eq!(registry.catalog().parent("pp-1").unwrap().provider, "Провайдер");
        let before = actions(&store).await.len();
        let broken = "id,name_kk,name_ru,name_en,provider\npp-3,,Узел 3,,\nPP 4,,,,\npp-3,,Узел,,\nx,y\n";
        let error = registry.import_parents(broken.as_bytes(), &author()).await.unwrap_err();
        assert_eq!(codes(&error), ["id_syntax", "name_missing", "id_repeated", "field_count"]);
        assert_eq!(actions(&store).await.len(), before);
        let strange = registry.import_parents(b"id,name\n", &author()).await.unwrap_err();
        assert!(codes(&strange).contains(&"unknown_column"));
    }
);
