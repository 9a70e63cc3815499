//! What strangers and people with bad programs try at the closed part's real port (T-8): wrong
//! names, old TLS, requests that could be two, heads that are too large or too slow, a flood of
//! handshakes that never end. The right answer or a clean end, nobody let in, memory bounded.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Output};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::person::authority;
use super::{Bed, OFTEN, SOON};
use crate::support::{Usage, program, wait_for};

/// Handshakes that are begun and not continued.
const HALF_OPEN: usize = 2_000;
/// The hub gives a handshake so long, and a head.
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEAD: Duration = Duration::from_secs(15);
/// What the flood may cost: of one address 128 shake hands, for 19 KiB each, and the others wait, for
/// 4 KiB. Where all shook hands it was 34 MB.
const ROOM: u64 = 32 << 20;
/// Tools that wait for an end of the connection are ended after so long, in seconds.
const PATIENCE: &str = "4";

/// covers: T-8, T2.1
#[test]
fn strangers_at_the_closed_port_get_a_right_answer_or_an_end_and_nobody_comes_in() {
    let bed = Bed::start(Vec::new());
    let slow = Slow::begin(&bed);
    names(&bed);
    old_tls(&bed);
    one_or_none(&bed);
    large_heads(&bed);
    flood(&bed);
    slow.end();
    bed.holds("after all of it");
}

/// A person's head comes letter by letter and never ends.
struct Slow {
    began: Instant,
    /// When the hub ended it, and what it had said.
    ended: JoinHandle<(Instant, String)>,
}

impl Slow {
    #[track_caller]
    fn begin(bed: &Bed) -> Self {
        let more = ["-servername", "localhost", "-alpn", "http/1.1", "-ign_eof", "-quiet"];
        let mut child = bed.valid.openssl(&bed.json, &more);
        let began = Instant::now();
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(b"GET /me HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").expect("it is taken");
        std::thread::spawn(move || {
            while began.elapsed() < HEAD * 2 && stdin.write_all(b"a").is_ok() {
                sleep(Duration::from_secs(1));
            }
        });
        let ended = std::thread::spawn(move || {
            let output = child.wait_with_output().expect("openssl ends");
            (Instant::now(), String::from_utf8_lossy(&output.stdout).into_owned())
        });
        Self { began, ended }
    }

    #[track_caller]
    fn end(self) {
        let patience = (HEAD * 3).saturating_sub(self.began.elapsed());
        wait_for("the end of a slow head", patience, OFTEN, || {
            self.ended.is_finished().then_some(())
        });
        let (ended, said) = self.ended.join().expect("it was waited for");
        let took = ended - self.began;
        println!("a slow head was cut after {took:?}");
        assert!(took < HEAD + Duration::from_secs(5), "{took:?}");
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    }
}

