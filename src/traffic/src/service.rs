//! The accounting as a part of `serve`: built from its handles, run until shutdown.

use std::sync::Arc;

use ets_netd_api::Client;
use ets_registry::Registry;
use ets_runtime::{Clock, Shutdown};
use ets_store::Store;

use crate::meter::{Meter, Parts};
use crate::quota::Keeper;
use crate::{Config, Error, Handle, Shaper, follow};

/// What the accounting is built from.
#[derive(Debug)]
pub struct Deps {
    /// `series.db`, opened with [`crate::SERIES_MIGRATIONS`].
    pub series: Store,
    /// `state.db`, opened with [`crate::STATE_MIGRATIONS`] and the journal's.
    pub state: Store,
    /// The registry.
    pub registry: Registry,
    /// Where `netd` listens.
    pub netd: Client,
    /// Who shapes segments that reached a quota; `None` while nobody can.
    pub shaper: Option<Arc<dyn Shaper>>,
    /// The clock.
    pub clock: Clock,
}

/// The accounting, ready to run.
#[derive(Debug)]
pub struct Traffic {
    meter: Arc<Meter>,
    netd: Client,
    keeper: Keeper,
}

impl Traffic {
    /// Reads back what stands in the database, and has those shaped who reached a quota before;
    /// nothing is asked of `netd` yet.
    ///
    /// # Errors
    /// When the database cannot be read or the time zone is not known.
    pub async fn build(config: Config, deps: Deps) -> Result<Self, Error> {
        let Deps { series: store, state, registry, netd, shaper, clock } = deps;
        let meter = Meter::open(Parts { store, state, registry, clock, config }).await?;
        let meter = Arc::new(meter);
        // The meter is new: nobody has set it.
        let _ = meter.netd.set(netd.clone());
        meter.count_from_the_past().await?;
        let mut keeper = Keeper::new(Handle(meter.clone()), shaper);
        keeper.resume().await?;
        Ok(Self { meter, netd, keeper })
    }

    /// The handle for everyone else.
    pub fn handle(&self) -> Handle {
        Handle(self.meter.clone())
    }

    /// Counts until shutdown.
    ///
    /// # Errors
    /// When the last minutes cannot be written.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), Error> {
        let Self { meter, netd, keeper } = self;
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(endless(follow::run(netd, meter.clone(), shutdown.clone())));
        tasks.spawn(endless(follow::watch_silence(meter.clone(), shutdown.clone())));
        tasks.spawn(endless(keeper.run(shutdown.clone())));
        let recorder = meter.clone();
        tasks.spawn(async move { recorder.run(shutdown).await });
        while let Some(ended) = tasks.join_next().await {
            // Nobody cancels these tasks: an error is a panic, and the whole part ends with it.
            ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        }
        // What came while the recorder ended.
        meter.flush().await
    }
}

async fn endless(task: impl Future<Output = ()>) -> Result<(), Error> {
    task.await;
    Ok(())
}
