//! ICMP errors, with who sent them.

use std::net::IpAddr;
use std::time::Duration;

use ets_model::IcmpErrorKind;
use ets_probe::{Ended, EngineConfig};

use crate::link::{Link, count, engine, is_answered, is_lost, turn_for};

/// Probes the addresses and checks that each gets this error from this sender, and is lost.
fn expect(addresses: &[&str], from: &str, kind: IcmpErrorKind) {
    let from: IpAddr = from.parse().expect("a literal address");
    let mut engine = engine(EngineConfig::default(), addresses);
    for slot in (0..).take(addresses.len()) {
        engine.set_timeout(slot, Duration::from_millis(200));
    }
    let ends = turn_for(&mut engine, Duration::from_millis(1_200));
    for ended in &ends {
        if let Ended::Error { from: of, kind: is, .. } = ended {
            assert_eq!((*of, *is), (from, kind), "{addresses:?}");
        }
    }
    let errors = count(&ends, |ended| matches!(ended, Ended::Error { .. }));
    assert!(errors > 0 && errors <= 12 * addresses.len(), "{addresses:?}: {ends:?}");
    assert!(count(&ends, is_lost) >= 8 * addresses.len(), "{ends:?}");
    assert_eq!(count(&ends, is_answered), 0);
}

/// covers: N3.1
#[test]
fn a_routers_unreachable_is_told_with_its_address() {
    let Some(link) = Link::raise() else { return };
    link.far("ip route add unreachable 10.79.1.0/24");
    link.far("ip route add prohibit 10.79.2.0/24");
    link.far("ip route add prohibit fd64:79:2::/48");
    expect(&["10.79.1.1"], "10.77.0.2", IcmpErrorKind::HostUnreachable);
    expect(&["10.79.2.1"], "10.77.0.2", IcmpErrorKind::Prohibited);
    expect(&["fd64:79:2::1"], "fd77::2", IcmpErrorKind::Prohibited);
}

/// covers: N3.1
#[test]
fn the_hubs_own_unreachable_is_told_as_a_silent_neighbour() {
    let Some(_link) = Link::raise() else { return };
    let mut engine = engine(EngineConfig::default(), &["10.77.0.77"]);
    let ends = turn_for(&mut engine, Duration::from_millis(4_500));
    let silent =
        |ended: &Ended| matches!(ended, Ended::Error { kind: IcmpErrorKind::NeighbourSilent, .. });
    let errors = count(&ends, |ended| matches!(ended, Ended::Error { .. }));
    assert!(errors > 0 && count(&ends, silent) == errors, "{ends:?}");
}

/// covers: N3.1
#[test]
fn no_route_at_a_router_is_told() {
    let Some(_link) = Link::raise() else { return };
    expect(&["10.99.1.1"], "10.77.0.2", IcmpErrorKind::NetUnreachable);
    expect(&["fd64:99::1"], "fd77::2", IcmpErrorKind::NetUnreachable);
}

/// covers: N3.1
#[test]
fn a_routing_loop_is_told() {
    let Some(link) = Link::raise() else { return };
    link.far("ip link add left type veth peer name right");
    link.far("ip link set right address 02:00:00:00:00:0b");
    link.far("ip link set left up");
    link.far("ip link set right up");
    link.far("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.right.rp_filter=0");
    link.far("ip neighbour add 10.88.0.2 lladdr 02:00:00:00:00:0b dev left");
    link.far("ip route add 10.79.3.0/24 via 10.88.0.2 dev left onlink");
    let mut engine = engine(EngineConfig::default(), &["10.79.3.1"]);
    let ends = turn_for(&mut engine, Duration::from_secs(1));
    let loops =
        |ended: &Ended| matches!(ended, Ended::Error { kind: IcmpErrorKind::TimeExceeded, .. });
    assert!(count(&ends, loops) >= 8, "{ends:?}");
}
