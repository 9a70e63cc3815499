//! TCP connect probes against the loopback.

use std::net::TcpListener;
use std::time::Instant;

use ets_model::Method;

use super::*;
use crate::cookie::Secret;
use crate::{EngineConfig, ProbeTarget};

/// Probes one address until the probe ends.
fn probe(to: SocketAddr) -> Vec<Ended> {
    let config = EngineConfig::default();
    let clock = Clock::system();
    let now = clock.boot().0;
    let mut core = Core::new(&config, Secret::from_bytes([1; 22]), now);
    let mut tcp = TcpProber::new().unwrap();
    let target = ProbeTarget {
        slot: 0,
        address: to.ip(),
        method: Method::Tcp(to.port()),
        interval: Duration::from_secs(1),
    };
    core.targets.set(target, Duration::from_secs(1), now);
    core.targets.burst(0, 1, Duration::from_secs(1), now);
    let staged = core.stage(now + 2_000_000).unwrap();
    let (earliest, latest) = tcp.start(staged.number, to, &clock).unwrap();
    core.left(staged.number, earliest, latest);
    let mut out = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(5);
    while out.is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
        tcp.poll(&mut core, &clock, &mut out);
    }
    assert!(tcp.is_idle());
    out
}

/// covers: N3.1
#[test]
fn an_accepted_connection_is_an_answer_with_the_kernels_round_trip_time() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(listener) = TcpListener::bind(address) else { continue };
        let out = probe(listener.local_addr().unwrap());
        let [Ended::Answered { slot: 0, rtt, .. }] = out[..] else { panic!("{out:?}") };
        assert!(rtt < Duration::from_millis(20), "{rtt:?}");
    }
}

/// covers: N3.1
#[test]
fn a_reset_is_an_answer_too() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let out = probe(SocketAddr::new([127, 0, 0, 1].into(), port));
    assert!(matches!(out[..], [Ended::Answered { slot: 0, .. }]), "{out:?}");
}
