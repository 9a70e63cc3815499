//! Many connections and many revocations (T-1): what a certificate opened lives on for how long, and
//! whether anything of it is left. `ETS_SIZE=full` takes 10,000 connections and 10,000 trials.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Version};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::bed::{AT_ONCE, Bed, client, service, until, wait_for};

/// Connections of one person, one of each kind.
const KINDS: usize = 4;
/// At the most this long after a revocation anything may live: the rest of a try is then counted as
/// a leak.
const LEAK: Duration = Duration::from_secs(1);

type Stream = TlsStream<tokio::net::TcpStream>;
/// The moment at which a connection ended.
type End = JoinHandle<Instant>;

struct Owner {
    one: Arc<ClientConfig>,
    two: Arc<ClientConfig>,
    open: Vec<End>,
}

fn size(small: usize, full: usize) -> usize {
    if std::env::var("ETS_SIZE").is_ok_and(|size| size == "full") { full } else { small }
}

async fn connect(at: SocketAddr, config: &Arc<ClientConfig>, from: u8) -> std::io::Result<Stream> {
    let socket = TcpSocket::new_v4()?;
    // Of many addresses, so that ports do not run out.
    socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 1, from)), 0))?;
    let stream = socket.connect(at).await?;
    let name = ServerName::try_from("closed.example").unwrap();
    TlsConnector::from(Arc::clone(config)).connect(name, stream).await
}

async fn until_its_end(mut stream: Stream) -> Instant {
    let mut part = [0; 1024];
    while let Ok(1..) = stream.read(&mut part).await {}
    Instant::now()
}

/// The proxy in a process of its own: neither has descriptors for both ends of all connections.
struct Proxy {
    address: SocketAddr,
    dir: PathBuf,
    child: Child,
    says: std::io::Lines<BufReader<ChildStdout>>,
    /// Ends when its input does: when this is dropped.
    _service: (Child, std::io::Lines<BufReader<ChildStdout>>),
}

impl Proxy {
    fn start(people: usize, connections: usize) -> Self {
        let mut service = role("as_service", &[]);
        let at = word(&mut service.1);
        let size = [("ETS_PEOPLE", people), ("ETS_CONNECTIONS", connections)];
        let size = size.map(|(name, value)| (name, value.to_string()));
        let (child, mut says) = role("as_proxy", &[&size[..], &[("ETS_SERVICE", at)]].concat());
        let (address, dir) = (word(&mut says).parse().unwrap(), word(&mut says).into());
        Self { address, dir, child, says, _service: service }
    }

    /// Tells it something and waits until it is done.
    fn tell(&mut self, what: &str) -> usize {
        writeln!(self.child.stdin.as_mut().unwrap(), "{what}").unwrap();
        word(&mut self.says).parse().unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Both roles end when their input does.
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

/// This test binary in another role.
fn role(name: &str, size: &[(&str, String)]) -> (Child, std::io::Lines<BufReader<ChildStdout>>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("scale::{name}"), "--ignored", "--nocapture"]);
    command.envs(size.iter().map(|(name, value)| (*name, value.as_str())));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let says = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, says)
}

/// The next word that is meant for us; the rest is the log.
fn word(says: &mut std::io::Lines<BufReader<ChildStdout>>) -> String {
    let mut words = says.map(|line| line.unwrap());
    let mine = words.find_map(|line| line.rsplit_once("@@ ").map(|(_, word)| word.to_owned()));
    mine.expect("the other process answers")
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// The service, until the input ends.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a role of the test below"]
async fn as_service() {
    println!("@@ {}", service().await);
    let input = tokio::task::spawn_blocking(|| std::io::stdin().lines().count());
    input.await.unwrap();
}

/// The proxy, until the input ends.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a role of the test below"]
async fn as_proxy() {
    let (people, connections): (usize, usize) =
        (env("ETS_PEOPLE").parse().unwrap(), env("ETS_CONNECTIONS").parse().unwrap());
    let bed = Bed::with_people(people, vec![env("ETS_SERVICE").parse().unwrap()], |config| {
        config.bounds.limits.connections = 4 * connections;
        // A quiet connection is to stay for as long as the trials take.
        config.bounds.limits.request_head = Duration::from_secs(3600);
        config.bounds.per_address = connections;
        config.at_once.of_service = 4 * connections;
        config.bounds.idle = Duration::from_secs(3600);
        config.per_certificate.rate = 0;
    });
    println!("@@ {}", bed.address);
    println!("@@ {}", bed.dir.path().display());
    let ids: Vec<_> = (0..people).map(|at| bed.id(&format!("p{at}"))).collect();
    let told = tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lines() {
            let line = line.unwrap();
            let (what, at) = line.split_once(' ').unwrap();
            let id = ids[at.parse::<usize>().unwrap()];
            let done = match what {
                "revoke" => bed.connections.revoke(id),
                "restore" => usize::from(bed.revoked.remove(id)),
                _ => bed.connections.len(),
            };
            println!("@@ {done}");
        }
    });
    told.await.unwrap();
}

