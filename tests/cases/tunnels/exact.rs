//! The meters beside what both ends of every tunnel moved (G4).

use std::io::{BufReader, Write};
use std::process::{ChildStdout, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::bed::{Gate, PROXY, line};
use crate::support::beside::{OTHERS, load, place_of_its_own, spawn, start_with};
use crate::support::{Lab, Running, sized, wait_for};

const HOST: &str = "203.0.113.9:7000";
const SEGMENTS: u32 = 16;
/// Tunnels at rest whose end is forced from outside.
const AT_REST: u64 = 200;
/// How often clients or the gateway end in the midst of tunnels.
const CUT_SHORT: u64 = 10;
/// Octets of a CONNECT as `tally` writes it (61), and its answer (39).
const HEADS: u64 = 100;
/// Headers of a packet: IPv4 and TCP, without options and with all that there can be. The loopback
/// counts no Ethernet.
const LEAST_HEADERS: f64 = 20.0 + 20.0;
const MOST_HEADERS: f64 = 20.0 + 60.0;
/// How soon what moved is to be seen.
const SOON: Duration = Duration::from_secs(1);

/// Octets of payload each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Moved {
    up: u64,
    down: u64,
}

impl Moved {
    fn read(told: &Value) -> Self {
        let number = |key: &str| told[key].as_u64().unwrap_or_else(|| panic!("{key}: {told}"));
        Self { up: number("up"), down: number("down") }
    }

    fn add(&mut self, told: &Value) {
        let more = Self::read(told);
        *self = Self { up: self.up + more.up, down: self.down + more.down };
    }
}

/// The host behind the gateway, and what its earlier lives moved.
struct Host {
    running: Running,
    says: BufReader<ChildStdout>,
    before: Moved,
}

impl Host {
    fn start(before: Moved) -> Self {
        let (running, ready, says) = start_with(OTHERS, "tally", &["host", HOST], Stdio::piped());
        assert_eq!(ready, "ready");
        Self { running, says, before }
    }

    fn moved(&mut self) -> Moved {
        let asks = self.running.0.stdin.as_mut().expect("it is piped");
        asks.write_all(b"\n").expect("it reads");
        let mut moved = self.before;
        moved.add(&line(&mut self.says));
        moved
    }

    /// Ends it by force; another takes its place.
    fn kill(&mut self) {
        self.before = self.moved();
        kill(&mut self.running);
        *self = Self::start(self.before);
    }
}

fn kill(running: &mut Running) {
    Lab::signal(running.pid(), Signal::SIGKILL);
    running.0.wait().expect("it ends");
}

/// Octets and packets that this network carried.
fn carried() -> (u64, u64) {
    let text = std::fs::read_to_string("/proc/thread-self/net/dev").expect("the kernel tells");
    let line = text.lines().find_map(|line| line.trim().strip_prefix("lo:")).expect("lo");
    let mut numbers = line.split_whitespace().map(|text| text.parse().expect("a number"));
    (numbers.next().expect("octets"), numbers.next().expect("packets"))
}

/// How tunnels at rest end that nobody ends.
#[derive(Clone, Copy, Debug)]
enum Forced {
    GatewayKilled,
    GatewayEnds,
    ClientKilled,
    HostKilled,
    RulesChange,
}

const FORCED: [Forced; 5] = [
    Forced::GatewayKilled,
    Forced::GatewayEnds,
    Forced::ClientKilled,
    Forced::HostKilled,
    Forced::RulesChange,
];

struct Bench {
    gate: Gate,
    host: Host,
    /// What the clients moved.
    moved: Moved,
    tunnels: u64,
}

impl Bench {
    /// So many tunnels with ends of their own, from an address of one segment.
    fn pass(&mut self, segment: u32, count: u64, seed: u64) {
        let (count_text, seed) = (count.to_string(), seed.to_string());
        let from = format!("10.10.{segment}.2");
        let told = load("tally", &["pass", PROXY, HOST, &count_text, "64", &from, &seed]);
        assert_eq!(told["broken"], 0, "{told}");
        self.moved.add(&told);
        self.tunnels += count;
        self.agree("tunnels that ended");
    }

