//! The exit, the idle time and the fresh signature: who took the token out comes in no more.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use ets_access::{Config, Idle};
use ets_listen::{Limits, serve_tls};
use ets_runtime::Shutdown;
use ets_tls::Acceptor;
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::bed::{Bed, read_for, until, wait_for};

/// One request over openssl, which keeps or resumes a session; what it printed.
async fn over(bed: &Bed, more: &[&str], path: &str) -> String {
    let [cert, key] = ["aigul.pem", "aigul.key"].map(|file| bed.dir.path().join(file));
    let own = ["-cert", cert.to_str().unwrap(), "-key", key.to_str().unwrap()];
    over_as_nobody(bed, &[more, &own].concat(), path).await
}

/// The same without a certificate.
async fn over_as_nobody(bed: &Bed, more: &[&str], path: &str) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", "-ign_eof", "-servername", "closed.example", "-connect"]);
    openssl.arg(bed.address.to_string()).arg("-CAfile").arg(&bed.paths.ca_cert);
    openssl.args(more).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = openssl.spawn().unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: closed.example\r\nAccept: application/json\r\n\
         Connection: close\r\n\r\n"
    );
    drop(child.stdin.take().unwrap().write_all(request.as_bytes()));
    let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A session in a file; whether it can be resumed is asked with [`resumes`].
async fn session(bed: &Bed, version: &str) -> String {
    let file = bed.dir.path().join(format!("session{version}"));
    let file = file.to_str().unwrap().to_owned();
    let said = over(bed, &[version, "-sess_out", &file], "/me").await;
    assert!(said.contains("\"person\""), "{said}");
    file
}

async fn resumes(bed: &Bed, version: &str, file: &str) -> bool {
    let said = over(bed, &[version, "-sess_in", file, "-sess_out", file], "/me").await;
    assert!(said.contains("\"person\""), "{said}");
    said.contains("Reused, ")
}

/// covers: T2.1, T-8: who had no token in is asked for it the next time
#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_nobody_is_not_resumed_on_a_closed_name() {
    let bed = Bed::start(|_| {}).await;
    for version in ["-tls1_2", "-tls1_3"] {
        let file = bed.dir.path().join(format!("nobody{version}"));
        let file = file.to_str().unwrap();
        let said = over_as_nobody(&bed, &[version, "-sess_out", file], "/me").await;
        assert!(said.contains("no-certificate"), "{said}");
        let said = over(&bed, &[version, "-sess_in", file], "/me").await;
        assert!(!said.contains("Reused, ") && said.contains("\"person\""), "{version}: {said}");
    }
}

/// covers: T2.3
#[tokio::test(flavor = "multi_thread")]
async fn the_exit_ends_every_connection_and_the_token_signs_before_one_comes_in_again() {
    let bed = Bed::start(|_| {}).await;
    for version in ["-tls1_2", "-tls1_3"] {
        let file = session(&bed, version).await;
        assert!(resumes(&bed, version, &file).await, "{version}: sessions are resumed as a rule");
        let mut events = bed.tls("aigul", "http/1.1", "closed.example").await;
        events.write_all(b"GET /events HTTP/1.1\r\nHost: closed.example\r\n\r\n").await.unwrap();
        until(&mut events, "tick").await;
        let mut other = bed.tls("bolat", "http/1.1", "closed.example").await;
        let page = bed.ask(&[], "/leave").await;
        assert!(page.0 == 200 && page.1.contains("method=\"post\""), "{}", page.1);
        let more = ["-i", "--http1.1", "-X", "POST", "-H", "Accept-Language: en"];
        let (status, left) = bed.ask(&more, "/leave").await;
        let head = left.to_lowercase();
        assert!(status == 200 && left.contains("You have left"), "{left}");
        assert!(head.contains("clear-site-data: \"*\"") && head.contains("connection: close"));
        read_for(&mut events, Duration::from_secs(3)).await;
        wait_for("the end", || bed.connections.count(bed.id("aigul")) == 0).await;
        assert!(!resumes(&bed, version, &file).await, "{version}: a full handshake");
        other.write_all(b"GET / HTTP/1.1\r\nHost: closed.example\r\n\r\n").await.unwrap();
        until(&mut other, "200 OK").await;
    }
}

