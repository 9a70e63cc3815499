//! A call of two segments through the relay of a conference service.

use std::fs::File;
use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{OFTEN, SOON, await_sessions, dropped};
use crate::support::{Lab, Options, Running, inside_of, script, sized, text, tool, wait_for};

/// The hub's address in IPv6 that is the same for all segments.
const HUB6: &str = "fd10::1";
/// What IP and UDP add to a datagram, in IPv4 and IPv6.
const HEADS: [u64; 2] = [28, 48];

/// Octets of a segment that the data plane counted, from the segment and to it.
#[track_caller]
fn carried(lab: &Lab, segment: &str) -> [u64; 2] {
    let one = lab.api().get(&format!("/api/v1/segments/{segment}"));
    ["bytes_up", "bytes_down"].map(|field| one[field].as_u64().unwrap_or(0))
}

/// covers: G5, N6.3, N15.1, G4: a call of two segments through the hub, counted to the octet, of which
/// neither link carries a packet of the other
#[test]
fn two_segments_speak_through_the_relay_and_never_to_each_other() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let hub = text(&json["proxy"]["http"]).split(':').next().expect("an address");
    let segment = |place: usize| &json["segments"][place];
    let file = |place: usize| lab.path().join(format!("{place}.seen"));
    let captures = [0, 1].map(|place| {
        let other = segment(1 - place);
        let nets = format!("net {} or net {}", text(&other["prefix"]), text(&other["prefix6"]));
        let filter = format!("{nets} or udp port 50007");
        let words = ["tcpdump", "-i", "any", "-n", "-l", "--immediate-mode", filter.as_str()];
        let seen = File::create(file(place)).expect("a file can be made");
        let told = File::create(file(place).with_extension("told")).expect("a file can be made");
        let mut tcpdump = inside_of(segment(place), &words);
        tcpdump.stdout(seen).stderr(told);
        Running::start(tcpdump)
    });
    for place in [0, 1] {
        let told = file(place).with_extension("told");
        wait_for("tcpdump", SOON, OFTEN, || {
            let told = std::fs::read_to_string(&told).expect("it is text");
            told.contains("listening on").then_some(())
        });
    }
    let before = [0, 1].map(|place| carried(&lab, text(&segment(place)["id"])));
    let count = sized("datagrams each way", 1_000, 20_000).to_string();
    let sides = [(0, hub, "a"), (1, HUB6, "b")].map(|(place, hub, name)| {
        Running::start(script(segment(place), "relays/call.py", &[hub, "7", name, &count]))
    });
    let told = sides.map(|mut side| {
        let told = side.line();
        serde_json::from_str::<Value>(&told).unwrap_or_else(|_| panic!("{told:?} is no JSON"))
    });
    for (place, told) in told.iter().enumerate() {
        let id = text(&segment(place)["id"]);
        let number = |field: &str| told[field].as_u64().expect("a number");
        assert_eq!(told["numbered"].to_string(), count, "{id} missed some: {told}");
        for (direction, at) in [("up", 0), ("down", 1)] {
            let payload = number(&format!("tcp_{direction}")) + number(&format!("udp_{direction}"));
            wait_for(&format!("{direction} of {id}"), SOON, OFTEN, || {
                (lab.passed(id, direction) == payload).then_some(())
            });
            let whole = payload + HEADS[place] * number(&format!("packets_{direction}"));
            let carried = wait_for("the data plane's count", SOON, OFTEN, || {
                let now = carried(&lab, id)[at] - before[place][at];
                (now >= whole).then_some(now)
            });
            // Besides: the heads of TCP and what acknowledges it.
            assert!(carried < whole + whole / 10 + 50_000, "{id} {direction}: {carried}, {whole}");
        }
    }
    for (place, mut capture) in captures.into_iter().enumerate() {
        Lab::signal(capture.pid(), Signal::SIGINT);
        wait_for("the end of the capture", SOON, OFTEN, || capture.ended());
        let seen = std::fs::read_to_string(file(place)).expect("it is text");
        assert!(seen.contains("50007: UDP"), "the capture sees the media: {seen}");
        let other = segment(1 - place);
        let begins = |field: &str, end: &str| format!(" {}", text(&other[field]).replace(end, ""));
        for net in [begins("prefix", "0/24"), begins("prefix6", ":/64")] {
            let found = seen.lines().find(|line| line.contains(&net));
            assert_eq!(found, None, "a packet of a neighbour in {net}");
        }
    }
}

