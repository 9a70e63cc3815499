//! What stays open: `WebSocket`s, streams of events, uploads; and how they end.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::bed::{AIGUL, AT_ONCE, Bed, until, wait_for};

const SOCKET: &[u8] = b"GET /socket HTTP/1.1\r\nHost: closed.example\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a2V5\r\n\r\n";
const EVENTS: &[u8] = b"GET /events HTTP/1.1\r\nHost: closed.example\r\n\r\n";
const SLOW: &[u8] = b"GET /slow HTTP/1.1\r\nHost: closed.example\r\n\r\n";

/// How long a stream goes on from now.
async fn lives_on(mut stream: TlsStream<TcpStream>) -> Duration {
    let begun = Instant::now();
    let mut part = [0; 4096];
    while let Ok(1..) = stream.read(&mut part).await {}
    begun.elapsed()
}

async fn open(bed: &Bed, request: &[u8]) -> TlsStream<TcpStream> {
    let mut stream = bed.tls("aigul", "http/1.1", "closed.example").await;
    stream.write_all(request).await.unwrap();
    stream
}

async fn socket(bed: &Bed) -> TlsStream<TcpStream> {
    let mut socket = open(bed, SOCKET).await;
    let head = until(&mut socket, "\r\n\r\n").await.to_lowercase();
    assert!(
        head.starts_with("http/1.1 101") && head.contains("sec-websocket-accept: a2v5"),
        "{head}"
    );
    socket.write_all(b"hello").await.unwrap();
    until(&mut socket, "HELLO").await;
    socket
}

async fn events(bed: &Bed) -> TlsStream<TcpStream> {
    let mut events = open(bed, EVENTS).await;
    until(&mut events, "tick").await;
    events
}

/// covers: T2.1, T1.3, T-1
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_ends_websockets_and_event_streams_at_once() {
    let bed = Bed::start(|_| {}).await;
    let ends = [socket(&bed).await, events(&bed).await, open(&bed, SLOW).await];
    wait_for("the connections", || bed.connections.len() == 3).await;
    let ends = ends.map(|stream| tokio::spawn(lives_on(stream)));
    assert_eq!(bed.connections.revoke(bed.id("aigul")), 3);
    for end in ends {
        let lasted = end.await.unwrap();
        assert!(lasted < AT_ONCE, "{lasted:?}");
    }
    assert_eq!(bed.ask(&[], "/").await.0, 0, "and no new connection");
    assert_eq!(bed.ask_as(Some("bolat"), &[], "https://closed.example/").await.0, 200);
}

/// covers: T3, T2.1: a change of rights takes effect on what is open
#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_right_is_cut_off_and_others_go_on() {
    let bed = Bed::start(|_| {}).await;
    let ends = [socket(&bed).await, events(&bed).await];
    let mut other = bed.tls("bolat", "http/1.1", "closed.example").await;
    other.write_all(EVENTS).await.unwrap();
    until(&mut other, "tick").await;
    let mut waiting = open(&bed, SLOW).await;
    wait_for("the streams", || bed.access.figures().streams >= 4).await;
    let ends = ends.map(|stream| tokio::spawn(lives_on(stream)));
    bed.book.take(AIGUL, "pay.use");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(ends.iter().all(|end| !end.is_finished()), "another right is another matter");
    let begun = Instant::now();
    bed.book.take(AIGUL, "app.use");
    for end in ends {
        end.await.unwrap();
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    }
    let said = until(&mut waiting, "\r\n\r\n").await;
    assert!(said.starts_with("HTTP/1.1 403"), "who waits is told: {said}");
    until(&mut other, "tick").await;
    assert!(bed.access.figures().routes[0].cut >= 3, "{:?}", bed.access.figures());
}

