//! By the registry and the configuration: what rules follow by themselves, in nobody's name.

use std::time::Duration;

use serde_json::{Value, json};

use super::Way;
use crate::lockout::seat::Person::{Administrator, Root};
use crate::lockout::seat::{Seat, says, with};
use crate::lockout::{OFTEN, SOON};
use crate::support::{all, connect, text};
use crate::support::{full_size, wait_for};

/// Rules that follow the registry wait so long for any administrator's confirmation.
const COUNTDOWN: Duration = Duration::from_secs(120);

pub(super) const WAYS: &[Way] = &[
    ("the administrator's own segment is retired", retired),
    ("the network is moved away under the administrator", moved_away),
    ("the administrator's segment is bound to a router that is not there", |seat| {
        let mut router = seat.lab.api().segment("s001")["router"].clone();
        router["hardware"] = "02:45:54:ff:ff:ff".into();
        vetoed(seat, &json!({ "router": router }));
    }),
    ("the administrator's segment is moved to another port", |seat| {
        let names = ["10.10.1.0/24 of s001", "10.10.1.254", "the hub's own address on s001"];
        differs(seat, "s001", &json!({ "interface": "s003" }), &names);
    }),
    ("two segments exchange their networks by import", exchanged),
    ("a segment takes the services' network", |seat| {
        let names = ["10.1.0.128/25", "s002", "10.1.0.0/24", "the hub's own network", "services"];
        more(seat, "10.1.0.128/25", &names);
    }),
    ("a segment takes a part of the outside network", |seat| {
        more(seat, "203.0.113.128/25", &["203.0.113.128/25", "s002", "203.0.113.0/24", "ext0"]);
    }),
    ("a segment takes the hub's own address", |seat| {
        more(seat, "203.0.113.0/30", &["203.0.113.0/30", "s002", "203.0.113.1", "ext0"]);
    }),
    ("a segment takes the loopback of the hub", |seat| {
        differs(seat, "s002", &json!({ "interface": "lo" }), &["s002", "lo"]);
    }),
    ("a segment takes the port of the services", |seat| {
        let names = ["dc0", "s002", "network services"];
        differs(seat, "s002", &json!({ "interface": "dc0" }), &names);
    }),
    ("a segment takes half the world", |seat| {
        more(seat, "128.0.0.0/1", &["128.0.0.0/1", "s002", "half the world"]);
    }),
    ("a segment takes 0.0.0.0/0, or the hub's address in it", |seat| {
        for (prefix, names) in [
            ("0.0.0.0/0", &["0.0.0.0/0"][..]),
            ("10.10.1.254/32", &["10.10.1.254/32", "s002", "10.10.1.0/24", "s001"]),
        ] {
            let (status, answer) = put(seat, "s002", &json!({ "prefixes": [prefix] }));
            says(status, &answer, names);
        }
    }),
    ("the services' network is taken out of the configuration", |seat| {
        let whole = hub_toml(seat);
        let mut parts: Vec<&str> = whole.split("\n\n").collect();
        parts.retain(|part| !part.contains("role = \"services\""));
        configured(seat, &parts.join("\n\n"));
        told(seat, &["mail", "10.1.0.10", "no network for services"]);
        configured(seat, &whole);
        agrees(seat);
    }),
    ("the services' network is moved to a port that is not there", |seat| {
        let (whole, last) = (hub_toml(seat), seat.newest()["no"].clone());
        configured(seat, &whole.replace("[\"dc0\"]", "[\"nosuch0\"]"));
        let change = seat.waits_after(&last);
        assert_eq!(reads(seat, 1), [false], "nobody reaches the services");
        goes_back(seat, change);
        configured(seat, &whole);
        agrees(seat);
    }),
];

fn retired(seat: &mut Seat) {
    let last = seat.newest()["no"].clone();
    let gone = seat.ask(Administrator, "DELETE", "/api/v1/segments/s001", &Value::Null);
    assert_eq!(gone.expect("the hub answers").0, 200);
    let change = seat.waits_after(&last);
    assert_eq!(reads(seat, 0), [false], "it reaches nothing any more");
    goes_back(seat, change);
    let back = seat.ask(Root, "POST", "/api/v1/segments/s001/restore", &Value::Null);
    assert_eq!(back.expect("the hub answers").0, 200);
    agrees(seat);
    seat.settles();
}

/// The segment's router still answers probes, so that nothing vetoes it.
fn moved_away(seat: &mut Seat) {
    let whole = seat.lab.api().segment("s001");
    let last = seat.newest()["no"].clone();
    let (status, answer) = put(seat, "s001", &json!({ "prefixes": ["10.11.1.0/24"] }));
    assert_eq!(status, 200, "{answer}");
    let change = seat.waits_after(&last);
    seat.is_locked_out();
    goes_back(seat, change);
    mended(seat, &whole);
}

