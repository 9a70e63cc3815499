//! A change bites at once: the epoch counts, whoever waits is woken, and time alone does it too.

use std::time::Duration;

use ets_rights::{Scope, Wanted};
use ets_runtime::Shutdown;
use tokio::time::timeout;

use crate::bed::{Bed, chief, segment, wanted};

const SOON: Duration = Duration::from_secs(5);

/// covers: T3
#[tokio::test]
async fn who_waits_hears_of_a_change_after_it_holds() {
    let bed = Bed::new().await;
    let asem = bed.person("Asem").await;
    let (before, mut changes) = (bed.rights.epoch(), bed.rights.changes());
    changes.mark_unchanged();
    let grant = bed.give(&asem, "observer", Scope::Everywhere).await.unwrap();
    timeout(SOON, changes.changed()).await.unwrap().unwrap();
    assert!(bed.rights.epoch() > before && *changes.borrow_and_update() == bed.rights.epoch());
    assert!(bed.may(&asem, "network.read", &segment("s1")));
    bed.rights.end(grant, &chief()).await.unwrap();
    timeout(SOON, changes.changed()).await.unwrap().unwrap();
    assert!(!bed.may(&asem, "network.read", &segment("s1")));
    // What is refused is told to nobody.
    let epoch = bed.rights.epoch();
    assert!(bed.rights.end(grant, &chief()).await.is_err());
    assert_eq!(bed.rights.epoch(), epoch);
}

/// covers: T3
#[tokio::test]
async fn the_end_of_a_grant_is_told_although_nobody_changed_anything() {
    let bed = Bed::new().await;
    let asem = bed.person("Asem").await;
    let now = bed.clock.wall();
    let until = now.plus(Duration::from_secs(30));
    let limited = Wanted { until: Some(until), ..wanted("observer", Scope::Everywhere) };
    bed.rights.give(&asem, limited, &chief()).await.unwrap();
    assert_eq!(bed.rights.next_turn(now), Some(until));
    assert_eq!(bed.rights.next_turn(until), None);
    let (_trigger, shutdown) = Shutdown::new();
    tokio::spawn(bed.rights.clone().run(shutdown));
    // Lets it look at the clock before that is moved.
    tokio::task::yield_now().await;
    let mut changes = bed.rights.changes();
    changes.mark_unchanged();
    bed.later(31);
    timeout(SOON, changes.changed()).await.unwrap().unwrap();
    assert!(!bed.may(&asem, "network.read", &segment("s1")));
}

/// covers: T3
#[tokio::test]
async fn a_segment_that_moves_to_another_institution_is_told_and_judged_anew() {
    let bed = Bed::new().await;
    let asem = bed.person("Asem").await;
    let archive = Scope::Institution("archive".parse().unwrap());
    bed.give(&asem, "observer", archive).await.unwrap();
    let (_trigger, shutdown) = Shutdown::new();
    tokio::spawn(bed.rights.clone().run(shutdown));
    tokio::task::yield_now().await;
    let mut changes = bed.rights.changes();
    changes.mark_unchanged();
    assert!(bed.may(&asem, "network.read", &segment("s1")));
    let mut moved = (**bed.registry.catalog().segment("s1").unwrap()).clone();
    moved.institution = "school".parse().unwrap();
    bed.registry.update_segment(moved, &chief().author).await.unwrap();
    timeout(SOON, changes.changed()).await.unwrap().unwrap();
    assert!(!bed.may(&asem, "network.read", &segment("s1")));
}
