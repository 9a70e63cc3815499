//! Ours and a peer side by side: pinned processes, what they use, and a place of their own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use serde_json::Value;

use super::{Running, hub_binary, program, tool, wait_for};

/// Core of what is measured, and of clients and hosts.
pub(crate) const MEASURED: &str = "0";
pub(crate) const OTHERS: &str = "1";

/// An example of one of the parts, as `make bench` builds them.
pub(crate) fn example(name: &str) -> PathBuf {
    let path = hub_binary().with_file_name("examples").join(name);
    if path.exists() {
        return path;
    }
    // The built product may be a link to a build of another kind.
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    target.join("release/examples").join(name)
}

/// Starts an example on a core; the first line that it prints.
pub(crate) fn start(core: &str, name: &str, args: &[&str]) -> (Running, String) {
    let (running, line, _) = start_with(core, name, args, Stdio::null());
    (running, line)
}

/// The same with a standard input, and what it prints later.
pub(crate) fn start_with(
    core: &str,
    name: &str,
    args: &[&str],
    stdin: Stdio,
) -> (Running, String, BufReader<ChildStdout>) {
    let mut child = pinned(core, name, args).stdin(stdin).spawn().expect("taskset starts");
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    stdout.read_line(&mut line).expect("it prints a line");
    (Running(child), line.trim().to_owned(), stdout)
}

/// Starts an example on a core and waits for nothing.
pub(crate) fn spawn(core: &str, name: &str, args: &[&str]) -> Running {
    Running(pinned(core, name, args).stdin(Stdio::null()).spawn().expect("taskset starts"))
}

fn pinned(core: &str, name: &str, args: &[&str]) -> Command {
    let mut command = program("taskset");
    command.args(["-c", core]).arg(example(name)).args(args).stdout(Stdio::piped());
    command
}

/// Starts a foreign program on the core of what is measured and waits until it listens.
pub(crate) fn peer(name: &str, address: &str, command: &[&str]) -> Running {
    let mut taskset = program("taskset");
    taskset.args(["-c", MEASURED]).args(command);
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let child = taskset.env("PATH", path).stdout(Stdio::null()).spawn().expect("it starts");
    let mut running = Running(child);
    // A large CRL takes its time.
    wait_for(name, Duration::from_secs(300), Duration::from_millis(50), || {
        let ended = running.0.try_wait().ok().flatten();
        assert!(ended.is_none(), "{name} ended: {ended:?}");
        std::net::TcpStream::connect(address).ok()
    });
    running
}

/// Runs a load to its end; the line of JSON that it prints.
#[track_caller]
pub(crate) fn load(name: &str, args: &[&str]) -> Value {
    let output = program("taskset").args(["-c", OTHERS]).arg(example(name)).args(args).output();
    let output = output.expect("taskset starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {said}");
    serde_json::from_slice(&output.stdout).expect("a line of JSON")
}

/// CPU time of a process and its descendants, in nanoseconds: of threads that live, exactly; of
/// processes that ended, as their parents have it.
pub(crate) fn cpu_of_all(pid: i64) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut sum = 0;
    for thread in threads {
        let read =
            |name: &str| std::fs::read_to_string(thread.path().join(name)).unwrap_or_default();
        let first = read("schedstat");
        sum += first.split(' ').next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        let children = read("children");
        let children = children.split_whitespace().filter_map(|text| text.parse::<i64>().ok());
        sum += children.map(cpu_of_all).sum::<u64>();
    }
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(13);
    let mut ended = || fields.next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    // Fields 16 and 17 of proc(5), in hundredths of a second.
    sum + (ended() + ended()) * 10_000_000
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A network of this thread and what it starts: the hub with its segments in 10.0.0.0/8, and hosts
/// outside in 203.0.113.0/24. False where that needs another user.
pub(crate) fn place_of_its_own() -> bool {
    if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) {
        eprintln!("skipped: a network namespace needs root ({errno})");
        return false;
    }
    tool("ip", &["link", "set", "lo", "up"]);
    // Every address of a network on the loopback interface is this machine's.
    for network in ["10.10.0.1/8", "203.0.113.1/24"] {
        tool("ip", &["addr", "add", network, "dev", "lo"]);
    }
    for (name, value) in [
        ("net/ipv4/ip_local_port_range", "1024 65000"),
        ("net/ipv4/tcp_tw_reuse", "1"),
        ("net/core/somaxconn", "16384"),
        ("net/ipv4/tcp_max_syn_backlog", "16384"),
    ] {
        drop(std::fs::write(format!("/proc/sys/{name}"), value));
    }
    true
}
