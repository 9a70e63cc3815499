//! Datagrams by SOCKS: what an association takes, whereto, and that nothing is left of it.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use super::{OFTEN, SOON, await_sessions, dropped};
use crate::support::{Lab, Options, Running, inside_of, script, text, tool, wait_for};

/// A question for a name (`associate.py`).
const QUESTION: u64 = 38;

/// covers: N6.1, N6.4, G1, G6: a foreign client's datagrams pass and are counted; who is refused, whatever he
/// asks for, gets no answer; nothing is left of an association whose client was killed
#[test]
fn datagrams_pass_by_socks_as_the_rules_say_and_nothing_is_left_behind() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let socks = text(&json["proxy"]["socks5"]).replace(':', " ");
    let socks: Vec<&str> = socks.split(' ').collect();
    let outside = text(&json["external"]["address"]);
    let segment = |place: usize| &json["segments"][place];
    let id = text(&segment(0)["id"]);

    let mut lookup = script(segment(0), "relays/lookup.py", &[socks[0], socks[1], outside]);
    let told = lookup.output().expect("the script starts");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert_eq!(told.trim(), format!("{outside} 53"), "PySocks");
    await_sessions(&lab, "socks", 0);
    assert_eq!(lab.passed(id, "up"), QUESTION, "the payload, without the head of SOCKS");

    let mut client = Running::start(script(segment(0), "relays/associate.py", &socks));
    let relay = client.line();
    assert_eq!(relay.split(' ').next(), Some(socks[0]), "at the address that was spoken to");
    await_sessions(&lab, "socks", 1);
    assert_eq!(client.ask(&format!("get {outside} 53")), format!("answer {outside}"));
    assert_eq!(client.ask("get web.example 53"), format!("answer {outside}"), "by name");

    let inner = text(&json["services"]["address"]);
    let neighbour = text(&segment(1)["address"]);
    let refused = dropped(&lab, "refused");
    let wrong = [inner, neighbour, socks[0], "127.0.0.1", "169.254.169.254", "fe80::1", "::1"];
    for (number, host) in wrong.iter().enumerate() {
        assert_eq!(client.ask(&format!("ask {host} 53")), "silence", "{host}");
        assert_eq!(dropped(&lab, "refused"), refused + number as u64 + 1, "{host}");
    }
    assert_eq!(client.ask(&format!("ask {outside} 53 1")), "silence", "a part of a datagram");
    assert_eq!(dropped(&lab, "fragment"), 1);
    assert_eq!(client.ask("ask no-such-thing.invalid.test 0"), "silence");
    assert_eq!(dropped(&lab, "malformed"), 1);

    // Neither another segment nor another port of the same machine may use it.
    let send = format!("echo hello > /dev/udp/{}", relay.replace(' ', "/"));
    for (number, place) in [0, 1].into_iter().enumerate() {
        let stranger = inside_of(segment(place), &["bash", "-c", &send]).status();
        assert!(stranger.expect("bash starts").success());
        wait_for("a stranger", SOON, OFTEN, || {
            (dropped(&lab, "stranger") == number as u64 + 1).then_some(())
        });
    }
    assert_eq!(client.ask(&format!("get {outside} 53")), format!("answer {outside}"));

    client.0.kill().expect("it lives");
    await_sessions(&lab, "socks", 0);
    let words = ["netns", "exec", text(&json["hub_netns"]), "ss", "-Hlnu"];
    let port = relay.replace(' ', ":");
    wait_for("the port", Duration::from_secs(3), OFTEN, || {
        (!tool("ip", &words).contains(&port)).then_some(())
    });
    let shown = lab.gateway(&["show"]);
    assert_eq!((&shown["open"], &shown["datagrams"]["associations"]), (&json!(0), &json!(0)));
}

/// covers: N6.2, G6: a change cuts the destination that lost its right, and no other of the association; a limit
/// of connections holds for destinations
#[test]
fn a_change_of_the_rules_reaches_each_destination_of_an_association() {
    let lab = Lab::start(&Options { segments: 1, ..Options::default() });
    let json = lab.json();
    let socks = text(&json["proxy"]["socks5"]).replace(':', " ");
    let socks: Vec<&str> = socks.split(' ').collect();
    let outside = [text(&json["external"]["address"]), "2001:db8:113::10"];
    let mut client = Running::start(script(&json["segments"][0], "relays/associate.py", &socks));
    client.line();
    for host in outside {
        assert_eq!(client.ask(&format!("get {host} 53")), format!("answer {host}"));
    }
    let mut rules = lab.gateway(&["rules"]);
    let no = json!({ "id": "no", "name": { "en": "Not now" },
        "to": { "addresses": ["2001:db8:113::/64"] }, "action": "refuse" });
    rules["rules"].as_array_mut().expect("a list").insert(0, no);
    let done = lab.apply(&rules);
    assert_eq!(done["cut"], 1, "{done}");
    assert_eq!(client.ask(&format!("ask {} 53", outside[1])), "silence");
    assert_eq!(client.ask(&format!("get {} 53", outside[0])), format!("answer {}", outside[0]));

    rules["limits"] = json!([{ "id": "few", "connections": 1 }]);
    lab.apply(&rules);
    let crowded = dropped(&lab, "crowded");
    // Destinations from before the limit keep their places; nobody answers at these.
    for (port, more) in [(54, 0), (55, 1)] {
        assert_eq!(client.ask(&format!("ask {} {port}", outside[0])), "silence");
        assert_eq!(dropped(&lab, "crowded"), crowded + more, "port {port}");
    }
    let asked = script(&json["segments"][0], "relays/lookup.py", &[socks[0], socks[1], outside[0]])
        .stderr(Stdio::null())
        .output()
        .expect("the script starts");
    assert!(!asked.status.success(), "the one place is taken");
}

/// covers: G6, N6.3: an association has so many destinations and a segment so many associations, and no more
#[test]
fn neither_destinations_nor_associations_are_without_end() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let socks = text(&json["proxy"]["socks5"]).replace(':', " ");
    let socks: Vec<&str> = socks.split(' ').collect();
    let outside = text(&json["external"]["address"]);
    let segment = |place: usize| &json["segments"][place];
    let start = |place: usize| {
        let mut client = Running::start(script(segment(place), "relays/associate.py", &socks));
        let relay = client.line();
        (client, relay)
    };
    let (mut first, _) = start(0);
    assert_eq!(first.ask(&format!("flood {outside} 2000 300")), "sent");
    wait_for("those above 256", SOON, OFTEN, || (dropped(&lab, "crowded") == 44).then_some(()));
    assert_eq!(lab.gateway(&["show"])["open"], 256);
    assert_eq!(first.ask(&format!("ask {outside} 53")), "silence", "nor one more");

    let mut held: Vec<Running> = (1..64).map(|_| start(0).0).collect();
    await_sessions(&lab, "socks", 64);
    let one_more = script(segment(0), "relays/associate.py", &socks).stderr(Stdio::null()).output();
    assert!(one_more.expect("it starts").stdout.is_empty(), "one association too many");
    let (mut other, _) = start(1);
    let answer = other.ask(&format!("get {outside} 53"));
    assert_eq!(answer, format!("answer {outside}"), "the others have their own");
    held.clear();
    await_sessions(&lab, "socks", 2);
}
