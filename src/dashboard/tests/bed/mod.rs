//! A dashboard over real databases and a picture that is fed by hand: for tests and the demo.

#![allow(dead_code, reason = "the demo and each test use a part of it")]
#![allow(clippy::unwrap_used, reason = "a broken bed is to fail at once")]

mod meters;
mod netd;
mod rights;
mod speed;
pub(crate) mod trust;

use std::fmt::Write;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use ets_access::{ConnectionFigures, Figures, RouteFigures};
use ets_dashboard::{Config, Dashboard, Deps, MIGRATIONS};
use ets_listen::{CertId, Peer, PeerCertificate, Scheme};
use ets_model::{
    Evidence, Fact, LinkState, Names, Outcome, Parent, PersonId, Sample, SegmentNo, Source, Stamp,
    WallTime,
};
use ets_registry::{Author, Photo, Registry};
use ets_rights::Rights;
use ets_runtime::{Clock, Shutdown, ShutdownTrigger};
use ets_series::Recorder;
use ets_store::{Store, Target, Tx, values};
use ets_watch::{Counts, Feeder, Handle, SegmentNow, Snapshot, Spark, SparkPoint};
use http::Request;
use tower::ServiceExt;

use meters::Meters;

/// The institutions of an invented region.
const SEED: &str = include_str!("../../../lab/data/institutions.csv");
const MINUTE: i64 = 60_000_000;
/// The smallest PNG there is: one grey point.
pub(crate) const PICTURE: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\
    \0\0\0\nIDAT\x78\x9c\x63\x68\0\0\0\x82\0\x81\x77\xcd\x72\xb6\0\0\0\0IEND\xae\x42\x60\x82";

/// See the module.
pub(crate) struct Bed {
    pub(crate) dashboard: Dashboard,
    pub(crate) feeder: Feeder,
    pub(crate) registry: Registry,
    pub(crate) series: Recorder,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) meters: Meters,
    pub(crate) rights: Option<Rights>,
    ruled: Option<Ruled>,
    deps: Deps,
    dir: tempfile::TempDir,
    _trigger: ShutdownTrigger,
}

/// The rules of a bed and the process that has them in force.
struct Ruled {
    rules: ets_rules::Handle,
    netd: netd::Netd,
}

impl Bed {
    /// The figures as Prometheus asks for them, with those of a proxy that did little.
    pub(crate) fn metrics_router(&self) -> axum::Router {
        let route = |name: &str, open| RouteFigures {
            name: name.to_owned(),
            open,
            by_class: [0, 0, 7, 0, 1, 0],
            up: 1,
            ..RouteFigures::default()
        };
        let figures = Figures {
            routes: vec![route("/", false), route("/", true), route("a.example/\"b\\", false)],
            refused: vec![("no-right", 3)],
            connections: ConnectionFigures {
                handshakes: vec![("full", 5)],
                ended: vec![("idle", 2)],
                ..ConnectionFigures::default()
            },
            ..Figures::default()
        };
        self.dashboard.metrics_router(std::sync::Arc::new(move || figures.clone()))
    }

    /// `count` segments, all of them up.
    pub(crate) async fn new(count: usize) -> Self {
        Self::with(count, Clock::system()).await
    }

    /// The same with the rights of [`rights::seed`] in force.
    pub(crate) async fn ruled(count: usize) -> Self {
        Self::build(count, Clock::system(), true, false).await
    }

    /// The same where people come in by the rights that they were given.
    pub(crate) async fn judged(count: usize) -> Self {
        Self::build(count, Clock::system(), false, true).await
    }

    /// The same with rules.
    pub(crate) async fn judged_and_ruled(count: usize) -> Self {
        Self::build(count, Clock::system(), true, true).await
    }

    /// The same with a clock of one's own.
    pub(crate) async fn with(count: usize, clock: Clock) -> Self {
        Self::build(count, clock, false, false).await
    }

