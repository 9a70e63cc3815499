//! A new process in the place of the old one while connections come (G8).

use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::bed::{Gate, PROXY};
use crate::support::beside::{OTHERS, example, load, place_of_its_own, start};
use crate::support::{Lab, Options, Running, all, inside_of, sized, text, wait_for};

const HOST: &str = "203.0.113.9:7000";
const SEGMENTS: u32 = 4;
/// How long connections come.
const LASTS: u32 = 10;

/// covers: G8: who comes while one process ends and the next begins waits, and is served
#[test]
fn no_connection_is_refused_while_the_process_is_renewed() {
    if !place_of_its_own() {
        return;
    }
    let rate: u32 = sized("new connections a second during an upgrade", 500, 5_000);
    let mut gate = Gate::start(16);
    let (_host, _) = start(OTHERS, "crowd", &["host", HOST]);
    let clients = std::thread::spawn(move || {
        let via = format!("connect:{PROXY}@10.10.1.2");
        load("crowd", &["opened", &via, HOST, &rate.to_string(), &(rate * LASTS).to_string()])
    });
    std::thread::sleep(Duration::from_secs(u64::from(LASTS) / 3));
    let begun = Instant::now();
    gate.end(Signal::SIGTERM);
    let ended = begun.elapsed();
    gate.again();
    let renewed = begun.elapsed();
    let told = clients.join().expect("the clients come to an end");
    println!("ended in {ended:?}, the next one after {renewed:?}: {told}");
    assert_eq!(told["failed"], 0, "{told}");
    assert_eq!(told["count"], u64::from(rate * LASTS), "{told}");
}

/// covers: G8, N6.1: the same of the whole product: `serve` ends in order, `netd` keeps who comes, the next
/// `serve` takes them
#[test]
fn no_connection_is_refused_while_serve_is_renewed() {
    // Clients, host and hub share the machine's two cores: with 3,000 a second they have not enough of
    // them even while nothing is renewed. The 5,000 are the test's above.
    let rate: u32 = sized("new connections a second while serve is renewed", 400, 2_000);
    let lab = Lab::start(&Options { segments: SEGMENTS, ..Options::default() });
    let json = lab.json();
    let host = format!("{}:7000", text(&json["external"]["address"]));
    let mut rules = lab.gateway(&["rules"]);
    rules["rules"][0]["ports"] = json!(["tcp/80", "tcp/7000"]);
    lab.apply(&rules);
    let path = example("crowd");
    let crowd = |place: &Value, words: &[&str]| {
        let words = [&[path.to_str().expect("UTF-8")], words].concat();
        let mut command = inside_of(place, &words);
        command.stdout(Stdio::piped());
        Running::start(command)
    };
    let mut far = crowd(&json["external"], &["host", &host]);
    assert_eq!(far.line(), "ready");
    let (each, count) = (rate / SEGMENTS, rate / SEGMENTS * LASTS);
    let segments = json["segments"].as_array().expect("a list");
    let clients = segments.iter().map(|place| {
        // A whole office behind one link: half of the segment's addresses.
        let net = text(&place["address"]).rsplit_once('.').expect("IPv4").0;
        let own = format!("{net}.128/25");
        let add = ["ip", "route", "add", "local", &own, "dev", "lo"];
        assert_eq!(all(vec![inside_of(place, &add)]), [true]);
        let via = format!("connect:{}@{net}.128+120", text(&json["proxy"]["http"]));
        crowd(place, &["opened", &via, &host, &each.to_string(), &count.to_string()])
    });
    let mut clients: Vec<Running> = clients.collect();
    std::thread::sleep(Duration::from_secs(u64::from(LASTS) / 3));
    let (before, begun) = (lab.pid("serve"), Instant::now());
    Lab::signal(before, Signal::SIGTERM);
    wait_for("the next serve", Duration::from_secs(10), Duration::from_millis(5), || {
        (lab.pid("serve") != before).then_some(())
    });
    let renewed = begun.elapsed();
    for client in &mut clients {
        let told: Value = serde_json::from_str(&client.line()).expect("JSON");
        println!("the next serve after {renewed:?}: {told}");
        assert_eq!((&told["failed"], &told["count"]), (&json!(0), &json!(count)));
    }
}
