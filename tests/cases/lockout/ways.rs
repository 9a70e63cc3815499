//! Ways to lock oneself out, one function each. Each is refused in words that name both sides, or the
//! hub is as it was when the countdown is over: rules, dashboard, services.
//!
//! A step of the wall clock is not among them, because a test does not set the machine's clock: that
//! countdowns do not heed it is shown at the clock seam, in `src/netd/src/rules/safety.rs`.

mod line;
mod machine;
mod registry;
mod rights;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::seat::Seat;
use crate::support::is_root;

/// What is done, in words, and how.
pub(super) use machine::another_boot;

type Way = (&'static str, fn(&mut Seat));

/// Countdowns are waited for in so many labs at once.
const SEATS: usize = 6;

/// covers: D3, D10, N2.3
#[test]
fn every_way_to_lock_oneself_out_is_refused_or_goes_back_by_itself() {
    if !is_root() {
        println!("skipped: only root mounts a small disk and opens a port in a namespace");
        return;
    }
    let all = [rights::WAYS, registry::WAYS, line::WAYS, machine::WAYS].concat();
    let only = std::env::var("ETS_WAY").unwrap_or_default();
    let ways: Vec<Way> = all.into_iter().filter(|(name, _)| name.contains(&only)).collect();
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    let locked: Vec<&str> = std::thread::scope(|scope| {
        let seats: Vec<_> =
            (0..SEATS.min(ways.len())).map(|_| scope.spawn(|| go(&ways, &next))).collect();
        seats.into_iter().flat_map(|seat| seat.join().expect("a seat was taken")).collect()
    });
    println!("{} ways to lock oneself out, tried in {:.0?}", ways.len(), started.elapsed());
    assert!(locked.is_empty(), "these are not as they should be: {locked:#?}");
}

/// Goes one way after the other; those that did not end well.
fn go(ways: &[Way], next: &AtomicUsize) -> Vec<&'static str> {
    let (mut seat, mut locked) = (None, Vec::new());
    while let Some((name, way)) = ways.get(next.fetch_add(1, Ordering::Relaxed)) {
        let taken = seat.get_or_insert_with(Seat::take);
        let started = Instant::now();
        let went = catch_unwind(AssertUnwindSafe(|| {
            // A segment that the way before let fall vetoes nothing until it is up again.
            taken.settles();
            taken.mark();
            way(taken);
            taken.back();
            taken.became()
        }));
        match went {
            Ok(became) => println!("{name}: last change {became}, {:.1?}", started.elapsed()),
            Err(_) => {
                println!("{name}: NOT as before");
                locked.push(*name);
                seat = None;
            }
        }
    }
    locked
}
