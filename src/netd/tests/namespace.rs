//! `netd` against a real kernel: far ends in network namespaces of their own. Needs root; says so
//! where it cannot run.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use ets_model::{BlindReason, LinkState, Transition};
use ets_netd_api::{Event, EventBody, Follower};
use ets_runtime::stamp_now;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::{
    Far, Running, desired, during, own_namespace, run, runtime, start, start_process,
    start_process_by, target, until,
};

const SOON: Duration = Duration::from_secs(5);

/// Not a test of its own: the process that others stop and kill.
#[test]
fn netd_process() {
    support::be_netd();
}

fn to(event: &Event, no: u32, state: LinkState) -> Option<Transition> {
    match &event.body {
        EventBody::Transition(change) if change.segment.0 == no && change.to == state => {
            Some(change.clone())
        }
        _ => None,
    }
}

/// `count` segments, all up.
async fn all_up(netd: &Running, count: u32) -> Follower {
    let mut follower = netd.follow().await;
    let targets =
        (1..=count).map(|n| target(n, &format!("10.77.{n}.2"), &format!("p{n}"))).collect();
    netd.client.configure(desired(targets)).await.unwrap();
    let mut up = 0;
    until(&mut follower, SOON, |event| {
        let came =
            matches!(&event.body, EventBody::Transition(change) if change.to == LinkState::Up);
        up += u32::from(came);
        (up == count).then_some(())
    })
    .await;
    follower
}

fn blind(event: &Event, reason: BlindReason) -> Option<ets_model::Blind> {
    match &event.body {
        EventBody::Blind(blind) if blind.reason == reason => Some(blind.clone()),
        _ => None,
    }
}

/// One line an event.
fn story(events: &[Event]) -> Vec<String> {
    let line = |event: &Event| match &event.body {
        EventBody::Tick(tick) => format!("{} tick {:?}", event.at.wall, tick.engine),
        EventBody::Transition(c) => format!(
            "{} {} {}->{} between {} and {}",
            event.at.wall, c.segment, c.from, c.to, c.last_before.wall, c.first_after.wall
        ),
        other => format!("{} {other:?}", event.at.wall),
    };
    events.iter().map(line).collect()
}

fn transitions(events: &[Event]) -> Vec<&Event> {
    events.iter().filter(|event| matches!(event.body, EventBody::Transition(_))).collect()
}

/// covers: N3.1, N3.2
#[test]
fn a_segment_silently_dropped_is_down_in_time_with_the_truth_in_its_interval_and_comes_back() {
    if !own_namespace() {
        return;
    }
    let fars: Vec<Far> = (1..=4).map(Far::segment).collect();
    let Some(netd) = start(|_| {}) else { return };
    runtime().block_on(async {
        let mut follower = all_up(&netd, 4).await;
        // Another segment each time: three downs of one would be flapping.
        for (no, far) in (1..).zip(&fars) {
            during(&mut follower, Duration::from_millis(2_300)).await;
            let before = stamp_now();
            far.silent(true);
            let cut = stamp_now();
            let down = until(&mut follower, SOON, |event| to(event, no, LinkState::Down)).await;
            let took = down.decided.boot.since(cut.boot);
            assert!(took < Duration::from_millis(1_500), "{took:?}");
            assert!(down.last_before.boot <= cut.boot, "{down:#?}");
            assert!(down.first_after.boot >= before.boot, "{down:#?}");
            assert!(!down.evidence.is_empty());

            during(&mut follower, Duration::from_millis(700)).await;
            far.silent(false);
            let healed = stamp_now();
            let up = until(&mut follower, SOON, |event| to(event, no, LinkState::Up)).await;
            let took = up.decided.boot.since(healed.boot);
            assert!(took < Duration::from_millis(500), "{took:?}");
            println!("down and up again, {took:?} after it was healed");
        }
    });
}

/// covers: N3.1
#[test]
fn a_lost_carrier_is_down_within_two_hundred_milliseconds() {
    if !own_namespace() {
        return;
    }
    let fars: Vec<Far> = (1..=4).map(Far::segment).collect();
    let Some(netd) = start(|_| {}) else { return };
    runtime().block_on(async {
        let mut follower = all_up(&netd, 4).await;
        during(&mut follower, Duration::from_millis(1_500)).await;
        let cut = stamp_now();
        fars[2].run("ip link set far down");
        let down = until(&mut follower, SOON, |event| to(event, 3, LinkState::Down)).await;
        let took = down.decided.boot.since(cut.boot);
        println!("down {took:?} after the order to cut");
        assert!(took < Duration::from_millis(200), "{took:?}");
        let healed = stamp_now();
        fars[2].run("ip link set far up");
        let up = until(&mut follower, SOON, |event| to(event, 3, LinkState::Up)).await;
        let took = up.decided.boot.since(healed.boot);
        assert!(took < Duration::from_millis(500), "{took:?}");
    });
}

