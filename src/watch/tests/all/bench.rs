//! Ten thousand segments.

use std::time::{Duration, Instant};

use ets_model::LinkState;
use ets_runtime::stamp_now;

use crate::hub::{Place, wait};
use crate::netd::Netd;

/// covers: N3.2
#[tokio::test]
async fn ten_thousand_segments_are_followed_and_all_of_them_may_go_down_at_once() {
    let count = 10_000;
    let place = Place::new();
    let netd = Netd::start(&place.socket(), 1);
    let hub = place.start(count).await;
    let all: Vec<u32> = (1..=count).collect();
    for no in &all {
        netd.change(*no, LinkState::Up, stamp_now(), stamp_now());
    }
    wait("all up", async || hub.handle.snapshot().counts.up == count).await;
    let begun = Instant::now();
    for round in 1..=10 {
        netd.tick(&all, &[]);
        wait("a tick", async || hub.handle.snapshot().segments[9_999].sent == round).await;
    }
    println!("a tick of {count} segments: {:?}", begun.elapsed() / 10);
    let begun = Instant::now();
    for no in &all {
        netd.change(*no, LinkState::Down, stamp_now(), stamp_now());
    }
    wait("all down", async || hub.handle.snapshot().counts.down == count).await;
    println!("{count} changes shown after {:?}", begun.elapsed());
    let written = Instant::now();
    while hub.handle.open_outages().await.unwrap().0 < u64::from(count) {
        assert!(written.elapsed() < Duration::from_secs(120));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("written down after {:?}", begun.elapsed());
    println!("memory: {:?}", hub.handle.health().await.memory);
    hub.stop().await;
}