/// The name of the handshake is the only one.
fn names(bed: &Bed) {
    let port = authority(&bed.json).rsplit(':').next().expect("a port");
    let ask = |name: &str, host: &str| {
        let output = program("curl")
            .args(["-sSk", "-m", PATIENCE, "--cert", &bed.valid.cert, "-o", "/dev/null"])
            .args(["--key", bed.valid.key(), "-w", "%{http_code}", "-H", &format!("Host: {host}")])
            .args(["--resolve", &format!("{name}:{port}:127.0.0.1")])
            .arg(format!("https://{name}:{port}/me"))
            .output()
            .expect("curl starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(ask("localhost", "localhost"), "200");
    assert_eq!(ask("localhost", "open.ets.localhost"), "421", "another name than shaken hands for");
    assert_eq!(ask("open.ets.localhost", "localhost"), "421", "no way in through the open name");
    assert_eq!(ask("elsewhere.example", "elsewhere.example"), "421", "a name that is not ours");
}

fn run(child: Child) -> String {
    let Output { stdout, stderr, .. } = child.wait_with_output().expect("openssl ends");
    String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned()
}

fn old_tls(bed: &Bed) {
    for version in ["-tls1", "-tls1_1"] {
        // Without this openssl would not even offer it.
        let more = [version, "-servername", "localhost", "-cipher", "DEFAULT@SECLEVEL=0"];
        let said = run(bed.valid.openssl(&bed.json, &more));
        assert!(said.contains("Cipher is (NONE)") && said.contains("alert"), "{said}");
    }
    let more = ["-tls1_2", "-servername", "localhost", "-alpn", "http/1.1"];
    let mut client = bed.valid.openssl(&bed.json, &more);
    let mut stdin = client.stdin.take().expect("a pipe");
    std::thread::spawn(move || {
        sleep(Duration::from_millis(500));
        drop(stdin.write_all(b"R\n"));
        sleep(Duration::from_secs(1));
    });
    let said = run(client);
    assert!(said.contains("RENEGOTIATING") && said.contains("no renegotiation"), "{said}");
}

/// What the hub answers to octets over a connection of the valid person, to the end of it.
fn raw(bed: &Bed, octets: &[u8]) -> String {
    let more = ["-servername", "localhost", "-alpn", "http/1.1", "-ign_eof", "-quiet"];
    let mut client = bed.valid.openssl(&bed.json, &more);
    let mut stdin = client.stdin.take().expect("a pipe");
    stdin.write_all(octets).expect("it is taken");
    let until = Instant::now() + Duration::from_millis(1_500);
    while Instant::now() < until && client.try_wait().ok().flatten().is_none() {
        sleep(OFTEN);
    }
    drop(client.kill());
    run(client)
}

/// A request that could be read as two is one or none.
fn one_or_none(bed: &Bed) {
    let hidden = "0\r\n\r\nGET /me HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let length = hidden.len();
    let post = "POST /documents HTTP/1.1\r\nHost: localhost\r\n";
    let two_ways = [
        format!("{post}Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("{post}Content-Length: 5\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding: xchunked\r\n\r\n{hidden}"),
        format!("{post}Transfer-Encoding : chunked\r\n\r\n{hidden}"),
        format!("{post}Host: other\r\nContent-Length: {length}\r\n\r\n{hidden}"),
    ];
    for request in two_ways {
        let said = raw(bed, request.as_bytes());
        let answers = said.matches("HTTP/1.1 ").count();
        assert!(answers <= 1 && !said.contains(&bed.valid.serial), "{request:?}: {said}");
    }
    for method in ["CONNECT 10.1.0.10:80", "TRACE /me"] {
        let said = raw(bed, format!("{method} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        let is_refused =
            ["400", "405", "421"].iter().any(|code| said.starts_with(&format!("HTTP/1.1 {code}")));
        assert!(is_refused, "{method}: {said}");
    }
}

fn large_heads(bed: &Bed) {
    let head = |length: usize| format!("X-Large: {}", "a".repeat(length));
    let file = bed.lab.path().join("head");
    let from = format!("@{}", file.display());
    for (http, length, right) in
        [("--http1.1", 32 << 10, 200), ("--http1.1", 65 << 10, 431), ("--http2", 65 << 10, 431)]
    {
        std::fs::write(&file, head(length)).expect("it can be written");
        let more = [http, "-o", "/dev/null", "-H", &from];
        match bed.valid.get(&bed.json, "/me", &more) {
            Ok((status, _)) => assert_eq!(status, right, "{http} with a head of {length}"),
            // Over HTTP/2 the connection may end instead.
            Err(said) => assert_eq!((http, right), ("--http2", 431), "{said}"),
        }
    }
}

/// Handshakes that never end, from one machine; others are served, and what it cost is given back.
fn flood(bed: &Bed) {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("the kernel says it");
    setrlimit(Resource::RLIMIT_NOFILE, most.min(8_192), most).expect("up to the limit");
    let resident = || Usage::of(bed.lab.pid("serve")).resident;
    let before = resident();
    let record = [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &[7; 20]].concat();
    let address = authority(&bed.json).replace("localhost", "127.0.0.1");
    let began = Instant::now();
    let half_open: Vec<TcpStream> = (0..HALF_OPEN)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).expect("it is accepted");
            stream.write_all(&record).expect("it is taken");
            stream
        })
        .collect();
    let opened = began.elapsed();
    // From another address: one alone may not take all places, and may not be in the others' way.
    for _ in 0..10 {
        let asked = Instant::now();
        let told =
            bed.valid.get(&bed.json, "/me", &["-o", "/dev/null", "--interface", "127.0.0.9"]);
        assert_eq!(told.map(|(status, _)| status), Ok(200));
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    }
    bed.stays_out(&bed.revoked, "in the flood");
    let during = resident();
    for mut stream in half_open {
        stream.set_read_timeout(Some(HANDSHAKE + SOON)).expect("a time");
        let mut rest = Vec::new();
        // An alert and the end, or a reset; not the end of our patience.
        let is_late = stream.read_to_end(&mut rest).is_err_and(|error| {
            matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
        });
        assert!(!is_late, "a handshake that is not continued is ended");
    }
    let ended = began.elapsed();
    assert!(ended < opened + HANDSHAKE + Duration::from_secs(3), "{ended:?}");
    let after = resident();
    println!(
        "{HALF_OPEN} half-open handshakes: resident {} KiB before, {} during, {} after",
        before >> 10,
        during >> 10,
        after >> 10
    );
    assert!(during < before + ROOM && after < before + ROOM, "{before} {during} {after}");
}
