//! Events that another room writes down: in the scribe's transaction, so that each counts once.

use std::fmt::Debug;

use ets_netd_api::{Cursor, Event, EventBody};
use ets_store::{BoxFuture, Tx};

/// A room that has a share in the events of `netd`. What it writes stands if and only if the place
/// in the stream does; after a restart of either process the events come again from that place.
pub trait Share: Debug + Send + Sync {
    /// Whether it is to be given this event.
    fn wants(&self, body: &EventBody) -> bool;

    /// Writes down what the event says. An error that is final leaves this event out; others are
    /// tried again.
    fn write<'a>(
        &'a self,
        tx: &'a mut Tx<'_>,
        cursor: Cursor,
        event: &'a Event,
    ) -> BoxFuture<'a, Result<(), ets_store::Error>>;

    /// What was written is in the database now.
    fn written(&self);

    /// A live stream begins: `netd` is there, perhaps in another life.
    fn begins(&self);
}
