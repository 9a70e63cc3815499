//! A `serve` reduced to what the rules need: registry, watch, rules, on a database that outlives
//! them.

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ets_journal::{Filter, Recorded};
use ets_netd_api::{Client, Cursor, Event, EventBody};
use ets_registry::Registry;
use ets_rules::{Config, Deps, Edit, Error, Handle, Part, Rights, Version, Wish};
use ets_runtime::{Clock, Shutdown};
use ets_series::Recorder;
use ets_store::{BoxFuture, Durability, Migration, Store, Target, Tx};
use ets_watch::{Share, Watch};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::netd::Netd;
use crate::star;

/// The folder that outlives the processes.
pub(crate) struct Place(TempDir);

/// One life of `serve`.
pub(crate) struct Hub {
    pub(crate) rules: Handle,
    pub(crate) registry: Registry,
    pub(crate) store: Store,
    series_store: Store,
    running: JoinSet<()>,
}

/// Everything that `state.db` holds here.
pub(crate) fn migrations() -> Vec<Migration> {
    [
        ets_journal::MIGRATIONS,
        ets_registry::MIGRATIONS,
        ets_rules::MIGRATIONS,
        ets_watch::MIGRATIONS,
    ]
    .concat()
}

/// As the hub wires it.
#[derive(Debug)]
struct Events(Handle);

impl Share for Events {
    fn wants(&self, body: &EventBody) -> bool {
        Handle::wants(body)
    }

    fn write<'a>(
        &'a self,
        tx: &'a mut Tx<'_>,
        cursor: Cursor,
        event: &'a Event,
    ) -> BoxFuture<'a, Result<(), ets_store::Error>> {
        Box::pin(self.0.enter(tx, cursor, event))
    }

    fn written(&self) {
        self.0.look();
    }

    fn begins(&self) {
        self.0.look();
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// With `netd` and `serve`, once the first version is in force.
    pub(crate) async fn up(store: &Store) -> (Self, Netd, Hub) {
        let place = Self::new();
        let netd = Netd::start(&place.socket());
        let hub = place.start(store).await;
        hub.has(1).await;
        (place, netd, hub)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.0.path().join("netd.sock")
    }

    /// Starts `serve` with segments s1 to s4 and the seed of [`star`].
    pub(crate) async fn start(&self, store: &Store) -> Hub {
        self.start_with(store, 4, star::seed()).await
    }

    pub(crate) async fn start_with(&self, store: &Store, segments: u32, seed: Rights) -> Hub {
        let registry = Registry::open(store.clone(), Clock::system()).await.unwrap();
        star::fill(&registry, segments).await;
        let config = Config {
            networks: star::networks(),
            dashboard: vec![ets_model::PortRange::tcp(443)],
            seed,
        };
        let netd = Client::new(self.socket());
        let clock = Clock::system();
        let deps = Deps { store: store.clone(), registry: registry.clone(), netd, clock };
        let part = Part::build(config, deps).await.unwrap();
        self.run(store, registry, part).await
    }

    async fn run(&self, store: &Store, registry: Registry, part: Part) -> Hub {
        let path = self.0.path().join("series.db");
        let target = Target::Sqlite { path, durability: Durability::Normal, reserve: 0 };
        let series_store = Store::open(&target, ets_series::MIGRATIONS).await.unwrap();
        let config = ets_series::Config { min_free: 0, ..ets_series::Config::default() };
        let series = Recorder::open(series_store.clone(), config).await.unwrap();
        let rules = part.handle();
        let watch = Watch::build(ets_watch::Deps {
            store: store.clone(),
            series_store: series_store.clone(),
            series,
            registry: registry.clone(),
            netd: Client::new(self.socket()),
            trunks: Vec::new(),
            data_dir: self.0.path().to_owned(),
            clock: Clock::system(),
            share: Some(std::sync::Arc::new(Events(rules.clone()))),
        })
        .await
        .unwrap();
        let (_, shutdown) = Shutdown::new();
        let mut running = JoinSet::new();
        let end = shutdown.clone();
        running.spawn(async move { watch.run(end).await.unwrap() });
        running.spawn(async move { part.run(shutdown).await.unwrap() });
        Hub { rules, registry, store: store.clone(), series_store, running }
    }
}

impl Hub {
    /// Ends as if killed: nothing that waits is written any more. The caller reopens the store.
    pub(crate) async fn kill(mut self) {
        self.running.abort_all();
        while self.running.join_next().await.is_some() {}
        self.store.close().await;
        self.series_store.close().await;
    }

    /// Ends between two pieces of work and leaves the database open.
    pub(crate) async fn stop(mut self) {
        self.running.abort_all();
        while self.running.join_next().await.is_some() {}
        self.series_store.close().await;
    }

    pub(crate) fn change(&self) -> u64 {
        self.rules.state().change()
    }

    /// Waits until this change is in force and nothing of it is open but what it waits for.
    pub(crate) async fn has(&self, change: u64) {
        wait(&format!("change {change}"), async || self.change() == change).await;
    }

    /// Waits until a version is in this state.
    pub(crate) async fn settles(&self, no: u64, state: &str) -> Version {
        let there = async || self.version(no).await.is_some_and(|one| one.state.name() == state);
        wait(&format!("version {no} {state}"), there).await;
        self.version(no).await.unwrap()
    }

    pub(crate) async fn version(&self, no: u64) -> Option<Version> {
        self.rules.version(no).await.unwrap()
    }

    /// Edits and applies in one go.
    pub(crate) async fn make(&self, who: &str, edits: Vec<Edit>) -> Result<Version, Error> {
        self.rules.edit(&star::who(who), edits).await?;
        self.rules.apply(&star::who(who), Wish::default()).await
    }

    /// The journal of rules and offences, oldest first.
    pub(crate) async fn journal(&self) -> Vec<Recorded> {
        let page = ets_journal::Page { limit: 1_000, ..ets_journal::Page::default() };
        let listing = ets_journal::list(&self.store, &Filter::default(), page).await.unwrap();
        let mine = |one: &Recorded| {
            one.entry.action.starts_with("rules.") || one.entry.action.starts_with("offence.")
        };
        let mut entries: Vec<_> = listing.entries.into_iter().filter(mine).collect();
        entries.reverse();
        entries
    }

    /// What was done to a change, oldest first.
    pub(crate) async fn told(&self, change: u64) -> Vec<String> {
        let id = change.to_string();
        let entries = self.journal().await;
        let of = entries.iter().filter(|one| one.entry.subject.id == id);
        of.map(|one| one.entry.action.clone()).collect()
    }

    /// How many entries of the journal say this.
    pub(crate) async fn told_of(&self, action: &str) -> usize {
        self.journal().await.iter().filter(|one| one.entry.action == action).count()
    }
}

/// Waits for something, 10 seconds at most.
pub(crate) async fn wait<F: Future<Output = bool>>(what: &str, mut there: impl FnMut() -> F) {
    let begun = Instant::now();
    while !there().await {
        assert!(begun.elapsed() < Duration::from_secs(10), "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
