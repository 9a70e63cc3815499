//! HTTP/2: floods that it makes possible, and `WebSocket`s over it.

use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::ext::Protocol;
use http::{Method, Request, StatusCode, Version};
use tokio::io::AsyncWriteExt;

use crate::bed::{AIGUL, AT_ONCE, Bed, PATIENCE, read_for, wait_for};

async fn connect(bed: &Bed) -> SendRequest<Bytes> {
    let stream = bed.tls("aigul", "h2", "closed.example").await;
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    sender.ready().await.unwrap()
}

fn get(path: &str) -> Request<()> {
    Request::get(format!("https://closed.example{path}")).version(Version::HTTP_2).body(()).unwrap()
}

fn post(path: &str) -> Request<()> {
    let mut request = get(path);
    *request.method_mut() = Method::POST;
    request
}

/// covers: T-8 (slow readers): small questions keep no answer that nobody takes
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_takes_ends_whatever_else_is_asked_beside_it() {
    let bed = Bed::start(|config| config.bounds.stall = Duration::from_millis(100)).await;
    let mut sender = connect(&bed).await;
    let (large, _) = sender.send_request(get("/large"), true).unwrap();
    let untaken = large.await.unwrap();
    let asking = async {
        while let Ok((answer, _)) = sender.send_request(get("/early"), true)
            && answer.await.is_ok_and(|answer| answer.status() == StatusCode::ACCEPTED)
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(4), asking).await.expect("it is cut");
    assert_eq!(bed.access.counters().stalled.load(std::sync::atomic::Ordering::Relaxed), 1);
    drop(untaken);
}

/// covers: T2.1
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_before_the_body_was_read_arrives() {
    let bed = Bed::start(|_| {}).await;
    for _ in 0..50 {
        let mut sender = connect(&bed).await;
        let request = Request::post("https://closed.example/early").version(Version::HTTP_2);
        let (answer, mut body) = sender.send_request(request.body(()).unwrap(), false).unwrap();
        // The answer may have come first, and then nobody takes the body.
        drop(body.send_data(Bytes::from_static(b"unread"), false));
        let answer = tokio::time::timeout(PATIENCE, answer).await.expect("in time").unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
    }
}

/// covers: T2.1 (RFC 8441), T3
#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_over_http2_passes_and_ends_with_the_right() {
    let bed = Bed::start(|_| {}).await;
    let mut sender = connect(&bed).await;
    let offered = async {
        while !sender.is_extended_connect_protocol_enabled() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, offered).await.expect("it is offered");
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri("https://closed.example/socket")
        .version(Version::HTTP_2)
        .header("sec-websocket-version", "13")
        .body(())
        .unwrap();
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    let (answer, mut up) = sender.send_request(request, false).unwrap();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let mut down = answer.into_body();
    up.send_data(Bytes::from_static(b"hello"), false).unwrap();
    assert_eq!(down.data().await.unwrap().unwrap(), "HELLO");
    bed.book.take(AIGUL, "app.use");
    let end = tokio::time::timeout(AT_ONCE, down.data()).await.expect("at once");
    assert!(end.is_none_or(|end| end.map_or(true, |data| data.is_empty())));
}

/// covers: T-8 (CONNECT abuse over HTTP/2)
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_connect_over_http2_leads_nowhere() {
    let bed = Bed::start(|_| {}).await;
    let mut sender = connect(&bed).await;
    let request = Request::builder()
        .method(Method::CONNECT)
        .uri("127.0.0.1:22")
        .version(Version::HTTP_2)
        .body(())
        .unwrap();
    let (answer, _up) = sender.send_request(request, false).unwrap();
    assert_eq!(answer.await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
}

/// covers: T-8 (CONNECT abuse, TRACE, a wrong scheme over HTTP/2)
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_for_a_service_is_refused_and_the_connection_goes_on() {
    let bed = Bed::start(|_| {}).await;
    bed.book.take(AIGUL, "pay.use");
    let mut sender = connect(&bed).await;
    let extended = |protocol: &'static str, uri: &str| {
        let mut request = get("/");
        *request.method_mut() = Method::CONNECT;
        *request.uri_mut() = uri.parse().unwrap();
        request.headers_mut().insert("sec-websocket-version", "13".parse().unwrap());
        request.extensions_mut().insert(Protocol::from_static(protocol));
        request
    };
    let mut trace = get("/");
    *trace.method_mut() = Method::TRACE;
    let mut plain = get("/");
    *plain.uri_mut() = "http://closed.example/".parse().unwrap();
    for (request, status) in [
        (trace, 405),
        (plain, 421),
        (extended("connect-udp", "https://closed.example/socket"), 405),
        (extended("connect-ip", "https://closed.example/"), 405),
        (extended("websocket", "https://other.example/socket"), 421),
        (extended("websocket", "http://closed.example/socket"), 421),
        (extended("websocket", "https://closed.example/pay/socket"), 403),
        (extended("websocket", "https://closed.example//socket"), 400),
    ] {
        let what = format!("{request:?}");
        let is_whole = request.method() != Method::CONNECT;
        let (answer, _up) = sender.send_request(request, is_whole).unwrap();
        assert_eq!(answer.await.unwrap().status(), status, "{what}");
    }
    let (answer, _) = sender.send_request(get("/"), true).unwrap();
    assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
}

