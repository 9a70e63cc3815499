//! The gateway between a segment and the outside, in a network namespace, judged by curl. Needs
//! root; says so when it cannot run.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use ets_gateway::meters::Meters;
use ets_gateway::policy::{Ground, Policy, Rules};
use ets_gateway::relay::Patience;
use ets_gateway::{Gateway, Resolve, World, http, socks};
use ets_model::{PortRange, Protocol, SegmentId, SegmentNo};
use jiff::Zoned;
use nix::sched::{CloneFlags, unshare};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

const HTTP: &str = "10.10.0.1:3128";
const SOCKS: &str = "10.10.0.1:1080";
const OUTSIDE: &str = "203.0.113.9";
const CLIENT: &str = "10.10.1.2";

const RULES: &str = r#"{
  "rules": [
    { "id": "no-games", "name": { "en": "No games" }, "to": { "domains": ["games.test"] },
      "action": "refuse" },
    { "id": "work", "name": { "en": "Working hours" }, "who": { "segments": ["s1"] },
      "ports": ["tcp/80", "tcp/7"], "hours": ["mon-fri 09:00-18:00"], "action": "allow" }
  ]
}"#;

#[derive(Clone)]
struct Lab(Arc<Mutex<Zoned>>);

impl World for Lab {
    fn segment_of(&self, address: IpAddr) -> Option<SegmentNo> {
        match address {
            IpAddr::V4(address) if address.octets()[..2] == [10, 10] => {
                Some(SegmentNo(address.octets()[2].into()))
            }
            _ => None,
        }
    }

    fn now(&self) -> Zoned {
        self.0.lock().unwrap().clone()
    }
}

/// Names as a table; counts nothing, forgets nothing.
struct Table(HashMap<&'static str, Vec<IpAddr>>);

impl Resolve for Table {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(self.0.get(name).cloned().unwrap_or_default())
    }
}

fn policy(text: &str) -> Policy {
    let rules: Rules = serde_json::from_str(text).unwrap();
    let ground = Ground::new(["10.10.0.0/16", "203.0.113.1/32"].map(|net| net.parse().unwrap()));
    let number = |id: &SegmentId| id.as_str().trim_start_matches('s').parse().ok().map(SegmentNo);
    Policy::new(Arc::new(rules), ground, number).unwrap()
}

fn at(text: &str) -> Zoned {
    format!("{text}[Asia/Almaty]").parse().unwrap()
}

/// Runs a test in a network namespace of its own with a hub, a client and a host outside.
fn in_namespace<F: Future<Output = ()>>(test: impl FnOnce(Arc<Gateway<Table>>, Lab) -> F) {
    if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) {
        eprintln!("skipped: a network namespace needs root ({errno})");
        return;
    }
    for line in [
        "link set lo up",
        "addr add 10.10.0.1/16 dev lo",
        "addr add 10.10.1.2/16 dev lo",
        "addr add 10.10.2.2/16 dev lo",
        "addr add 203.0.113.1/24 dev lo",
        "addr add 203.0.113.9/24 dev lo",
    ] {
        assert!(Command::new("ip").args(line.split(' ')).status().unwrap().success(), "ip {line}");
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(async {
        let lab = Lab(Arc::new(Mutex::new(at("2026-11-30T10:00:00"))));
        let names = [
            ("web.test", OUTSIDE),
            ("games.test", OUTSIDE),
            ("inside.test", CLIENT),
            ("loop.test", "127.0.0.1"),
        ];
        let names = names.map(|(name, address)| (name, vec![address.parse().unwrap()]));
        let patience =
            Patience { idle: Duration::from_secs(30), half_closed: Duration::from_secs(5) };
        let gateway = Gateway::new(
            Arc::new(lab.clone()),
            Table(names.into_iter().collect()),
            policy(RULES),
            (patience, Meters::in_memory().unwrap()),
        );
        let ports = PortRange { protocol: Protocol::Udp, first: 40_000, last: 40_099 };
        let gateway = Arc::new(gateway.with_udp(Some(ports)));
        listen(HTTP, Arc::clone(&gateway), |gateway, stream, peer| async move {
            drop(http::serve(gateway, stream, peer).await);
        })
        .await;
        listen(SOCKS, Arc::clone(&gateway), |gateway, stream, peer| async move {
            drop(socks::serve(&gateway, stream, peer).await);
        })
        .await;
        outside().await;
        test(gateway, lab).await;
    });
}

