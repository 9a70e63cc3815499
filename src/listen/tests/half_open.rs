//! Handshakes that are begun and not continued: what each costs, how many there may be, and that
//! others are served meanwhile. Judged by openssl and by the memory that the kernel counts; alone in
//! its process, because both ends are in it.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use ets_listen::{Bounds, Client, Connections, Counters, Handler, serve_service};
use ets_runtime::{Shutdown, ShutdownTrigger};
use ets_tls::testing::bootstrap;
use ets_tls::{Acceptor, Paths, RevocationSet};
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

/// More than there may be at a time.
const MANY: usize = 1_500;
/// The most that one costs, in bytes: 76 KB were measured with the longest hello, 19 KB with a usual
/// one; and one that waits, 4 KB.
const SHAKES: usize = 96 << 10;
const WAITS: usize = 8 << 10;

struct Hub {
    paths: Paths,
    address: SocketAddr,
    counters: Arc<Counters>,
    _dir: tempfile::TempDir,
    _end: ShutdownTrigger,
}

struct Greets;

impl Handler for Greets {
    type Body = Body;

    fn answer(
        &self,
        _: Request<Incoming>,
    ) -> impl Future<Output = Response<Body>> + Send + 'static {
        std::future::ready(Response::new(Body::from("hello")))
    }
}

impl Hub {
    fn start(bounds: Bounds) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = bootstrap(dir.path(), &["localhost".to_owned()]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (end, shutdown) = Shutdown::new();
        let revoked = Arc::new(RevocationSet::new());
        revoked.load([]);
        let acceptor =
            Acceptor::entrance(&paths, Arc::clone(&revoked), &["open.example".to_owned()]).unwrap();
        let entry = (acceptor, Connections::new(revoked));
        let counters = Arc::<Counters>::default();
        let make = |_: Arc<Client>| Greets;
        let allowed = (bounds, Arc::clone(&counters));
        tokio::spawn(serve_service(listener, entry, make, allowed, shutdown));
        Self { paths, address, counters, _dir: dir, _end: end }
    }
}

/// The first words of openssl.
fn hello() -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", "-servername", "localhost", "-connect", &at]);
    openssl.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = openssl.spawn().unwrap();
    let mut said = vec![0; 4096];
    let length = listener.accept().unwrap().0.read(&mut said).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    said.truncate(length);
    said
}

/// A hello of 60 KB in records of 16 KB that does not come to its end.
fn long_hello() -> Vec<u8> {
    let mut said = Vec::new();
    let whole = [&[1, 0, 0xff, 0xf0, 3, 3][..], &[7; 60_000]].concat();
    for part in whole.chunks(16_000) {
        said.extend([22, 3, 1]);
        said.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
        said.extend(part);
    }
    said
}

fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

async fn connect(hub: &Hub, from: u8, said: &[u8]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 1, from)), 0)).unwrap();
    let mut stream = socket.connect(hub.address).await.unwrap();
    stream.write_all(said).await.unwrap();
    stream
}

/// Begins so many handshakes, from so many addresses, and goes on with none.
async fn flood(hub: &Hub, many: usize, addresses: usize, said: &[u8]) -> Vec<TcpStream> {
    let mut all = Vec::new();
    for no in 0..many {
        all.push(connect(hub, (no % addresses) as u8 + 1, said).await);
    }
    all
}

fn figure(of: &AtomicU64) -> u64 {
    of.load(Ordering::Relaxed)
}

async fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what} did not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// How long a whole request takes.
async fn curl(hub: &Hub, from: &str) -> Duration {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--max-time", "10", "--interface", from, "--cacert"]);
    curl.arg(&hub.paths.ca_cert).arg("--ipv4");
    curl.arg(format!("https://localhost:{}/", hub.address.port()));
    let begun = Instant::now();
    let output = tokio::task::spawn_blocking(move || curl.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(said, "hello");
    begun.elapsed()
}

/// covers: T-8 (half-open handshakes)
#[tokio::test(flavor = "multi_thread")]
async fn what_half_open_handshakes_cost_is_bounded_and_others_are_served_meanwhile() {
    let hub = Hub::start(Bounds::default());
    curl(&hub, "127.0.0.200").await;
    let Counters { shaking, open, sent_away, .. } = &*hub.counters;
    let (before, at_a_time) = (resident(), Bounds::default().handshakes);
    let all = flood(&hub, MANY, 100, &long_hello()).await;
    wait_for("the flood", || figure(&hub.counters.accepted) > MANY as u64).await;
    assert!(figure(shaking) <= at_a_time as u64);
    let took = curl(&hub, "127.0.0.200").await;
    let cost = resident() - before;
    println!("{MANY} half-open handshakes: {} KiB; another took {took:?}", cost >> 10);
    assert!(cost < at_a_time * SHAKES + MANY * WAITS, "{cost}");
    assert!(took < Duration::from_secs(3), "the oldest go for it once they had a second: {took:?}");
    wait_for("the end of the oldest", || figure(sent_away) >= at_a_time as u64).await;
    wait_for("their end", || figure(open) == 0).await;
    assert_eq!(figure(shaking), 0);
    drop(all);
}

/// covers: T-8 (half-open handshakes)
#[tokio::test(flavor = "multi_thread")]
async fn one_address_is_in_nobody_elses_way() {
    let hub = Hub::start(Bounds::default());
    for said in [&b""[..], &hello()[..40], &hello(), &long_hello()] {
        let before = figure(&hub.counters.accepted);
        let all = flood(&hub, 500, 1, said).await;
        wait_for("the flood", || figure(&hub.counters.accepted) == before + 500).await;
        let most = Bounds::default().handshakes_per_address as u64;
        assert!(figure(&hub.counters.shaking) <= most);
        let took = curl(&hub, "127.0.0.200").await;
        assert!(took < Duration::from_millis(900), "another address: {took:?}");
        let took = curl(&hub, "127.0.1.1").await;
        assert!(took < Duration::from_secs(3), "somebody behind the same address: {took:?}");
        drop(all);
        wait_for("their end", || figure(&hub.counters.open) == 0).await;
    }
}
