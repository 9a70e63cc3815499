//! The control protocol as a peer sees it, right and wrong. Needs raw sockets; says so where they
//! are refused.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use ets_model::Outcome;
use ets_netd::{Deps, build};
use ets_netd_api::{
    Cursor, Error, EventBody, FRAME_LIMIT, Gap, Hello, MAGIC, PROTOCOL, Reply, Request, decode,
    frame,
};
use support::{Running, desired, during, own_namespace, runtime, start, target, until};

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SOON: Duration = Duration::from_secs(5);

fn raw(netd: &Running) -> UnixStream {
    let stream = UnixStream::connect(netd.client.path()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream
}

fn read_frame(stream: &mut UnixStream) -> Vec<u8> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).unwrap();
    let mut body = vec![0; u32::from_le_bytes(head) as usize];
    stream.read_exact(&mut body).unwrap();
    body
}

/// Sends `bytes` and gives the sentence of the refusal that follows our hello.
fn refusal(netd: &Running, bytes: &[u8]) -> String {
    let mut stream = raw(netd);
    stream.write_all(bytes).unwrap();
    Hello::check(&read_frame(&mut stream)).unwrap();
    match decode::<Reply>(&read_frame(&mut stream), "a reply").unwrap() {
        Reply::Refused(why) => why,
        other => panic!("{other:?}"),
    }
}

fn hello(magic: [u8; 4], protocol: u16) -> Vec<u8> {
    frame(&Hello { magic, protocol, build: "7.7.7".into() }).unwrap()
}

fn after_hello(bytes: &[u8]) -> Vec<u8> {
    [hello(MAGIC, PROTOCOL), bytes.to_vec()].concat()
}

/// covers: S13
#[test]
fn whoever_speaks_wrongly_is_refused_with_a_clear_word_and_nothing_is_changed() {
    let Some(netd) = start(|_| {}) else { return };
    runtime().block_on(async {
        netd.client.configure(desired(vec![target(1, "127.0.0.1", "")])).await.unwrap();
        let configure = frame(&Request::Configure(desired(vec![]))).unwrap();
        let too_long = u32::try_from(FRAME_LIMIT + 1).unwrap().to_le_bytes();
        let mut garbled = configure.clone();
        garbled.truncate(garbled.len() - 1);
        let length = u32::try_from(garbled.len() - 4).unwrap();
        garbled[..4].copy_from_slice(&length.to_le_bytes());
        for (bytes, word) in [
            (
                [hello(*b"HTTP", PROTOCOL), configure.clone()].concat(),
                "does not speak the netd protocol",
            ),
            (configure.clone(), "does not speak the netd protocol"),
            (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "does not speak the netd protocol"),
            ([hello(MAGIC, PROTOCOL - 1), configure.clone()].concat(), "restart the other side"),
            ([hello(MAGIC, PROTOCOL + 1), configure].concat(), "restart this side"),
            (after_hello(&too_long), "longer than"),
            (after_hello(&garbled), "cannot be decoded as a request"),
            (after_hello(&[3, 0, 0, 0, 99, 1, 2]), "cannot be decoded as a request"),
        ] {
            let why = refusal(&netd, &bytes);
            assert!(why.contains(word), "{why}");
        }
        let status = netd.client.status().await.unwrap();
        assert_eq!((status.generation, status.targets), (1, 1));
    });
}

/// covers: S13
#[test]
fn a_netd_of_another_version_is_told_apart_by_the_client() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let answers = [
        hello(MAGIC, PROTOCOL + 1),
        hello(MAGIC, PROTOCOL - 1),
        b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
    ];
    let server = std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(&answer).unwrap();
            let _ = stream.read(&mut [0; 64]);
        }
    });
    runtime().block_on(async {
        let client = ets_netd_api::Client::new(&path);
        assert!(matches!(client.status().await, Err(Error::NewerPeer { .. })));
        assert!(matches!(client.status().await, Err(Error::OlderPeer { .. })));
        assert!(matches!(client.status().await, Err(Error::NoHello)));
        let nobody = ets_netd_api::Client::new(directory.path().join("nobody.sock"));
        let error = nobody.status().await.unwrap_err().to_string();
        assert!(error.contains("start `ets-hub netd`"), "{error}");
    });
    server.join().unwrap();
}