async fn listen<F: Future<Output = ()> + Send + 'static>(
    address: &str,
    gateway: Arc<Gateway<Table>>,
    serve: impl Fn(Arc<Gateway<Table>>, TcpStream, SocketAddr) -> F + Send + 'static,
) {
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            tokio::spawn(serve(Arc::clone(&gateway), stream, peer));
        }
    });
}

/// A web server that tells what it heard, and one that says everything back.
async fn outside() {
    let told = any(|request: Request| async {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        format!("{} {} {:?} {}", parts.method, parts.uri, parts.headers, body.len())
    });
    let router =
        Router::new().route("/large", any(|| async { vec![b'x'; 5 << 20] })).fallback(told);
    let listener = TcpListener::bind((OUTSIDE, 80)).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let echo = TcpListener::bind((OUTSIDE, 7)).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = echo.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                drop(tokio::io::copy(&mut read, &mut write).await);
            });
        }
    });
}

/// What curl says, and with which exit status; from the client's address unless told otherwise.
async fn curl(words: &str) -> (i32, String) {
    let from = if words.contains("--interface") { "" } else { "--interface 10.10.1.2 " };
    let line = format!("{from}-sS -m 10 --noproxy none {words}");
    let mut command = tokio::process::Command::new("curl");
    let output = command.args(line.split(' ')).output().await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
}

/// The four ways through the gateway.
const WAYS: [&str; 4] = [
    "-x http://10.10.0.1:3128",
    "-x http://10.10.0.1:3128 --proxytunnel",
    "-x socks5h://10.10.0.1:1080",
    "-x socks5://10.10.0.1:1080",
];

/// covers: N6.1, G1
#[test]
fn curl_passes_by_each_way_where_the_rules_allow_it() {
    in_namespace(|gateway, _| async move {
        for way in WAYS {
            // With socks5 the client looks names up himself.
            let host = if way.contains("socks5:") { OUTSIDE } else { "web.test" };
            let (code, told) = curl(&format!("{way} http://{host}/page?a=b")).await;
            assert!(code == 0 && told.starts_with("GET /page?a=b "), "{way}: {told}");
            assert!(!told.contains("proxy-"), "{way}: {told}");
            let (_, told) = curl(&format!("{way} -d body http://{host}/")).await;
            assert!(told.ends_with(" 4"), "{way}: {told}");
            let chunked = "-H Transfer-Encoding:chunked -X GET -d body";
            let (_, told) = curl(&format!("{way} {chunked} http://{host}/")).await;
            assert!(told.ends_with(" 4"), "{way}: {told}");
            let (code, told) = curl(&format!("{way} http://{host}/large")).await;
            assert_eq!((code, told.len()), (0, 5 << 20), "{way}");
        }
        gone(&gateway).await;
    });
}

/// covers: N6.1, G1, G6: clear refusals, by each way, and nothing is left open
#[test]
fn who_may_not_is_told_so_by_each_way() {
    in_namespace(|gateway, _| async move {
        for (what, why) in [
            ("http://games.test/", "“No games”"),
            ("http://web.test:8080/", "No rule allows it"),
            ("http://inside.test/", "inside the network"),
            ("http://10.10.0.1/", "inside the network"),
            ("http://203.0.113.1/", "inside the network"),
            ("http://loop.test/", "no host’s outside"),
            ("http://127.0.0.1/", "no host’s outside"),
            ("http://169.254.169.254/latest/meta-data/", "no host’s outside"),
            ("http://[::ffff:10.10.0.1]/", "inside the network"),
            ("--interface 10.10.2.2 http://web.test/", "No rule allows it"),
            ("--interface 203.0.113.9 http://web.test/", "no segment"),
        ] {
            let (_, told) =
                curl(&format!("{} -H Accept-Language:en -w %{{http_code}} {what}", WAYS[0])).await;
            assert!(told.contains(why) && told.ends_with("403"), "{what}: {told}");
            let (code, told) = curl(&format!("{} {what}", WAYS[1])).await;
            assert!(code == 56 && told.contains("403"), "{what}: {code} {told}");
            let (code, told) = curl(&format!("{} {what}", WAYS[2])).await;
            assert!(code == 97 && told.contains("(2)"), "{what}: {code} {told}");
        }
        let (_, told) = curl(&format!("{} -w %{{http_code}} http://none.test/", WAYS[0])).await;
        assert!(told.ends_with("502"), "{told}");
        let (code, told) = curl(&format!("{} http://203.0.113.9:7777/", WAYS[0])).await;
        assert!(code == 0 && told.contains("Ни одно правило"), "{told}");
        gone(&gateway).await;
    });
}

