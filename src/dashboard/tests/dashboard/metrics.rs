//! The figures for Prometheus: clean, complete, and small at 10,000 segments.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use axum::body::Body;
use ets_model::LinkState;
use http::{Request, header};
use tower::ServiceExt;

use crate::bed::{Bed, text};

async fn scrape(bed: &Bed) -> String {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    text(bed.metrics_router().oneshot(request).await.unwrap()).await
}

fn names(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

/// covers: N12
#[tokio::test]
async fn the_list_of_metrics_is_what_is_served() {
    let bed = Bed::new(5).await;
    bed.get("/").await;
    let served = names(&scrape(&bed).await);
    let listed: BTreeSet<String> = ets_dashboard::METRICS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(served, listed);
}

/// covers: N12
#[tokio::test]
async fn promtool_finds_nothing_to_mend() {
    let bed = Bed::new(49).await;
    bed.feeder.put(bed.picture(&[(3, LinkState::Down), (4, LinkState::Unknown)]));
    bed.get("/").await;
    let exposition = scrape(&bed).await;
    let check = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut check = match check {
        Ok(check) => check,
        Err(error) => panic!("install Debian's package prometheus for promtool: {error}"),
    };
    check.stdin.take().unwrap().write_all(exposition.as_bytes()).unwrap();
    let output = check.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}

/// covers: N12, T2.1
#[tokio::test]
async fn the_proxy_is_told_of_by_class_reason_and_route() {
    let bed = Bed::new(1).await;
    let served = scrape(&bed).await;
    for line in [
        "ets_access_requests_total{code=\"2xx\"} 0",
        "ets_access_refused_total{reason=\"no-right\"} 3",
        "ets_access_handshakes_total{result=\"full\"} 5",
        "ets_access_connections_ended_total{reason=\"idle\"} 2",
        "ets_access_route_requests_total{route=\"/\",part=\"open\",code=\"2xx\"} 7",
        "ets_access_route_requests_total{route=\"/\",part=\"closed\",code=\"4xx\"} 1",
        "ets_access_route_services{route=\"a.example/\\\"b\\\\\",part=\"closed\",state=\"up\"} 1",
    ] {
        assert!(served.lines().any(|one| one == line), "{line}: {served}");
    }
}

/// covers: N12
#[tokio::test]
async fn a_scrape_of_ten_thousand_segments_is_quick_and_small() {
    let bed = Bed::new(10_000).await;
    let start = Instant::now();
    let request = Request::get("/metrics")
        .header(header::ACCEPT_ENCODING, "gzip")
        .body(Body::empty())
        .unwrap();
    let response = bed.metrics_router().oneshot(request).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    let body = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
    println!("10,000 segments: {:?}, {} bytes compressed", start.elapsed(), body.len());
    assert!(body.len() < 3_000_000, "{}", body.len());
}
