//! An accounting that is fed by hand, without `netd`: for tests and demonstrations of those who
//! show it.

use std::sync::Arc;
use std::time::Duration;

use ets_netd_api::MeterFrame;
use ets_registry::Registry;
use ets_runtime::Clock;
use ets_store::Store;

use crate::meter::{Meter, Parts};
use crate::quota::Keeper;
use crate::{Config, Error, Handle};

/// Feeds a [`Handle`] by hand.
#[derive(Clone, Debug)]
pub struct Feeder(Arc<Meter>);

impl Feeder {
    /// An accounting on these databases (`series.db` and `state.db`), opened as for
    /// [`crate::Deps`].
    ///
    /// # Errors
    /// As for [`crate::Traffic::build`].
    pub async fn open(
        config: Config,
        (store, state): (Store, Store),
        registry: Registry,
        clock: Clock,
    ) -> Result<(Handle, Self), Error> {
        let parts = Parts { store, state, registry, clock, config };
        let meter = Arc::new(Meter::open(parts).await?);
        meter.count_from_the_past().await?;
        Ok((Handle(meter.clone()), Self(meter)))
    }

    /// A life of the counters begins, counted in this way.
    pub fn begin(&self, life: u64, by: &str) {
        self.0.begin(life, by);
    }

    /// Takes a frame in; with `over`, the time since the one before it, it is in the live picture.
    pub fn take(&self, frame: &MeterFrame, over: Option<Duration>) {
        self.0.take(frame, over);
        self.0.heard(frame.at);
    }

    /// Says that nothing is heard any more.
    pub fn fall_silent(&self) {
        let stale = self.0.live.borrow().stale(self.0.clock.wall());
        self.0.live.send_replace(Arc::new(stale));
    }

    /// Does all that is due: writes, packs, closes months, and judges the quotas.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle(&self) -> Result<(), Error> {
        self.0.flush().await?;
        while self.0.work(self.0.clock.wall()).await? {}
        Keeper::new(Handle(self.0.clone()), None).judge().await
    }
}
