//! Requests that two readers would read in two ways, wrong names, and clients that dawdle.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::bed::{AIGUL, Bed, read_for, until};

/// The statuses of all answers, one after the other.
fn statuses(said: &str) -> Vec<&str> {
    said.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect()
}

/// covers: T2.1, T-8: a path that a service may take for another one is no way past a right
#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_take_a_path_may_not_take_it_in_other_words() {
    let bed = Bed::start(|_| {}).await;
    bed.book.take(AIGUL, "pay.use");
    for (path, right) in [
        ("/pay/secret", 403),
        ("/pay;x/secret", 400),
        ("/pay%3bx/secret", 400),
        ("/pay;/secret", 400),
        ("/PAY/secret", 400),
        ("/a;b=c/d", 200),
    ] {
        assert_eq!(bed.ask(&["--path-as-is"], path).await.0, right, "{path}");
    }
}

/// covers: T-8 (request smuggling; RFC 9112, sections 5.2, 6.1 and 6.3)
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_could_be_two_is_one_or_none() {
    let bed = Bed::start(|_| {}).await;
    let head = "POST /a HTTP/1.1\r\nHost: closed.example\r\n";
    let inner = "GET /smuggled HTTP/1.1\r\nHost: closed.example\r\n\r\n";
    let refused = [
        format!("{head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello{inner}"),
        format!("{head}Content-Length: 5, 6\r\n\r\nhello{inner}"),
        format!("{head}Content-Length: +5\r\n\r\nhello{inner}"),
        format!("{head}Content-Length: 0x5\r\n\r\nhello{inner}"),
        format!("{head}Content-Length: -5\r\n\r\nhello{inner}"),
        format!("{head}Content-Length: 5 5\r\n\r\nhello{inner}"),
        format!("{head}Content-Length : 5\r\n\r\nhello{inner}"),
        format!("{head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{inner}"),
        format!("{head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{inner}"),
        format!("{head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{inner}"),
        format!("{head}X: a\r\n folded\r\n\r\n{inner}"),
        format!("{head} Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"),
        format!("{head}X\0Y: a\r\n\r\n{inner}"),
        format!("{head}X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"),
        format!(
            "POST /a HTTP/1.0\r\nHost: closed.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"
        ),
        format!("POST /a\r\nHost: closed.example\r\n\r\n{inner}"),
        format!("GET /a HTTP/1.1\r\n\r\n{inner}"),
        format!("GET /a HTTP/1.1\r\nHost: closed.example\r\nHost: closed.example\r\n\r\n{inner}"),
        format!("GET /a HTTP/1.1\r\nHost: closed.example\r\nHost: other.example\r\n\r\n{inner}"),
        format!("GET https://other.example/a HTTP/1.1\r\nHost: closed.example\r\n\r\n{inner}"),
        format!("GET /a HTTP/1.1\r\nHost: closed.example@evil\r\n\r\n{inner}"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n{inner}"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n{inner}"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n5 5\r\nhello\r\n0\r\n\r\n{inner}"),
        format!(
            "{head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n{inner}"
        ),
    ];
    for request in refused {
        let said = bed.raw(request.as_bytes()).await;
        assert!(!said.contains("/smuggled"), "{request}\n{said}");
        assert!(statuses(&said).iter().all(|status| status.starts_with('4')), "{request}\n{said}");
    }
    // Both lengths given: the chunks count, the service hears of nothing else, and the connection
    // ends with the answer (RFC 9112, section 6.1).
    for both in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\nContent-Length: 40",
    ] {
        let said =
            bed.raw(format!("{head}{both}\r\n\r\n2\r\nab\r\n0\r\n\r\n{inner}").as_bytes()).await;
        assert!(!said.contains("/smuggled") && statuses(&said).len() <= 1, "{both}\n{said}");
        assert!(!said.contains("\"content-length\""), "{said}");
    }
    // An honest pair of requests in a row.
    let said = bed.raw(format!("{head}Content-Length: 5\r\n\r\nhello{inner}").as_bytes()).await;
    assert_eq!(statuses(&said), ["200", "200"], "{said}");
}

/// Which connection a request came on, and its first line.
type Seen = Arc<Mutex<Vec<(usize, String)>>>;

