//! Tunnels at rest: what each costs in memory, and how soon a change of the rules reaches them (G3).

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use super::bed::{Gate, PROXY, line};
use crate::support::beside::{OTHERS, place_of_its_own, start, start_with};
use crate::support::sized;

const HOST: &str = "203.0.113.9:7000";
const SEGMENTS: u32 = 10_000;
/// Addresses of clients, in eight segments.
const SOURCES: u32 = 2_048;
/// Of our memory, a tunnel.
const MOST: u64 = 8 << 10;

/// One rule a segment; the one for the first segment as it is said.
fn rules(first: &str) -> Value {
    let rule = |number: u32| {
        let action = if number == 1 { first } else { "allow" };
        json!({ "id": format!("r{number}"), "name": { "en": "Out" }, "action": action,
            "who": { "segments": [format!("s{number}")] } })
    };
    json!({ "rules": (1..=SEGMENTS).map(rule).collect::<Vec<_>>() })
}

/// covers: G3
#[test]
#[ignore = "a measurement: make bench"]
fn tunnels_at_rest_cost_little_and_a_change_reaches_only_whom_it_concerns() {
    if !place_of_its_own() {
        return;
    }
    let count = sized("tunnels at rest", "3000", "50000");
    let (_host, _) = start(OTHERS, "crowd", &["host", HOST]);
    let mut gate = Gate::start(SEGMENTS);
    gate.change(&rules("allow"));
    let before = gate.passed();
    let (via, sources) = (format!("connect:{PROXY}@10.10.1.2"), SOURCES.to_string());
    let hold = ["hold", &via, HOST, count, &sources];
    let (mut crowd, held, mut told) = start_with(OTHERS, "crowd", &hold, Stdio::piped());
    assert_eq!(held, "held");
    let count: u64 = count.parse().expect("a number");
    let after = gate.passed();
    assert_eq!(after["open"], count);
    let heap = |told: &Value| told["heap"].as_u64().expect("a number");
    let each = (heap(&after) - heap(&before)) / count;
    println!("{count} tunnels at rest: {each} bytes of the heap each (limit {MOST})");

    let change = gate.change(&rules("refuse"));
    println!("a change with {SEGMENTS} segments, a rule each: {change}");
    let mut asks = crowd.0.stdin.take().expect("it is piped");
    asks.write_all(b"\n").expect("it reads");
    let answered = line(&mut told);
    println!("the others: {answered}");
    // The addresses of the first segment: 10.10.1.2 to 10.10.1.255.
    let of_the_first = (0..count).filter(|number| number % u64::from(SOURCES) < 254).count();
    assert_eq!((&change["cut"], &answered["failed"]), (&json!(of_the_first), &json!(of_the_first)));
    assert!(change["us"].as_u64().expect("a number") < 100_000, "{change}");
    assert!(each <= MOST, "{each} bytes a tunnel");
}
