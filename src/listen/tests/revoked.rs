//! A revoked certificate opens nothing from that moment on, judged by curl and openssl: no new
//! handshake, no resumed session, no connection that is open.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ets_listen::{Connections, Limits, PeerCertificate, serve_tls};
use ets_runtime::{Shutdown, ShutdownTrigger};
use ets_tls::testing::bootstrap;
use ets_tls::{Acceptor, CertId, Paths, RevocationSet};
use http::StatusCode;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// From the revocation to the end of what is open (T-1).
const AT_ONCE: Duration = Duration::from_millis(100);

struct Hub {
    paths: Paths,
    address: SocketAddr,
    acceptor: Acceptor,
    connections: Arc<Connections>,
    revoked: Arc<RevocationSet>,
    seen: Arc<Mutex<Option<PeerCertificate>>>,
    _dir: tempfile::TempDir,
    _end: ShutdownTrigger,
}

impl Hub {
    fn start(loaded: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = bootstrap(dir.path(), &["localhost".to_owned()]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (end, shutdown) = Shutdown::new();
        let revoked = Arc::new(RevocationSet::new());
        if loaded {
            revoked.load([]);
        }
        let connections = Connections::new(Arc::clone(&revoked));
        let seen = Arc::default();
        let acceptor = Acceptor::open(&paths, Arc::clone(&revoked)).unwrap();
        let entry = (acceptor.clone(), Arc::clone(&connections));
        let router = router(Arc::clone(&seen));
        tokio::spawn(serve_tls(listener, entry, router, Limits::default(), shutdown));
        Self { paths, address, acceptor, connections, revoked, seen, _dir: dir, _end: end }
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    /// The administrator's certificate, as the hub saw it in a handshake.
    fn id(&self) -> CertId {
        self.seen.lock().unwrap().as_ref().expect("it was seen").id
    }

    fn curl(&self, more: &[&str], path: &str) -> Command {
        let mut curl = Command::new("curl");
        curl.args(["-sSN", "--max-time", "20", "--cacert"]).arg(&self.paths.ca_cert);
        curl.arg("--cert").arg(&self.paths.admin_cert).arg("--key").arg(&self.paths.admin_key);
        curl.args(more).arg(self.url(path));
        curl.stdout(Stdio::piped()).stderr(Stdio::piped());
        curl
    }

    fn openssl(&self, more: &[&str]) -> Command {
        let mut openssl = Command::new("openssl");
        openssl.args(["s_client", "-ign_eof", "-connect"]).arg(self.address.to_string());
        openssl.args(["-servername", "localhost", "-CAfile"]).arg(&self.paths.ca_cert);
        openssl.arg("-cert").arg(&self.paths.admin_cert).arg("-key").arg(&self.paths.admin_key);
        openssl.args(more).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        openssl
    }

    /// One request over openssl; what it printed.
    async fn ask(&self, more: &[&str]) -> String {
        let mut openssl = self.openssl(more).spawn().unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        // Who is refused in the handshake closes its end.
        drop(openssl.stdin.take().unwrap().write_all(request));
        text(&output(openssl).await)
    }
}

async fn output(child: Child) -> Output {
    tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn router(seen: Arc<Mutex<Option<PeerCertificate>>>) -> Router {
    let who = move |certificate: Option<Extension<PeerCertificate>>| async move {
        let certificate = certificate.map(|one| one.0);
        let name = certificate.as_ref().map_or("nobody", |one| one.subject.as_str()).to_owned();
        *seen.lock().unwrap() = certificate;
        format!("hello {name}")
    };
    Router::new().route("/", get(who)).route("/stream", get(stream)).route("/echo", get(echo))
}

/// Ten bytes every 10 ms for ever, as an SSE stream is.
async fn stream() -> Body {
    let beat = tokio::time::interval(Duration::from_millis(10));
    Body::from_stream(futures_util::stream::unfold(beat, async |mut beat| {
        beat.tick().await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b"0123456789")), beat))
    }))
}

