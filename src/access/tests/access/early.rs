//! Answers that come before a request is whole: who is still sending sees why he was refused, and
//! who asks first is told before he sends. Judged by curl, Python's own client and nghttp.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::bed::{AIGUL, Bed, PATIENCE, read_for, until, wait_for};

/// Takes 1 MiB, and nothing at all at `/pay` from those who lost the right.
async fn bed() -> Bed {
    Bed::start(|config| config.routes[0].max_body = 1 << 20).await
}

/// A file of so many bytes.
fn file(bed: &Bed, size: u64) -> PathBuf {
    let path = bed.dir.path().join(format!("of-{size}"));
    std::fs::File::create(&path).unwrap().set_len(size).unwrap();
    path
}

async fn output(mut command: Command) -> String {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// covers: T2.1, T-8
#[tokio::test(flavor = "multi_thread")]
async fn curl_shows_the_page_to_who_is_still_sending_too_much() {
    let bed = bed().await;
    let large = file(&bed, 200 << 20).display().to_string();
    for more in ["Expect:", "Expect: 100-continue", "Transfer-Encoding: chunked"] {
        for language in [("en", "too large"), ("ru", "слишком велики"), ("kk", "тым үлкен")]
        {
            let header = format!("Accept-Language: {}", language.0);
            let said = ["--http1.1", "-T", &large, "-H", more, "-H", &header];
            let (status, page) = bed.ask(&said, "/count").await;
            assert!(status == 413 && page.contains(language.1), "{more}: {status} {page}");
        }
    }
    assert_eq!(bed.ask(&["-d", "small"], "/count").await, (200, "5".to_owned()));
}

/// Python sends all that it has before it reads a word.
const PYTHON: &str = r#"
import http.client, socket, ssl, sys
address, ca, cert, key, path, size, chunked = sys.argv[1:]
host, port = address.rsplit(":", 1)
context = ssl.create_default_context(cafile=ca)
context.load_cert_chain(cert, key)
stream = socket.create_connection((host, int(port)), timeout=10)
one = http.client.HTTPConnection("closed.example")
one.sock = context.wrap_socket(stream, server_hostname="closed.example")
part = b"x" * 65536
parts = (part for _ in range(int(size) // len(part)))
head = {"Accept-Language": "en"}
if chunked == "no":
    head["Content-Length"] = size
one.request("POST", path, body=parts, headers=head, encode_chunked=chunked == "yes")
answer = one.getresponse()
print(answer.status, answer.getheader("connection"), answer.read().decode())
"#;

async fn python(bed: &Bed, size: u64, chunked: &str) -> String {
    let mut python = Command::new("python3");
    python.args(["-c", PYTHON, &bed.address.to_string()]).arg(&bed.paths.ca_cert);
    python.arg(bed.dir.path().join("aigul.pem")).arg(bed.dir.path().join("aigul.key"));
    python.args(["/count", &size.to_string(), chunked]);
    output(python).await
}

/// covers: T2.1, T-8: a client that reads nothing until it has sent everything
#[tokio::test(flavor = "multi_thread")]
async fn python_reads_the_page_after_it_has_sent_everything() {
    let bed = bed().await;
    for chunked in ["no", "yes"] {
        let said = python(&bed, 20 << 20, chunked).await;
        assert!(said.starts_with("413 close") && said.contains("too large"), "{chunked}: {said}");
        let said = python(&bed, 1 << 20, chunked).await;
        assert!(said.starts_with("200 None") && said.contains("1048576"), "{chunked}: {said}");
    }
}

/// covers: T2.1, T-8 (RFC 9113, section 8.1)
#[tokio::test(flavor = "multi_thread")]
async fn nghttp_hears_the_answer_and_then_that_no_more_is_needed() {
    let bed = bed().await;
    let nghttp = |more: &[&str], size: u64| {
        let mut nghttp = Command::new("nghttp");
        nghttp.args(["-v", "-y", "-H", ":authority: closed.example", "-H", "accept-language: en"]);
        nghttp.arg("--cert").arg(bed.dir.path().join("aigul.pem"));
        nghttp.arg("--key").arg(bed.dir.path().join("aigul.key")).args(more);
        nghttp.arg("-d").arg(file(&bed, size)).arg(format!("https://{}/count", bed.address));
        output(nghttp)
    };
    let said = nghttp(&["--expect-continue"], 1 << 20).await;
    assert!(said.contains(":status: 200") && said.contains("1048576"), "it does not wait: {said}");
    let said = nghttp(&["--expect-continue"], 2 << 20).await;
    assert!(said.contains(":status: 413") && !said.contains("send DATA"), "nothing sent: {said}");
    let said = nghttp(&[], 50 << 20).await;
    let [status, page, reset] = [":status: 413", "too large", "recv RST_STREAM"]
        .map(|word| said.find(word).unwrap_or_else(|| panic!("no {word}: {said}")));
    assert!(status < page && page < reset, "{said}");
    assert!(said[reset..].contains("error_code=NO_ERROR(0x00)"), "{said}");
}

/// covers: T2.1 (RFC 9110, section 10.1.1)
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_before_he_sends_is_refused_before_he_sends() {
    let bed = Bed::start(|config| {
        config.routes[0].max_body = 1 << 20;
        config.per_certificate.burst = 50;
    })
    .await;
    bed.book.take(AIGUL, "pay.use");
    let ask = |path: &str, length: u64| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: closed.example\r\nContent-Length: {length}\r\n\
             Expect: 100-continue\r\n\r\n"
        )
    };
    for (path, length, status) in [("/count", 2 << 20, "413"), ("/pay", 5, "403"), ("//", 5, "400")]
    {
        let mut stream = bed.tls("aigul", "http/1.1", "closed.example").await;
        stream.write_all(ask(path, length).as_bytes()).await.unwrap();
        let said = read_for(&mut stream, PATIENCE).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "no go-ahead: {said}");
        assert!(said.contains("connection: close"), "it is said that it ends: {said}");
    }
    let mut stream = bed.tls("aigul", "http/1.1", "closed.example").await;
    stream.write_all(ask("/count", 5).as_bytes()).await.unwrap();
    assert_eq!(until(&mut stream, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").await.unwrap();
    let said = until(&mut stream, "\r\n\r\n5").await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    let large = file(&bed, 2 << 20).display().to_string();
    let asks = ["--http1.1", "--expect100-timeout", "5", "-H", "Expect: 100-continue"];
    let told = ["-T", &large, "-o", "/dev/null", "-w", "%{size_upload}\n%{http_code}"];
    let (status, sent) = bed.ask(&[&asks[..], &told].concat(), "/count").await;
    assert_eq!((status, sent.as_str()), (413, "0"), "and curl has sent nothing");
}

/// A service that says what it thinks before it answers, and how often nobody listened any more.
async fn talking(before: &'static str, times: usize) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, unheard) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
    let counts = Arc::clone(&unheard);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let unheard = Arc::clone(&counts);
            tokio::spawn(async move {
                let mut part = [0; 64 << 10];
                while let Ok(1..) = stream.read(&mut part).await {
                    for _ in 0..times {
                        if stream.write_all(before.as_bytes()).await.is_err() {
                            unheard.fetch_add(1, Ordering::SeqCst);
                            return;
                        }
                    }
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";
                    drop(stream.write_all(answer).await);
                }
            });
        }
    });
    (address, unheard)
}

