//! The gateway beside `HAProxy` (TCP with splice), Squid (CONNECT) and Dante (SOCKS) in one run: the
//! same clients and hosts, one core each. Run by `make bench`, which builds the examples.
//!
//! `HAProxy` is told nothing by its clients; our relay of a fixed host does the same work and is what
//! it is compared with. CONNECT and SOCKS have a question and an answer more.

use serde_json::{Value, json};

use crate::support::beside::{
    MEASURED, OTHERS, cpu_of_all, load, median, peer, place_of_its_own, start,
};
use crate::support::{Running, sized};

/// Rounds, one proxy after the other; the median counts.
const ROUNDS: usize = 5;
const HOST: &str = "203.0.113.9:7000";
/// An address of segment s1.
const CLIENT: &str = "10.10.1.2";
/// Its place among the relays, behind ours.
const HAPROXY: usize = 3;
const LARGEST_PIPE: usize = 256 << 10;

/// Something that relays: its name, how a client reaches it, and its process.
struct Relay {
    name: &'static str,
    via: String,
    pid: i64,
}

impl Relay {
    fn new(name: &'static str, via: &str, running: &Running) -> Self {
        Self { name, via: format!("{via}@{CLIENT}"), pid: running.pid() }
    }

    fn is_ours(&self) -> bool {
        self.name.starts_with("ours")
    }

    /// CPU time for a unit of a load, in microseconds.
    fn cost(&self, kind: &str, more: &[&str], units: f64) -> f64 {
        let before = cpu_of_all(self.pid);
        let told = load("crowd", &[&[kind, &self.via, HOST], more].concat());
        assert_eq!(told["failed"], 0, "{}: {told}", self.name);
        (cpu_of_all(self.pid) - before) as f64 / 1e3 / units
    }
}

struct Peers {
    dir: tempfile::TempDir,
    running: Vec<Running>,
    relays: Vec<Relay>,
}

impl Peers {
    fn start() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut peers = Self { dir, running: Vec::new(), relays: Vec::new() };
        let (host, _) = start(OTHERS, "crowd", &["host", HOST]);
        peers.running.push(host);
        peers.ours();
        peers.haproxy();
        peers.squid();
        peers.dante();
        peers
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).expect("it can be written");
        path.to_str().expect("UTF-8").to_owned()
    }

    fn ours(&mut self) {
        let config = json!({
            "dir": self.dir.path(), "http": "10.10.0.1:3128", "socks": "10.10.0.1:1080",
            "fixed": ["10.10.0.1:7001", HOST],
        });
        let config = self.write("gate.json", &config.to_string());
        let (running, _) = start(MEASURED, "gate", &[&config]);
        for (name, via) in [
            ("ours, fixed", "fixed:10.10.0.1:7001"),
            ("ours, CONNECT", "connect:10.10.0.1:3128"),
            ("ours, SOCKS", "socks:10.10.0.1:1080"),
        ] {
            self.relays.push(Relay::new(name, via, &running));
        }
        self.running.push(running);
    }

    fn haproxy(&mut self) {
        let config = self.write(
            "haproxy.cfg",
            &format!(
                "global\n  nbthread 1\n  maxconn 4096\n  tune.pipesize {LARGEST_PIPE}\n\
                 defaults\n  mode tcp\n  option splice-auto\n  timeout client 30s\n\
                 \x20 timeout server 30s\n  timeout connect 3s\n\
                 listen relay\n  bind 10.10.0.1:7002\n  server one {HOST}\n"
            ),
        );
        let running = peer("haproxy", "10.10.0.1:7002", &["haproxy", "-db", "-f", &config]);
        self.relays.push(Relay::new("HAProxy", "fixed:10.10.0.1:7002", &running));
        self.running.push(running);
    }

    fn squid(&mut self) {
        let config = self.write(
            "squid.conf",
            "http_port 10.10.0.1:3129\nhttp_access allow all\ncache deny all\naccess_log none\n\
             cache_log /dev/null\ncache_store_log none\npid_filename none\n\
             visible_hostname bench\nshutdown_lifetime 0 seconds\nvia off\n\
             max_filedescriptors 4096\npinger_enable off\nnetdb_filename none\n\
             memory_cache_shared off\n",
        );
        let name = format!("etsbench{}", std::process::id());
        let command = ["squid", "-N", "-n", &name, "-f", &config];
        let running = peer("squid", "10.10.0.1:3129", &command);
        self.relays.push(Relay::new("Squid", "connect:10.10.0.1:3129", &running));
        self.running.push(running);
    }

    fn dante(&mut self) {
        let dir = self.dir.path().display().to_string();
        let config = self.write(
            "danted.conf",
            &format!(
                "logoutput: {dir}/danted.log\nerrorlog: {dir}/danted.err\n\
                 internal: 10.10.0.1 port = 1081\nexternal: 203.0.113.1\n\
                 clientmethod: none\nsocksmethod: none\nuser.privileged: root\n\
                 user.unprivileged: nobody\n\
                 client pass {{ from: 0/0 to: 0/0 }}\nsocks pass {{ from: 0/0 to: 0/0 }}\n"
            ),
        );
        let pid = format!("{dir}/danted.pid");
        let running =
            peer("danted", "10.10.0.1:1081", &["danted", "-f", &config, "-p", &pid, "-N", "1"]);
        self.relays.push(Relay::new("Dante", "socks:10.10.0.1:1081", &running));
        self.running.push(running);
    }
}