    async fn build(count: usize, clock: Clock, is_ruled: bool, is_judged: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = state(dir.path()).await;
        let measured = [
            ets_series::MIGRATIONS,
            ets_traffic::SERIES_MIGRATIONS,
            ets_gateway::SERIES_MIGRATIONS,
        ]
        .concat();
        let series_store =
            Store::open(&Target::series(dir.path().join("series.db")), &measured).await.unwrap();
        let series =
            Recorder::open(series_store.clone(), ets_series::Config::default()).await.unwrap();
        let registry = Registry::open(store.clone(), clock.clone()).await.unwrap();
        fill(&registry, count).await;
        let stores = (series_store.clone(), store.clone());
        let meters = Meters::open(stores, registry.clone(), clock.clone()).await;
        let (watch, feeder) =
            Handle::fixed(registry.clone(), store.clone(), series.clone(), clock.clone());
        let (trigger, shutdown) = Shutdown::new();
        let ruled = match is_ruled {
            true => {
                let socket = dir.path().join("netd.sock");
                Some(rights::start(&socket, &store, &registry, &clock, shutdown.clone()).await)
            }
            false => None,
        };
        let rights = match is_judged {
            true => {
                let rights = Rights::open(store.clone(), clock.clone()).await.unwrap();
                Some(rights.over(registry.clone()))
            }
            false => None,
        };
        let gateway = match is_ruled {
            true => Some(way_out((&store, &series_store), &registry, &clock).await),
            false => None,
        };
        let deps = Deps {
            registry: registry.clone(),
            watch,
            series: series.clone(),
            rules: ruled.as_ref().map(|ruled| ruled.rules.clone()),
            traffic: Some(meters.handle.clone()),
            gateway,
            resolver: None,
            services: None,
            reachable: None,
            routes: Vec::new(),
            speed: speed::desk(&store, &registry, &clock),
            ca: None,
            rights: rights.clone(),
            tokens: None,
            has_mail: false,
            enrol: None,
            store: store.clone(),
            clock: clock.clone(),
        };
        let dashboard = ets_dashboard::build(Config::default(), deps.clone()).unwrap();
        tokio::spawn(dashboard.clone().run(shutdown));
        // Lets the task begin to listen before anything is told.
        tokio::time::sleep(Duration::from_millis(5)).await;
        let bed = Self {
            dashboard,
            feeder,
            registry,
            series,
            store,
            clock,
            meters,
            rights,
            ruled,
            deps,
            dir,
            _trigger: trigger,
        };
        bed.feeder.put(bed.picture(&[]));
        bed
    }

    /// The way out of a bed that was made with rules.
    pub(crate) fn gateway(&self) -> &ets_gateway::Desk {
        self.deps.gateway.as_ref().unwrap()
    }

    /// The rules of a bed that was made with them.
    pub(crate) fn rules(&self) -> &ets_rules::Handle {
        &self.ruled.as_ref().expect("the bed was made with rules").rules
    }

    /// What its `netd` has in the kernel.
    pub(crate) fn kernel<T>(&self, look: impl FnOnce(&mut netd::Kernel) -> T) -> T {
        let ruled = self.ruled.as_ref().expect("the bed was made with rules");
        look(&mut ruled.netd.kernel.lock().unwrap())
    }

    /// Ends its `netd`, and waits until the rules have noticed.
    pub(crate) async fn without_netd(&self) {
        self.ruled.as_ref().expect("the bed was made with rules").netd.end();
        self.rules().look();
        let mut states = self.rules().subscribe();
        states.wait_for(|state| !state.away.is_empty()).await.unwrap();
    }

    /// A picture in which these are not up.
    pub(crate) fn picture(&self, odd: &[(u32, LinkState)]) -> Snapshot {
        let now = self.clock.stamp();
        let segments: Vec<SegmentNow> = self
            .registry
            .catalog()
            .segments()
            .map(|segment| {
                let state = odd.iter().find(|(no, _)| *no == segment.no.0).map(|(_, state)| *state);
                segment_now(segment.no, state.unwrap_or(LinkState::Up), now)
            })
            .collect();
        let mut counts = Counts::default();
        for one in &segments {
            let slot = match one.state {
                LinkState::Up => &mut counts.up,
                LinkState::Degraded => &mut counts.degraded,
                LinkState::Down => &mut counts.down,
                LinkState::Maintenance => &mut counts.maintenance,
                LinkState::Unknown => &mut counts.unknown,
            };
            *slot += 1;
        }
        Snapshot {
            at: now,
            generation: self.registry.catalog().generation(),
            segments,
            counts,
            tick: now.wall,
            ..Snapshot::default()
        }
    }

    /// Adds a provider point, and hangs these segments on it.
    pub(crate) async fn point(&self, id: &str, segments: &[&str]) {
        let name =
            Names { ru: format!("Узел {id}"), en: format!("Node {id}"), ..Names::default() };
        let provider = "Телеком".to_owned();
        let point = Parent { id: id.to_owned(), name, provider, version: 0 };
        let author = Author::new("bed");
        self.registry.create_parent(point, &author).await.unwrap();
        for segment in segments {
            let catalog = self.registry.catalog();
            let mut segment = (**catalog.segment(segment).unwrap()).clone();
            segment.parent = id.to_owned();
            self.registry.update_segment(segment, &author).await.unwrap();
        }
        self.feeder.put(self.picture(&[]));
    }

    /// Places a photograph of a segment's site.
    pub(crate) async fn photo(&self, segment: &str) {
        let photo = Photo::new(PICTURE.to_vec()).unwrap();
        self.registry.set_photo(segment, Some(photo), &Author::new("bed")).await.unwrap();
    }