/// covers: T2.1 (RFC 9110, section 15.2): they are not passed on (ADR 0010), and they harm nobody
#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_says_before_its_answer_is_taken_for_no_answer() {
    for before in [
        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Ets-Person: forged\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 199 Whatever\r\n\r\n",
    ] {
        let bed = Bed::over(vec![talking(before, 3).await.0], |_| {});
        for http in ["--http1.1", "--http2"] {
            let (status, said) = bed.ask(&[http, "-i"], "/").await;
            assert_eq!((status, said.matches("HTTP/").count()), (200, 1), "{before}: {said}");
            assert!(said.ends_with("done") && !said.contains("forged"), "{said}");
        }
        let (status, said) = bed.ask(&["--http1.1", "-d", "body"], "/").await;
        assert_eq!((status, said.as_str()), (200, "done"));
    }
}

/// covers: T-8: a service that says nothing else is no answer either
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_only_ever_hints_is_given_up_in_time() {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
    let (service, unheard) = talking(hints, usize::MAX).await;
    let bed = Bed::over(vec![service], |config| {
        config.routes[0].timeouts.answer = Duration::from_millis(400);
    });
    let begun = Instant::now();
    let (status, page) = bed.ask(&[], "/").await;
    assert!(status == 504 && begun.elapsed() < Duration::from_secs(5), "{status} {page}");
    wait_for("its end", || unheard.load(Ordering::SeqCst) == 1).await;
}