/// covers: N3.3
#[test]
fn a_dark_trunk_is_one_outage_of_the_hub_whether_by_carrier_or_by_silence() {
    if !own_namespace() {
        return;
    }
    let fars: Vec<Far> = (1..=6).map(Far::segment).collect();
    let Some(netd) = start(|_| {}) else { return };
    runtime().block_on(async {
        let mut follower = all_up(&netd, 6).await;
        for (off, on) in [
            ("ip link set far down", "ip link set far up"),
            (
                "echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all",
                "echo 0 > /proc/sys/net/ipv4/icmp_echo_ignore_all",
            ),
        ] {
            during(&mut follower, Duration::from_millis(2_500)).await;
            let cut = stamp_now();
            fars.iter().for_each(|far| far.run(off));
            let mut seen = during(&mut follower, Duration::from_secs(4)).await;
            let healed = stamp_now();
            fars.iter().for_each(|far| far.run(on));
            seen.extend(during(&mut follower, Duration::from_secs(4)).await);
            let downs = seen.iter().filter(
                |event| matches!(&event.body, EventBody::Transition(c) if c.to == LinkState::Down),
            );
            assert_eq!(downs.count(), 0, "{off} at {cut:?}: {:#?}", story(&seen));
            let blind = seen.iter().find_map(|event| blind(event, BlindReason::TrunkDark)).unwrap();
            let apart = |a: ets_model::BootTime, b: ets_model::BootTime| a.since(b).max(b.since(a));
            let (begin, end) =
                (apart(blind.from.boot, cut.boot), apart(blind.to.boot, healed.boot));
            println!("{off}: begin {begin:?}, end {end:?} from the orders");
            // Six segments at one probe a second tell the begin to within a third of a second.
            assert!(begin < Duration::from_millis(450) && end < Duration::from_millis(500));
            let ups = seen.iter().filter(
                |event| matches!(&event.body, EventBody::Transition(c) if c.to == LinkState::Up),
            );
            assert_eq!(ups.count(), 6);
        }
    });
}

/// covers: N3.2
#[test]
fn a_stopped_process_calls_nobody_down_and_tells_its_blind_time() {
    if !own_namespace() {
        return;
    }
    let _fars: Vec<Far> = (1..=4).map(Far::segment).collect();
    let netd = start_process();
    runtime().block_on(async {
        let mut follower = all_up(&netd, 4).await;
        during(&mut follower, Duration::from_millis(1_500)).await;
        let process = Pid::from_raw(netd.pid());
        let stopped = stamp_now();
        kill(process, Signal::SIGSTOP).unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        kill(process, Signal::SIGCONT).unwrap();
        let went_on = stamp_now();
        let seen = during(&mut follower, Duration::from_secs(4)).await;
        assert_eq!(transitions(&seen), Vec::<&Event>::new());
        let blind = seen.iter().find_map(|event| blind(event, BlindReason::Stalled)).unwrap();
        assert!(stopped.boot.since(blind.from.boot) < Duration::from_millis(100), "{blind:?}");
        assert!(blind.to.boot.since(went_on.boot) < Duration::from_millis(100), "{blind:?}");
    });
}

/// covers: N3.2
#[test]
fn a_killed_process_goes_on_within_a_second_without_serve_and_without_a_false_outage() {
    if !own_namespace() {
        return;
    }
    let fars: Vec<Far> = (1..=4).map(Far::segment).collect();
    let mut netd = start_process();
    runtime().block_on(async {
        let mut follower = all_up(&netd, 4).await;
        fars[3].silent(true);
        until(&mut follower, SOON, |event| to(event, 4, LinkState::Down)).await;
        during(&mut follower, Duration::from_millis(1_500)).await;
        let killed = stamp_now();
        netd.kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let again = stamp_now();
        netd.launch();
        let mut follower = netd.follow().await;
        let state = |no: u32| follower.now.iter().find(|now| now.segment.0 == no).unwrap().state;
        assert_eq!((1..=4).map(state).collect::<Vec<_>>(), {
            use LinkState::{Down, Up};
            [Up, Up, Up, Down]
        });
        let replayed = {
            let mut replay = netd.client.replay(None, follower.newest.seq).await.unwrap();
            let mut events = Vec::new();
            while let Some(event) = replay.next().await.unwrap() {
                events.push(event);
            }
            events
        };
        let blind = replayed.iter().find_map(|event| blind(event, BlindReason::Restarted)).unwrap();
        assert!(killed.boot.since(blind.from.boot) < Duration::from_millis(100), "{blind:?}");
        let started = blind.to.boot.since(again.boot);
        assert!(started < Duration::from_millis(700), "started after {started:?}");
        until(&mut follower, Duration::from_millis(1_500), |event| match &event.body {
            EventBody::Tick(tick) => (tick.engine.answered >= 3).then_some(()),
            _ => None,
        })
        .await;
        let seen = during(&mut follower, Duration::from_secs(3)).await;
        assert_eq!(transitions(&seen), Vec::<&Event>::new());
        fars[3].silent(false);
        until(&mut follower, SOON, |event| to(event, 4, LinkState::Up)).await;
    });
}