    /// Writes an outage down; answers its number.
    pub(crate) async fn outage(&self, no: u32, began: WallTime, ended: Option<WallTime>) -> i64 {
        let stamp = |wall| Stamp { boot: self.clock.boot(), wall };
        let evidence = [
            Evidence {
                at: stamp(began.minus(Duration::from_millis(970))),
                source: Source::Icmp,
                fact: Fact::Answered { rtt: Duration::from_micros(8_240) },
            },
            Evidence {
                at: stamp(began.plus(Duration::from_millis(340))),
                source: Source::Icmp,
                fact: Fact::ProbesLost { lost: 11, timeout: Duration::from_millis(120) },
            },
        ];
        let bodies = evidence.map(|one| serde_json::to_string(&one).unwrap());
        self.store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    let row = tx
                        .query_one(
                            "INSERT INTO watch_outage (subject, segment, began_after, began_before,
                             ended, maintenance) VALUES ($1, $2, $3, $4, $5, 0) RETURNING id",
                            &values![
                                format!("segment:{no}"),
                                no,
                                began.0 - 970_000,
                                began.0,
                                ended.map(|end| end.0)
                            ],
                        )
                        .await?;
                    let id = row.int("id")?;
                    for body in bodies {
                        let sql = "INSERT INTO watch_evidence (outage, body) VALUES ($1, $2)";
                        tx.execute(sql, &values![id, body]).await?;
                    }
                    Ok::<_, ets_store::Error>(id)
                })
            })
            .await
            .unwrap()
    }

    /// Adds a piece of evidence to an outage.
    pub(crate) async fn saw(&self, outage: i64, source: Source, fact: Fact) {
        let body = serde_json::to_string(&Evidence { at: self.clock.stamp(), source, fact });
        let body = body.unwrap();
        self.store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    let sql = "INSERT INTO watch_evidence (outage, body) VALUES ($1, $2)";
                    tx.execute(sql, &values![outage, body]).await?;
                    Ok::<_, ets_store::Error>(())
                })
            })
            .await
            .unwrap();
    }

    /// Measures the last `minutes` of every segment.
    pub(crate) async fn history(&self, minutes: i64) {
        let now = self.clock.wall();
        let numbers: Vec<SegmentNo> =
            self.registry.catalog().segments().map(|segment| segment.no).collect();
        let seconds = minutes * 60;
        for second in 0..seconds {
            let at = WallTime(now.0 - (seconds - second) * 1_000_000);
            let samples = numbers.iter().map(|no| sample(*no, second));
            self.series.record(1, u64::try_from(second + 1).unwrap(), at, samples);
        }
        while self.series.work(now).await.unwrap() {}
    }

    /// Asks as the administrator with a certificate.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Asks as the administrator with a certificate.
    pub(crate) async fn ask(&self, request: Request<Body>) -> Response {
        self.ask_as("administrator", request).await
    }

    /// Asks as somebody with a certificate of that name.
    pub(crate) async fn ask_as(&self, name: &str, mut request: Request<Body>) -> Response {
        request.extensions_mut().insert(PeerCertificate {
            subject: name.into(),
            person: person(name),
            institution: None,
            serial_hex: "3fa1".into(),
            fingerprint: "00".repeat(32),
            id: CertId::new(b"bed", name.as_bytes()),
            not_after: std::time::SystemTime::now() + Duration::from_secs(86_400),
            is_machine: false,
        });
        self.ask_as_nobody(request, Scheme::Https).await
    }

    /// Asks without proof of who asks.
    pub(crate) async fn ask_as_nobody(
        &self,
        mut request: Request<Body>,
        scheme: Scheme,
    ) -> Response {
        let address = "127.0.0.1:50000".parse().unwrap();
        request.extensions_mut().insert(Peer { address, scheme });
        self.dashboard.router().oneshot(request).await.unwrap()
    }
}

/// Whom a certificate of that name belongs to.
pub(crate) fn person(name: &str) -> PersonId {
    PersonId::of_subject(None, name, None)
}

/// A database with the tables of every part.
async fn state(dir: &std::path::Path) -> Store {
    let migrations = [
        MIGRATIONS,
        ets_journal::MIGRATIONS,
        ets_registry::MIGRATIONS,
        ets_watch::MIGRATIONS,
        ets_rules::MIGRATIONS,
        ets_rights::MIGRATIONS,
        ets_notify::MIGRATIONS,
        ets_ca::MIGRATIONS,
        ets_ca::life::MIGRATIONS,
        ets_speed::MIGRATIONS,
        ets_gateway::MIGRATIONS,
        ets_poll::MIGRATIONS,
        ets_traffic::STATE_MIGRATIONS,
    ];
    Store::open(&Target::state(dir.join("state.db")), &migrations.concat()).await.unwrap()
}