/// What a load costs each, by rounds; the medians, told.
fn costs(relays: &[Relay], kind: &str, (more, units): (&[&str], f64), unit: &str) -> Vec<f64> {
    let mut all = vec![Vec::new(); relays.len()];
    for _ in 0..ROUNDS {
        for (at, relay) in relays.iter().enumerate() {
            all[at].push(relay.cost(kind, more, units));
        }
    }
    let medians: Vec<f64> = all.into_iter().map(median).collect();
    for (relay, cost) in relays.iter().zip(&medians) {
        println!("{}: {cost:.1} us CPU {unit}", relay.name);
    }
    medians
}

#[track_caller]
fn number(told: &Value, key: &str) -> i64 {
    told[key].as_i64().unwrap_or_else(|| panic!("no {key}: {told}"))
}

/// Ours beside each peer, in the order of [`Peers::start`].
fn ratios(what: &str, medians: &[f64], goals: [f64; 3]) -> [f64; 3] {
    let [fixed, connect, socks, haproxy, squid, dante] = *medians else { panic!("six relays") };
    let found = [fixed / haproxy, connect / squid, socks / dante];
    let [goal_haproxy, goal_squid, goal_dante] = goals;
    println!(
        "{what}: to HAProxy {:.2} (goal {goal_haproxy}; CONNECT, which it does not have, {:.2}), to \
         Squid {:.2} (goal {goal_squid}), to Dante {:.2} (goal {goal_dante})",
        found[0],
        connect / haproxy,
        found[1],
        found[2]
    );
    found
}

/// covers: G2
#[test]
#[ignore = "a measurement: make bench"]
fn the_gateway_beside_haproxy_squid_and_dante() {
    if !place_of_its_own() {
        return;
    }
    let peers = Peers::start();
    let relays = &peers.relays;
    let mib = sized("MiB a round", "512", "4096");
    let count = sized("connections a round", "3000", "20000");
    let gigabytes = mib.parse::<f64>().expect("a number") * 1_048_576.0 / 1e9;
    let one = costs(relays, "bulk", (&["1", mib], gigabytes), "a GB over 1 connection");
    let fifty = costs(relays, "bulk", (&["50", mib], gigabytes), "a GB over 50 connections");
    let each = (&[count, "16"][..], count.parse::<f64>().expect("a number"));
    let short = costs(relays, "short", each, "a connection with one exchange");
    let one = ratios("1 connection", &one, [1.0, 0.5, 0.8]);
    let fifty = ratios("50 connections", &fifty, [1.0, 0.5, 0.8]);
    let short = ratios("a connection", &short, [1.0, 0.2, 0.8]);

    let direct = format!("direct:@{CLIENT}");
    let asks = sized("exchanges at 500 a second", "1500", "10000");
    for (kind, what) in [("steady", "an exchange"), ("opened", "a connection and an exchange")] {
        let plain = load("crowd", &[kind, &direct, HOST, "500", asks]);
        assert_eq!(plain["failed"], 0, "{kind}: {plain}");
        let added = relays.iter().map(|relay| {
            let told = load("crowd", &[kind, &relay.via, HOST, "500", asks]);
            let added = |key: &str| number(&told, key) - number(&plain, key);
            let (p50, p99, failed) = (added("p50_us"), added("p99_us"), number(&told, "failed"));
            println!("{}: {what} added {p50} us p50, {p99} us p99, {failed} failed", relay.name);
            assert!(failed == 0 || !relay.is_ours(), "{kind}: {told}");
            p99
        });
        let added: Vec<i64> = added.collect();
        let ours = &added[..HAPROXY];
        assert!(kind != "steady" || ours.iter().all(|one| *one < 1_000), "{added:?}");
    }
    // The goals are nearer; what is worse than this is no noise.
    for found in [one, fifty] {
        assert!(found[0] < 1.2 && found[1] < 1.0 && found[2] < 1.0, "{found:?}");
    }
    assert!(short[0] < 2.0 && short[1] < 1.5 && short[2] < 1.0, "{short:?}");
}
