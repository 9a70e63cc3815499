//! A desk where channels are measured that carry nothing.

use std::sync::Arc;

use ets_model::SegmentNo;
use ets_netd_api::Direction;
use ets_registry::Registry;
use ets_runtime::Clock;
use ets_speed::{Channel, Deps, Desk, Echoes, Rates};
use ets_store::{BoxFuture, Store};

#[derive(Debug)]
struct Silent;

impl Channel for Silent {
    fn echoes(&self, _: SegmentNo) -> BoxFuture<'_, Option<Echoes>> {
        Box::pin(std::future::ready(None))
    }

    fn rates(&self, _: SegmentNo, _: Direction) -> Option<Rates> {
        None
    }
}

pub(super) fn desk(store: &Store, registry: &Registry, clock: &Clock) -> Desk {
    Desk::new(Deps {
        store: store.clone(),
        registry: registry.clone(),
        channel: Arc::new(Silent),
        clock: clock.clone(),
    })
}
