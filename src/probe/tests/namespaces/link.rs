//! A hub's namespace, which the test's own thread enters, and a far one behind a veth pair.

use std::net::IpAddr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ets_model::Method;
use ets_probe::{Ended, Engine, EngineConfig, ProbeTarget};
use ets_runtime::boot_now;
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::Uid;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The link; the far namespace goes when it is dropped, the near one with the thread.
pub(crate) struct Link {
    far: String,
}

impl Link {
    /// Raises a link, or says why the test is skipped.
    pub(crate) fn raise() -> Option<Self> {
        if !Uid::effective().is_root() {
            eprintln!("skipped: making network namespaces needs root");
            return None;
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let link = Self { far: format!("probe-test-{}-{number}", std::process::id()) };
        run("ip", &["netns", "add", &link.far]);
        unshare(CloneFlags::CLONE_NEWNET).expect("root may make a namespace");
        // The near end is made in the far namespace, which has a name, and moved to this thread.
        let thread = nix::unistd::gettid().to_string();
        link.far("ip link add wire type veth peer name near");
        link.far(&format!("ip link set near netns {thread}"));
        near("ip link set near name wire");
        near("ip link set lo up");
        link.far("ip link set lo up");
        near("ip address add 10.77.0.1/24 dev wire");
        near("ip address add fd77::1/64 dev wire nodad");
        link.far("ip address add 10.77.0.2/24 dev wire");
        link.far("ip address add fd77::2/64 dev wire nodad");
        near("ip link set wire up");
        link.far("ip link set wire up");
        near("ip route add 10.64.0.0/10 via 10.77.0.2");
        near("ip route add fd64::/16 via fd77::2");
        link.far("ip route add local 10.78.0.0/16 dev lo");
        link.far("ip route add local fd64:78::/32 dev lo");
        link.far("sysctl -qw net.ipv4.icmp_ratelimit=0");
        link.far("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        Some(link)
    }

    /// Runs a command in the far namespace.
    pub(crate) fn far(&self, command: &str) {
        let mut words = vec!["netns", "exec", self.far.as_str()];
        words.extend(command.split(' '));
        run("ip", &words);
    }

    /// Runs code in the far namespace, on a thread of its own.
    pub(crate) fn in_far<T: Send + 'static>(
        &self,
        code: impl FnOnce() -> T + Send + 'static,
    ) -> std::thread::JoinHandle<T> {
        let space = std::path::Path::new("/run/netns").join(&self.far);
        let space = std::fs::File::open(space).expect("the namespace has a name");
        std::thread::spawn(move || {
            setns(space, CloneFlags::CLONE_NEWNET).expect("root may enter a namespace");
            code()
        })
    }

    /// Runs an nft script in the far namespace.
    pub(crate) fn far_nft(&self, script: &str) {
        run("ip", &["netns", "exec", &self.far, "nft", script]);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        run("ip", &["netns", "delete", &self.far]);
    }
}

/// Runs a command in the near namespace.
pub(crate) fn near(command: &str) {
    let (program, rest) = command.split_once(' ').expect("a command has arguments");
    run(program, &rest.split(' ').collect::<Vec<&str>>());
}

/// Runs an nft script in the near namespace.
pub(crate) fn near_nft(script: &str) {
    run("nft", &[script]);
}

fn run(program: &str, words: &[&str]) {
    let status = Command::new(program).args(words).stdin(Stdio::null()).status();
    let done = status.is_ok_and(|status| status.success());
    assert!(done, "`{program} {}` failed", words.join(" "));
}

/// An engine that probes the addresses, each ten times a second.
pub(crate) fn engine(config: EngineConfig, addresses: &[&str]) -> Engine {
    let mut engine = Engine::open(config).expect("root may open raw sockets");
    for (slot, address) in (0_u32..).zip(addresses) {
        let address = address.parse().expect("a literal address");
        engine.set_target(icmp(slot, address, Duration::from_millis(100)));
    }
    engine
}

/// An ICMP target.
pub(crate) fn icmp(slot: u32, address: IpAddr, interval: Duration) -> ProbeTarget {
    ProbeTarget { slot, address, method: Method::Icmp, interval }
}

/// Turns the engine for a time and returns what ended.
pub(crate) fn turn_for(engine: &mut Engine, time: Duration) -> Vec<Ended> {
    let end = Instant::now() + time;
    let mut out = Vec::new();
    while Instant::now() < end {
        engine.turn(boot_now(), &mut out);
        engine.sleep(&[]);
    }
    out
}

/// How many ends satisfy a condition.
pub(crate) fn count(ends: &[Ended], condition: impl Fn(&Ended) -> bool) -> usize {
    ends.iter().filter(|ended| condition(ended)).count()
}

/// Whether a probe was answered.
pub(crate) fn is_answered(ended: &Ended) -> bool {
    matches!(ended, Ended::Answered { .. })
}

/// Whether a probe was lost.
pub(crate) fn is_lost(ended: &Ended) -> bool {
    matches!(ended, Ended::Lost { .. })
}