/// covers: T2.1: what was handed on is not read and forgotten when one side is done
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_has_nothing_more_to_say_still_hears_the_rest() {
    const REST: usize = 32 << 20;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bed = Bed::over(vec![listener.local_addr().unwrap()], |_| {});
    let hears = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut part = [0; 4096];
            // Whether it is up is asked by a connection without a word.
            let Ok(1..) = stream.read(&mut part).await else { continue };
            let agreed = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\
                Upgrade: websocket\r\nSec-WebSocket-Accept: a2V5\r\n\r\nbye";
            stream.write_all(agreed).await.unwrap();
            stream.shutdown().await.unwrap();
            // It takes its time, so that what comes has to wait.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).await.unwrap();
            return heard.len();
        }
    });
    let mut socket = open(&bed, SOCKET).await;
    let mut said = String::new();
    drop(socket.read_to_string(&mut said).await);
    assert!(said.ends_with("bye"), "{said}");
    socket.write_all(&vec![b'x'; REST]).await.unwrap();
    socket.shutdown().await.unwrap();
    let heard = tokio::time::timeout(crate::bed::PATIENCE, hears).await.expect("in time");
    assert_eq!(heard.unwrap(), REST);
}

/// covers: T3: a grant that ends by the clock, without a word from anybody
#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_ends_by_itself_ends_what_it_had_opened() {
    let bed = Bed::start(|_| {}).await;
    let end = tokio::spawn(lives_on(events(&bed).await));
    bed.book.take_silently(AIGUL, "app.use");
    assert!(end.await.unwrap() < Duration::from_secs(2));
}

/// covers: T2.1: uploads are streamed, and what is sent too much is refused by count
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_passes_without_being_gathered() {
    let bed = Bed::start(|config| config.routes[1].max_body = 1 << 20).await;
    let file = bed.dir.path().join("large");
    std::fs::File::create(&file).unwrap().set_len(100 << 20).unwrap();
    let at = format!("@{}", file.display());
    let before = peak();
    for (http, more) in [
        ("--http1.1", "Expect:"),
        ("--http1.1", "Expect: 100-continue"),
        ("--http1.1", "Transfer-Encoding: chunked"),
        ("--http2", "A: b"),
    ] {
        let (status, length) = bed.ask(&[http, "-T", &at[1..], "-H", more], "/count").await;
        assert_eq!((status, length.as_str()), (200, "104857600"), "{http} {more}");
    }
    let grown = peak() - before;
    assert!(grown < 48 << 20, "{grown} bytes more at the peak");
    for (http, more) in
        [("--http1.1", "A: b"), ("--http1.1", "Transfer-Encoding: chunked"), ("--http2", "A: b")]
    {
        let (status, said) = bed.ask(&[http, "-T", &at[1..], "-H", more], "/pay/count").await;
        // Who is still sending may miss the page; 100 is the go-ahead before it.
        assert!(
            matches!(status, 413 | 100 | 0) && !said.contains("1048"),
            "{http} {more}: {status} {said}"
        );
    }
    let figures = bed.access.figures();
    assert!(figures.routes[0].bytes_up >= 400 << 20 && figures.routes[1].bytes_up <= 3 << 20);
}

/// The most memory that this process has ever held, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

/// covers: T2.1: bodies of answers, heads without one, trailers, headers of one hop
#[tokio::test(flavor = "multi_thread")]
async fn answers_pass_as_they_are() {
    let bed = Bed::start(|_| {}).await;
    for http in ["--http1.1", "--http2"] {
        let (status, body) = bed.ask(&[http], "/large").await;
        assert_eq!((status, body.len()), (200, 20 << 20));
        let (status, head) = bed.ask(&[http, "-I"], "/large").await;
        assert!(
            status == 200 && head.to_lowercase().contains("content-length: 20971520"),
            "{head}"
        );
        let (_, hop) = bed.ask(&[http, "-i"], "/hop").await;
        assert!(hop.contains("hop") && !hop.to_lowercase().contains("x-secret:"), "{hop}");
    }
    // Over HTTP/2 curl 7.88 takes the end of the stream for an error (RFC 9113, section 8.1, says
    // that it must not): `second.rs` asks there.
    let (status, _) = bed.ask(&["--http1.1", "-d", "unread"], "/early").await;
    assert_eq!(status, 202);
    let chunks = b"POST /a HTTP/1.1\r\nHost: closed.example\r\nTE: trailers\r\n\
        Trailer: x-sum, x-ets-person, x.ets.person\r\nTransfer-Encoding: chunked\r\n\
        Connection: close\r\n\r\n2\r\nab\r\n0\r\nX-Ets-Person: forged\r\nX-Sum: 2\r\n\
        X.Ets.Person: forged\r\n\r\n";
    let said = bed.raw(chunks).await;
    assert!(said.contains("\"trailers\":{\"x-sum\":[\"2\"]}"), "nothing forged: {said}");
}