/// covers: T2.1: a request on an open HTTP/2 connection is judged like a new one
#[tokio::test(flavor = "multi_thread")]
async fn each_request_on_an_open_connection_is_judged() {
    let bed = Bed::start(|_| {}).await;
    let mut sender = connect(&bed).await;
    let mut status = async |path: &str| {
        let (answer, _) = sender.send_request(get(path), true)?;
        answer.await.map(|answer| answer.status())
    };
    assert_eq!(status("/").await.unwrap(), StatusCode::OK);
    bed.book.take(AIGUL, "app.use");
    assert_eq!(status("/").await.unwrap(), StatusCode::FORBIDDEN);
    bed.book.give_back();
    assert_eq!(status("/").await.unwrap(), StatusCode::OK);
    bed.connections.revoke(bed.id("aigul"));
    assert!(status("/").await.is_err());
}

/// covers: T2.1: a refusal is an answer to one stream, and the others go on
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_stream_does_not_end_the_connection() {
    let bed = Bed::start(|config| config.routes[0].max_body = 4).await;
    let mut sender = connect(&bed).await;
    let refused =
        [("/a//b", "", StatusCode::BAD_REQUEST), ("/a", "hello", StatusCode::PAYLOAD_TOO_LARGE)];
    for (path, body, status) in refused {
        let (answer, mut up) = sender.send_request(post(path), false).unwrap();
        drop(up.send_data(Bytes::from_static(body.as_bytes()), true));
        assert_eq!(answer.await.unwrap().status(), status, "{path}");
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (answer, _) = sender.send_request(get("/"), true).unwrap();
    assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
}

/// covers: T-8 (HTTP/2 rapid reset, CVE-2023-44487)
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_resets_ends_the_connection_and_not_the_hub() {
    let bed = Bed::start(|_| {}).await;
    let mut stream = bed.tls("aigul", "h2", "closed.example").await;
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    // :method GET, :scheme https, :path /, :authority (RFC 7541, appendix A)
    let mut head = vec![0x82, 0x87, 0x84, 0x41, 14];
    head.extend(b"closed.example");
    for number in 0..20_000_u32 {
        let id = 2 * number + 1;
        bytes.extend(frame(1, 0x5, id, &head));
        bytes.extend(frame(3, 0, id, &8_u32.to_be_bytes()));
    }
    drop(stream.write_all(&bytes).await);
    let begun = std::time::Instant::now();
    read_for(&mut stream, PATIENCE).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "it was not closed");
    assert_eq!(bed.ask(&[], "/").await.0, 200, "others are served");
    let passed = bed.access.figures().routes[0].by_class.iter().sum::<u64>();
    assert!(passed < 5_000, "{passed} of 20,000 reached the service");
    wait_for("the end of all streams", || bed.access.figures().streams == 0).await;
}

/// covers: T-8 (64 KiB headers over HTTP/2, a continuation without an end)
#[tokio::test(flavor = "multi_thread")]
async fn heads_over_http2_are_bounded() {
    let bed = Bed::start(|_| {}).await;
    let mut sender = connect(&bed).await;
    let large = |size: usize| {
        let mut request = get("/");
        for at in 0..size / 1000 {
            let name = http::HeaderName::try_from(format!("x-{at}")).unwrap();
            request.headers_mut().insert(name, "a".repeat(950).parse().unwrap());
        }
        request
    };
    let (answer, _) = sender.send_request(large(50_000), true).unwrap();
    assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
    let (answer, _) = sender.send_request(large(90_000), true).unwrap();
    let status = answer.await.map(|answer| answer.status());
    assert!(
        matches!(status, Err(_) | Ok(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)),
        "{status:?}"
    );
    let mut stream = bed.tls("aigul", "h2", "closed.example").await;
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    bytes.extend(frame(1, 0x1, 1, &[0x82, 0x87, 0x84]));
    for _ in 0..2_000 {
        // A literal header that is not indexed: x: 16 times a
        bytes.extend(frame(9, 0, 1, b"\0\x01x\x10aaaaaaaaaaaaaaaa"));
    }
    drop(stream.write_all(&bytes).await);
    let begun = std::time::Instant::now();
    read_for(&mut stream, PATIENCE).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "it was not closed");
    assert_eq!(bed.ask(&[], "/").await.0, 200);
}

/// A frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(body);
    frame
}
