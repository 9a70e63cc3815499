//! Follows the rules for the pages that show them: only what a reader would see is news, not every
//! comparison with the kernel.

use std::future::pending;
use std::sync::Arc;

use ets_rules::State;
use tokio::sync::watch;

use crate::service::App;

/// What pages show of the rules, as far as it changes by itself.
#[derive(Clone, PartialEq, Eq)]
struct Seen {
    change: u64,
    state: &'static str,
    waiting: Option<u64>,
    drift: usize,
    problem: bool,
    away: bool,
    differs: bool,
}

/// See the head of the file; follows nothing where no rules are kept.
pub(super) struct Rules(Option<(watch::Receiver<Arc<State>>, Seen)>);

impl Rules {
    pub(super) fn follow(app: &App) -> Self {
        Self(app.deps.rules.as_ref().map(|rules| {
            let mut states = rules.subscribe();
            let seen = Seen::of(&states.borrow_and_update());
            (states, seen)
        }))
    }

    /// Returns when a page of the rules is out of date. May be dropped at any time.
    pub(super) async fn changed(&mut self) {
        let Some((states, seen)) = &mut self.0 else { return pending().await };
        while states.changed().await.is_ok() {
            let now = Seen::of(&states.borrow_and_update());
            if now != *seen {
                *seen = now;
                return;
            }
        }
        pending::<()>().await;
    }
}

impl Seen {
    fn of(state: &State) -> Self {
        let rules = state.rules.as_deref();
        Self {
            change: state.change(),
            state: state.version.as_ref().map_or("", |version| version.state.name()),
            waiting: state.waiting.as_ref().map(|waiting| waiting.change),
            drift: rules.map_or(0, |rules| rules.drift.len()),
            problem: rules.is_some_and(|rules| !rules.problem.is_empty()),
            away: !state.away.is_empty(),
            differs: state.differs.is_some(),
        }
    }
}