/// A service that agrees to no WebSocket, keeps every connection, and takes a body as long as it
/// was said to be.
async fn declining() -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Seen::default());
    let told = Arc::clone(&seen);
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(decline(stream, number, Arc::clone(&told)));
        }
    });
    (address, seen)
}

async fn decline(mut stream: TcpStream, number: usize, seen: Seen) {
    let (mut unread, mut part) = (Vec::new(), [0; 4096]);
    let mut owed = 0;
    while let Ok(length @ 1..) = stream.read(&mut part).await {
        unread.extend(&part[..length]);
        loop {
            unread.drain(..owed.min(unread.len())).for_each(|_| owed -= 1);
            let text = String::from_utf8_lossy(&unread).to_lowercase();
            let Some((head, _)) = text.split_once("\r\n\r\n") else { break };
            seen.lock().unwrap().push((number, head.lines().next().unwrap_or_default().into()));
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            owed = length.map_or(0, |length| length.parse().unwrap());
            unread.drain(..head.len() + 4);
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno";
            stream.write_all(answer).await.unwrap();
        }
    }
}

const WISH: &str = "GET /wish HTTP/1.1\r\nHost: closed.example\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a2V5\r\n";

/// covers: T-8 (request smuggling): what a service was told to wait for is not taken from the next
#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_that_brings_a_body_is_refused_and_a_declined_one_ends_its_connection() {
    let (service, seen) = declining().await;
    let bed = Bed::over(vec![service], |_| {});
    for body in [
        "Content-Length: 70\r\n\r\n",
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ] {
        let said = bed.raw(format!("{WISH}{body}").as_bytes()).await;
        assert_eq!(statuses(&said), ["400"], "{body}: {said}");
        assert_eq!(bed.ask(&["-d", "a body"], "/next").await, (200, "no".to_owned()));
    }
    for body in ["\r\n", "Content-Length: 0\r\n\r\n"] {
        assert_eq!(statuses(&bed.raw(format!("{WISH}{body}").as_bytes()).await), ["200"]);
        assert_eq!(bed.ask(&["-d", "a body"], "/next").await, (200, "no".to_owned()));
    }
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let lines: Vec<_> = seen.iter().map(|(_, line)| line.as_str()).collect();
    let (wish, next) = ("get /wish http/1.1", "post /next http/1.1");
    assert_eq!(lines, [next, next, next, wish, next, wish, next]);
    for pair in seen[3..].windows(2).filter(|pair| pair[0].1 == wish) {
        assert_ne!(pair[0].0, pair[1].0, "a connection that carried a wish serves nobody else");
    }
}

/// covers: T-8 (wrong SNI; RFC 9110, section 15.5.20)
#[tokio::test(flavor = "multi_thread")]
async fn the_name_that_was_shaken_hands_for_is_the_only_one() {
    let bed = Bed::start(|_| {}).await;
    for host in ["other.example", "open.example", "strange.example", "127.0.0.1"] {
        let header = format!("Host: {host}");
        let (status, _) = bed.ask(&["--http1.1", "-H", &header], "/").await;
        assert_eq!(status, 421, "{host}");
    }
    let (status, _) =
        bed.ask_as(Some("aigul"), &["-H", "Host: closed.example"], "https://open.example/").await;
    assert_eq!(status, 421, "the open part is no way into the closed one");
    let (status, body) = bed.ask_as(Some("aigul"), &["-k"], "https://strange.example/").await;
    assert_eq!(status, 421, "{body}");
    let (status, _) = bed.ask(&["-H", "Host: CLOSED.example:443"], "/").await;
    assert_eq!(status, 200, "case and port do not matter");
    let seen = bed.ask_as(Some("bolat"), &[], "https://other.example/").await;
    assert_eq!(seen.0, 200);
}

/// covers: T-8 (CONNECT abuse)
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_connected_to_anywhere() {
    let bed = Bed::start(|_| {}).await;
    for line in
        ["CONNECT 127.0.0.1:22 HTTP/1.1", "CONNECT closed.example:443 HTTP/1.1", "TRACE / HTTP/1.1"]
    {
        let said = bed.raw(format!("{line}\r\nHost: closed.example\r\n\r\n").as_bytes()).await;
        assert_eq!(statuses(&said), ["405"], "{line}: {said}");
        assert!(said.contains("allow: GET, HEAD, POST"), "RFC 9110, section 15.5.6: {said}");
    }
}

