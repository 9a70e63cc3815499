//! How soon the API says that a segment went down or came back (S4).

use std::time::{Duration, Instant};

use crate::support::{Lab, Options, full_size, quantile, sized, wait_for};

const SOON: Duration = Duration::from_secs(10);

/// Waits for `state` of one segment in the API and gives how long it took.
#[track_caller]
fn time_to(lab: &Lab, segment: &str, state: &str) -> Duration {
    let started = Instant::now();
    let api = lab.api();
    wait_for(state, SOON, Duration::from_millis(10), || {
        (api.state(segment) == state).then_some(())
    });
    started.elapsed()
}

/// A star in which so many segments are critical, all up.
fn star(segments: u32, critical: u32) -> Lab {
    println!("size: segments = {segments}");
    let lab = Lab::start(&Options {
        segments,
        links: full_size().then_some(50),
        critical,
        patience: Duration::from_secs(180),
        ..Options::default()
    });
    wait_for("all up", Duration::from_secs(60), Duration::from_millis(200), || {
        (lab.api().count("up") == segments as usize).then_some(())
    });
    lab
}

/// covers: S4, N3.2
#[test]
fn a_silent_segment_is_down_in_the_api_in_about_a_second() {
    let trials = sized("trials", 20_u32, 200);
    let segments = sized("segments", 40_u32, 10_000);
    let lab = star(segments, 0);
    let fresh: Vec<u32> = (1..=trials).collect();
    let (mut down, mut up) = trial(&lab, &fresh, segments);
    let (median, worst) = (quantile(&mut down, 0.5), quantile(&mut down, 0.99));
    let back = quantile(&mut up, 0.99);
    println!("1 Hz: down median {median:?}, p99 {worst:?}; recovery p99 {back:?}");
    assert!(median < Duration::from_secs(1), "median {median:?}");
    assert!(worst < Duration::from_millis(1500), "p99 {worst:?}");
    assert!(back < Duration::from_millis(500), "recovery p99 {back:?}");
}

/// covers: S4, N3.2
#[test]
fn a_silent_critical_segment_is_down_in_the_api_within_700_milliseconds() {
    let trials = sized("trials", 20_u32, 200);
    let segments = sized("segments", 40_u32, 10_000);
    // A fresh segment for each trial: one that is cut again and again is damped.
    let lab = star(segments, trials);
    let fresh: Vec<u32> = (0..trials).map(|trial| segments - trial).collect();
    let (mut down, _) = trial(&lab, &fresh, segments);
    let (median, worst) = (quantile(&mut down, 0.5), quantile(&mut down, 0.99));
    println!("5 Hz: down median {median:?}, p99 {worst:?}");
    assert!(worst < Duration::from_millis(700), "p99 {worst:?}");
}

/// Cuts and heals each segment: how long down and up took.
fn trial(lab: &Lab, numbers: &[u32], segments: u32) -> (Vec<Duration>, Vec<Duration>) {
    let width = if segments > 999 { 5 } else { 3 };
    let mut times = (Vec::new(), Vec::new());
    for number in numbers {
        let segment = format!("s{number:0width$}");
        // A random part of a second, so that no trial stands at a fixed phase of the probes.
        let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().subsec_nanos();
        std::thread::sleep(Duration::from_millis(u64::from(nanos / 7 % 1000)));
        lab.tell(&["fault", "silent", &segment]);
        times.0.push(time_to(lab, &segment, "down"));
        lab.tell(&["heal", &segment]);
        times.1.push(time_to(lab, &segment, "up"));
    }
    times
}

/// covers: S4, N3.2
#[test]
fn a_lost_carrier_is_down_within_200_milliseconds() {
    let lab = Lab::start(&Options { segments: 12, ..Options::default() });
    wait_for("all up", SOON, Duration::from_millis(50), || {
        (lab.api().count("up") == 12).then_some(())
    });
    let mut times: Vec<Duration> = (1..=8)
        .map(|number| {
            let segment = format!("s{number:03}");
            lab.tell(&["fault", "link-down", &segment]);
            time_to(&lab, &segment, "down")
        })
        .collect();
    let worst = quantile(&mut times, 1.0);
    println!("carrier loss: worst of {} trials {worst:?}", times.len());
    assert!(worst < Duration::from_millis(200), "{worst:?}");
}

/// covers: S4, N3.2
#[test]
fn lossy_and_slow_segments_are_not_called_down() {
    // Ten minutes are asked of the loss, thirty of the delay: both get the longer time.
    let seconds = sized("seconds", 45_u64, 1_800);
    let lab = Lab::start(&Options { segments: 24, ..Options::default() });
    let api = lab.api();
    wait_for("all up", SOON, Duration::from_millis(50), || (api.count("up") == 24).then_some(()));
    lab.tell(&["fault", "loss", "s001-s020", "--loss", "10"]);
    lab.tell(&["fault", "delay", "s021-s022", "--delay", "80", "--jitter", "40", "--loss", "1"]);
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        assert_eq!(api.count("down"), 0, "a lossy segment was called down");
        std::thread::sleep(Duration::from_millis(500));
    }
    let degraded = (1..=20).filter(|n| api.state(&format!("s{n:03}")) == "degraded").count();
    assert!(degraded >= 19, "{degraded} of 20 lossy segments are degraded");
    for slow in ["s021", "s022"] {
        assert_eq!(api.state(slow), "up", "a slow segment is no fault");
    }
    let outages = api.get("/api/v1/outages?state=any");
    assert_eq!(outages.as_array().map(Vec::len), Some(0), "{outages}");
}