/// covers: N6.1, G3: a change reaches open tunnels and cuts only those that lost the right
#[test]
fn a_change_of_the_rules_or_of_the_hour_cuts_only_what_lost_the_right() {
    in_namespace(|gateway, lab| async move {
        let echo = || tunnel(OUTSIDE, 7);
        let (mut first, mut second) = (echo().await, echo().await);
        said_back(&mut first).await.unwrap();
        said_back(&mut second).await.unwrap();
        assert_eq!(gateway.open(), 2);
        let by_name = RULES.replace("games.test", "other.test");
        assert_eq!(gateway.enforce(policy(&by_name)), 0);
        said_back(&mut first).await.unwrap();
        *lab.0.lock().unwrap() = at("2026-11-30T18:00:00");
        assert_eq!(gateway.judge_again(), 2);
        assert!(said_back(&mut first).await.is_err() && said_back(&mut second).await.is_err());
        gone(&gateway).await;
    });
}

/// covers: N6.1, N6.4: no more at once than the limit says, and the segment has what passed
#[test]
fn a_segment_has_no_more_connections_than_its_limit_and_what_passed_is_its_own() {
    in_namespace(|gateway, _| async move {
        let limit = r#"{ "limits": [{ "id": "one", "connections": 1 }],"#;
        gateway.enforce(policy(&RULES.replacen('{', limit, 1)));
        let mut held = tunnel(OUTSIDE, 7).await;
        said_back(&mut held).await.unwrap();
        let (_, told) = curl(&format!("{} -w %{{http_code}} http://web.test/", WAYS[0])).await;
        assert!(told.ends_with("429"), "{told}");
        let (code, told) = curl(&format!("{} http://web.test/", WAYS[2])).await;
        assert!(code == 97 && told.contains("(2)"), "{code} {told}");
        let of = |no: u32| {
            let found = gateway.passed().into_iter().find(|(segment, _)| segment.0 == no);
            found.map(|(_, passed)| (passed.up, passed.down, passed.tunnels))
        };
        assert_eq!(of(1), Some((5, 5, 0)), "seen while the tunnel is open");
        drop(held);
        gone(&gateway).await;
        assert_eq!(of(1), Some((5, 5, 1)));
        let (code, told) = curl(&format!("{} http://web.test/", WAYS[0])).await;
        assert_eq!(code, 0, "{told}");
    });
}

/// covers: G6: what stands in the head cannot become a second request, nor a body a tunnel
#[test]
fn a_head_that_is_none_is_refused() {
    in_namespace(|gateway, _| async move {
        for head in [
            "CONNECT 203.0.113.9:7 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
            "CONNECT 203.0.113.9:7 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "CONNECT user@203.0.113.9:7 HTTP/1.1\r\n\r\n",
            "CONNECT 203.0.113.9 HTTP/1.1\r\n\r\n",
            "CONNECT http://203.0.113.9:7/ HTTP/1.1\r\n\r\n",
            "CONNECT 127.1:7 HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: web.test\r\n\r\n",
            "GET https://web.test/ HTTP/1.1\r\nHost: web.test\r\n\r\n",
            "GET http://user@web.test/ HTTP/1.1\r\nHost: web.test\r\n\r\n",
            "GET http://web.test/ HTTP/1.1\r\nHost: web.test\r\nBad Header: x\r\n\r\n",
            "SSH-2.0-OpenSSH\r\n\r\n",
        ] {
            let mut stream = client(HTTP).await;
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut heard = Vec::new();
            drop(stream.read_to_end(&mut heard).await);
            assert!(heard.starts_with(b"HTTP/1.1 400"), "{head}: {}", heard.escape_ascii());
        }
        let long = format!("CONNECT 203.0.113.9:7 HTTP/1.1\r\nX: {}", "x".repeat(40 << 10));
        let mut stream = client(HTTP).await;
        drop(stream.write_all(long.as_bytes()).await);
        let mut heard = Vec::new();
        drop(stream.read_to_end(&mut heard).await);
        assert!(heard.is_empty() || heard.starts_with(b"HTTP/1.1 431"), "{}", heard.escape_ascii());
        gone(&gateway).await;
    });
}