/// An upgraded connection, as a WebSocket is: one task reads and another writes.
async fn echo(request: Request) -> Response {
    tokio::spawn(async move {
        let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
        let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgraded));
        tokio::spawn(async move {
            while writer.write_all(b".").await.is_ok() && writer.flush().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        let mut bytes = [0; 64];
        while let Ok(1..) = reader.read(&mut bytes).await {}
    });
    let head = [("connection", "upgrade"), ("upgrade", "echo")];
    (StatusCode::SWITCHING_PROTOCOLS, head).into_response()
}

/// Waits until the child has printed something that contains `word`.
fn until(child: &mut Child, word: &str) {
    let (mut all, mut bytes) = (Vec::new(), [0; 4096]);
    let stdout = child.stdout.as_mut().unwrap();
    while !String::from_utf8_lossy(&all).contains(word) {
        let length = stdout.read(&mut bytes).unwrap();
        assert!(length > 0, "it ended before {word}: {}", String::from_utf8_lossy(&all));
        all.extend(&bytes[..length]);
    }
}

/// How long a child goes on from now.
fn lives_on(mut child: Child) -> Duration {
    let begun = Instant::now();
    let mut rest = Vec::new();
    child.stdout.as_mut().unwrap().read_to_end(&mut rest).unwrap();
    let lasted = begun.elapsed();
    child.wait().unwrap();
    lasted
}

/// covers: T1.3, T2.1
#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_ends_with_its_certificate_whatever_it_is() {
    let hub = Hub::start(true);
    assert!(output(hub.curl(&[], "/").spawn().unwrap()).await.status.success());
    let upgrade =
        b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
    let mut open = vec![
        ("a stream over HTTP/1.1", hub.curl(&["--http1.1"], "/stream").spawn().unwrap(), "0123"),
        ("a stream over HTTP/2", hub.curl(&["--http2"], "/stream").spawn().unwrap(), "0123"),
    ];
    let mut upgraded = hub.openssl(&["-alpn", "http/1.1"]).spawn().unwrap();
    let mut stdin = upgraded.stdin.take().unwrap();
    stdin.write_all(upgrade).unwrap();
    open.push(("an upgraded connection", upgraded, "101 Switching"));
    let idle = hub.openssl(&["-alpn", "http/1.1"]).spawn().unwrap();
    open.push(("an idle connection", idle, "Verify return code"));
    let open = tokio::task::spawn_blocking(move || {
        open.iter_mut().for_each(|(_, child, word)| until(child, word));
        open
    });
    let open = open.await.unwrap();
    // A client is through its handshake before the hub has read the last of it.
    let patience = Instant::now();
    while hub.connections.len() < 4 && patience.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(hub.connections.len(), 4);
    let id = hub.id();
    assert_eq!(hub.connections.cut(CertId::new(b"another", b"one")), 0);
    let waiting: Vec<_> = open
        .into_iter()
        .map(|(what, child, _)| (what, tokio::task::spawn_blocking(|| lives_on(child))))
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let begun = Instant::now();
    assert_eq!(hub.connections.revoke(id), 4);
    for (what, lasted) in waiting {
        lasted.await.unwrap();
        let lasted = begun.elapsed();
        assert!(lasted < AT_ONCE, "{what} lived on for {lasted:?}");
    }
    assert!(hub.connections.is_empty());
    let refused = output(hub.curl(&[], "/").spawn().unwrap()).await;
    assert!(!refused.status.success(), "{}", text(&refused));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("revoked"), "the alert says why: {said}");
    assert!(hub.revoked.remove(id), "a suspension ends");
    let back = output(hub.curl(&[], "/").spawn().unwrap()).await;
    assert_eq!(text(&back), "hello administrator");
}

