//! The rules as a part of `serve`: built from its handles, run until shutdown.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use ets_model::{Network, PortRange};
use ets_netd_api::Client;
use ets_registry::Registry;
use ets_runtime::{Clock, Shutdown};
use ets_store::Store;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::edit::Ground;
use crate::inner::Inner;
use crate::rows;
use crate::{Error, Handle, Numbers, Rights, State, VersionState, offence};

/// What the configuration says.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The hub's networks that are no segments.
    pub networks: Vec<Network>,
    /// The ports of the hub on which the dashboard answers, to warn who would lose it.
    pub dashboard: Vec<PortRange>,
    /// The rights that an empty hub begins with.
    pub seed: Rights,
}

/// What the part is built from.
#[derive(Clone, Debug)]
pub struct Deps {
    /// `state.db`, opened with [`crate::MIGRATIONS`], the registry's and the journal's.
    pub store: Store,
    /// The registry.
    pub registry: Registry,
    /// Where `netd` listens.
    pub netd: Client,
    /// The clock.
    pub clock: Clock,
}

/// The rules, ready to run.
#[derive(Debug)]
pub struct Part {
    handle: Handle,
}

impl Part {
    /// Reads back what stands in the database; nothing is asked of `netd` yet.
    ///
    /// # Errors
    /// When the database cannot be read, or the rights to begin with have faults.
    pub async fn build(config: Config, deps: Deps) -> Result<Self, Error> {
        let Deps { store, registry, netd, clock } = deps;
        let numbers = rows::numbers(&store).await?;
        let drafts = rows::drafts(&store).await?;
        let fresh = rows::current(&store).await? == 0;
        let seed = Arc::new(if fresh { sound(config.seed, &registry)? } else { config.seed });
        let state = standing(&store, seed.clone()).await?;
        let inner = Inner {
            store,
            clock,
            registry,
            netd,
            networks: config.networks,
            dashboard: config.dashboard,
            seed,
            changing: Arc::default(),
            state: watch::Sender::new(Arc::new(state)),
            drafts: Mutex::new(drafts.into_iter().map(|(who, one)| (who, one.into())).collect()),
            drafting: tokio::sync::Mutex::default(),
            numbers: Mutex::new(Arc::new(numbers)),
            nudge: Notify::new(),
            reach: tokio::sync::Mutex::default(),
            rules_generation: AtomicU64::new(0),
            slowed: Mutex::default(),
            retry: Mutex::new(None),
            started: Instant::now(),
        };
        Ok(Self { handle: Handle(Arc::new(inner)) })
    }

    /// The handle for everyone else.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Keeps database, registry and `netd` in line until shutdown.
    ///
    /// # Errors
    /// None: what fails is tried again, and told by [`Handle::state`].
    pub async fn run(self, shutdown: Shutdown) -> Result<(), Error> {
        let inner = self.handle.0;
        let mut changes = inner.registry.changes();
        let mut life = 0;
        loop {
            changes.mark_unchanged();
            let due = inner.sync().await;
            if inner.state().away.is_empty() {
                life = inner.note_life(life).await;
            }
            tokio::select! {
                () = shutdown.requested() => return Ok(()),
                changed = changes.changed() => if changed.is_err() { return Ok(()) },
                () = inner.nudge.notified() => {}
                () = tokio::time::sleep(due) => {}
            }
        }
    }
}

impl Inner {
    /// Ends offences that an earlier life of `netd` began. Answers the life that was seen.
    async fn note_life(&self, known: u64) -> u64 {
        let Ok(status) = self.ask(self.netd.status()).await else { return known };
        let life = status.newest.instance;
        if life == known {
            return known;
        }
        let work = self
            .store
            .write(move |tx| Box::pin(async move { offence::close_lost(tx, life).await }));
        let closed: Result<u64, ets_store::Error> = work.await;
        closed.map_or(known, |_| life)
    }
}

/// The rights to begin with, checked as edits are; services are numbered anew in their order.
fn sound(seed: Rights, registry: &Registry) -> Result<Rights, Error> {
    let (catalog, numbers) = (registry.catalog(), Numbers::default());
    let ground = Ground { catalog: &catalog, numbers: &numbers, now: ets_model::WallTime(0) };
    let mut rights = Rights::default();
    for edit in rights.edits_to(&seed) {
        rights.take(&edit, &ground).map_err(|fault| Error::Seed(fault.to_string()))?;
    }
    Ok(rights)
}

/// What the database has in force. A version that went back is not, whatever was written last.
async fn standing(store: &Store, seed: Arc<Rights>) -> Result<State, Error> {
    let mut no = rows::current(store).await?;
    let mut kept = rows::version(store, no).await?;
    while let Some(one) = &kept
        && matches!(one.version.state, VersionState::Reverted { .. } | VersionState::Refused { .. })
    {
        no = one.version.base;
        kept = rows::version(store, no).await?;
    }
    let Some(kept) = kept else { return Ok(State { rights: seed, ..State::default() }) };
    let rights = Arc::new(rows::content(store, &kept.rights, no).await?);
    let earlier = Some(Arc::new(rows::content(store, &kept.policy, no).await?));
    let version = Some(Arc::new(kept.version));
    Ok(State { rights, version, earlier, ..State::default() })
}
