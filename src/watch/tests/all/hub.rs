//! A `serve` reduced to what the watch needs, in a folder of its own.

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ets_model::{
    Channel, Criticality, Institution, LinkState, Method, Names, Probing, Router, Segment,
    SegmentNo,
};
use ets_netd_api::{Client, Trunk};
use ets_registry::{Author, Registry};
use ets_runtime::{Clock, Shutdown, ShutdownTrigger};
use ets_series::Recorder;
use ets_store::{Durability, Store, Target};
use ets_watch::{Deps, Handle, OutageFilter, OutageRow, Watch};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// The folder that outlives the processes.
pub(crate) struct Place(TempDir);

/// One life of `serve`.
pub(crate) struct Hub {
    pub(crate) handle: Handle,
    pub(crate) registry: Registry,
    pub(crate) store: Store,
    series_store: Store,
    trigger: ShutdownTrigger,
    running: JoinHandle<()>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.0.path().join("netd.sock")
    }

    /// Starts `serve` with segments 1 to `count`, if the registry is still empty.
    pub(crate) async fn start(&self, count: u32) -> Hub {
        let store = self.open("state.db", &migrations()).await;
        self.start_on(store, count).await
    }

    /// The same with another database for what is not measured.
    pub(crate) async fn start_on(&self, store: Store, count: u32) -> Hub {
        let series_store = self.open("series.db", ets_series::MIGRATIONS).await;
        let config = ets_series::Config { min_free: 0, ..ets_series::Config::default() };
        let series = Recorder::open(series_store.clone(), config).await.unwrap();
        let registry = Registry::open(store.clone(), Clock::system()).await.unwrap();
        if registry.catalog().segments().next().is_none() {
            fill(&registry, count).await;
        }
        let trunk = Trunk { name: "main".into(), interfaces: vec!["ets*".into()] };
        let deps = Deps {
            store: store.clone(),
            series_store: series_store.clone(),
            series,
            registry: registry.clone(),
            netd: Client::new(self.socket()),
            trunks: vec![trunk],
            data_dir: self.0.path().to_owned(),
            clock: Clock::system(),
            share: None,
        };
        let watch = Watch::build(deps).await.unwrap();
        let handle = watch.handle();
        let (trigger, shutdown) = Shutdown::new();
        let running = tokio::spawn(async move { watch.run(shutdown).await.unwrap() });
        Hub { handle, registry, store, series_store, trigger, running }
    }

    async fn open(&self, name: &str, migrations: &[ets_store::Migration]) -> Store {
        let path = self.0.path().join(name);
        let target = Target::Sqlite { path, durability: Durability::Normal, reserve: 0 };
        Store::open(&target, migrations).await.unwrap()
    }
}

/// Everything that `state.db` holds here.
pub(crate) fn migrations() -> Vec<ets_store::Migration> {
    [ets_journal::MIGRATIONS, ets_registry::MIGRATIONS, ets_watch::MIGRATIONS].concat()
}

impl Hub {
    /// Ends as if killed: nothing that waits is written any more.
    pub(crate) async fn kill(self) {
        self.running.abort();
        let _ = self.running.await;
        self.store.close().await;
        self.series_store.close().await;
    }

    /// Ends in an orderly way and leaves the databases open.
    pub(crate) async fn pause(self) {
        self.trigger.fire();
        self.running.await.unwrap();
        self.series_store.close().await;
    }

    /// Ends in an orderly way.
    pub(crate) async fn stop(self) {
        self.trigger.fire();
        self.running.await.unwrap();
        self.store.close().await;
        self.series_store.close().await;
    }

    pub(crate) fn state(&self, no: u32) -> LinkState {
        self.handle.snapshot().segment(SegmentNo(no)).unwrap().state
    }

    /// Waits until a segment is shown in this state.
    pub(crate) async fn shows(&self, no: u32, state: LinkState) {
        wait(&format!("segment {no} {state}"), async || self.state(no) == state).await;
    }

    pub(crate) async fn outages(&self) -> Vec<OutageRow> {
        self.handle.outages(&OutageFilter::default()).await.unwrap().rows
    }

    /// Waits until there are this many outages, of which so many are open.
    pub(crate) async fn has_outages(&self, all: usize, open: usize) -> Vec<OutageRow> {
        let counted = async || {
            let rows = self.outages().await;
            rows.len() == all
                && rows.iter().filter(|row| row.outage.ended.is_none()).count() == open
        };
        wait(&format!("{all} outages, {open} open"), counted).await;
        self.outages().await
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

async fn fill(registry: &Registry, count: u32) {
    let author = Author::new("test");
    let institution = Institution {
        id: "i1".parse().unwrap(),
        name: Names { ru: "Школа".into(), ..Names::default() },
        kind: String::new(),
        budget_level: String::new(),
        district: String::new(),
        address: String::new(),
        head: String::new(),
        duty: String::new(),
        version: 0,
    };
    registry.create_institution(institution, &author).await.unwrap();
    if count > 100 {
        let file = rows(count);
        let preview = registry.preview_csv(file.as_bytes());
        assert_eq!(preview.faults, []);
        registry.apply_csv(file.as_bytes(), &preview.digest, &author).await.unwrap();
        return;
    }
    for no in 1..=count {
        registry.create_segment(segment(no), &author).await.unwrap();
    }
}

fn rows(count: u32) -> String {
    let heading: Vec<_> = ets_registry::Field::ALL.iter().map(|field| field.name()).collect();
    let mut file = heading.join(",") + "\n";
    for no in 1..=count {
        let mut row = vec![String::new(); heading.len()];
        let segment = segment(no);
        row[0] = segment.id.to_string();
        row[1] = "i1".into();
        row[14] = segment.prefixes[0].to_string();
        row[15] = segment.interface;
        row[16] = segment.probing.address.to_string();
        file.push_str(&row.join(","));
        file.push('\n');
    }
    file
}

pub(crate) fn segment(no: u32) -> Segment {
    let (high, low) = (no / 256, no % 256);
    Segment {
        id: format!("s{no:05}").parse().unwrap(),
        no: SegmentNo(0),
        institution: "i1".parse().unwrap(),
        label: Names::default(),
        prefixes: vec![format!("10.{}.{low}.0/24", 10 + high).parse().unwrap()],
        interface: format!("ets{no}"),
        probing: Probing {
            address: format!("10.{}.{low}.1", 10 + high).parse().unwrap(),
            method: Method::Icmp,
        },
        channel: Channel::default(),
        router: Router::default(),
        parent: String::new(),
        criticality: Criticality::Normal,
        maintenance_until: None,
        notes: String::new(),
        retired: None,
        version: 0,
    }
}
