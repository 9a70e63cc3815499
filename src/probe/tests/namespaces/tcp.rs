//! TCP connect probes across a link.

use std::net::TcpListener;
use std::time::Duration;

use ets_model::{IcmpErrorKind, Method};
use ets_probe::{Ended, EngineConfig, ProbeTarget};

use crate::link::{Link, count, engine, is_answered, is_lost, turn_for};

fn probe(address: &str, port: u16, time: Duration) -> Vec<Ended> {
    let mut engine = engine(EngineConfig::default(), &[]);
    engine.set_target(ProbeTarget {
        slot: 0,
        address: address.parse().expect("a literal address"),
        method: Method::Tcp(port),
        interval: Duration::from_millis(100),
    });
    engine.set_timeout(0, Duration::from_millis(300));
    turn_for(&mut engine, time)
}

/// covers: N3.1
#[test]
fn a_closed_port_of_a_living_target_is_an_answer() {
    let Some(_link) = Link::raise() else { return };
    for address in ["10.78.0.1", "fd64:78::1"] {
        let ends = probe(address, 9, Duration::from_secs(1));
        assert!(count(&ends, is_answered) >= 8, "{ends:?}");
        assert_eq!(count(&ends, |ended| !is_answered(ended)), 0, "{ends:?}");
    }
}

/// covers: N3.1
#[test]
fn an_open_port_is_an_answer_and_leaves_no_connection_behind() {
    let Some(_link) = Link::raise() else { return };
    let listener = TcpListener::bind("10.77.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let ends = probe("10.77.0.1", port, Duration::from_secs(1));
    assert!(count(&ends, is_answered) >= 8, "{ends:?}");
    let table = std::fs::read_to_string("/proc/thread-self/net/tcp").expect("procfs is there");
    let port = format!(":{port:04X}");
    let left = table.lines().filter(|line| line.contains(&port) && line.contains(" 06 ")).count();
    assert_eq!(left, 0, "connections in TIME_WAIT:\n{table}");
}

/// covers: N3.1
#[test]
fn a_silent_firewall_is_a_loss() {
    let Some(link) = Link::raise() else { return };
    link.far_nft(
        "table ip cut { chain in { type filter hook input priority 0; tcp dport 9 drop; }; }",
    );
    let ends = probe("10.78.0.1", 9, Duration::from_secs(1));
    assert!((6..=8).contains(&count(&ends, is_lost)), "{ends:?}");
    assert_eq!(count(&ends, is_answered), 0, "{ends:?}");
}

/// covers: N3.1
#[test]
fn an_icmp_error_is_told_with_who_sent_it_even_where_it_looks_like_a_reset() {
    let Some(link) = Link::raise() else { return };
    link.far("ip route add unreachable 10.79.1.0/24");
    link.far_nft(
        "table ip cut { chain in { type filter hook input priority 0; tcp dport 9 reject with icmp type port-unreachable; }; }",
    );
    for (address, kind) in [
        ("10.79.1.1", IcmpErrorKind::HostUnreachable),
        ("10.78.0.1", IcmpErrorKind::PortUnreachable),
    ] {
        let ends = probe(address, 9, Duration::from_secs(1));
        let errors =
            count(&ends, |ended| matches!(ended, Ended::Error { kind: of, .. } if *of == kind));
        // A Linux router sends five of a kind, then one a second.
        assert!(errors >= 4, "{address}: {ends:?}");
        assert!(count(&ends, is_lost) >= 6, "{ends:?}");
        assert_eq!(count(&ends, is_answered), 0, "{ends:?}");
    }
}