/// covers: S13
#[test]
fn a_desired_state_that_breaks_a_rule_changes_nothing() {
    let Some(netd) = start(|_| {}) else { return };
    runtime().block_on(async {
        netd.client.configure(desired(vec![target(1, "127.0.0.1", "")])).await.unwrap();
        let bad = desired(vec![target(2, "127.0.0.1", ""), target(3, "224.0.0.1", "")]);
        match netd.client.configure(bad).await {
            Err(Error::Refused(why)) => assert!(why.contains("segment 3"), "{why}"),
            other => panic!("{other:?}"),
        }
        let follower = netd.follow().await;
        assert_eq!(follower.now.iter().map(|now| now.segment.0).collect::<Vec<_>>(), [1]);
    });
}

#[test]
fn the_stream_has_no_gaps_and_the_backlog_tells_the_same() {
    let Some(netd) = start(|_| {}) else { return };
    runtime().block_on(async {
        let mut follower = netd.follow().await;
        netd.client.configure(desired(vec![target(1, "127.0.0.1", "")])).await.unwrap();
        let live = during(&mut follower, Duration::from_millis(2_500)).await;
        let first = follower.newest.seq + 1;
        let numbers: Vec<u64> = live.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (first..first + live.len() as u64).collect::<Vec<_>>());
        assert!(live.iter().any(|event| matches!(event.body, EventBody::Configured { .. })));

        let last = *numbers.last().unwrap();
        let mut replay = netd.client.replay(Some(follower.newest), last).await.unwrap();
        let mut again = Vec::new();
        while let Some(event) = replay.next().await.unwrap() {
            again.push(event);
        }
        assert_eq!(again, live);
        assert_eq!(replay.done().unwrap(), Cursor { seq: last, ..follower.newest });

        let late = netd.client.follow(replay.done()).await.unwrap();
        assert!(matches!(late.gap(replay.done()), Gap::None | Gap::Replay { .. }));
        let stranger = Cursor { instance: 1, seq: 5 };
        assert_eq!(late.gap(Some(stranger)), Gap::Reborn { until: late.newest.seq });
        let mut all = netd.client.replay(Some(stranger), last).await.unwrap();
        assert_eq!(all.next().await.unwrap().unwrap().seq, 1);
    });
}

/// covers: N12
#[test]
fn a_follower_that_does_not_read_holds_up_nobody_and_is_cut_off() {
    let Some(netd) = start(|config| config.ring_bytes = 4 << 20) else {
        return;
    };
    runtime().block_on(async {
        let lazy = netd.client.follow(None).await.unwrap();
        let mut live = netd.follow().await;
        // Each configuration of many trunks makes many events.
        let mut wanted = desired(vec![]);
        wanted.trunks = (0..256)
            .map(|n| ets_netd_api::Trunk { name: format!("{n:0>60}"), interfaces: vec![] })
            .collect();
        for generation in 1..=250 {
            wanted.generation = generation;
            netd.client.configure(wanted.clone()).await.unwrap();
            let is_last = |event: &ets_netd_api::Event| match event.body {
                EventBody::Configured { generation: seen, .. } => {
                    (seen == generation).then_some(())
                }
                _ => None,
            };
            until(&mut live, SOON, is_last).await;
        }
        let mut lazy = lazy;
        let end = loop {
            match lazy.next().await {
                Ok(Some(_)) => {}
                other => break other,
            }
        };
        assert!(
            matches!(&end, Err(Error::Refused(why)) if why.contains("too slowly"))
                || matches!(end, Err(Error::Closed) | Ok(None)),
            "{end:?}"
        );
        assert!(netd.client.status().await.unwrap().ring_bytes <= 4 << 20);
    });
}

