//! What one certificate, one address and one connection may take up.

use std::time::Duration;

use ets_access::{AtOnce, PerAddress, PerCertificate};
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
    crate::bed::wait_for("the end of that one", || bed.connections.len() == 2).await;
    let third = bed.tls("aigul", "http/1.1", "closed.example").await;
    crate::bed::wait_for("the third", || bed.connections.len() == 3).await;
    assert_eq!(bed.ask(&[], "/").await.0, 0, "three connections stand");
    assert_eq!(bed.ask_as(Some("bolat"), &[], "https://closed.example/").await.0, 200);
    drop((open, third));
    crate::bed::wait_for("their end", || bed.connections.is_empty()).await;
    assert_eq!(bed.ask(&[], "/").await.0, 200);
}

/// covers: T-8 (floods): streams that say nothing take up no more of the open part, and of a service
#[tokio::test(flavor = "multi_thread")]
async fn an_address_and_a_service_have_so_many_requests_under_way_and_no_more() {
    let bed = Bed::start(|config| config.at_once = AtOnce { of_address: 2, of_service: 3 }).await;
    let events = || {
        let open = bed.curl(None, &[], "https://open.example/events");
        tokio::process::Command::from(open).kill_on_drop(true).spawn().unwrap()
    };
    let mut streams = [events(), events()];
    for stream in &mut streams {
        stream.stdout.as_mut().unwrap().read_u8().await.expect("it begins");
    }
    let (status, said) = bed.ask_as(None, &["-H", "Accept: application/json"], OPEN).await;
    assert!(status == 429 && said.contains("too-many-requests-of-address"), "{status} {said}");
    assert_eq!(bed.ask_as(None, &["--interface", "127.0.0.9"], OPEN).await.0, 200);
    assert_eq!(bed.ask(&[], "/").await.0, 200, "a certificate has its own account");
    drop(streams);
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut events = bed.tls("aigul", "http/1.1", "closed.example").await;
        events.write_all(b"GET /events HTTP/1.1\r\nHost: closed.example\r\n\r\n").await.unwrap();
        until(&mut events, "tick").await;
        held.push(events);
    }
    assert_eq!(bed.ask(&[], "/").await.0, 503, "the service has no room for more");
    assert_eq!(bed.access.figures().routes[0].down, 0, "and is not down");
    drop(held);
    crate::bed::wait_for("their end", || bed.connections.is_empty()).await;
    crate::bed::wait_for("room", || bed.access.figures().streams == 0).await;
    assert_eq!(bed.ask(&[], "/").await.0, 200);
    assert_eq!(bed.ask_as(None, &[], OPEN).await.0, 200);
}

const OPEN: &str = "https://open.example/";

/// covers: T2.1, T-8: who brings no certificate is counted by the address
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_asks_too_much_of_the_open_part_is_told_to_wait_in_three_languages() {
    let bed = Bed::start(|config| config.per_address = PerAddress { rate: 1, burst: 3 }).await;
    for _ in 0..4 {
        assert_eq!(bed.ask_as(None, &[], OPEN).await.0, 200);
    }
    for (language, word) in [
        ("en", "More comes from your address"),
        ("ru", "С вашего адреса приходит слишком много"),
        ("kk", "мекенжайыңыздан сұрау тым көп"),
    ] {
        let header = format!("Accept-Language: {language}");
        let (status, page) = bed.ask_as(None, &["-i", "-H", &header], OPEN).await;
        assert!(status == 429 && page.contains(word) && page.contains("</html>"), "{page}");
        assert!(page.contains("retry-after: "), "{page}");
    }
    let (_, problem) = bed.ask_as(None, &["-H", "Accept: application/json"], OPEN).await;
    assert!(problem.contains("urn:ets:access:too-many-requests-of-address"), "{problem}");
    // What is ours counts like what is a service's, and the closed part like the open one.
    assert_eq!(bed.ask_as(None, &[], "https://open.example/assets/none").await.0, 429);
    assert_eq!(bed.ask_as(None, &[], "https://closed.example/").await.0, 429);
    assert_eq!(bed.ask(&[], "/").await.0, 200, "a certificate has its own account");
    let elsewhere = ["--interface", "127.0.0.9"];
    assert_eq!(bed.ask_as(None, &elsewhere, OPEN).await.0, 200, "so has another address");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(bed.ask_as(None, &[], OPEN).await.0, 200, "it does not last");
    let refused = bed.access.figures().refused;
    let of_address = refused.iter().find(|one| one.0 == "too-many-requests-of-address");
    assert_eq!(of_address.map(|one| one.1), Some(6));
}

/// covers: T2.1, T-8: h2load asks as fast as it can
#[tokio::test(flavor = "multi_thread")]
async fn others_are_served_while_one_address_floods_the_open_part() {
    let bed = Bed::start(|config| config.per_address = PerAddress { rate: 50, burst: 100 }).await;
    let mut flood = std::process::Command::new("h2load");
    flood.args(["-D", "4", "-c", "8", "-m", "16", "-t", "1", "--connect-to"]);
    flood.arg(bed.address.to_string()).arg(OPEN).stdout(std::process::Stdio::piped());
    let begun = std::time::Instant::now();
    let flood = tokio::task::spawn_blocking(move || flood.output().unwrap());
    tokio::time::sleep(Duration::from_millis(500)).await;
    while !flood.is_finished() {
        let asked = std::time::Instant::now();
        let elsewhere = ["--interface", "127.0.0.9"];
        assert_eq!(bed.ask_as(None, &elsewhere, OPEN).await.0, 200);
        assert_eq!(bed.ask(&[], "/").await.0, 200);
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let took = begun.elapsed().as_secs();
    let said = String::from_utf8(flood.await.unwrap().stdout).unwrap();
    let codes = said.lines().find(|line| line.starts_with("status codes:")).unwrap();
    println!("{codes}");
    let [passed, refused] = ["2xx", "4xx"].map(|class| {
        let count = codes.split([':', ',']).find_map(|one| one.trim().strip_suffix(class));
        count.unwrap().trim().parse::<u64>().unwrap()
    });
    assert!(passed >= 100 && passed <= 101 + 50 * (took + 1), "{codes}");
    assert!(refused > passed, "{codes}");
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
