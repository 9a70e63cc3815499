//! Another implementation pings the same targets at the same time.

use std::net::IpAddr;
use std::time::Duration;

use ets_probe::{Ended, EngineConfig};
use surge_ping::{Client, Config, ICMP, PingIdentifier, PingSequence};

use crate::link::{Link, engine, turn_for};

/// The round-trip times that surge-ping sees, one probe each tenth of a second.
async fn surge(address: IpAddr, count: u16) -> Vec<Duration> {
    let kind = if address.is_ipv4() { ICMP::V4 } else { ICMP::V6 };
    let client = Client::new(&Config::builder().kind(kind).build()).expect("root may ping");
    let mut pinger = client.pinger(address, PingIdentifier(4711)).await;
    let mut times = Vec::new();
    for number in 0..count {
        let answer = pinger.ping(PingSequence(number), &[7; 24]).await;
        times.push(answer.expect("the target answers").1);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    times
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// covers: N3.1
#[test]
fn surge_ping_sees_no_shorter_times_than_we_do_and_neither_disturbs_the_other() {
    for target in ["10.78.0.1", "fd64:78::1"] {
        let Some(_link) = Link::raise() else { return };
        let address: IpAddr = target.parse().expect("a literal address");
        // One thread, so that surge-ping's sockets are made in this thread's namespace.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime needs no rights");
        let mut engine = engine(EngineConfig::default(), &[target]);
        let ends = std::thread::scope(|scope| {
            let ours = scope.spawn(move || {
                let ends = turn_for(&mut engine, Duration::from_secs(3));
                (ends, engine.counters())
            });
            let theirs = median(runtime.block_on(surge(address, 25)));
            let (ends, counters) = ours.join().expect("the engine's thread ends");
            assert_eq!((counters.lost, counters.forged), (0, 0), "{counters:?}");
            (ends, theirs)
        });
        let (ends, theirs) = ends;
        let ours: Vec<Duration> = ends
            .iter()
            .filter_map(|ended| match ended {
                Ended::Answered { rtt, .. } => Some(*rtt),
                _ => None,
            })
            .collect();
        assert!(ours.len() >= 28, "{ends:?}");
        let ours = median(ours);
        assert!(ours <= theirs + Duration::from_micros(50), "ours {ours:?}, theirs {theirs:?}");
    }
}