/// Opens what a person has open: a `WebSocket`, a stream of events, a quiet connection, and one over
/// HTTP/2 with a request under way.
async fn open(proxy: SocketAddr, owner: &mut Owner, from: u8) {
    let asked = [
        (
            "GET /socket HTTP/1.1\r\nHost: closed.example\r\nConnection: Upgrade\r\n\
          Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a2V5\r\n\r\n",
            "101",
        ),
        ("GET /quiet HTTP/1.1\r\nHost: closed.example\r\n\r\n", "tick"),
        ("GET /early HTTP/1.1\r\nHost: closed.example\r\n\r\n", "202"),
    ];
    for (request, word) in asked {
        let mut stream = connect(proxy, &owner.one, from).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        until(&mut stream, word).await;
        owner.open.push(tokio::spawn(until_its_end(stream)));
    }
    let stream = connect(proxy, &owner.two, from).await.unwrap();
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    let under_way = Request::get("https://closed.example/quiet").version(Version::HTTP_2);
    let mut sender = sender.ready().await.unwrap();
    let (answer, _) = sender.send_request(under_way.body(()).unwrap(), true).unwrap();
    owner.open.push(tokio::spawn(async move {
        let held = (sender, answer);
        drop(connection.await);
        drop(held);
        Instant::now()
    }));
}

/// Whether a person gets an answer over a new connection, by a session of before where there is one.
async fn is_answered(proxy: SocketAddr, config: &Arc<ClientConfig>, from: u8) -> bool {
    let Ok(mut stream) = connect(proxy, config, from).await else { return false };
    let request = b"GET /early HTTP/1.1\r\nHost: closed.example\r\n\r\n";
    if stream.write_all(request).await.is_err() {
        return false;
    }
    let mut part = [0; 16];
    matches!(stream.read(&mut part).await, Ok(9..) if part.starts_with(b"HTTP/1.1 2"))
}

/// covers: T-1, T1.3, T2.1
#[tokio::test(flavor = "multi_thread")]
async fn of_many_connections_those_of_a_revoked_certificate_end_at_once_and_none_is_left() {
    let (connections, trials) = (size(400, 10_000), size(200, 10_000));
    let people = connections.div_ceil(KINDS);
    println!("size: connections = {connections}, trials = {trials}, certificates = {people}");
    let mut proxy = Proxy::start(people, connections);
    let at = proxy.address;
    let mut owners = Vec::new();
    for no in 0..people {
        let config = |alpn| Arc::new(client(&proxy.dir, &format!("p{no}"), alpn));
        let mut owner = Owner { one: config("http/1.1"), two: config("h2"), open: Vec::new() };
        open(at, &mut owner, (no % 200) as u8).await;
        owners.push(owner);
    }
    // A client is done with a handshake before the hub is.
    wait_for("all connections", || proxy.tell("count 0") == people * KINDS).await;
    let mut lived: Vec<Duration> = Vec::new();
    let (mut leaks, mut draw) = (0, 1_u64);
    for trial in 0..trials {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(trial as u64 | 1);
        let (no, from) = ((draw >> 33) as usize % people, (draw >> 20) as u8 % 200);
        let owner = &mut owners[no];
        // One that is in the middle of its handshake, at whatever moment of it.
        let (config, wait) = (Arc::clone(&owner.one), Duration::from_micros(draw >> 54));
        let racing = tokio::spawn({
            async move {
                match connect(at, &config, from).await {
                    Ok(stream) => until_its_end(stream).await,
                    Err(_) => Instant::now(),
                }
            }
        });
        tokio::time::sleep(wait).await;
        let begun = Instant::now();
        proxy.tell(&format!("revoke {no}"));
        for end in owner.open.drain(..).chain([racing]) {
            match tokio::time::timeout(LEAK, end).await {
                Ok(ended) => lived.push(ended.unwrap().saturating_duration_since(begun)),
                Err(_) => leaks += 1,
            }
        }
        leaks += usize::from(is_answered(at, &owner.one, from).await);
        proxy.tell(&format!("restore {no}"));
        open(at, owner, from).await;
    }
    lived.sort_unstable();
    let share_of = |share: f64| lived[((lived.len() - 1) as f64 * share) as usize];
    println!(
        "lived on after the revocation: median {:?}, p99 {:?}, longest {:?}; {} ends, {leaks} leaks",
        share_of(0.5),
        share_of(0.99),
        share_of(1.0),
        lived.len()
    );
    assert_eq!(leaks, 0);
    assert!(share_of(0.99) <= AT_ONCE, "{:?}", share_of(0.99));
}
