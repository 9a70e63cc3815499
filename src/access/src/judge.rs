//! Who decides: the rights, or a judge of a test.

use ets_model::{PersonId, WallTime};
use ets_rights::{Decision, Held, Rights};
use tokio::sync::watch;

use crate::Route;

/// Says who may take which route, and when that may have changed.
pub trait Judge: Send + Sync + 'static {
    /// Whether a person may take a route at `at`.
    fn decide(&self, person: &PersonId, route: &Route, at: WallTime) -> Decision;

    /// Moves on whenever a decision may have become another.
    fn changes(&self) -> watch::Receiver<u64>;

    /// What a person may at `at`, for the page that tells and for services behind the proxy.
    fn rights_of(&self, person: &PersonId, at: WallTime) -> Vec<Held>;
}

impl Judge for Rights {
    fn decide(&self, person: &PersonId, route: &Route, at: WallTime) -> Decision {
        Self::decide(self, person, &route.right, &route.object, at)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        Self::changes(self)
    }

    fn rights_of(&self, person: &PersonId, at: WallTime) -> Vec<Held> {
        self.of(person, at)
    }
}