/// The second change comes so soon after the first that the file waits for its turn: it is told
/// no sooner than the file has it, so that `serve` and the next life begin with the same.
///
/// covers: N3.2
#[test]
fn an_outage_told_the_moment_before_a_kill_is_known_to_the_next_life() {
    if !own_namespace() {
        return;
    }
    let fars: Vec<Far> = (1..=4).map(Far::segment).collect();
    let mut netd = start_process();
    runtime().block_on(async {
        let mut follower = all_up(&netd, 4).await;
        fars[2].run("ip link set far down");
        fars[3].run("ip link set far down");
        let told = until(&mut follower, SOON, |event| to(event, 4, LinkState::Down)).await;
        netd.kill();
        netd.launch();
        let mut follower = netd.follow().await;
        let now = follower.now.iter().find(|now| now.segment.0 == 4).unwrap();
        assert_eq!((now.state, now.since), (LinkState::Down, told.first_after));
        let mut replay = netd.client.replay(None, follower.newest.seq).await.unwrap();
        while let Some(event) = replay.next().await.unwrap() {
            assert_eq!(to(&event, 4, LinkState::Down), None, "told a second time");
        }
        let seen = during(&mut follower, Duration::from_secs(2)).await;
        assert_eq!(transitions(&seen), Vec::<&Event>::new());
    });
}

/// Root of a user namespace is all it needs, and three capabilities are all it keeps.
///
/// covers: N12
#[test]
fn in_a_user_namespace_it_watches_as_well_and_keeps_three_capabilities() {
    let starter = ["unshare", "--user", "--map-root-user", "--net"];
    let tried = std::process::Command::new(starter[0]).args(&starter[1..]).arg("true").status();
    if !tried.is_ok_and(|status| status.success()) {
        return eprintln!("skipped: user namespaces are refused here");
    }
    let netd = start_process_by(
        &[&starter[..], &["sh", "-c", "ip link set lo up; exec \"$@\"", "sh"]].concat(),
    );
    runtime().block_on(async {
        let mut follower = netd.follow().await;
        netd.client.configure(desired(vec![target(1, "127.0.0.1", "lo")])).await.unwrap();
        until(&mut follower, SOON, |event| to(event, 1, LinkState::Up)).await;
    });
    let threads = std::fs::read_dir(format!("/proc/{}/task", netd.pid())).unwrap();
    let status = threads
        .map(|thread| std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap())
        .find(|status| status.starts_with("Name:\twatcher"))
        .unwrap();
    let field = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    // CAP_NET_BIND_SERVICE, CAP_NET_ADMIN and CAP_NET_RAW are bits 10, 12 and 13.
    assert_eq!(field("CapEff"), "0000000000003400");
    assert_eq!(field("CapPrm"), "0000000000003400");
    assert_eq!(field("NoNewPrivs"), "1");
}

/// Memory and CPU with ten thousand segments; run by hand: `cargo nextest run -p ets-netd
/// --run-ignored only --no-capture`.
///
/// covers: N3.1
#[test]
#[ignore = "takes a minute and wants an optimised build"]
fn ten_thousand_segments_fit_into_little_memory() {
    if !own_namespace() {
        return;
    }
    let far = Far::segment(1);
    far.run("ip route add local 10.200.0.0/16 dev lo");
    run("ip route add 10.200.0.0/16 via 10.77.1.2");
    let seconds: u64 =
        std::env::var("ETS_TEST_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let netd = start_process();
    runtime().block_on(async {
        let mut follower = netd.follow().await;
        let targets = (1..=10_000u32)
            .map(|n| target(n, &format!("10.200.{}.{}", n / 250, n % 250 + 1), "p1"))
            .collect();
        netd.client.configure(desired(targets)).await.unwrap();
        during(&mut follower, Duration::from_secs(3)).await;
        let begin = netd.client.status().await.unwrap();
        let seen = during(&mut follower, Duration::from_secs(seconds)).await;
        let end = netd.client.status().await.unwrap();
        let downs = seen.iter().filter(
            |event| matches!(&event.body, EventBody::Transition(c) if c.to == LinkState::Down),
        );
        assert_eq!(downs.count(), 0);
        let probes = end.engine.sent - begin.engine.sent;
        let nanos = (end.cpu_ns - begin.cpu_ns) / probes.max(1);
        println!(
            "{probes} probes, {nanos} ns of CPU each; resident {} MB, ring {} B a tick, machines \
             {} kB, engine {} kB",
            end.resident >> 20,
            (end.ring_bytes - begin.ring_bytes) / seconds,
            end.machine_bytes >> 10,
            end.engine_bytes >> 10,
        );
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", netd.pid())).unwrap();
        let fields: Vec<&str> = stat.split_whitespace().collect();
        println!("ticks of CPU in the program {}, in the kernel {}", fields[13], fields[14]);
        assert!(end.resident < 150 << 20);
    });
}
