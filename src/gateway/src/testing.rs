//! A gateway for tests: who comes from an address with N at its third place is in segment N, and names have no address.

use std::io;
use std::net::IpAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use ets_model::{PortRange, Protocol, SegmentId, SegmentNo};
use jiff::Zoned;
use nix::sched::{CloneFlags, unshare};

use crate::gateway::{Gateway, Resolve, World};
use crate::meters::Meters;
use crate::policy::{Ground, Policy};
use crate::relay::Patience;

struct Loop;

/// Knows no name.
pub(crate) struct Nobody;

impl World for Loop {
    fn segment_of(&self, address: IpAddr) -> Option<SegmentNo> {
        match address {
            IpAddr::V4(v4) if v4.octets()[2] > 0 => Some(SegmentNo(v4.octets()[2].into())),
            _ => None,
        }
    }

    fn now(&self) -> Zoned {
        "2026-11-30T12:00[Asia/Almaty]".parse().unwrap()
    }
}

impl Resolve for Nobody {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(Vec::new())
    }
}

/// With these rules, and ports for associations of SOCKS.
pub(crate) fn gateway(rules: &str) -> Arc<Gateway<Nobody>> {
    let number = |id: &SegmentId| id.as_str().trim_start_matches('s').parse().ok().map(SegmentNo);
    let rules = Arc::new(serde_json::from_str(rules).unwrap());
    let policy = Policy::new(rules, Ground::new([]), number).unwrap();
    let patience = Patience { idle: Duration::from_secs(9), half_closed: Duration::from_secs(9) };
    let counted = (patience, Meters::in_memory().unwrap());
    let ports = PortRange { protocol: Protocol::Udp, first: 40_000, last: 40_009 };
    Arc::new(Gateway::new(Arc::new(Loop), Nobody, policy, counted).with_udp(Some(ports)))
}

/// An address outside of [`in_namespace`], and one in segment 1.
pub(crate) const OUTSIDE: &str = "203.0.113.9";
pub(crate) const CLIENT: &str = "10.10.1.2";

/// Runs a test in a network namespace of its own, which has both addresses. Needs root; says so when
/// it cannot run.
pub(crate) fn in_namespace(test: impl Future<Output = ()>) {
    if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) {
        eprintln!("skipped: a network namespace needs root ({errno})");
        return;
    }
    for line in ["link set lo up", "addr add 203.0.113.9/24 dev lo", "addr add 10.10.1.2/24 dev lo"]
    {
        assert!(Command::new("ip").args(line.split(' ')).status().unwrap().success(), "ip {line}");
    }
    // On this thread alone: others are not in the namespace.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(test);
}