/// The desk of the way out, without a rule.
async fn way_out(
    (store, series): (&Store, &Store),
    registry: &Registry,
    clock: &Clock,
) -> ets_gateway::Desk {
    let deps = ets_gateway::Deps {
        store: store.clone(),
        series: series.clone(),
        registry: registry.clone(),
        clock: clock.clone(),
        zone: ets_i18n::zone(&Config::default().time_zone).unwrap(),
        inner: Vec::new(),
        seed: ets_gateway::policy::Rules::default(),
    };
    ets_gateway::open(&ets_gateway::Config::default(), deps).await.unwrap()
}

/// The body as text.
pub(crate) async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The body as JSON.
pub(crate) async fn json(response: Response) -> serde_json::Value {
    serde_json::from_str(&text(response).await).unwrap()
}

fn sample(no: SegmentNo, second: i64) -> Sample {
    let wave = ((f64::from(no.0) * 7.0 + second as f64 / 180.0).sin() + 1.2) * 4_000.0;
    let noise = (second * 7_919 + i64::from(no.0) * 104_729).rem_euclid(1_500);
    let lost = (second * 31 + i64::from(no.0) * 17).rem_euclid(997) == 0;
    let rtt = Duration::from_micros(900 + wave as u64 + noise.unsigned_abs());
    Sample { segment: no, outcome: if lost { Outcome::Lost } else { Outcome::Answered(rtt) } }
}

fn segment_now(no: SegmentNo, state: LinkState, now: Stamp) -> SegmentNow {
    let answers = !matches!(state, LinkState::Down | LinkState::Unknown);
    let age =
        Duration::from_secs(if state == LinkState::Up { 3_600 * u64::from(no.0) } else { 252 });
    let rtt = sample(no, now.wall.0 / 1_000_000);
    let rtt = match rtt.outcome {
        Outcome::Answered(rtt) => Some(rtt),
        Outcome::Lost => Some(Duration::from_millis(4)),
    };
    let lost = match state {
        LinkState::Down => 60,
        LinkState::Degraded => 8,
        _ => 0,
    };
    SegmentNow {
        no,
        state,
        since: now.wall.minus(age),
        outage: None,
        rtt: rtt.filter(|_| answers),
        sent: if state == LinkState::Unknown { 0 } else { 60 },
        lost,
        unheard: false,
        obstacle: None,
        spark: std::sync::Arc::new(spark(no, answers, now.wall)),
    }
}

fn spark(no: SegmentNo, answers: bool, now: WallTime) -> Spark {
    let newest = WallTime(now.0 / MINUTE * MINUTE - MINUTE);
    let point = |minute: i64| {
        let silent = !answers && minute > 55;
        let rtt_us = match sample(no, (newest.0 / 1_000_000) - (59 - minute) * 60).outcome {
            Outcome::Answered(rtt) if !silent => u32::try_from(rtt.as_micros()).unwrap(),
            _ => 0,
        };
        SparkPoint { rtt_us, sent: 60, lost: if silent { 60 } else { 0 } }
    };
    Spark { newest, points: (0..60).map(point).collect() }
}

/// The rows of the seed with addresses of their own; further ones follow by repetition.
async fn fill(registry: &Registry, count: usize) {
    if count == 0 {
        return;
    }
    let mut reader = csv::Reader::from_reader(SEED.as_bytes());
    let head = reader.headers().unwrap().clone();
    let seed: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let place = |name: &str| head.iter().position(|column| column == name).unwrap();
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record(&head).unwrap();
    for number in 1..=count {
        let mut row: Vec<String> =
            seed[(number - 1) % seed.len()].iter().map(str::to_owned).collect();
        let mut set = |name: &str, value: String| row[place(name)] = value;
        let (high, low) = (number / 250, number % 250);
        set("id", format!("s{number:03}"));
        set("prefixes", format!("10.{}.{low}.0/24", 10 + high));
        set("probe_address", format!("10.{}.{low}.1", 10 + high));
        set("interface", format!("eth{number}"));
        set("parent", String::new());
        if number > seed.len() {
            for label in ["label_kk", "label_ru", "label_en"] {
                set(label, format!("S {number}"));
            }
        }
        file.write_record(&row).unwrap();
    }
    let file = file.into_inner().unwrap();
    let preview = registry.preview_csv(&file);
    let mut faults = String::new();
    for fault in preview.faults.iter().take(5) {
        writeln!(faults, "{fault}").unwrap();
    }
    assert!(preview.is_clean(), "{faults}");
    let author = Author { actor: "bed".into(), ..Author::default() };
    registry.apply_csv(&file, &preview.digest, &author).await.unwrap();
}
