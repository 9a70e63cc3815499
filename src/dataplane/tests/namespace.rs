//! The watch against a real kernel, in a network namespace of the test's own. Needs root and the
//! `ip` program; says so when it cannot run.

#![allow(clippy::unwrap_used)]

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
    let done = Command::new("ip").args(line.split_whitespace()).status().unwrap();
    assert!(done.success(), "ip {line}");
}

/// Reads until `wanted` is told; returns how long that took.
fn await_change(watch: &mut Watch, wanted: &Change) -> Duration {
    let begin = Instant::now();
    let mut seen = Vec::new();
    while begin.elapsed() < Duration::from_secs(8) {
        let mut fds = watch.fds().map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        poll(&mut fds, PollTimeout::from(100u16)).unwrap();
        watch.read(&mut seen).unwrap();
        if seen.contains(wanted) {
            return begin.elapsed();
        }
    }
    panic!("{wanted:?} was not told, but {seen:?}");
}

fn carrier(interface: &str, up: bool) -> Change {
    Change::Carrier { interface: interface.into(), up }
}

/// covers: N3.1
#[test]
fn the_loss_of_a_carrier_is_told_within_a_hundred_milliseconds() {
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
    assert!(took < Duration::from_millis(100), "{took:?}");
    ip("link del p0");
    assert_eq!(
        {
            watch.read(&mut Vec::new()).unwrap();
            watch.carrier("p0")
        },
        None
    );
}

/// The kernel tells of ordinary links once a second at most. The ends of a pair are ordinary to it
/// when both have the same index in their namespaces.
///
/// covers: N3.1
#[test]
fn ten_ports_that_fall_together_are_told_at_once_also_where_the_kernel_takes_its_time() {
    if !own_namespace() {
        return;
    }
    let (here, there) = std::sync::mpsc::channel();
    let (order, orders) = std::sync::mpsc::channel::<String>();
    let far = std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let thread = nix::unistd::gettid();
        here.send(format!("/proc/{}/task/{thread}/ns/net", std::process::id())).unwrap();
        orders.iter().for_each(|line| ip(&line));
    });
    let place = there.recv().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let batch = |name: &str, line: &dyn Fn(u32) -> String| {
        let file = directory.path().join(name);
        std::fs::write(&file, (100..110).map(line).collect::<String>()).unwrap();
        format!("-batch {}", file.display())
    };
    ip(&batch("add", &|n| {
        format!(
            "link add p{n} index {n} type veth peer name far{n} index {n} netns {place}\n\
             link set p{n} up\n"
        )
    }));
    order.send(batch("up", &|n| format!("link set far{n} up\n"))).unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    let mut watch = Watch::open().unwrap();
    assert_eq!(watch.links().filter(|link| link.name.starts_with('p') && link.carrier).count(), 10);
    let cut = batch("cut", &|n| format!("link set far{n} down\n"));
    let begin = Instant::now();
    order.send(cut).unwrap();
    let mut seen = Vec::new();
    while seen.len() < 10 {
        assert!(begin.elapsed() < Duration::from_millis(300), "{seen:?}");
        watch.read(&mut seen).unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
    println!("ten ports told {:?} after the order to cut", begin.elapsed());
    assert!(seen.iter().all(|change| matches!(change, Change::Carrier { up: false, .. })));
    drop(order);
    far.join().unwrap();
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
    await_change(&mut watch, &Change::Neighbour { address, state: NeighbourState::Failed });
    ip("neigh replace 10.99.0.2 lladdr 02:00:00:00:00:01 dev p0 nud reachable");
    await_change(&mut watch, &Change::Neighbour { address, state: NeighbourState::Reachable });
    ip("neigh replace 10.99.0.2 lladdr 02:00:00:00:00:02 dev p0 nud reachable");
    await_change(&mut watch, &Change::Neighbour { address, state: NeighbourState::Moved });
}

/// A neighbour gets another hardware address: one event.
fn storm_line(n: u32) -> String {
    let host = n % 200 + 1;
    let [_, high, middle, low] = n.to_be_bytes();
    format!(
        "neigh replace 10.99.0.{host} lladdr 02:00:00:{high:02x}:{middle:02x}:{low:02x} dev p0 nud stale\n"
    )
}

/// covers: N3.2
#[test]
fn questions_for_neighbours_are_repeated_soon_on_a_port_that_was_hastened() {
    if !own_namespace() {
        return;
    }
    ip("link add p0 type veth peer name far0");
    ets_dataplane::hasten_neighbours("p0").unwrap();
    for family in ["ipv4", "ipv6"] {
        let path = format!("/proc/sys/net/{family}/neigh/p0/retrans_time_ms");
        let now = std::fs::read_to_string(path).unwrap();
        assert_eq!(now.trim(), "200", "{family}");
    }
    assert!(ets_dataplane::hasten_neighbours("p9").is_err());
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
    assert!(watch.resyncs() > 0, "the storm was too small to overflow the queue");
}