/// covers: T-8 (absolute-form; RFC 9112, section 3.2.2)
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_address_in_the_first_line_is_the_same_as_its_path_or_is_refused() {
    let bed = Bed::start(|_| {}).await;
    let ask = async |line: &str, host: &str| {
        bed.raw(format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())
            .await
    };
    for line in ["GET https://closed.example/a?b=c", "GET HTTPS://CLOSED.example/a?b=c"] {
        let said = ask(line, "closed.example").await;
        assert_eq!(statuses(&said), ["200"], "{line}: {said}");
        assert!(said.contains("\"uri\":\"/a?b=c\""), "the service sees a path: {said}");
        assert!(said.contains("\"host\":[\"closed.example\"]"), "{said}");
    }
    for (line, host, status) in [
        ("GET http://closed.example/a", "closed.example", "421"),
        ("GET ftp://closed.example/a", "closed.example", "421"),
        ("GET https://other.example/a", "other.example", "421"),
        ("GET https://closed.example:444/a", "closed.example", "400"),
        ("GET https://somebody@closed.example/a", "closed.example", "400"),
        ("GET https://closed.example/a/../b", "closed.example", "400"),
        ("GET closed.example:443", "closed.example", "400"),
        ("OPTIONS *", "closed.example", "400"),
    ] {
        let said = ask(line, host).await;
        assert_eq!(statuses(&said), [status], "{line}: {said}");
    }
}

/// covers: T-8 (HTTP/1.0; RFC 9112, section 9.3)
#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_http_1_0_is_served_as_one() {
    let bed = Bed::start(|_| {}).await;
    let ask = async |path: &str, head: &str| {
        let said = bed.raw(format!("GET {path} HTTP/1.0\r\n{head}\r\n").as_bytes()).await;
        let (first, rest) = said.split_once("\r\n").unwrap_or_default();
        (first.to_owned(), rest.to_lowercase())
    };
    let host = "Host: closed.example\r\n";
    let (first, rest) = ask("/a", host).await;
    assert_eq!(first, "HTTP/1.0 200 OK");
    assert!(!rest.contains("transfer-encoding") && rest.contains("\"uri\""), "{rest}");
    assert_eq!(ask("/a", "").await.0, "HTTP/1.0 400 Bad Request", "it has to name the host too");
    let mut events = bed.tls("aigul", "http/1.1", "closed.example").await;
    events.write_all(format!("GET /events HTTP/1.0\r\n{host}\r\n").as_bytes()).await.unwrap();
    let said = until(&mut events, "data: tick\n\ndata: tick").await.to_lowercase();
    assert!(said.starts_with("http/1.0 200 ok") && !said.contains("transfer-encoding"), "{said}");
    drop(events);
    let wish = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: a2V5\r\n";
    let (first, rest) = ask("/a", &format!("{host}{wish}")).await;
    assert_eq!(first, "HTTP/1.0 200 OK", "it knows no upgrade (RFC 9110, section 7.8)");
    assert!(!rest.contains("\"upgrade\""), "{rest}");
    let (first, _) = ask("/a", &format!("{host}Expect: 100-continue\r\n")).await;
    assert_eq!(first, "HTTP/1.0 200 OK", "nor a go-ahead");
    let said = bed.raw(format!("GET /a HTTP/3.0\r\n{host}\r\n").as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 400") || said.starts_with("HTTP/1.1 505"), "{said}");
}