/// The change cuts the segment off, which vetoes it. The registry is mended afterwards.
#[track_caller]
fn vetoed(seat: &mut Seat, other: &Value) {
    let whole = seat.lab.api().segment("s001");
    let last = seat.newest()["no"].clone();
    let (status, answer) = put(seat, "s001", other);
    assert_eq!(status, 200, "{answer}");
    seat.waits_after(&last);
    seat.back();
    assert_eq!(seat.newest()["state"]["why"], json!({ "why": "veto", "fell": ["s001"] }));
    mended(seat, &whole);
}

/// Rules do not follow the registry there, and say why in words that name both sides.
#[track_caller]
fn differs(seat: &mut Seat, segment: &str, other: &Value, names: &[&str]) {
    let whole = seat.lab.api().segment(segment);
    let (status, answer) = put(seat, segment, other);
    if status == 200 {
        told(seat, names);
        seat.back();
        mended(seat, &whole);
    } else {
        says(status, &answer, names);
    }
}

/// The same for one more network of s002.
#[track_caller]
fn more(seat: &mut Seat, prefix: &str, names: &[&str]) {
    let whole = seat.lab.api().segment("s002");
    let mut prefixes = whole["prefixes"].as_array().cloned().expect("a list");
    prefixes.push(prefix.into());
    differs(seat, "s002", &json!({ "prefixes": prefixes }), names);
}

fn exchanged(seat: &mut Seat) {
    let whole = export(seat);
    let swapped = whole
        .replace("10.10.1.0/24", "elsewhere")
        .replace("10.10.2.0/24", "10.10.1.0/24")
        .replace("elsewhere", "10.10.2.0/24")
        .replace("10.10.1.1,", "elsewhere,")
        .replace("10.10.2.1,", "10.10.1.1,")
        .replace("elsewhere,", "10.10.2.1,");
    let last = seat.newest()["no"].clone();
    import(seat, &swapped);
    let change = seat.waits_after(&last);
    goes_back(seat, change);
    import(seat, &whole);
    agrees(seat);
    seat.settles();
}

fn export(seat: &Seat) -> String {
    let (_, csv) = seat.lab.api().exchange("GET", "/api/v1/export", "").expect("it answers");
    String::from_utf8(csv).expect("CSV is text")
}

#[track_caller]
fn import(seat: &Seat, csv: &str) {
    let api = seat.lab.api();
    let (_, preview) = api.exchange("POST", "/api/v1/import/preview", csv).expect("it answers");
    let preview: Value = serde_json::from_slice(&preview).expect("it is JSON");
    assert_eq!(preview["clean"], true, "{preview}");
    let path = format!("/api/v1/import/{}", text(&preview["digest"]));
    assert_eq!(api.exchange("POST", &path, csv).expect("it answers").0, 200);
}

/// By itself, which takes two minutes; in CI any administrator takes it back at once.
#[track_caller]
fn goes_back(seat: &Seat, change: u64) {
    let waits = || seat.rules()?["waiting"].is_null().then_some(());
    if full_size() {
        wait_for("the change goes back by itself", COUNTDOWN + SOON, OFTEN, waits);
    } else if waits().is_none() {
        let (status, answer) = seat.settle(Root, "withdraw", change).expect("it answers");
        assert_eq!(status, 200, "{answer}");
    }
    seat.back();
}

#[track_caller]
fn put(seat: &Seat, id: &str, other: &Value) -> (u16, Value) {
    let segment = with(seat.lab.api().segment(id), other);
    let path = format!("/api/v1/segments/{id}");
    seat.ask(Root, "PUT", &path, &segment).expect("the hub answers")
}

/// The registry is as it was; rules, registry and rights agree again.
#[track_caller]
fn mended(seat: &Seat, whole: &Value) {
    let id = text(&whole["id"]);
    let version = seat.lab.api().segment(id)["version"].clone();
    let (status, answer) = put(seat, id, &with(whole.clone(), &json!({ "version": version })));
    assert_eq!(status, 200, "{answer}");
    agrees(seat);
    seat.settles();
}

#[track_caller]
fn agrees(seat: &Seat) {
    wait_for("all agree", SOON, OFTEN, || {
        let rules = seat.rules()?;
        (rules["differs"].is_null() && rules["waiting"].is_null()).then_some(())
    });
}

/// The hub says why its rules do not follow.
#[track_caller]
fn told(seat: &Seat, names: &[&str]) {
    let why = wait_for("the hub says what differs", SOON, OFTEN, || {
        seat.rules()?["differs"]["why"].as_str().map(str::to_owned)
    });
    says(409, &why.into(), names);
}

/// Whether a segment, counted from 0, reads the portal.
fn reads(seat: &Seat, at: usize) -> Vec<bool> {
    let place = &seat.places[at];
    all(vec![connect(place, text(&place["host"]), &seat.server(), 80)])
}

fn hub_toml(seat: &Seat) -> String {
    std::fs::read_to_string(text(&seat.lab.json()["config"])).expect("the file is there")
}

/// With another configuration, as after a restart of the service.
#[track_caller]
fn configured(seat: &Seat, whole: &str) {
    std::fs::write(text(&seat.lab.json()["config"]), whole).expect("it can be written");
    seat.kill(&["serve"]);
    wait_for("serve again", SOON, OFTEN, || seat.rules().map(drop));
}
