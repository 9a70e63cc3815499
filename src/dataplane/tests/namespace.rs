//! The watch against a real kernel, in a network namespace of the test's own. Needs root and the
//! `ip` program; says so when it cannot run.

#![allow(clippy::unwrap_used)]

use std::os::fd::AsFd;
use std::process::Command;
use std::time::{Duration, Instant};

use ets_dataplane::{Change, Watch};
use ets_model::NeighbourState;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};

/// Moves this test's thread into a new network namespace, which ends with the thread.
fn own_namespace() -> bool {
    if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) {
        eprintln!("skipped: a network namespace needs root ({errno})");
        return false;
    }
    if Command::new("ip").arg("-V").output().is_err() {
        eprintln!("skipped: the program `ip` (package iproute2) is not installed");
        return false;
    }
    true
}

fn ip(line: &str) {
    let done = Command::new("ip")
        .args(line.split_whitespace())
        .status()
        .unwrap();
    assert!(done.success(), "ip {line}");
}

/// Reads until `wanted` is told; returns how long that took.
fn await_change(watch: &mut Watch, wanted: &Change) -> Duration {
    let begin = Instant::now();
    let mut seen = Vec::new();
    while begin.elapsed() < Duration::from_secs(8) {
        let mut fds = [PollFd::new(watch.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::from(100u16)).unwrap();
        watch.read(&mut seen).unwrap();
        if seen.contains(wanted) {
            return begin.elapsed();
        }
    }
    panic!("{wanted:?} was not told, but {seen:?}");
}

fn carrier(interface: &str, up: bool) -> Change {
    Change::Carrier {
        interface: interface.into(),
        up,
    }
}

/// covers: N3.1
#[test]
fn the_loss_of_a_carrier_is_told_within_fifty_milliseconds() {
    if !own_namespace() {
        return;
    }
    ip("link add p0 type veth peer name far0");
    ip("link set p0 up");
    let mut watch = Watch::open().unwrap();
    assert_eq!(watch.carrier("p0"), Some(false));
    assert_eq!(watch.carrier("p9"), None);
    ip("link set far0 up");
    await_change(&mut watch, &carrier("p0", true));
    ip("link set far0 down");
    let took = await_change(&mut watch, &carrier("p0", false));
    assert!(took < Duration::from_millis(50), "{took:?}");
    ip("link del p0");
    assert_eq!(
        {
            watch.read(&mut Vec::new()).unwrap();
            watch.carrier("p0")
        },
        None
    );
}

/// covers: N3.1
#[test]
fn a_neighbour_that_does_not_answer_is_told_as_failed() {
    if !own_namespace() {
        return;
    }
    ip("link add p0 type veth peer name far0");
    ip("addr add 10.99.0.1/24 dev p0");
    ip("link set p0 up");
    ip("link set far0 up");
    let mut watch = Watch::open().unwrap();
    let address = "10.99.0.2".parse().unwrap();
    let socket = std::net::UdpSocket::bind("10.99.0.1:0").unwrap();
    socket.send_to(b"?", ("10.99.0.2", 9)).unwrap();
    await_change(
        &mut watch,
        &Change::Neighbour {
            address,
            state: NeighbourState::Failed,
        },
    );
    ip("neigh replace 10.99.0.2 lladdr 02:00:00:00:00:01 dev p0 nud reachable");
    await_change(
        &mut watch,
        &Change::Neighbour {
            address,
            state: NeighbourState::Reachable,
        },
    );
    ip("neigh replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev p0 nud reachable");
    await_change(
        &mut watch,
        &Change::Neighbour {
            address,
            state: NeighbourState::Moved,
        },
    );
}

/// A neighbour gets another hardware address: one event.
fn storm_line(n: u32) -> String {
    let host = n % 200 + 1;
    let [_, high, middle, low] = n.to_be_bytes();
    format!(
        "neigh replace 10.99.0.{host} lladdr 02:00:00:{high:02x}:{middle:02x}:{low:02x} dev p0 nud stale\n"
    )
}

/// covers: N3.1
#[test]
fn after_lost_events_everything_is_read_anew_and_nothing_is_missed() {
    if !own_namespace() {
        return;
    }
    ip("link add p0 type veth peer name far0");
    ip("link set p0 up");
    ip("link set far0 up");
    let mut watch = Watch::open().unwrap();
    let storm: String = (0..60_000).map(storm_line).collect();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("storm");
    std::fs::write(&file, storm).unwrap();
    ip(&format!("-batch {}", file.display()));
    ip("link set far0 down");
    await_change(&mut watch, &carrier("p0", false));
    assert_eq!(watch.carrier("p0"), Some(false));
    assert!(
        watch.resyncs() > 0,
        "the storm was too small to overflow the queue"
    );
}