async fn client(hub: &str) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((CLIENT.parse::<IpAddr>().unwrap(), 0).into()).unwrap();
    socket.connect(hub.parse().unwrap()).await.unwrap()
}

/// A tunnel by CONNECT, which begins with the host's own octets.
async fn tunnel(host: &str, port: u16) -> TcpStream {
    let mut stream = client(HTTP).await;
    stream.write_all(format!("CONNECT {host}:{port} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = [0; 39];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 Connection established\r\n\r\n");
    stream
}

async fn said_back(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"hello").await?;
    let mut heard = [0; 5];
    stream.read_exact(&mut heard).await?;
    assert_eq!(&heard, b"hello");
    Ok(())
}

/// Waits until no tunnel is open any more.
async fn gone(gateway: &Gateway<Table>) {
    let patient = async {
        while gateway.open() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), patient).await.expect("no tunnel is left");
}

/// Puts limits beside the rules, and holds them as the keeper does.
fn limit(gateway: &Arc<Gateway<Table>>, limits: &str) {
    let rules = RULES.trim_end().strip_suffix('}').unwrap();
    gateway.enforce(policy(&format!("{rules}, \"limits\": [{limits}] }}")));
}

/// covers: N6.1, N6.5, G4: by each way a download ends with the volume, and who asks is told
#[test]
fn a_volume_ends_a_download_by_each_way_and_is_told_in_words() {
    const VOLUME: u64 = 2_000_000;
    in_namespace(|gateway, lab| async move {
        let keeper = Arc::clone(&gateway);
        tokio::spawn(async move {
            loop {
                keeper.hold();
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        });
        let volume = format!(
            r#"{{ "id": "school", "name": {{ "ru": "Школьный" }}, "who": {{ "segments": ["s1"] }},
            "volume": {{ "bytes": {VOLUME}, "per": "day" }}, "ask": {{ "ru": "Асем, 21-14" }} }}"#
        );
        limit(&gateway, &volume);
        for (day, way) in (30..=30).chain(1..=3).zip(WAYS) {
            let month = if day == 30 { 11 } else { 12 };
            *lab.0.lock().unwrap() = at(&format!("2026-{month}-{day:02}T10:00:00"));
            gateway.hold();
            let before = total(&gateway);
            let (code, told) = curl(&format!("{way} http://{OUTSIDE}/large")).await;
            let passed = total(&gateway) - before;
            assert_ne!(code, 0, "{way}: half of it is no whole");
            assert!((VOLUME..VOLUME + 1_000_000).contains(&passed), "{way}: {passed} passed");
            assert!(told.len() as u64 <= passed + 500, "{way}: {}", told.len());
            let ask = format!("{way} -i -H Accept-Language:ru http://{OUTSIDE}/");
            let (code, told) = curl(&ask).await;
            let told = told.replace('\u{a0}', " ");
            match way {
                _ if way.contains("socks") => assert_eq!(code, 97, "{way}: {told}"),
                // A tunnel's refusal is not shown; its status is.
                _ if way.contains("tunnel") => assert!(told.contains("429"), "{way}: {told}"),
                _ => {
                    assert!(told.starts_with("HTTP/1.1 429 "), "{told}");
                    let next = "retry-after: Mon, 30 Nov 2026 19:00:00 GMT";
                    for words in ["предел «Школьный»", "2,00 МБ", "1 декабря 2026", "Асем", next]
                    {
                        assert!(told.contains(words), "{words}: {told}");
                    }
                }
            }
        }
        // More of it lets him in at once; no limit was ever another segment's.
        let (code, _) = curl(&format!("--interface 10.10.2.2 {} http://{OUTSIDE}/", WAYS[0])).await;
        assert_eq!(code, 0);
        limit(&gateway, &volume.replace("2000000", "90000000"));
        let (code, told) = curl(&format!("{} http://{OUTSIDE}/large", WAYS[0])).await;
        assert_eq!((code, told.len()), (0, 5 << 20));
    });
}

fn total(gateway: &Gateway<Table>) -> u64 {
    gateway.passed().iter().map(|(_, passed)| passed.up + passed.down).sum()
}

