//! The root of the configuration: every section of `hub.toml`, declared once (docs/CONFIG.md).

mod access;
mod dns;
mod front;
mod gateway;
mod network;
mod notify;
mod open;
mod pki;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ets_config::{Bytes, Document, InterfacePattern, Name, Section, Url};
use ets_model::Network;
use ets_netd_api::Trunk;
use ets_runtime::LogFormat;

pub(crate) use access::ENTRANCE;
pub(crate) use dns::names as dns_sockets;
pub(crate) use front::SOCKETS as FRONT;
pub(crate) use gateway::{DATAGRAMS as GATEWAY_UDP, SOCKETS as GATEWAY, TLS as GATEWAY_TLS};
pub(crate) use notify::Notify;
pub(crate) use open::{HTTP as OPEN_HTTP, HTTPS as OPEN_HTTPS, LAB as OPEN_LAB, Open};
pub(crate) use pki::{Pki, STATUS};

use crate::exit::Failure;

/// The whole file.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) server: Server,
    pub(crate) netd: ets_netd::Config,
    pub(crate) store: Store,
    pub(crate) series: ets_series::Config,
    pub(crate) traffic: ets_traffic::Config,
    pub(crate) dashboard: Dashboard,
    pub(crate) speed: Speed,
    pub(crate) gateway: ets_gateway::Config,
    pub(crate) front: ets_front::Config,
    pub(crate) dns: ets_dns::Config,
    pub(crate) open: Open,
    pub(crate) pki: Pki,
    pub(crate) notify: Notify,
    pub(crate) enrol: Enrol,
    pub(crate) access: ets_access::Config,
    pub(crate) rights: ets_rights::Config,
    pub(crate) lab: Lab,
    pub(crate) trunks: Vec<Trunk>,
    pub(crate) networks: Vec<Network>,
}

/// `[server]`
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) data_dir: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
}

/// `[store]`
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Sqlite { reserve: Bytes },
    Postgres { url: String },
}

/// `[dashboard]` and `[metrics]`
#[derive(Clone, Debug)]
pub(crate) struct Dashboard {
    pub(crate) pages: ets_dashboard::Config,
    pub(crate) names: Vec<String>,
    /// Where HTTPS is answered.
    pub(crate) https: SocketAddr,
}

/// `[speed]`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speed {
    /// Where segments measure their channels; `None` where they do not.
    pub(crate) port: Option<u16>,
}