/// covers: T1.3, T2.1: TLS does not verify again who resumes a session (RFC 8446, 4.6.1)
#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_resumed_until_its_certificate_is_revoked() {
    let hub = Hub::start(true);
    let dir = tempfile::tempdir().unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        let session = dir.path().join(version);
        let session = session.to_str().unwrap();
        let first = hub.ask(&[version, "-sess_out", session]).await;
        assert!(first.contains("hello administrator") && Path::new(session).exists(), "{first}");
        let again = hub.ask(&[version, "-sess_in", session, "-sess_out", session]).await;
        assert!(again.contains("Reused, "), "{version}: no session was resumed: {again}");
        assert!(again.contains("hello administrator"), "{again}");
        let id = hub.id();
        hub.connections.revoke(id);
        for resumed in [true, false] {
            let more = if resumed { vec![version, "-sess_in", session] } else { vec![version] };
            let refused = hub.ask(&more).await;
            assert!(!refused.contains("hello"), "{version}, resumed {resumed}: {refused}");
        }
        hub.revoked.remove(id);
    }
}

/// covers: T2.1
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_ends_when_its_certificate_is_over_also_by_a_step_of_the_clock() {
    let hub = Hub::start(true);
    let mut open = hub.curl(&[], "/stream").spawn().unwrap();
    let open = tokio::task::spawn_blocking(move || {
        until(&mut open, "0123");
        open
    });
    let open = open.await.unwrap();
    let now = SystemTime::now();
    assert_eq!(hub.connections.cut_expired(now), 0);
    let waiting = tokio::task::spawn_blocking(|| lives_on(open));
    assert_eq!(hub.connections.cut_expired(now + Duration::from_secs(400 * 86_400)), 1);
    assert!(waiting.await.unwrap() < AT_ONCE);
}

/// covers: T2.1: credentials are replaced without a dropped connection
#[tokio::test(flavor = "multi_thread")]
async fn new_credentials_answer_the_next_handshake_and_what_is_open_goes_on() {
    let hub = Hub::start(true);
    let mut open = hub.curl(&[], "/stream").spawn().unwrap();
    let mut open = tokio::task::spawn_blocking(move || {
        until(&mut open, "0123");
        open
    })
    .await
    .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let fresh = bootstrap(dir.path(), &["localhost".to_owned()]).unwrap();
    let broken = Paths { server_key: fresh.admin_key.clone(), ..fresh.clone() };
    assert!(hub.acceptor.renew(&broken).is_err(), "a pair that does not fit is refused");
    assert_eq!(text(&output(hub.curl(&[], "/").spawn().unwrap()).await), "hello administrator");
    hub.acceptor.renew(&fresh).unwrap();
    let anonymous = |ca: &Path| {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--cacert"]).arg(ca).arg(hub.url("/")).stdout(Stdio::piped());
        curl.stderr(Stdio::null()).spawn().unwrap()
    };
    assert_eq!(text(&output(anonymous(&fresh.ca_cert)).await), "hello nobody");
    assert!(!output(anonymous(&hub.paths.ca_cert)).await.status.success(), "the old one is gone");
    tokio::task::spawn_blocking(move || {
        until(&mut open, "0123");
        open.kill().unwrap();
        open.wait().unwrap();
    })
    .await
    .unwrap();
}

/// covers: T2.1: nobody knows yet who is revoked
#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_by_certificate_before_the_revocations_are_loaded() {
    let hub = Hub::start(false);
    let refused = output(hub.curl(&[], "/").spawn().unwrap()).await;
    assert!(!refused.status.success(), "{}", text(&refused));
    let anonymous = Command::new("curl")
        .args(["-sS", "--cacert"])
        .arg(&hub.paths.ca_cert)
        .arg(hub.url("/"))
        .stdout(Stdio::piped())
        .spawn();
    assert_eq!(text(&output(anonymous.unwrap()).await), "hello nobody");
    hub.revoked.load([]);
    assert_eq!(text(&output(hub.curl(&[], "/").spawn().unwrap()).await), "hello administrator");
}
