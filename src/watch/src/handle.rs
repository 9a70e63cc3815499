//! What the rest of `serve` holds of the watch.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ets_model::{Blind, OutageId, SegmentNo, WallTime};
use ets_netd_api::{Client, PingLine, Trunk};
use ets_outage::Span;
use ets_registry::Registry;
use ets_runtime::{Clock, Memory};
use ets_series::Recorder;
use ets_store::Store;

use crate::health::{blind_since, cpu, disk};
use crate::picture::Picture;
use crate::queries::Whose;
use crate::shared::Shared;
use crate::{
    BlindRow, Change, ChangeBody, ChangeId, Database, Day, Error, Health, OutageFilter, OutageRow,
    Page, Snapshot, Subscription, memory, queries,
};

/// Blind times of a day that are read for their sum.
const BLIND_READ: u32 = 100_000;
/// Blind times that are listed.
const BLIND_LISTED: usize = 100;

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) registry: Registry,
    pub(crate) store: Store,
    pub(crate) series_store: Store,
    pub(crate) series: Recorder,
    pub(crate) netd: Option<Client>,
    pub(crate) trunks: Vec<Trunk>,
    pub(crate) data_dir: PathBuf,
}

/// Feeds a handle by hand, without `netd`: for tests and demonstrations.
#[derive(Clone, Debug)]
pub struct Feeder(Arc<Shared>);

/// The answers of an on-demand ping as they come.
#[derive(Debug)]
pub struct PingStream {
    lines: tokio::sync::mpsc::Receiver<Result<PingLine, Error>>,
}

impl PingStream {
    /// The next answer or silence; `None` at the end. Dropping the stream ends the ping.
    pub async fn next(&mut self) -> Option<Result<PingLine, Error>> {
        self.lines.recv().await
    }
}

impl Feeder {
    /// Puts a picture in the place of the one before; its `change` is filled in.
    pub fn put(&self, snapshot: Snapshot) {
        let now = self.0.clock.stamp();
        self.0.put(snapshot, Vec::new(), now);
    }

    /// Tells everyone who follows.
    pub fn tell(&self, body: ChangeBody) {
        let now = self.0.clock.stamp();
        let snapshot = (*self.0.snapshot()).clone();
        self.0.put(snapshot, vec![(now.wall, body)], now);
    }
}

impl Handle {
    /// A handle that is fed by hand, for tests and demonstrations. `store` was opened with
    /// [`crate::MIGRATIONS`].
    pub fn fixed(
        registry: Registry,
        store: Store,
        series: Recorder,
        clock: Clock,
    ) -> (Self, Feeder) {
        let mut picture = Picture::new(std::iter::empty(), clock.wall());
        picture.register(&registry.catalog(), clock.wall());
        picture.heard(clock.wall());
        let shared = Arc::new(Shared::new(clock, picture));
        let inner = Inner {
            shared: shared.clone(),
            registry,
            series_store: store.clone(),
            store,
            series,
            netd: None,
            trunks: Vec::new(),
            data_dir: PathBuf::from("/"),
        };
        (Self(Arc::new(inner)), Feeder(shared))
    }