/// covers: T2.3: the exit is no trick for another site
#[tokio::test(flavor = "multi_thread")]
async fn another_site_cannot_make_one_leave() {
    let bed = Bed::start(|_| {}).await;
    for forged in ["Sec-Fetch-Site: cross-site", "Origin: https://evil.example"] {
        let (status, _) = bed.ask(&["-X", "POST", "-H", forged], "/leave").await;
        assert_eq!(status, 403, "{forged}");
    }
    for http in ["--http1.1", "--http2"] {
        for own in ["Sec-Fetch-Site: same-origin", "Origin: https://closed.example"] {
            let (status, _) = bed.ask(&[http, "-X", "POST", "-H", own], "/leave").await;
            assert_eq!(status, 200, "{http} {own}");
        }
    }
    for (path, allowed) in [("/leave", "get, head, post"), ("/me", "get, head"), ("/sign", "post")]
    {
        let (status, said) = bed.ask(&["-i", "-X", "PUT"], path).await;
        let line = format!("allow: {allowed}\r\n");
        assert!(status == 405 && said.to_lowercase().contains(&line), "{path}: {said}");
    }
}

/// covers: T2.3: whoever does nothing for the idle time has left
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_certificate_has_its_connections_closed_and_its_sessions_dropped() {
    let idle = Duration::from_millis(700);
    let bed = Bed::start(|config: &mut Config| config.idle = Idle(idle)).await;
    let file = session(&bed, "-tls1_3").await;
    let mut events = bed.tls("aigul", "http/1.1", "closed.example").await;
    events.write_all(b"GET /events HTTP/1.1\r\nHost: closed.example\r\n\r\n").await.unwrap();
    until(&mut events, "tick").await;
    for _ in 0..4 {
        tokio::time::sleep(idle / 3).await;
        assert!(resumes(&bed, "-tls1_3", &file).await, "who does something stays");
    }
    let begun = std::time::Instant::now();
    read_for(&mut events, Duration::from_secs(5)).await;
    assert!(begun.elapsed() < 3 * idle, "events alone are no act: {:?}", begun.elapsed());
    assert!(bed.connections.is_empty());
    assert!(!resumes(&bed, "-tls1_3", &file).await, "the token signs again");
}

/// covers: T2.3: the idle time is that of the closed part, and no matter of other listeners
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_certificate_keeps_what_it_has_at_other_listeners() {
    let idle = Duration::from_millis(300);
    let bed = Bed::start(|config: &mut Config| config.idle = Idle(idle)).await;
    let acceptor = Acceptor::open(&bed.paths, Arc::clone(&bed.revoked)).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let entry = (acceptor.clone(), Arc::clone(&bed.connections));
    let router = Router::new().route("/", get(|| async { "here" }));
    let (_end, shutdown) = Shutdown::new();
    tokio::spawn(serve_tls(listener, entry, router, Limits::default(), shutdown));
    let connector = TlsConnector::from(Arc::new(bed.client("aigul", "http/1.1")));
    let name = ServerName::try_from("closed.example").unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let mut there = connector.connect(name, stream).await.unwrap();
    let _here = bed.tls("aigul", "http/1.1", "closed.example").await;
    wait_for("both", || bed.connections.len() == 2).await;
    wait_for("the cut", || bed.connections.len() == 1).await;
    there.write_all(b"GET / HTTP/1.1\r\nHost: closed.example\r\n\r\n").await.unwrap();
    until(&mut there, "here").await;
    assert!(acceptor.drop_sessions(bed.id("aigul")) > 0, "nor were its sessions dropped");
}

/// covers: T2.3: sensitive steps ask for a fresh signature
#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_needs_a_fresh_signature_gets_one() {
    let fresh = Duration::from_millis(600);
    let bed = Bed::start(|config| config.routes[1].fresh = Some(fresh)).await;
    let file = session(&bed, "-tls1_3").await;
    let said = over(&bed, &["-tls1_3", "-sess_in", &file, "-sess_out", &file], "/pay").await;
    assert!(said.contains("Reused, ") && said.contains("200 OK"), "a young one will do: {said}");
    tokio::time::sleep(fresh).await;
    let said = over(&bed, &["-tls1_3", "-sess_in", &file, "-sess_out", &file], "/pay").await;
    assert!(said.contains("Reused, ") && said.contains("signature-too-old"), "{said}");
    assert_eq!(bed.ask(&[], "/pay").await.0, 200, "a full handshake");
    let more = ["-i", "-X", "POST", "--http1.1"];
    let (status, signed) = bed.ask(&more, "/sign?to=%2Fpay%3Fa%3Db").await;
    assert!(status == 303 && signed.to_lowercase().contains("location: /pay?a=b"), "{signed}");
    let said = over(&bed, &["-tls1_3", "-sess_in", &file], "/pay").await;
    assert!(!said.contains("Reused, ") && said.contains("200 OK"), "{said}");
    for outside in ["//evil.example", "https://evil.example", "/%5C/evil.example"] {
        let (_, signed) = bed.ask(&more, &format!("/sign?to={outside}")).await;
        assert!(signed.to_lowercase().contains("location: /me"), "{outside}: {signed}");
    }
}