    /// Tunnels at rest, all that they had to say said, until something ends them.
    fn force(&mut self, how: Forced, seed: u64) {
        let (count, seed) = (AT_REST.to_string(), seed.to_string());
        let words = ["rest", PROXY, HOST, &count, "10.10.16.2", &seed];
        let (mut clients, told, _) = start_with(OTHERS, "tally", &words, Stdio::null());
        self.moved.add(&serde_json::from_str(&told).expect("a line of JSON"));
        self.tunnels += AT_REST;
        self.agree("tunnels that are open");
        match how {
            Forced::GatewayKilled => {
                self.gate.end(Signal::SIGKILL);
                self.gate.again();
            }
            Forced::GatewayEnds => {
                self.gate.end(Signal::SIGTERM);
                self.gate.again();
            }
            Forced::ClientKilled => kill(&mut clients),
            Forced::HostKilled => {
                self.host.kill();
                // They heard an orderly end, and could say more.
                kill(&mut clients);
            }
            Forced::RulesChange => {
                let rule = |action: &str| json!({ "rules": [{ "id": "all", "name": { "en": "All" }, "action": action }] });
                let changed = self.gate.change(&rule("refuse"));
                assert_eq!(changed["cut"], AT_REST, "{changed}");
                self.gate.change(&rule("allow"));
            }
        }
        self.all_end();
        self.agree(&format!("{how:?}"));
    }

    /// What layer 3 carried is twice the payload, as it passes the interface on its way in and on its
    /// way out, the heads of CONNECT, and the headers of its packets.
    fn explained(&self) {
        let (carried, packets) = carried();
        let payload = 2 * (self.moved.up + self.moved.down) + HEADS * self.tunnels;
        let headers = (carried - payload) as f64 / packets as f64;
        println!(
            "layer 3: {carried} octets in {packets} packets, {headers:.1} of each its headers"
        );
        assert!(headers > LEAST_HEADERS && headers < MOST_HEADERS, "{headers}");
    }

    /// Clients that are killed, and a gateway that ends, in the midst of tunnels: what is metered lies
    /// between what was received and what was sent.
    fn cut_short(&mut self, seed: u64) {
        for round in 0..CUT_SHORT {
            let seed = (seed + round).to_string();
            let words = ["pass", PROXY, HOST, "1000000", "64", "10.10.9.2", &seed];
            let mut clients = spawn(OTHERS, "tally", &words);
            std::thread::sleep(Duration::from_millis(300 + 37 * round));
            if round % 2 == 1 {
                self.gate.end(Signal::SIGTERM);
                self.gate.again();
            }
            kill(&mut clients);
            self.all_end();
        }
        let (metered, host) = (Moved::read(&self.gate.passed()), self.host.moved());
        println!("cut short: metered {metered:?}, the host {host:?}");
        assert!(metered.up >= host.up && metered.down <= host.down, "{metered:?} {host:?}");
        assert_ne!(metered, self.moved, "something was under way");
    }

    fn all_end(&mut self) {
        let gate = &mut self.gate;
        wait_for(
            "the end of all tunnels",
            Duration::from_secs(10),
            Duration::from_millis(20),
            || (gate.passed()["open"] == 0).then_some(()),
        );
    }

    /// The meters have what the clients moved and what the host moved, to the octet.
    fn agree(&mut self, when: &str) {
        let Self { gate, host, moved, .. } = self;
        let all = [*moved, *moved];
        let mut seen = Vec::new();
        let what = format!("agreement after {when}: {moved:?}");
        wait_for(&what, SOON, Duration::from_millis(10), || {
            let now = [Moved::read(&gate.passed()), host.moved()];
            if !seen.ends_with(&[now]) {
                println!("{when}: metered {:?}, the host {:?}", now[0], now[1]);
                seen.push(now);
            }
            (now == all).then_some(())
        });
    }
}

/// covers: G4: half-closes, resets, kills of either peer and of the gateway, a restart and a change of
/// the rules; what both ends moved is what was metered, also while the tunnels are open
#[test]
fn what_is_metered_is_what_both_ends_moved_however_tunnels_end() {
    if !place_of_its_own() {
        return;
    }
    let count: u64 = sized("tunnels metered", 10_000, 1_000_000);
    let gate = Gate::start(SEGMENTS);
    let host = Host::start(Moved::default());
    let mut bench = Bench { gate, host, moved: Moved::default(), tunnels: 0 };
    let each = count / FORCED.len() as u64;
    for (round, how) in FORCED.into_iter().enumerate() {
        let seed = round as u64;
        bench.pass(seed as u32 + 1, each, 2 * seed);
        bench.force(how, 2 * seed + 1);
    }
    bench.explained();
    bench.cut_short(3 * FORCED.len() as u64);
    let Bench { tunnels, moved, .. } = bench;
    println!(
        "{tunnels} tunnels, {} octets up, {} down: metered to the octet",
        moved.up, moved.down
    );
}
