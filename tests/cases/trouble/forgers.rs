//! Who answers in another's name, and floods (S5, S7).

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{OFTEN, SOON, lab, metric, outages, seconds};
use crate::support::{Lab, hub_binary, sized, wait_for};

/// Packets a second.
const RATE: u32 = 20_000;
/// What the hub's own filter in the kernel lets through, so that the engine must refuse it.
const CLEVER: [&str; 5] = ["duplicate", "late", "cookie", "future", "truncated"];
/// What need not even come to the engine: another segment's address, a foreign tag.
const CLUMSY: [&str; 2] = ["source", "foreign"];

/// Starts the forger in a segment.
#[track_caller]
fn forge(lab: &Lab, segment: usize, kinds: &str, count: u32, more: &[&str]) -> Child {
    let all = lab.json()["segments"].clone();
    let (own, other) = (&all[segment], &all[segment + 1]);
    let word = |value: &Value| value.as_str().expect("lab.json names it").to_owned();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/cases/trouble/forge.py");
    Command::new(hub_binary())
        .args(["lab", "exec", "--dir"])
        .arg(lab.path())
        .args([&word(&own["id"]), "python3", script, &word(&own["uplink"])])
        .args([&word(&own["address"]), &word(&other["address"]), kinds, &count.to_string()])
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the forger starts")
}

/// What the forger reports when it has ended.
#[track_caller]
fn report(forger: Child) -> Value {
    let output = forger.wait_with_output().expect("it can be waited for");
    assert!(output.status.success(), "the forger failed");
    serde_json::from_slice(&output.stdout).expect("it reports in JSON")
}

/// The engine's counters from the metrics.
fn counters(lab: &Lab) -> [u64; 6] {
    ["forged", "duplicate", "late", "overflowed", "lost", "answered"]
        .map(|name| metric(lab, &format!("ets_probe_{name}_total")))
}

/// covers: S5, N3.1
#[test]
fn forged_duplicated_and_late_replies_are_refused_and_none_of_ours_is_lost() {
    let count = sized("forged replies", 50_000_u32, 1_000_000);
    let lab = lab(8);
    let api = lab.api();
    std::thread::sleep(Duration::from_secs(3));
    let before = counters(&lab);
    let kinds = [CLEVER.as_slice(), CLUMSY.as_slice()].concat().join(",");
    let mut forger = forge(&lab, 0, &kinds, count, &[&RATE.to_string()]);
    while forger.try_wait().expect("it can be waited for").is_none() {
        assert_eq!(api.count("up"), 8, "a segment changed its state");
        std::thread::sleep(OFTEN);
    }
    let told = report(forger);
    let rate = f64::from(count) / told["seconds"].as_f64().unwrap_or(1.0);
    println!("sent at {rate:.0} a second: {told}");
    assert_eq!(told["refused"], 0, "the forger's own kernel refused packets");
    // The last ticks with what was counted.
    std::thread::sleep(Duration::from_secs(3));
    let after = counters(&lab);
    let grown: Vec<u64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    let [forged, duplicate, late, overflowed, lost, answered] = grown[..] else { unreachable!() };
    println!(
        "refused: {forged} forged, {duplicate} duplicate, {late} late; \
         {overflowed} overflowed; of ours {answered} answered, {lost} lost"
    );
    let clever: u64 = CLEVER.iter().filter_map(|kind| told["sent"][kind].as_u64()).sum();
    let refused = forged + duplicate + late;
    assert!(refused * 1000 >= clever * 995, "{refused} of {clever} are accounted for");
    assert!(refused <= u64::from(count), "more was refused than sent");
    assert!(duplicate > 0 && late > 0 && forged > 0, "one kind did not get through to be refused");
    assert_eq!((overflowed, lost), (0, 0), "our own probes suffered");
    for number in 1..=8 {
        let segment = api.segment(&format!("s{number:03}"));
        assert_eq!((&segment["state"], segment["loss"].as_f64()), (&"up".into(), Some(0.0)));
    }
    assert!(outages(&api).is_empty(), "{:?}", outages(&api));
}

/// covers: S7 (receive queue overflowed)
#[test]
fn an_overflowed_receive_queue_is_blindness_and_no_false_down() {
    let lab = lab(8);
    let api = lab.api();
    let netd = lab.pid("netd");
    let mut flood = forge(&lab, 0, "large", u32::MAX, &["0", "4.5"]);
    // The flood begins when it has heard a real reply.
    std::thread::sleep(Duration::from_millis(1500));
    Lab::signal(netd, Signal::SIGSTOP);
    std::thread::sleep(Duration::from_secs(3));
    Lab::signal(netd, Signal::SIGCONT);
    while flood.try_wait().expect("it can be waited for").is_none() {
        assert_eq!(api.count("down"), 0, "a false down");
        std::thread::sleep(OFTEN);
    }
    println!("the flood: {}", report(flood));
    let overflowed = wait_for("the count of what was lost", SOON, OFTEN, || {
        let count = metric(&lab, "ets_probe_overflowed_total");
        (count > 0).then_some(count)
    });
    let blind = wait_for("the blind time", SOON, OFTEN, || {
        let health = api.try_get("/api/v1/health")?;
        let all = health["blind"].as_array()?.clone();
        all.iter().find(|one| one["reason"] == "queue_overflow").cloned()
    });
    let blind = seconds(&blind["to"]) - seconds(&blind["from"]);
    println!("{overflowed} packets dropped by the full queue, blind for {blind:.3} s");
    assert!((2.9..6.0).contains(&blind), "{blind}");
    super::await_up(&lab, 8);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(api.count("up"), 8);
    assert!(outages(&api).is_empty(), "a false outage: {:?}", outages(&api));
}