    /// The live picture.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.shared.snapshot()
    }

    /// The changes after `after` (what SSE sends as `Last-Event-ID`) and all that follow. The last
    /// five minutes are kept. With `None`: only what follows.
    pub fn subscribe(&self, after: Option<ChangeId>) -> Subscription {
        self.0.shared.subscribe(after)
    }

    /// The last changes of state, outages, trunks and of `netd`, newest first; at most 256. Those
    /// before the start of this process, six hours back, are told from the outages on disk: when a
    /// segment or trunk went out and when it was back, without numbers of their own.
    pub fn recent(&self, limit: usize) -> Vec<Arc<Change>> {
        self.0.shared.recent(limit)
    }

    /// How the system is. What cannot be asked is told as such.
    pub async fn health(&self) -> Health {
        let inner = &self.0;
        let notes = &inner.shared.notes;
        let snapshot = self.snapshot();
        let now = inner.shared.clock.wall();
        let memory = Memory::now();
        let (behind, behind_since) = notes.backlog();
        let (hour, day) = (Duration::from_secs(3_600), Duration::from_secs(86_400));
        let mut blind =
            self.blinds(now.minus(day), now.plus(day), BLIND_READ).await.unwrap_or_default();
        let blind_hour = blind_since(&blind, now.minus(hour));
        let blind_total = blind_since(&blind, now.minus(day));
        blind.truncate(BLIND_LISTED);
        let mut netd = notes.netd();
        netd.last_tick = (snapshot.tick.0 > 0).then_some(snapshot.tick);
        Health {
            at: now,
            netd,
            build: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            started: notes.started,
            resident: memory.resident,
            cpu: cpu(),
            memory: memory::parts(inner, memory),
            databases: self.databases().await,
            disk: disk(&inner.data_dir),
            behind,
            behind_since,
            blind_hour,
            blind_total,
            blind,
        }
    }

    async fn databases(&self) -> Vec<Database> {
        let series = self.0.series.health();
        let problem = self.0.shared.notes.state();
        let state = Database {
            name: "state",
            writable: problem.is_empty(),
            problem,
            store: self.0.store.health().await,
        };
        let stopped = "the disk is nearly full: measurements are not recorded until there is space";
        let problem = series.last_error.or_else(|| series.stopped.then(|| stopped.to_owned()));
        let series = Database {
            name: "series",
            writable: problem.is_none(),
            problem: problem.unwrap_or_default(),
            store: self.0.series_store.health().await,
        };
        vec![state, series]
    }

    /// Pings a segment's probe address from `netd`: at most 100 times, at least 200 ms apart.
    ///
    /// # Errors
    /// When there is no such segment or `netd` cannot be asked.
    pub async fn ping(
        &self,
        segment: SegmentNo,
        count: u16,
        interval: Duration,
    ) -> Result<PingStream, Error> {
        let catalog = self.0.registry.catalog();
        let segment = catalog.by_no(segment).filter(|one| one.is_active());
        let address = segment.ok_or(Error::NoSegment)?.probing.address;
        let netd = self.0.netd.as_ref().ok_or(Error::NoNetd)?;
        let interval = interval.max(Duration::from_millis(200));
        let mut pinging = netd.ping(address, count.clamp(1, 100), interval).await?;
        let (send, lines) = tokio::sync::mpsc::channel(16);
        tokio::spawn(async move {
            loop {
                let line = tokio::select! {
                    () = send.closed() => return,
                    line = pinging.next() => line,
                };
                let Some(line) = line.map_err(Error::from).transpose() else { return };
                let ended = line.is_err();
                if send.send(line).await.is_err() || ended {
                    return;
                }
            }
        });
        Ok(PingStream { lines })
    }

    /// Whether the hub has a port of this name now. Without a `netd` there is nothing to say
    /// against any.
    pub fn has_port(&self, interface: &str) -> bool {
        self.0.netd.is_none() || nix::net::if_::if_nametoindex(interface).is_ok()
    }

    /// A page of outages, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn outages(&self, filter: &OutageFilter) -> Result<Page<OutageRow>, Error> {
        queries::outages(&self.0.store, filter).await
    }

    /// One outage with its evidence.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn outage(&self, id: OutageId) -> Result<Option<OutageRow>, Error> {
        queries::outage(&self.0.store, id).await
    }

    /// How many outages are open: of segments, and of the hub itself.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open_outages(&self) -> Result<(u64, u64), Error> {
        queries::open(&self.0.store).await
    }

    /// How available a segment was in each of the stretches between `borders` (ascending; days
    /// begin where the reader's calendar says). Before it was first seen, and while it was retired,
    /// nothing is known.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn availability(
        &self,
        segment: SegmentNo,
        borders: &[WallTime],
    ) -> Result<Vec<Day>, Error> {
        queries::days(&self.0.store, &self.whose(segment), borders).await
    }

    /// The times between two moments in which nothing was known of a segment, in order, none
    /// touching another: before it was first seen, while it was retired, while the hub was blind
    /// or is. What lies in an outage too was down: it was out before and after. The rest it was up.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn unseen(
        &self,
        segment: SegmentNo,
        from: WallTime,
        to: WallTime,
    ) -> Result<Vec<Span>, Error> {
        queries::unseen(&self.0.store, &self.whose(segment), Span { from, to }).await
    }

    fn whose(&self, segment: SegmentNo) -> Whose<impl Fn(&Blind) -> bool> {
        let catalog = self.0.registry.catalog();
        let interface = catalog.by_no(segment).map(|one| one.interface.clone()).unwrap_or_default();
        let concerns = move |blind: &Blind| self.concerns(&interface, blind);
        let stale_since = self.snapshot().stale_since;
        Whose { segment, now: self.0.shared.clock.wall(), concerns, stale_since }
    }

    /// Whether a blind time hid what lies behind `interface`.
    fn concerns(&self, interface: &str, blind: &Blind) -> bool {
        let trunk = self.0.trunks.iter().find(|trunk| trunk.name == blind.trunk);
        let matches = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => interface.starts_with(start),
            None => interface == pattern,
        };
        trunk.is_none_or(|trunk| trunk.interfaces.iter().any(matches))
    }

    /// The hub's blind times that touch this stretch, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn blinds(
        &self,
        from: WallTime,
        to: WallTime,
        limit: u32,
    ) -> Result<Vec<BlindRow>, Error> {
        queries::blinds(&self.0.store, from, to, limit).await
    }

    /// The measurements of a segment over time.
    pub fn series(&self) -> &Recorder {
        &self.0.series
    }
}
