//! The accept loops, judged by foreign clients: curl, openssl, and a client that dawdles.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Extension;
use axum::routing::get;
use ets_listen::{Connections, Limits, Peer, PeerCertificate, bind_unix, serve_plain, serve_tls};
use ets_runtime::{Shutdown, ShutdownTrigger};
use ets_tls::testing::bootstrap;
use ets_tls::{Acceptor, Paths, RevocationSet};

async fn who(peer: Extension<Peer>, certificate: Option<Extension<PeerCertificate>>) -> String {
    let name = certificate.map_or_else(|| "nobody".to_owned(), |one| one.subject.clone());
    format!("{name} over {:?}", peer.scheme)
}

struct Server {
    address: SocketAddr,
    end: ShutdownTrigger,
    task: tokio::task::JoinHandle<Result<(), ets_listen::Error>>,
}

fn start(paths: Option<&Paths>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let (end, shutdown) = Shutdown::new();
    let limits = Limits { request_head: Duration::from_millis(500), ..Limits::default() };
    let router = Router::new().route("/", get(who));
    let task = match paths {
        None => tokio::spawn(serve_plain(listener, router, limits, shutdown)),
        Some(paths) => {
            let revoked = Arc::new(RevocationSet::new());
            revoked.load([]);
            let acceptor = Acceptor::open(paths, revoked.clone()).expect("the credentials fit");
            let entry = (acceptor, Connections::new(revoked));
            tokio::spawn(serve_tls(listener, entry, router, limits, shutdown))
        }
    };
    Server { address, end, task }
}

async fn curl(args: Vec<String>) -> (bool, String) {
    let output = tokio::task::spawn_blocking(move || {
        Command::new("curl").args(["-sS", "--max-time", "10"]).args(args).output()
    });
    let output = output.await.expect("it ran").expect("curl starts");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn words(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary path is UTF-8")
}

/// covers: T2.1 (first form): TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2, with and without a certificate
#[tokio::test(flavor = "multi_thread")]
async fn curl_is_known_by_its_certificate_and_by_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let paths = bootstrap(dir.path(), &words(&["localhost"])).expect("certificates can be made");
    let server = start(Some(&paths));
    let url = format!("https://localhost:{}/", server.address.port());
    let (ca, cert, key) = (text(&paths.ca_cert), text(&paths.admin_cert), text(&paths.admin_key));
    for version in [["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3", "--tls-max", "1.3"]] {
        for http in ["--http1.1", "--http2"] {
            let known = [&version[..], &[http, "--cacert", ca, "--cert", cert, "--key", key, &url]]
                .concat();
            assert_eq!(curl(words(&known)).await, (true, "administrator over Https".to_owned()));
            let forged = "x-client-subject: administrator";
            let unknown = [&version[..], &[http, "--cacert", ca, "-H", forged, &url]].concat();
            assert_eq!(curl(words(&unknown)).await, (true, "nobody over Https".to_owned()));
        }
    }
    let other = tempfile::tempdir().expect("a folder can be made");
    let strange =
        bootstrap(other.path(), &words(&["localhost"])).expect("certificates can be made");
    let (cert, key) = (text(&strange.admin_cert), text(&strange.admin_key));
    let stranger = ["--cacert", ca, "--cert", cert, "--key", key, &url];
    assert!(!curl(words(&stranger)).await.0, "a stranger's certificate opened the door");
    server.end.fire();
    server.task.await.expect("it ends").expect("without an error");
}

/// covers: T1.1 (first form): openssl finds the chain in order
#[test]
fn openssl_verifies_what_was_made_and_keys_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a folder can be made");
    let paths = bootstrap(dir.path(), &words(&["localhost"])).expect("certificates can be made");
    for (purpose, cert) in [("sslserver", &paths.server_cert), ("sslclient", &paths.admin_cert)] {
        let output = Command::new("openssl")
            .args([
                "verify",
                "-x509_strict",
                "-purpose",
                purpose,
                "-CAfile",
                text(&paths.ca_cert),
                text(cert),
            ])
            .output()
            .expect("openssl starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for key in [&paths.server_key, &paths.admin_key] {
        let mode = std::fs::metadata(key).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", key.display());
    }
    let again = bootstrap(dir.path(), &words(&["localhost"])).expect("they are there");
    assert_eq!(again, paths, "a second start keeps what the first one made");
}

/// covers: design 2 (listen: deadlines)
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_dawdles_is_cut_off_and_others_are_served() {
    let server = start(None);
    let address = server.address;
    let slow = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").expect("it reads");
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout can be set");
        let started = Instant::now();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("it closes");
        started.elapsed()
    });
    let url = format!("http://{address}/");
    assert_eq!(curl(words(&[&url])).await, (true, "nobody over Http".to_owned()));
    assert!(slow.await.expect("it ran") < Duration::from_secs(3), "it was not cut off");
    server.end.fire();
    server.task.await.expect("it ends").expect("without an error");
}

/// covers: design 7 (the socket of the commands)
#[tokio::test]
async fn a_socket_in_use_is_not_taken_and_a_dead_one_is() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let path = dir.path().join("serve.sock");
    let first = bind_unix(&path).await.expect("it is free");
    let error = bind_unix(&path).await.expect_err("it is served");
    assert!(error.to_string().contains("already served"), "{error}");
    drop(first);
    bind_unix(&path).await.expect("nobody serves it any more");
}
