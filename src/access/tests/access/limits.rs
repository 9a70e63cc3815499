//! What one certificate, one address and one connection may take up.

use std::time::Duration;

use ets_access::PerCertificate;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bed::{Bed, until};

/// covers: T2.1, T-8
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_asks_too_much_is_told_to_wait_and_others_are_served() {
    let bed = Bed::start(|config| {
        config.per_certificate = PerCertificate { in_flight: 50, rate: 1, burst: 3 };
    })
    .await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(bed.ask(&["-H", "Accept: application/json"], "/").await);
    }
    assert_eq!(statuses[..4].iter().filter(|(status, _)| *status == 200).count(), 4);
    let (status, problem) = &statuses[5];
    assert!(*status == 429 && problem.contains("too-many-requests"), "{statuses:?}");
    assert_eq!(bed.ask_as(Some("bolat"), &[], "https://closed.example/").await.0, 200);
}

/// covers: T2.1, T-8
#[tokio::test(flavor = "multi_thread")]
async fn so_many_connections_and_open_streams_and_no_more() {
    let bed = Bed::start(|config| {
        config.bounds.per_certificate = 3;
        config.per_certificate.in_flight = 2;
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut events = bed.tls("aigul", "http/1.1", "closed.example").await;
        events.write_all(b"GET /events HTTP/1.1\r\nHost: closed.example\r\n\r\n").await.unwrap();
        until(&mut events, "tick").await;
        open.push(events);
    }
    assert_eq!(bed.ask(&[], "/").await.0, 429, "two are under way");
    let third = bed.tls("aigul", "http/1.1", "closed.example").await;
    crate::bed::wait_for("the third", || bed.connections.len() == 3).await;
    assert_eq!(bed.ask(&[], "/").await.0, 0, "three connections stand");
    assert_eq!(bed.ask_as(Some("bolat"), &[], "https://closed.example/").await.0, 200);
    drop((open, third));
    crate::bed::wait_for("their end", || bed.connections.is_empty()).await;
    assert_eq!(bed.ask(&[], "/").await.0, 200);
}

/// covers: T-8
#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_so_many_connections_and_no_more() {
    let bed = Bed::start(|config| config.bounds.per_address = 2).await;
    let mut silent = Vec::new();
    for _ in 0..2 {
        silent.push(tokio::net::TcpStream::connect(bed.address).await.unwrap());
    }
    assert_eq!(bed.ask(&[], "/").await.0, 0);
    drop(silent);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(bed.ask(&[], "/").await.0, 200);
}

/// covers: T-8 (slow readers): an answer that nobody takes does not wait for ever
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_take_his_answer_is_cut_off() {
    let bed = Bed::start(|config| config.bounds.stall = Duration::from_millis(600)).await;
    let mut stream = bed.tls("aigul", "http/1.1", "closed.example").await;
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: closed.example\r\n\r\n").await.unwrap();
    crate::bed::wait_for("the cut", || {
        bed.connections.is_empty() && {
            use std::sync::atomic::Ordering;
            bed.access.counters().stalled.load(Ordering::Relaxed) == 1
        }
    })
    .await;
    let mut all = Vec::new();
    drop(stream.read_to_end(&mut all).await);
    assert!(all.len() < 20 << 20, "{}", all.len());
}
