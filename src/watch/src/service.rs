//! The watch as a part of `serve`: built from its handles, run until shutdown.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ets_model::{LinkState, WallTime};
use ets_netd_api::{Client, Trunk};
use ets_registry::Registry;
use ets_runtime::{Clock, Shutdown};
use ets_series::Recorder;
use ets_store::Store;
use tokio::sync::mpsc;

use crate::configure::Configure;
use crate::follow::{Follow, watch_silence};
use crate::handle::Inner;
use crate::picture::Picture;
use crate::scribe::{self, Scribe};
use crate::shared::Shared;
use crate::{ChangeBody, Error, Handle, OutageFilter, OutageRow, Share, queries, spark};

/// How often `netd` is asked how it is.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// How far back changes of earlier lives are told.
const EARLIER: Duration = Duration::from_secs(6 * 3_600);

/// What the watch is built from.
#[derive(Debug)]
pub struct Deps {
    /// `state.db`, opened with [`crate::MIGRATIONS`] and the registry's.
    pub store: Store,
    /// `series.db`, for its health alone.
    pub series_store: Store,
    /// The measurements; its own `run` is the caller's.
    pub series: Recorder,
    /// The registry.
    pub registry: Registry,
    /// Where `netd` listens.
    pub netd: Client,
    /// The hub's trunks.
    pub trunks: Vec<Trunk>,
    /// Where the databases lie, to see how full the disk is.
    pub data_dir: PathBuf,
    /// The clock.
    pub clock: Clock,
    /// Who else writes events down.
    pub share: Option<Arc<dyn Share>>,
}

/// The watch, ready to run.
pub struct Watch {
    handle: Handle,
    scribe: Scribe,
    follow: Follow,
    configure: Configure,
    netd: Client,
}

impl Watch {
    /// Reads back what stands in the database; nothing is asked of `netd` yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn build(deps: Deps) -> Result<Self, Error> {
        let Deps { store, series_store, series, registry, netd, trunks, .. } = deps;
        let (data_dir, clock, share) = (deps.data_dir, deps.clock, deps.share);
        let catalog = registry.catalog();
        let now = clock.wall();
        let mut picture = Picture::new(trunks.iter().map(|trunk| trunk.name.clone()), now);
        picture.register(&catalog, now);
        picture.take_told();
        let shared = Arc::new(Shared::new(clock, picture));
        let (send, messages) = mpsc::unbounded_channel();
        let scribe = Scribe::open(scribe::Deps {
            store: store.clone(),
            series: series.clone(),
            netd: netd.clone(),
            shared: shared.clone(),
            catalog,
            messages,
            share,
        })
        .await?;
        shared.remember(earlier(&store, now).await?);
        let follow = Follow {
            netd: netd.clone(),
            shared: shared.clone(),
            series: series.clone(),
            scribe: send.clone(),
        };
        let configure = Configure {
            netd: netd.clone(),
            shared: shared.clone(),
            registry: registry.clone(),
            trunks: trunks.clone(),
            scribe: send,
        };
        let client = Some(netd.clone());
        let inner =
            Inner { shared, registry, store, series_store, series, netd: client, trunks, data_dir };
        Ok(Self { handle: Handle(Arc::new(inner)), scribe, follow, configure, netd })
    }

    /// The handle for everyone else.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Watches until shutdown.
    ///
    /// # Errors
    /// When the scribe cannot go on.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), Error> {
        let Self { handle, scribe, follow, configure, netd } = self;
        let shared = handle.0.shared.clone();
        let series = handle.0.series.clone();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(scribe.run(shutdown.clone()));
        tasks.spawn(endless(follow.run(shutdown.clone())));
        tasks.spawn(endless(configure.run(shutdown.clone())));
        tasks.spawn(endless(watch_silence(shared.clone(), shutdown.clone())));
        tasks.spawn(endless(spark::run(shared.clone(), series, shutdown.clone())));
        tasks.spawn(endless(ask(netd, shared, shutdown)));
        while let Some(ended) = tasks.join_next().await {
            // Nobody cancels these tasks: an error is a panic, and the whole part ends with it.
            ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        }
        Ok(())
    }
}

/// What changed in the hours before `now`, as far as outages tell it; oldest first.
async fn earlier(store: &Store, now: WallTime) -> Result<Vec<(WallTime, ChangeBody)>, Error> {
    let from = now.minus(EARLIER);
    let filter = OutageFilter { from: Some(from), limit: 200, ..OutageFilter::default() };
    let rows = queries::outages(store, &filter).await?.rows;
    let mut changes: Vec<_> =
        rows.iter().rev().flat_map(told).filter(|(at, _)| *at >= from).collect();
    changes.sort_by_key(|(at, _)| *at);
    Ok(changes)
}

/// How an outage began and how it ended.
fn told(row: &OutageRow) -> impl Iterator<Item = (WallTime, ChangeBody)> {
    let (outage, name) = (&row.outage, &row.trunk);
    let change = |at: WallTime, out: bool| {
        let (from, to) = match out {
            true => (LinkState::Up, LinkState::Down),
            false => (LinkState::Down, LinkState::Up),
        };
        let body = match outage.segment {
            Some(segment) => ChangeBody::State { segment, from, to, since: at },
            None => ChangeBody::Trunk { name: name.clone(), dark: out },
        };
        (at, body)
    };
    let began = change(outage.began_before, true);
    std::iter::once(began).chain(outage.ended.map(|at| change(at, false)))
}

async fn endless(task: impl Future<Output = ()>) -> Result<(), Error> {
    task.await;
    Ok(())
}

/// Asks `netd` how it is, until shutdown.
async fn ask(netd: Client, shared: Arc<Shared>, shutdown: Shutdown) {
    loop {
        let answer = tokio::select! {
            () = shutdown.requested() => return,
            answer = tokio::time::timeout(ASK_EVERY, netd.status()) => answer,
        };
        if let Ok(Ok(status)) = answer {
            shared.notes.status(shared.clock.wall(), status);
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(ASK_EVERY) => {}
        }
    }
}
