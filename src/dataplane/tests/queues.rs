//! Queues in a real kernel, in a network namespace of the test's own; `tc` says what is there.
//! Needs root and iproute2; says so when it cannot run.

#![allow(clippy::unwrap_used)]

use std::process::Command;

use ets_dataplane::{Queues, Shape};
use nix::sched::{CloneFlags, unshare};

fn own_namespace() -> bool {
    if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) {
        eprintln!("skipped: a network namespace needs root ({errno})");
        return false;
    }
    run("ip", "link add p0 type veth peer name far0");
    run("ip", "link set p0 up");
    run("ip", "link set far0 up");
    true
}

#[track_caller]
fn run(program: &str, line: &str) -> String {
    let output = Command::new(program).args(line.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "{program} {line}");
    String::from_utf8(output.stdout).unwrap()
}

fn port() -> u32 {
    let told = run("ip", "-o link show dev p0");
    told.split(':').next().unwrap().parse().unwrap()
}

/// Each class and its rate, as `tc` says them, ordered.
fn classes() -> Vec<String> {
    let told = run("tc", "class show dev p0");
    let mut classes: Vec<String> = told
        .lines()
        .filter(|line| line.starts_with("class htb"))
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let after =
                |word| words.iter().position(|one| *one == word).map_or("", |at| words[at + 1]);
            format!("{} {} {}", words[2], after("rate"), after("ceil"))
        })
        .collect();
    classes.sort();
    classes
}

fn set(queues: &mut Queues, port: u32, wanted: &Shape) {
    let have = queues.read().unwrap();
    queues.set(port, have.get(&port), wanted).unwrap();
    let have = queues.read().unwrap();
    assert_eq!(have.get(&port).cloned().unwrap_or_default(), *wanted);
}

/// covers: N8.1
#[test]
fn classes_come_change_and_go_as_wanted_and_tc_says_the_same() {
    if !own_namespace() {
        return;
    }
    let port = port();
    let mut queues = Queues::open().unwrap();
    assert!(queues.read().unwrap().is_empty());
    set(&mut queues, port, &Shape::from([(7, 1_000), (0x2710, 40_000_000)]));
    assert_eq!(classes(), ["1:2710 40Gbit 40Gbit", "1:7 1Mbit 1Mbit"]);
    let leaves = run("tc", "qdisc show dev p0");
    set(&mut queues, port, &Shape::from([(7, 2_000), (9, 64), (0x2710, 40_000_000)]));
    assert_eq!(classes(), ["1:2710 40Gbit 40Gbit", "1:7 2Mbit 2Mbit", "1:9 64Kbit 64Kbit"]);
    assert!(leaves.contains("parent 1:7"), "{leaves}");
    set(&mut queues, port, &Shape::from([(9, 64)]));
    assert_eq!(classes(), ["1:9 64Kbit 64Kbit"]);
    set(&mut queues, port, &Shape::new());
    assert!(classes().is_empty());
    assert!(!run("tc", "qdisc show dev p0").contains("htb"));
}

/// A class that somebody changed is seen and put back; a port that is gone is an error.
///
/// covers: N8.1, N2.3
#[test]
fn what_a_stranger_changed_is_seen_and_a_port_that_is_gone_is_an_error() {
    if !own_namespace() {
        return;
    }
    let port = port();
    let mut queues = Queues::open().unwrap();
    let wanted = Shape::from([(7, 1_000)]);
    set(&mut queues, port, &wanted);
    run("tc", "class change dev p0 parent 1: classid 1:7 htb rate 9mbit");
    assert_eq!(queues.read().unwrap()[&port], Shape::from([(7, 9_000)]));
    set(&mut queues, port, &wanted);
    run("tc", "qdisc del dev p0 root");
    assert!(queues.read().unwrap().is_empty());
    set(&mut queues, port, &wanted);
    run("ip", "link del p0");
    assert!(queues.set(port, None, &wanted).is_err());
}