/// covers: T-8 (64 KiB headers)
#[tokio::test(flavor = "multi_thread")]
async fn a_head_beyond_64_kib_is_refused_and_one_below_passes() {
    let bed = Bed::start(|_| {}).await;
    let request = |size: usize| {
        let value = "a".repeat(size);
        format!(
            "GET /a HTTP/1.1\r\nHost: closed.example\r\nConnection: close\r\nX: {value}\r\n\r\n"
        )
    };
    assert_eq!(statuses(&bed.raw(request(60_000).as_bytes()).await), ["200"]);
    assert_eq!(statuses(&bed.raw(request(70_000).as_bytes()).await), ["431"]);
    let line = |size: usize| {
        let path = "a".repeat(size);
        format!("GET /{path} HTTP/1.1\r\nHost: closed.example\r\nConnection: close\r\n\r\n")
    };
    assert_eq!(statuses(&bed.raw(line(60_000).as_bytes()).await), ["200"]);
    assert_eq!(statuses(&bed.raw(line(70_000).as_bytes()).await), ["431"]);
    let late = format!(
        "POST /count HTTP/1.1\r\nHost: closed.example\r\nTransfer-Encoding: chunked\r\n\r\n\
         2\r\nab\r\n0\r\nX: {}\r\n\r\n",
        "a".repeat(100_000)
    );
    let said = bed.raw(late.as_bytes()).await;
    assert!(statuses(&said).iter().all(|status| status.starts_with('4')), "trailers: {said}");
    let many: String = (0..200).map(|at| format!("X-{at}: a\r\n")).collect();
    let request = format!("GET / HTTP/1.1\r\nHost: closed.example\r\n{many}\r\n");
    assert_eq!(statuses(&bed.raw(request.as_bytes()).await), ["431"]);
}

/// covers: T-8 (slow clients: nothing after connecting, a head, a body)
#[tokio::test(flavor = "multi_thread")]
async fn who_dawdles_is_cut_off_at_every_stage() {
    let bed = Bed::start(|config| {
        config.bounds.limits.request_head = Duration::from_millis(300);
        config.bounds.limits.handshake = Duration::from_millis(300);
        config.bounds.idle = Duration::from_millis(300);
        config.bounds.body = Duration::from_millis(300);
        config.routes[0].timeouts.upload = Duration::from_millis(300);
        config.routes[0].timeouts.slowest = 10_000;
    })
    .await;
    let begun = Instant::now();
    let mut silent = TcpStream::connect(bed.address).await.unwrap();
    let mut byte = [0];
    let ended = silent.read(&mut byte).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "a handshake that does not begin");
    for (alpn, part) in [
        ("http/1.1", &b""[..]),
        ("http/1.1", b"GET / HTTP/1.1\r\nHost: closed.exa"),
        ("h2", b""),
        ("h2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
    ] {
        let mut stream = bed.tls("aigul", alpn, "closed.example").await;
        stream.write_all(part).await.unwrap();
        read_for(&mut stream, Duration::from_secs(3)).await;
    }
    let head = "POST /count HTTP/1.1\r\nHost: closed.example\r\nContent-Length: 10000\r\n\r\n";
    let ours = "POST /preferences HTTP/1.1\r\nHost: closed.example\r\nContent-Length: 10\r\n\
        Content-Type: application/x-www-form-urlencoded\r\n";
    for head in [head, &format!("{ours}\r\n")] {
        let head = head.replace("\r\n\r\n", "\r\nAccept-Language: en\r\n\r\n");
        let mut stream = bed.tls("aigul", "http/1.1", "closed.example").await;
        stream.write_all(format!("{head}some").as_bytes()).await.unwrap();
        let said = read_for(&mut stream, Duration::from_secs(3)).await;
        assert_eq!(statuses(&said), ["408"], "a body that stops: {said}");
        assert!(said.contains("may not have arrived whole"), "{said}");
    }
    let mut stream = bed.tls("aigul", "http/1.1", "closed.example").await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = tokio::io::split(stream);
    let drip = async {
        loop {
            if writer.write_all(b"x").await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut all = Vec::new();
    tokio::select! {
        () = drip => {}
        _ = reader.read_to_end(&mut all) => {}
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(bed.ask(&[], "/").await.0, 200, "others are served");
}

/// covers: T-8 (renegotiation; RFC 5746): it is never agreed to
#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_is_not_done_again_on_an_open_connection() {
    let bed = Bed::start(|_| {}).await;
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["s_client", "-tls1_2", "-servername", "closed.example", "-connect"]);
    openssl.arg(bed.address.to_string()).arg("-cert").arg(bed.dir.path().join("aigul.pem"));
    openssl.arg("-key").arg(bed.dir.path().join("aigul.key"));
    openssl.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    openssl.stderr(std::process::Stdio::piped());
    let mut child = openssl.spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"R\n").unwrap();
    let output = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(500));
        drop(child.stdin.take());
        child.wait_with_output().unwrap()
    });
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no renegotiation") || said.contains("error"), "{said}");
}
