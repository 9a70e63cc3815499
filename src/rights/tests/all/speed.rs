//! What a decision costs with many people and many rules.

use std::time::Instant;

use ets_model::PersonId;
use ets_rights::Rights;
use ets_store::{Tx, values};

use crate::bed::{Bed, segment};

/// Far above what is aimed at (2 us in a release build): what fails here reads the database or
/// walks over all people. The run prints the figure.
const MOST_MICROS: u128 = 200;

async fn fill(bed: &Bed, people: i64, grants: i64) {
    bed.store
        .write(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                let mut no = 0;
                for person in 1..=people {
                    let id = PersonId::of_subject(Some(&person.to_string()), "x", None);
                    let sql = "INSERT INTO rights_person (no, id, name, organisation, known) \
                        VALUES ($1, $2, $3, '', 0)";
                    let name = format!("P{person}");
                    tx.execute(sql, &values![person, id.as_str(), name]).await?;
                    for grant in 1..=grants {
                        no += 1;
                        let sql = "INSERT INTO rights_grant (no, person, role, scope_kind, \
                            scope_id, since, given, given_by, why, needs_second) \
                            VALUES ($1, $2, 'observer', 'segment', $3, 0, 0, '', '', 0)";
                        let scope = format!("x{grant}");
                        tx.execute(sql, &values![no, id.as_str(), scope]).await?;
                    }
                }
                Ok::<_, ets_store::Error>(())
            })
        })
        .await
        .unwrap();
}

fn measure(rights: &Rights, bed: &Bed, people: i64, grants: i64) -> (u128, usize) {
    let at = bed.clock.wall();
    let all: Vec<PersonId> =
        (1..=people).map(|one| PersonId::of_subject(Some(&one.to_string()), "x", None)).collect();
    let on = [segment(&format!("x{grants}")), segment("y")];
    let (began, mut allowed) = (Instant::now(), 0);
    const ASKED: usize = 20_000;
    for asked in 0..ASKED {
        let person = &all[asked.wrapping_mul(7_919) % all.len()];
        let decision = rights.decide(person, "network.read", &on[asked % 2], at);
        allowed += usize::from(decision.is_allowed());
    }
    (began.elapsed().as_nanos() / ASKED as u128, allowed)
}

/// covers: T3
#[tokio::test]
async fn a_decision_reads_memory_alone_whatever_is_given() {
    let (people, grants) = if cfg!(debug_assertions) { (200, 200) } else { (10_000, 200) };
    let bed = Bed::new().await;
    fill(&bed, people, grants).await;
    let rights = bed.again().await;
    let (nanos, allowed) = measure(&rights, &bed, people, grants);
    println!("{people} people with {grants} grants each: {nanos} ns a decision");
    assert_eq!(allowed, 10_000);
    assert!(nanos < MOST_MICROS * 1_000, "{nanos} ns");
}
