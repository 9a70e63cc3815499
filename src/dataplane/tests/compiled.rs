//! What the compiler makes of a policy, put into a real kernel in a network namespace of the test's
//! own. Needs root; says so when it cannot run.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Instant;

use ets_dataplane::compile::{Links, Port, compile};
use ets_dataplane::nft::ir::Ruleset;
use ets_dataplane::nft::{Kernel, Names, TableName, text_of};
use ets_model::{
    Arm, Hardware, Limits, Network, Policy, PortRange, Rate, Role, SegmentNo, Served, ServiceNo,
    ServicePlace,
};
use nix::sched::{CloneFlags, unshare};

fn own_namespace() -> Option<Kernel> {
    if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) {
        eprintln!("skipped: a network namespace needs root ({errno})");
        return None;
    }
    Some(Kernel::open().unwrap())
}

fn names(of: &Ruleset) -> Vec<TableName> {
    of.tables.iter().map(TableName::of).collect()
}

fn arm(no: u32) -> Arm {
    Arm {
        no: SegmentNo(no),
        id: format!("s{no}").parse().unwrap(),
        interface: format!("k{}", no % 50),
        prefixes: vec![
            format!("10.{}.{}.0/24", 16 + no / 256, no % 256).parse().unwrap(),
            format!("fd10:{:x}:{:x}::/64", no / 256, no % 256).parse().unwrap(),
        ],
        hardware: no.is_multiple_of(3).then_some(Hardware([2, 0, 0, 0, 0, no as u8])),
        may: (1..=12)
            .filter(|service| (no + service).is_multiple_of(2))
            .map(|no| ServiceNo(no as u16))
            .collect(),
        limits: no.is_multiple_of(7).then_some(Limits {
            connections: 50,
            new_connections: 0,
            packets: 9,
        }),
        rate: no.is_multiple_of(5).then_some(Rate { down_kbps: 10_000, up_kbps: 0 }),
    }
}

fn served(no: u16) -> Served {
    Served {
        no: ServiceNo(no),
        id: format!("v{no}").parse().unwrap(),
        place: if no == 12 { ServicePlace::Hub } else { ServicePlace::Behind },
        addresses: if no == 12 {
            vec![]
        } else {
            vec!["10.1.0.10".parse().unwrap(), "fd10:1::10".parse().unwrap()]
        },
        ports: vec![
            PortRange::tcp(no),
            "udp/1000-2000"
                .parse::<PortRange>()
                .map(|range| PortRange {
                    first: range.first + no * 2_000,
                    last: range.last + no * 2_000,
                    ..range
                })
                .unwrap(),
            PortRange::ICMP,
        ],
        everyone: no == 1,
    }
}

fn policy(segments: u32) -> Policy {
    let network = |name: &str, role, prefixes: &[&str]| Network {
        name: name.into(),
        role,
        interfaces: vec![format!("{name}0")],
        prefixes: prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect(),
    };
    Policy {
        arms: (1..=segments).map(arm).collect(),
        services: (1..=12).map(served).collect(),
        networks: vec![
            network("dc", Role::Services, &["10.1.0.0/24", "fd10:1::/64"]),
            network("ext", Role::Outside, &[]),
            network("mgmt", Role::Management, &["10.2.0.0/24"]),
        ],
        limits: Limits { connections: 1_000, new_connections: 100, packets: 50_000 },
    }
}

fn links() -> Links {
    let port = |index: u32, addresses: &[String]| Port {
        index,
        addresses: addresses.iter().map(|at| at.parse().unwrap()).collect(),
        next_hops: vec![format!("10.9.{index}.1").parse().unwrap()],
    };
    let mut ports: BTreeMap<String, Port> = (0..50)
        .map(|no| {
            let at = [format!("10.9.{no}.254"), format!("fd10:9:{no}::254")];
            (format!("k{no}"), port(10 + no, &at))
        })
        .collect();
    ports.insert("dc0".into(), port(2, &["10.1.0.254".into(), "fd10:1::254".into()]));
    ports.insert("ext0".into(), port(3, &["203.0.113.254".into()]));
    ports.insert("mgmt0".into(), port(4, &["10.2.0.254".into()]));
    Links { ports, metered: true, published: Vec::new(), intercept: None }
}

/// covers: N2.1
#[test]
fn a_kernel_takes_the_rules_of_a_policy_and_gives_them_back_equal() {
    let Some(mut kernel) = own_namespace() else { return };
    assert_eq!(policy(60).faults(), []);
    for metered in [true, false] {
        let want = compile(&policy(60), &Links { metered, ..links() }, 7);
        kernel.apply(&want).unwrap();
        assert_eq!(kernel.read(&names(&want)).unwrap(), want);
    }
    let next = compile(&policy(60), &Links { metered: false, ..links() }, 8);
    let change = kernel.apply(&next).unwrap();
    assert!(change.steps.len() < 120, "another generation changes {} steps", change.steps.len());
    println!("{}", text_of(&next, &Names::default()));
}

/// covers: N2.1
#[test]
fn ten_thousand_segments_are_compiled_and_applied_in_seconds() {
    let Some(mut kernel) = own_namespace() else { return };
    let policy = policy(10_000);
    let began = Instant::now();
    let want = compile(&policy, &links(), 7);
    let compiled = began.elapsed();
    kernel.apply(&want).unwrap();
    let elements: usize =
        want.tables.iter().flat_map(|table| &table.sets).map(|set| set.elements.len()).sum();
    println!("compiled {compiled:?}, applied {:?}, {elements} elements", began.elapsed());
    assert_eq!(kernel.read(&names(&want)).unwrap(), want);
}
