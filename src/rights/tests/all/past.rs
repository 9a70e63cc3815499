//! Who could on that day: exact, whatever was ended, suspended or changed since.

use ets_model::WallTime;
use ets_rights::{By, Scope};

use crate::bed::{Bed, chief};

async fn who(bed: &Bed, at: WallTime, right: &str) -> Vec<(String, Option<String>)> {
    let lines = bed.rights.report(at, Some(right)).await.unwrap();
    assert!(lines.iter().all(|line| line.held.rights == [right]));
    let acting = |line: &ets_rights::Line| line.held.acting_for.as_ref().map(|one| one.1.clone());
    lines.iter().map(|line| (line.name.clone(), acting(line))).collect()
}

/// covers: T3
#[tokio::test]
async fn the_report_of_a_past_day_says_who_could_then() {
    let bed = Bed::new().await;
    let (asem, dana) = (bed.person("Asem").await, bed.person("Dana").await);
    let before = bed.clock.wall();
    bed.later(10);
    let words = vec!["ca.issue".to_owned()];
    bed.rights.put_role("clerk", "Clerk", &words, false, &chief()).await.unwrap();
    let grant = bed.give(&asem, "clerk", Scope::Everywhere).await.unwrap();
    let given = bed.later(10);
    bed.later(10);
    let stand_in = bed.rights.substitute(&asem, &dana, (None, None), &chief()).await.unwrap();
    let both = bed.later(10);
    bed.later(10);
    bed.rights.end_substitution(stand_in, &chief()).await.unwrap();
    bed.rights.suspend(&asem, None, &chief()).await.unwrap();
    let suspended = bed.later(10);
    bed.later(10);
    bed.rights.resume(&asem, &chief()).await.unwrap();
    let other = vec!["ca.read".to_owned()];
    bed.rights.put_role("clerk", "Clerk", &other, false, &chief()).await.unwrap();
    let changed = bed.later(10);
    bed.later(10);
    bed.rights.end(grant, &By { break_glass: true, ..chief() }).await.unwrap();
    bed.rights.close_role("clerk", &chief()).await.unwrap();
    let after = bed.later(10);

    let one = |name: &str| (name.to_owned(), None);
    assert_eq!(who(&bed, before, "ca.issue").await, []);
    assert_eq!(who(&bed, given, "ca.issue").await, [one("Asem")]);
    let for_asem = ("Dana".to_owned(), Some("Asem".to_owned()));
    assert_eq!(who(&bed, both, "ca.issue").await, [one("Asem"), for_asem]);
    assert_eq!(who(&bed, suspended, "ca.issue").await, []);
    assert_eq!(who(&bed, changed, "ca.issue").await, []);
    assert_eq!(who(&bed, changed, "ca.read").await, [one("Asem")]);
    assert!(bed.rights.report(after, None).await.unwrap().is_empty());
    // The person's own page still tells all of it.
    let history = bed.rights.history(&asem).await.unwrap();
    assert_eq!((history.grants.len(), history.suspensions.len()), (1, 1));
}
