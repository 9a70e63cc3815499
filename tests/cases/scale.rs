//! Ten thousand segments on fifty links (S2, S10); CI runs the same code on a smaller star.

use std::time::{Duration, Instant};

use crate::metrics::scrape;
use crate::support::{Lab, Options, Usage, sized, wait_for};

/// Both processes together, all rings full (S2).
const MEMORY: u64 = 600 << 20;
/// A scrape of 10,000 segments, compressed (S10).
const SCRAPE: usize = 3 << 20;

/// covers: S2, S10, N3.1
#[test]
fn a_large_star_has_no_false_down_within_its_memory() {
    let segments = sized("segments", 2_000_u32, 10_000);
    let seconds = sized("seconds", 25_u64, 4_500);
    let links = Some(segments / 200);
    let patience = Duration::from_secs(180);
    let lab = Lab::start(&Options { segments, links, patience, ..Options::default() });
    let api = lab.api();
    wait_for("all up", Duration::from_secs(60), Duration::from_millis(500), || {
        (api.count("up") == segments as usize).then_some(())
    });
    println!("{segments} segments ready after {:?}", lab.start);
    let (netd, serve) = (lab.pid("netd"), lab.pid("serve"));
    let before = (Usage::of(netd).cpu, Usage::of(serve).cpu, Instant::now());
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        std::thread::sleep(Duration::from_secs(5));
        assert_eq!(api.count("down"), 0, "a false down");
    }
    let outages = api.get("/api/v1/outages?state=any");
    assert_eq!(outages.as_array().map(Vec::len), Some(0), "{outages}");
    report(netd, serve, before, segments, &api.get("/api/v1/health"));
    let (took, bytes) = scrape(&lab);
    println!("scrape: {took:?}, {bytes} bytes compressed");
    assert!(took < Duration::from_secs(1), "a scrape took {took:?}");
    assert!(bytes < SCRAPE, "a scrape has {bytes} bytes");
}

fn report(
    netd: i64,
    serve: i64,
    before: (Duration, Duration, Instant),
    segments: u32,
    health: &serde_json::Value,
) {
    let seconds = before.2.elapsed().as_secs_f64();
    let used = |pid: i64, was: Duration| (Usage::of(pid).cpu - was).as_secs_f64() / seconds * 100.0;
    let (one, two) = (Usage::of(netd).resident, Usage::of(serve).resident);
    println!(
        "netd: {:.1} % of a core, {} MiB; serve: {:.1} % of a core, {} MiB",
        used(netd, before.0),
        one >> 20,
        used(serve, before.1),
        two >> 20
    );
    let per_probe = used(netd, before.0) / 100.0 / f64::from(segments) * 1e6;
    println!(
        "netd: {per_probe:.1} microseconds of CPU a probe, the kernel's way there and back included"
    );
    println!("memory of serve by part: {}", health["serve"]["memory"]);
    println!("engine: {}", health["netd"]["status"]["engine"]);
    assert!(one + two < MEMORY, "both processes hold {} MiB", (one + two) >> 20);
}
