//! Ten thousand segments.

use std::time::{Duration, Instant};

use ets_model::{LinkState, Outcome, Sample, SegmentNo, Stamp, WallTime};
use ets_runtime::{set_up_memory, stamp_now, wall_now};

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
    // The first seconds after an outage say nothing of the loss, and the hub may join late.
    let (now, ago) = (stamp_now(), Duration::from_secs(60));
    let since = Stamp { boot: now.boot - ago, wall: now.wall.minus(ago) };
    for no in &all {
        netd.change(*no, LinkState::Up, since, since);
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

/// Ten minutes of ten thousand segments. What belongs to no part by name counts as not told.
///
/// covers: N11
#[tokio::test]
async fn the_memory_that_is_told_by_part_is_at_least_85_percent_of_what_is_resident() {
    set_up_memory();
    let place = Place::new();
    // Nobody plays `netd` here: what that takes would be ours.
    let hub = place.start(10_000).await;
    let begun = wall_now().0 - 700_000_000;
    for second in 0..600_u32 {
        let outcome = Outcome::Answered(Duration::from_micros(900 + u64::from(second % 7)));
        let samples = (1..=10_000).map(|no| Sample { segment: SegmentNo(no), outcome });
        let at = WallTime(begun + i64::from(second) * 1_000_000);
        hub.handle.series().record(9, second.into(), at, samples);
    }
    let health = hub.handle.health().await;
    let other = |part: &&ets_watch::Part| part.name == "other";
    let told: u64 = health.memory.iter().filter(|part| !other(part)).map(|part| part.bytes).sum();
    println!("{told} of {} told by part: {:?}", health.resident, health.memory);
    assert!(told * 100 >= health.resident * 85, "{told} of {}", health.resident);
    let sum: u64 = health.memory.iter().map(|part| part.bytes).sum();
    assert!(sum <= health.resident + health.resident / 20, "{sum} of {}", health.resident);
    hub.stop().await;
}