/// A call that goes on.
fn hold(place: &Value, hub: &str, name: &str) -> Running {
    Running::start(script(place, "relays/call.py", &[hub, "9", name, "0"]))
}

/// Reads on until a call says so, or nothing more.
#[track_caller]
fn await_line(call: &mut Running, wanted: &str) {
    for _ in 0..200 {
        if call.line() == wanted {
            return;
        }
    }
    panic!("the call never said {wanted:?}");
}

/// covers: N6.2, N6.3, G5, G6: who has no right by a relay is refused; when it is removed, its calls end
/// at once
#[test]
fn a_relay_is_for_those_it_is_for_and_its_calls_end_with_it() {
    let lab = Lab::start(&Options { segments: 3, ..Options::default() });
    let json = lab.json();
    let hub = text(&json["proxy"]["http"]).split(':').next().expect("an address").to_owned();
    let segment = |place: usize| &json["segments"][place];
    let mut rules = lab.gateway(&["rules"]);
    rules["relays"][0]["who"] = json!({ "segments": ["s001", "s002"] });
    lab.apply(&rules);
    let mut calls = [hold(segment(0), &hub, "a"), hold(segment(1), &hub, "b")];
    calls.iter_mut().for_each(|call| await_line(call, "media"));
    await_sessions(&lab, "relay", 2);
    let shown = lab.gateway(&["show"]);
    assert_eq!(shown["relays"][0]["open"], 4, "two connections, two sessions: {shown}");

    let refused = dropped(&lab, "refused");
    let asked = script(segment(2), "relays/call.py", &[&hub, "9", "c", "1"])
        .stderr(Stdio::piped())
        .output();
    let said = String::from_utf8_lossy(&asked.expect("it starts").stderr).into_owned();
    assert!(said.contains("ConnectionResetError"), "a segment without the right: {said}");
    let send = format!("echo media > /dev/udp/{hub}/50009");
    assert!(inside_of(segment(2), &["bash", "-c", &send]).status().expect("it starts").success());
    wait_for("a refusal", SOON, OFTEN, || (dropped(&lab, "refused") > refused).then_some(()));
    await_sessions(&lab, "relay", 2);

    for target in [text(&segment(1)["address"]), hub.as_str(), "10.1.0.1", "169.254.169.254"] {
        let mut wrong = rules.clone();
        wrong["relays"][0]["target"] = target.into();
        let said = lab.try_hub("gateway", &["apply", "-"], &wrong).expect_err(target);
        assert!(said.contains("a relay leads to"), "{target}: {said}");
    }

    rules["relays"][0]["who"] = json!({ "segments": ["s002"] });
    let done = lab.hub("gateway", &["apply", "-", "--why", "a test"], &rules);
    assert_eq!(done["cut"], 2, "one of the two loses its right: {done}");
    await_line(&mut calls[0], "");
    await_line(&mut calls[1], "silence");
    await_sessions(&lab, "relay", 1);
    rules["relays"] = json!([]);
    let done = lab.apply(&rules);
    assert_eq!(done["cut"], 2, "{done}");
    await_line(&mut calls[1], "");
    await_sessions(&lab, "relay", 0);
    wait_for("the ports", SOON, OFTEN, || {
        let words = ["netns", "exec", text(&json["hub_netns"]), "ss", "-Hlntu"];
        let listening = tool("ip", &words);
        (!listening.contains(":4307") && !listening.contains(":50009")).then_some(())
    });
}