impl Speed {
    /// Segments reach it where `netd` is, wherever the other sockets come from.
    fn held(self) -> impl Iterator<Item = (String, SocketAddr)> {
        let v4 = (SPEED, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let v6 = (SPEED_V6, IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let places = self.port.into_iter().flat_map(move |port| [v4, v6].map(|at| (at, port)));
        places.map(|((name, any), port)| (name.to_owned(), SocketAddr::new(any, port)))
    }
}

/// The names of its sockets.
pub(crate) const SPEED: &str = "speed";
pub(crate) const SPEED_V6: &str = "speed-v6";

/// `[enrol]`
#[derive(Clone, Debug)]
pub(crate) struct Enrol {
    /// Where machines reach ACME and EST.
    pub(crate) url: String,
    /// Who is asked for names.
    pub(crate) resolver: Option<SocketAddr>,
    /// Names with their addresses, before the resolver.
    pub(crate) hosts: BTreeMap<String, IpAddr>,
}

/// `[lab]`
#[derive(Clone, Debug)]
pub(crate) struct Lab {
    /// In a lab the dashboard answers plain HTTP on loopback too.
    pub(crate) plain_http: bool,
    pub(crate) seed: Option<PathBuf>,
    pub(crate) parents: Option<PathBuf>,
    pub(crate) services: Option<PathBuf>,
    pub(crate) gateway: Option<PathBuf>,
}

/// An example, and what the lab takes.
const SPEED_PORT: NonZeroU16 = NonZeroU16::new(8472).expect("not nought");
/// The port on which browsers expect HTTPS.
const HTTPS: u16 = 443;

impl Config {
    /// Whether revocation lists and OCSP are answered on the port of the pages for everybody.
    pub(crate) fn is_status_in_front(&self) -> bool {
        self.front.port == Some(self.pki.port)
    }

    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        ets_config::read(path, declare).map_err(|error| Failure::Usage(error.to_string()))
    }
}

/// The reference of all keys, as Markdown.
pub(crate) fn reference() -> String {
    let intro = "# Configuration\n\nThe file is `/etc/ets-hub/hub.toml`, or what `--config` names. \
        Unknown keys are refused; `ets-hub check` says every fault at once. \
        Written by `ets-hub check --reference`; a test compares.\n\n";
    format!("{intro}{}", ets_config::reference(declare).markdown())
}

/// A commented example.
pub(crate) fn example() -> String {
    ets_config::reference(declare).example()
}

fn declare(file: &mut Document<'_>) -> Config {
    let server = file.section("server", "The processes and where they keep their data.", server);
    let (netd, listen) = file.section("netd", "The privileged process.", netd);
    let store = file.section("store", "The database.", store);
    let series = file.section("series", "Measurements over time.", series);
    let traffic = file.section("traffic", "Bytes and packets over time.", traffic);
    let (dashboard, https) = file.section("dashboard", "The administrator's pages.", dashboard);
    let metrics = file.section("metrics", "Figures for Prometheus.", metrics);
    let (speed, speed_url) =
        file.section("speed", "Where segments measure how fast their channels are.", speed);
    let gateway = file.section(
        "gateway",
        "The one way out of the network, by rules: HTTP and SOCKS proxies.",
        gateway::declare,
    );
    let front = file.section(
        "front",
        "Pages for people without entry: what their connection is, and how to come into the network.",
        front::declare,
    );
    let dns = file.section(
        "dns",
        "The DNS resolver of the segments: the network's own zone, and names outside.",
        dns::declare,
    );
    let open = file.section(
        "open",
        "What the outside address answers, to anybody: port 80 leads to 443, and nothing else answers.",
        open::declare,
    );
    let (pki, status) = file.section(
        "pki",
        "The certification authority and what it says to anybody.",
        pki::declare,
    );
    let notify = file.section(
        "notify",
        "Letters: who is told by e-mail that his certificate ends.",
        notify::declare,
    );
    let enrol =
        file.section("enrol", "How machines get certificates by themselves: ACME and EST.", enrol);
    let (access, entrance) = access::declare(file);
    let rights = file.section("rights", "Who may do what.", rights);
    let lab = file.section("lab", "Only in a lab; written by `ets-hub lab run`.", lab);
    let trunks = file.sections(
        "trunk",
        "A trunk: ports of the hub that hang on one thing. All of them dark is the hub's own fault.",
        trunk,
    );
    let networks = network::declare(file);
    let own = Own { has_all: listen, https, entrance, status, metrics };
    let held = own.held(front.port).chain(speed.held()).chain(gateway::held(&gateway));
    let held = held.chain(front::held(&front)).chain(dns::held(&dns, false));
    let held = held.chain(open.held(front.port)).collect();
    let listen_udp = dns::held(&dns, true).chain(gateway::held_udp(&gateway)).collect();
    let published = open.published();
    let netd = ets_netd::Config { listen: held, listen_udp, published, ..netd };
    let pages = ets_dashboard::Config { speed_url, ..dashboard.pages };
    let dashboard = Dashboard { pages, ..dashboard };
    let gateway = ets_gateway::Config { ask: front.port, ..gateway };
    let front = front::complete(front, (&dashboard, speed, &gateway), &notify.url);
    // The days and months of reports are those of the clock that people see.
    let traffic = ets_traffic::Config { time_zone: dashboard.pages.time_zone.clone(), ..traffic };
    Config {
        server,
        netd,
        store,
        series,
        traffic,
        dashboard,
        speed,
        gateway,
        front,
        dns,
        open,
        pki,
        notify,
        enrol,
        access,
        rights,
        lab,
        trunks,
        networks,
    }
}

/// What administrators, people with certificates and machines reach, wherever `netd` is.
struct Own {
    /// Whether `netd` holds them.
    has_all: bool,
    https: SocketAddr,
    entrance: SocketAddr,
    status: SocketAddr,
    metrics: Option<SocketAddr>,
}

impl Own {
    fn held(self, everybody: Option<u16>) -> impl Iterator<Item = (String, SocketAddr)> {
        // On the port of the pages for everybody it has no socket of its own.
        let status = (everybody != Some(self.status.port())).then_some(self.status);
        let all = [
            ("dashboard-tls", Some(self.https)),
            (ENTRANCE, Some(self.entrance)),
            (STATUS, status),
            ("metrics", self.metrics),
        ];
        let held = all.into_iter().filter(move |_| self.has_all);
        held.filter_map(|(name, place)| Some((name.to_owned(), place?)))
    }
}

fn server(s: &mut Section<'_>) -> Server {
    Server {
        data_dir: s.value("data_dir", "Databases and certificates", "/var/lib/ets-hub".into()),
        socket: s.value(
            "socket",
            "Where commands of this machine speak to the hub",
            "/run/ets-hub/serve.sock".into(),
        ),
        log: s.value(
            "log",
            "What is logged: `error`, `warn`, `info`, `debug`, or a filter such as `info,ets_watch=debug`",
            "info".to_owned(),
        ),
        log_format: s.one_of(
            "log_format",
            "How log lines look",
            &[("text", LogFormat::Text), ("json", LogFormat::Json)],
        ),
    }
}

fn netd(s: &mut Section<'_>) -> (ets_netd::Config, bool) {
    let default = ets_netd::Config::default();
    let ring = s.value_in(
        "ring",
        "Memory for what was seen; 64MiB hold a quarter of an hour of 10,000 segments",
        Bytes(default.ring_bytes as u64),
        Bytes(1 << 20)..=Bytes(4 << 30),
    );
    let config = ets_netd::Config {
        socket: s.value("socket", "Where the hub's other process speaks to it", default.socket),
        state_dir: s.value("state_dir", "What it keeps over a restart", default.state_dir),
        group: s
            .optional::<u64>("group", "Number of the group that may use the socket", 990)
            .and_then(|group| u32::try_from(group).ok()),
        ring_bytes: usize::try_from(ring.0).unwrap_or(usize::MAX),
        pins: s.optional(
            "accounting",
            "Where `ets-hub netd setup` pinned the accounting, on a bpffs; without it the packet filter counts",
            "/sys/fs/bpf/ets-hub".into(),
        ),
        rules: s.value(
            "rules",
            "Whether it keeps segments apart and forwards between them and the services",
            true,
        ),
        listen: Vec::new(),
        listen_udp: Vec::new(),
        published: Vec::new(),
    };
    let bind = s.value("bind", "Whether it binds the listening sockets itself", true);
    (config, bind)
}

fn store(s: &mut Section<'_>) -> Store {
    let reserve = s.value_in(
        "reserve",
        "Disk space set aside for `state.db`, given up when the disk is full",
        Bytes(64 << 20),
        Bytes(1 << 20)..=Bytes(64 << 30),
    );
    let postgres = s.one_of("engine", "Which database", &[("sqlite", false), ("postgres", true)]);
    let url = s.optional::<String>(
        "url",
        "The PostgreSQL database",
        "postgres://ets@localhost/ets".to_owned(),
    );
    match (postgres, url) {
        (true, Some(url)) => return Store::Postgres { url },
        (true, None) => s.contradiction(
            "engine",
            "engine = \"postgres\" lacks the key url".to_owned(),
            "add url = \"postgres://…\", or choose \"sqlite\"".to_owned(),
        ),
        (false, Some(_)) => s.contradiction(
            "url",
            "url is given, but the engine is sqlite".to_owned(),
            "add engine = \"postgres\", or remove url".to_owned(),
        ),
        (false, None) => {}
    }
    Store::Sqlite { reserve }
}

fn series(s: &mut Section<'_>) -> ets_series::Config {
    let default = ets_series::Config::default();
    let day = Duration::from_secs(86_400);
    ets_series::Config {
        seconds_budget: s
            .value_in(
                "seconds_budget",
                "Memory for the seconds of the last hour; 4 bytes a second and segment",
                Bytes(default.seconds_budget),
                Bytes(1 << 20)..=Bytes(64 << 30),
            )
            .0,
        minutes_kept: s.value_in(
            "minutes",
            "How long minutes are kept",
            default.minutes_kept,
            day..=day * 3650,
        ),
        hours_kept: s.value_in(
            "hours",
            "How long hours are kept",
            default.hours_kept,
            day..=day * 36_500,
        ),
        ..default
    }
}

fn traffic(s: &mut Section<'_>) -> ets_traffic::Config {
    let default = ets_traffic::Config::default();
    let day = Duration::from_secs(86_400);
    ets_traffic::Config {
        seconds_budget: s
            .value_in(
                "seconds_budget",
                "Memory for the seconds of the last hour; 6 bytes for each counter that moved",
                Bytes(default.seconds_budget),
                Bytes(1 << 20)..=Bytes(64 << 30),
            )
            .0,
        minutes_kept: s.value_in(
            "minutes",
            "How long minutes are kept; percentiles of a month need its minutes",
            default.minutes_kept,
            day * 32..=day * 3650,
        ),
        hours_kept: s.value_in(
            "hours",
            "How long hours, days and months are kept",
            default.hours_kept,
            day * 366..=day * 36_500,
        ),
        ..default
    }
}

fn dashboard(s: &mut Section<'_>) -> (Dashboard, SocketAddr) {
    let default = ets_dashboard::Config::default();
    let public_url = s.value(
        "public_url",
        "The address that people use; entry links begin with it",
        Url(default.public_url.clone()),
    );
    let names = s.value(
        "names",
        "Names and addresses for the hub's first certificate",
        vec!["localhost".to_owned(), "ets.localhost".to_owned(), "127.0.0.1".to_owned()],
    );
    let listen =
        s.value("listen", "Where HTTPS is answered", SocketAddr::from(([0, 0, 0, 0], HTTPS)));
    let hour = Duration::from_secs(3600);
    let pages = ets_dashboard::Config {
        title: s
            .optional("title", "The hub's name in the page head", "узел ВКО".to_owned())
            .unwrap_or_default(),
        public_url: public_url.0,
        link_life: s.value_in(
            "link_life",
            "How long a one-time entry link is good",
            default.link_life,
            Duration::from_secs(60)..=hour * 24,
        ),
        session_idle: s.value_in(
            "session_idle",
            "A session ends when nothing was asked for so long",
            default.session_idle,
            Duration::from_secs(60)..=hour * 24,
        ),
        session_life: s.value_in(
            "session_life",
            "A session ends after this time in any case",
            default.session_life,
            hour..=hour * 24 * 31,
        ),
        time_zone: s.value(
            "time_zone",
            "The time zone in which times are shown",
            default.time_zone.clone(),
        ),
        ..default
    };
    (Dashboard { pages, names, https: listen }, listen)
}

fn metrics(s: &mut Section<'_>) -> Option<SocketAddr> {
    let example = SocketAddr::from(([127, 0, 0, 1], 9470));
    s.optional(
        "listen",
        "Where metrics are answered, in plain HTTP, to whom the packet filter lets",
        example,
    )
}

fn speed(s: &mut Section<'_>) -> (Speed, String) {
    let port = s.optional(
        "port",
        "The port, in plain HTTP; segments reach it once the rules have a service on the hub with it",
        SPEED_PORT,
    );
    let port = port.map(NonZeroU16::get);
    let url = s.optional("url", "Its address as people are told it", "http://hub:8472/".to_owned());
    let url = url.or(port.map(|port| format!("http://<hub>:{port}/"))).unwrap_or_default();
    (Speed { port }, url)
}

fn enrol(s: &mut Section<'_>) -> Enrol {
    let url = s.value(
        "url",
        "Where machines reach it: every address in its answers begins with this",
        Url("https://ets.localhost".to_owned()),
    );
    let resolver = s.optional(
        "resolver",
        "The DNS server that is asked for names and for `_acme-challenge` records",
        SocketAddr::from(([10, 0, 0, 53], 53)),
    );
    Enrol { url: url.0, resolver, hosts: named_hosts(s) }
}

/// Names whose addresses the file gives.
fn named_hosts(s: &mut Section<'_>) -> BTreeMap<String, IpAddr> {
    let hosts: Vec<String> = s.value(
        "hosts",
        "Names with their addresses, asked before any resolver: `\"mail.example=10.10.1.5\"`",
        Vec::new(),
    );
    let mut known = BTreeMap::new();
    for line in hosts {
        let pair = line.split_once('=');
        match pair.and_then(|(name, at)| Some((name.trim().to_owned(), at.trim().parse().ok()?))) {
            Some((name, address)) => drop(known.insert(name, address)),
            None => s.contradiction(
                "hosts",
                format!("{line:?} is no name with an address"),
                "write \"name=address\"".to_owned(),
            ),
        }
    }
    known
}

fn rights(s: &mut Section<'_>) -> ets_rights::Config {
    ets_rights::Config {
        civil_servant_by_default: s.value(
            "civil_servant_by_default",
            "Whether everybody who was issued a certificate may enter the closed part",
            true,
        ),
        more_rights: s.value(
            "more",
            "Further rights that routes ask for and roles can hold",
            Vec::new(),
        ),
    }
}

fn lab(s: &mut Section<'_>) -> Lab {
    Lab {
        plain_http: s.value(
            "plain_http",
            "Whether the dashboard answers plain HTTP on loopback too",
            false,
        ),
        seed: s.optional(
            "seed",
            "A CSV file of segments for an empty registry",
            "/tmp/seed.csv".into(),
        ),
        parents: s.optional(
            "parents",
            "A JSON file of provider points for it",
            "/tmp/parents.json".into(),
        ),
        services: s.optional(
            "services",
            "A JSON file of services, grants and limits that an empty hub begins with",
            "/tmp/services.json".into(),
        ),
        gateway: s.optional(
            "gateway",
            "A JSON file of the gateway's rules that an empty hub begins with",
            "/tmp/gateway.json".into(),
        ),
    }
}

fn trunk(s: &mut Section<'_>) -> Trunk {
    let name = s.required("name", "Its name", Name("main".to_owned()));
    let interfaces = s.required("interfaces", "Its ports", vec![InterfacePattern("s*".to_owned())]);
    Trunk { name: name.0, interfaces: interfaces.into_iter().map(|pattern| pattern.0).collect() }
}
