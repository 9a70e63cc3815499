//! Services that are down, die, come back or break off.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::bed::{Bed, serve, service, until, wait_for};

/// An address at which nobody listens.
async fn dead() -> SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// A service that reads a request and says `answer`, again and again.
async fn saying(answer: &'static [u8]) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut part = [0; 64 << 10];
                if let Ok(1..) = stream.read(&mut part).await {
                    drop(stream.write_all(answer).await);
                }
            });
        }
    });
    address
}

/// covers: T-7 (upstream dead)
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_service_has_a_page_and_is_used_again_once_it_is_back() {
    let address = dead().await;
    let bed = Bed::over(vec![address], |_| {});
    for (language, word) in [
        ("en", "The service does not answer"),
        ("ru", "Служба не отвечает"),
        ("kk", "Қызмет жауап бермейді"),
    ] {
        let header = format!("Accept-Language: {language}");
        let (status, page) = bed.ask(&["-H", &header], "/").await;
        assert!(status == 503 && page.contains(word), "{status} {page}");
    }
    let (status, problem) = bed.ask(&["-H", "Accept: application/json"], "/").await;
    let problem: Value = serde_json::from_str(&problem).unwrap();
    assert_eq!((status, &problem["type"]), (503, &json!("urn:ets:access:service-down")));
    assert!(problem["since"].as_str().unwrap().ends_with('Z'));
    assert_eq!(bed.ask(&[], "/me").await.0, 200, "the proxy itself is up");
    tokio::spawn(serve(tokio::net::TcpListener::bind(address).await.unwrap()));
    wait_for("the service", || bed.access.figures().routes[0].down == 0).await;
    assert_eq!(bed.ask(&[], "/").await.0, 200);
}

/// covers: T-7
#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_services_is_enough() {
    let (good, bad) = (service().await, dead().await);
    let bed = Bed::over(vec![bad, good], |_| {});
    for _ in 0..6 {
        assert_eq!(bed.ask(&["-d", "body"], "/").await.0, 200);
    }
    assert_eq!(bed.access.figures().routes[0].down, 1);
}

/// covers: T-7: what may not be done twice is not sent twice
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_repeated_only_where_that_is_harmless() {
    let (good, broken) = (service().await, saying(b"").await);
    let bed = Bed::over(vec![broken, good], |_| {});
    for _ in 0..2 {
        assert_eq!(bed.ask(&[], "/").await.0, 200, "a question goes to the other one");
    }
    let bed = Bed::over(vec![broken], |_| {});
    for _ in 0..5 {
        let (status, _) = bed.ask(&["-d", "order"], "/").await;
        assert_eq!(status, 502, "nobody takes a service from all with what he alone asks");
    }
    let mut statuses = Vec::new();
    for who in ["bolat", "aigul", "bolat"] {
        let asked = bed.ask_as(Some(who), &["-d", "order"], "https://closed.example/").await;
        statuses.push(asked.0);
    }
    assert_eq!(statuses, [502, 502, 503], "three failures in a row and it counts as down");
}

/// covers: T-8 (floods): what the proxy lacks is no fault of the service
#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_not_down_because_the_proxy_has_no_descriptors() {
    let bed = Bed::start(|_| {}).await;
    let mut stream = bed.tls("aigul", "http/1.1", "closed.example").await;
    let pid = std::process::id();
    let script = format!(
        "prlimit --pid {pid} --nofile=3: && echo low && read go; prlimit --pid {pid} --nofile=1024:"
    );
    let mut limits = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut low = [0; 4];
    limits.stdout.take().unwrap().read_exact(&mut low).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: closed.example\r\n\r\n").await.unwrap();
    let said = until(&mut stream, "\r\n\r\n").await;
    drop(limits.stdin.take());
    limits.wait().await.unwrap();
    assert!(said.starts_with("HTTP/1.1 503"), "{said}");
    assert_eq!(bed.access.figures().routes[0].down, 0);
    assert_eq!(bed.ask(&[], "/").await.0, 200);
}

/// covers: T2.1: a question may have a body, also one whose length is not known beforehand
#[tokio::test(flavor = "multi_thread")]
async fn a_body_arrives_whatever_the_method_and_however_it_is_framed() {
    let bed = Bed::start(|_| {}).await;
    for version in ["--http1.1", "--http2"] {
        for method in ["GET", "POST", "DELETE"] {
            for framing in ["Transfer-Encoding: chunked", "Accept: */*"] {
                let asked = [version, "-X", method, "-H", framing, "-d", "body"];
                let told = bed.ask(&asked, "/count").await;
                assert_eq!(told, (200, "4".to_owned()), "{asked:?}");
            }
        }
    }
}

/// covers: T-7: a service that keeps a connection and closes it when it likes
#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_died_is_no_fault_of_the_person() {
    let once = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let bed = Bed::over(vec![once], |_| {});
    for _ in 0..20 {
        assert_eq!(bed.ask(&["--http1.1"], "/").await, (200, "ok".to_owned()));
    }
}

/// covers: T-7
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_thinks_too_long_is_waited_for_no_longer() {
    let bed = Bed::start(|config| {
        config.routes[0].timeouts.answer = Duration::from_millis(300);
    })
    .await;
    let (status, page) = bed.ask(&["-H", "Accept-Language: en"], "/slow").await;
    assert!(status == 504 && page.contains("did not answer in time"), "{status} {page}");
    let file = bed.dir.path().join("large");
    std::fs::File::create(&file).unwrap().set_len(50 << 20).unwrap();
    for (what, body) in [("taken", "a body".to_owned()), ("left", format!("@{}", file.display()))] {
        let (status, page) = bed.ask(&["--data-binary", &body], "/slow").await;
        assert_eq!(status, 504, "a body that the service has {what}: {page}");
        assert_eq!(bed.ask(&[], "/").await.0, 200);
    }
}

/// covers: T-8: a service that speaks nonsense harms nobody
#[tokio::test(flavor = "multi_thread")]
async fn nonsense_of_a_service_is_not_passed_on() {
    for nonsense in [
        &b"SSH-2.0-OpenSSH\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nBad Header: x\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nGET",
    ] {
        let bed = Bed::over(vec![saying(nonsense).await], |_| {});
        let (status, body) = bed.ask(&[], "/").await;
        assert_eq!(status, 502, "{body}");
    }
    let cut = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello").await;
    let bed = Bed::over(vec![cut], |_| {});
    let output = bed.curl(Some("aigul"), &[], "https://closed.example/").output();
    assert!(!output.unwrap().status.success(), "half an answer is not passed off as a whole one");
}
