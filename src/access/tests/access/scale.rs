//! Many connections and many revocations (T-1): what a certificate opened lives on for how long, and
//! whether anything of it is left. `ETS_SIZE=full` takes 10,000 connections and 10,000 trials.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::{Request, Version};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::bed::{AT_ONCE, Bed, service, until, wait_for};

/// Connections of one person, one of each kind.
const KINDS: usize = 4;
/// At the most this long after a revocation anything may live: the rest of a try is then counted as
/// a leak.
const LEAK: Duration = Duration::from_secs(1);

type Stream = TlsStream<tokio::net::TcpStream>;
/// The moment at which a connection ended.
type End = JoinHandle<Instant>;

struct Owner {
    file: String,
    one: Arc<ClientConfig>,
    two: Arc<ClientConfig>,
    open: Vec<End>,
}

fn size(small: usize, full: usize) -> usize {
    if std::env::var("ETS_SIZE").is_ok_and(|size| size == "full") { full } else { small }
}

/// As many descriptors as the kernel gives: both ends of each connection are in this process.
fn raise_descriptors(wanted: u64) {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let limit = wanted.max(hard);
    if setrlimit(Resource::RLIMIT_NOFILE, limit, limit).is_err() {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    }
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

/// Opens what a person has open: a `WebSocket`, a stream of events, a quiet connection, and one over
/// HTTP/2 with a request under way.
async fn open(bed: &Bed, owner: &mut Owner, from: u8) {
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
        let mut stream = connect(bed.address, &owner.one, from).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        until(&mut stream, word).await;
        owner.open.push(tokio::spawn(until_its_end(stream)));
    }
    let stream = connect(bed.address, &owner.two, from).await.unwrap();
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
async fn is_answered(bed: &Bed, config: &Arc<ClientConfig>, from: u8) -> bool {
    let Ok(mut stream) = connect(bed.address, config, from).await else { return false };
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
    raise_descriptors(5 * connections as u64 + 4096);
    let people = connections.div_ceil(KINDS);
    println!("size: connections = {connections}, trials = {trials}, certificates = {people}");
    let bed = Bed::with_people(people, vec![service().await], |config| {
        config.bounds.limits.connections = 4 * connections;
        config.bounds.per_address = connections;
        config.bounds.idle = Duration::from_secs(3600);
        config.per_certificate.rate = 0;
    });
    let mut owners = Vec::new();
    for at in 0..people {
        let file = format!("p{at}");
        let (one, two) = (bed.client(&file, "http/1.1"), bed.client(&file, "h2"));
        let mut owner = Owner { file, one: Arc::new(one), two: Arc::new(two), open: Vec::new() };
        open(&bed, &mut owner, (at % 200) as u8).await;
        owners.push(owner);
    }
    // A client is done with a handshake before the hub is.
    wait_for("all connections", || bed.connections.len() == people * KINDS).await;
    let mut lived: Vec<Duration> = Vec::new();
    let (mut leaks, mut draw) = (0, 1_u64);
    for trial in 0..trials {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(trial as u64 | 1);
        let (owner, from) = ((draw >> 33) as usize % people, (draw >> 20) as u8 % 200);
        let owner = &mut owners[owner];
        let id = bed.id(&owner.file);
        // One that is in the middle of its handshake, at whatever moment of it.
        let (config, wait) = (Arc::clone(&owner.one), Duration::from_micros(draw >> 54));
        let racing = tokio::spawn({
            let at = bed.address;
            async move {
                match connect(at, &config, from).await {
                    Ok(stream) => until_its_end(stream).await,
                    Err(_) => Instant::now(),
                }
            }
        });
        tokio::time::sleep(wait).await;
        let begun = Instant::now();
        bed.connections.revoke(id);
        for end in owner.open.drain(..).chain([racing]) {
            match tokio::time::timeout(LEAK, end).await {
                Ok(ended) => lived.push(ended.unwrap().saturating_duration_since(begun)),
                Err(_) => leaks += 1,
            }
        }
        leaks += usize::from(is_answered(&bed, &owner.one, from).await);
        bed.revoked.remove(id);
        open(&bed, owner, from).await;
    }
    lived.sort_unstable();
    let at = |share: f64| lived[((lived.len() - 1) as f64 * share) as usize];
    println!(
        "lived on after the revocation: median {:?}, p99 {:?}, longest {:?}; {} ends, {leaks} leaks",
        at(0.5),
        at(0.99),
        at(1.0),
        lived.len()
    );
    assert_eq!(leaks, 0);
    assert!(at(0.99) <= AT_ONCE, "{:?}", at(0.99));
    let now = SystemTime::now();
    assert_eq!(bed.connections.cut_expired(now), 0, "nobody was cut by the clock");
}