/// covers: N6.1: shared by all connections of the segment, whichever way they take; changed at once
#[test]
fn a_bandwidth_is_held_by_each_way() {
    in_namespace(|gateway, _| async move {
        let slow = r#"{ "id": "slow", "who": { "segments": ["s1"] }, "bandwidth": 16000000 }"#;
        limit(&gateway, slow);
        let fetch = |way: &str| {
            let way = format!("{way} -o /dev/null -w %{{time_total}} http://{OUTSIDE}/large");
            async move {
                let (code, told) = curl(&way).await;
                assert_eq!(code, 0, "{way}: {told}");
                told.trim().parse::<f64>().unwrap()
            }
        };
        for way in WAYS {
            let seconds = fetch(way).await;
            // 5 MiB less a tenth of a second's burst, at 2 MB a second.
            assert!((2.3..2.9).contains(&seconds), "{way}: {seconds} s");
        }
        let begun = std::time::Instant::now();
        let both = tokio::join!(fetch(WAYS[0]), fetch(WAYS[1]));
        let all = begun.elapsed().as_secs_f64();
        assert!((4.6..5.8).contains(&all), "two at once: {both:?}");
        let (seconds, ()) = tokio::join!(fetch(WAYS[2]), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            limit(&gateway, "");
        });
        assert!((0.9..1.5).contains(&seconds), "an open tunnel learns of it: {seconds} s");
    });
}

/// covers: N6.1, N6.3: datagrams by SOCKS have the bandwidth and the volume of their segment
#[test]
fn datagrams_are_held_by_a_bandwidth_and_ended_by_a_volume() {
    const SIZE: usize = 1_000;
    in_namespace(|gateway, _| async move {
        let rules = RULES.replace(r#""tcp/7"]"#, r#""tcp/7", "udp/7"]"#);
        let rules = rules.trim_end().strip_suffix('}').unwrap().to_owned();
        let enforce = |limit: &str| {
            gateway.enforce(policy(&format!("{rules}, \"limits\": [{limit}] }}")));
        };
        enforce("");
        let echo = UdpSocket::bind((OUTSIDE, 7)).await.unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 2_000];
            while let Ok((length, from)) = echo.recv_from(&mut buffer).await {
                drop(echo.send_to(&buffer[..length], from).await);
            }
        });
        let mut control = client(SOCKS).await;
        control.write_all(&[5, 1, 0, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
        let mut told = [0; 12];
        control.read_exact(&mut told).await.unwrap();
        assert_eq!(told[..4], [5, 0, 5, 0], "{told:?}");
        let port = u16::from_be_bytes([told[10], told[11]]);
        let socket = UdpSocket::bind((CLIENT, 0)).await.unwrap();
        socket.connect(("10.10.0.1", port)).await.unwrap();
        let datagram = [&[0, 0, 0, 1, 203, 0, 113, 9, 0, 7][..], &[7; SIZE]].concat();
        // Twice of 2 Mbit/s for two seconds; what comes back in that time and a little more.
        let flood = async || {
            let (mut due, mut heard) = (tokio::time::interval(Duration::from_millis(2)), 0_u64);
            let mut buffer = [0; 2_000];
            let end = tokio::time::Instant::now() + Duration::from_secs(2);
            loop {
                tokio::select! {
                    _ = due.tick() => drop(socket.send(&datagram).await),
                    got = socket.recv(&mut buffer) => heard += u64::from(got.is_ok()),
                    () = tokio::time::sleep_until(end) => return heard,
                }
            }
        };
        let free = flood().await;
        assert!(free > 950, "without a limit: {free} of 1000");
        enforce(r#"{ "id": "slow", "who": { "segments": ["s1"] }, "bandwidth": 2000000 }"#);
        let slow = flood().await;
        // 250 in a second, and what may pass at once after a rest.
        assert!((400..600).contains(&slow), "2 Mbit/s: {slow}");
        let passed = total(&gateway);
        let volume = passed + 100_000;
        enforce(&format!(
            r#"{{ "id": "v", "who": {{ "segments": ["s1"] }},
            "volume": {{ "bytes": {volume}, "per": "day" }} }}"#
        ));
        let last = flood().await;
        let more = total(&gateway) - passed;
        assert!((45..=51).contains(&last) && more <= 102_000, "a volume ends: {last}, {more}");
        let why = ets_gateway::datagrams::Dropped::TooMuch;
        let dropped = gateway.datagrams().dropped().find(|(one, _)| *one == why).unwrap().1;
        assert!(dropped > 300, "and it is told: {dropped}");
    });
}