#[test]
fn a_held_socket_is_handed_over_and_outlives_its_user() {
    let handed = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = handed.local_addr().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let config = support::config(directory.path());
    let client = ets_netd_api::Client::new(&config.socket);
    let number = {
        let copy = nix::unistd::dup(&handed).unwrap();
        let number = copy.as_raw_fd();
        std::mem::forget(copy);
        number
    };
    drop(handed);
    let deps = Deps { listen: Some(format!("dashboard={number}")), ..Deps::default() };
    let netd = match build(config, deps) {
        Ok(netd) => netd,
        Err(error) => return eprintln!("skipped: {error}"),
    };
    let (trigger, shutdown) = ets_runtime::Shutdown::new();
    let thread = std::thread::spawn(move || runtime().block_on(netd.run(shutdown)));
    runtime().block_on(async {
        for _user in 0..2 {
            let listener = client.tcp_listener("dashboard").await.unwrap();
            assert_eq!(listener.local_addr().unwrap(), address);
            let mut visitor = std::net::TcpStream::connect(address).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let (accepted, _) = listener.accept().await.unwrap();
            drop(accepted);
            visitor.write_all(b"x").unwrap();
        }
        // Between users nobody is refused.
        std::net::TcpStream::connect(address).unwrap();
        match client.listener("other").await {
            Err(Error::Refused(why)) => assert!(why.contains("dashboard"), "{why}"),
            other => panic!("{other:?}"),
        }
    });
    trigger.fire();
    thread.join().unwrap().unwrap();
}

/// covers: N3.1
#[test]
fn a_ping_on_demand_comes_line_by_line_with_the_errors_of_others() {
    if !own_namespace() {
        return;
    }
    let _far = support::Far::segment(1);
    support::run("ip route add unreachable 10.99.0.0/24");
    let Some(netd) = start(|_| {}) else { return };
    runtime().block_on(async {
        let lines = |address: &str, count| {
            let (client, address) = (netd.client.clone(), address.parse().unwrap());
            async move {
                let apart = Duration::from_millis(100);
                let mut ping = client.ping(address, count, apart).await.unwrap();
                let mut lines = Vec::new();
                while let Some(line) = ping.next().await.unwrap() {
                    lines.push(line);
                }
                lines
            }
        };
        let answered = lines("10.77.1.2", 5).await;
        assert_eq!(answered.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert!(answered.iter().all(|line| matches!(line.outcome, Outcome::Answered(_))));
        let home = lines("127.0.0.1", 1).await;
        assert!(matches!(home[0].outcome, Outcome::Answered(_)), "{home:?}");
        let unreachable = lines("10.99.0.1", 1).await;
        assert_eq!(unreachable[0].outcome, Outcome::Lost);
        assert!(unreachable[0].error.is_some(), "{unreachable:?}");
        for (count, apart) in [(0, 100), (1_001, 100), (1, 99)] {
            let apart = Duration::from_millis(apart);
            let mut ping = netd.client.ping(HOME, count, apart).await.unwrap();
            assert!(matches!(ping.next().await, Err(Error::Refused(_))));
        }
    });
}

#[test]
fn a_disk_that_refuses_keeps_nobody_from_being_watched_and_is_tried_again() {
    let Some(netd) = start(|_| {}) else { return };
    let (state, away) = (netd.directory.path().join("state"), netd.directory.path().join("away"));
    runtime().block_on(async {
        std::fs::rename(&state, &away).unwrap();
        netd.client.configure(desired(vec![target(1, "127.0.0.1", "")])).await.unwrap();
        let status = netd.client.status().await.unwrap();
        assert_eq!((status.targets, status.kept), (1, false));
        std::fs::rename(&away, &state).unwrap();
        let begin = std::time::Instant::now();
        while !netd.client.status().await.unwrap().kept {
            assert!(begin.elapsed() < Duration::from_secs(8));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(state.join("desired").exists());
    });
}

#[test]
fn the_control_socket_is_for_its_owner_and_group_and_a_second_netd_is_refused() {
    let Some(mut netd) = start(|_| {}) else {
        return;
    };
    let mode = std::fs::metadata(netd.client.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let again = build(support::config(netd.directory.path()), Deps::default());
    assert!(matches!(again, Err(ets_netd::Error::Running(_))));
    runtime().block_on(async {
        let status = netd.client.status().await.unwrap();
        assert_eq!(status.pid, std::process::id());
        assert!(
            status.resident > 0 && status.ring_limit == 64 << 20 && status.machine_bytes < 4096
        );
    });
    let path = netd.client.path().to_owned();
    netd.stop();
    assert!(!path.exists(), "an orderly end leaves no socket behind");
}
