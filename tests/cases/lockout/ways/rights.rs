//! By a draft: rights, services, limits.

use serde_json::{Value, json};

use super::Way;
use crate::lockout::seat::Person::Administrator;
use crate::lockout::seat::{Seat, dashboard, with};
use crate::support::{all, connect, text};

pub(super) const WAYS: &[Way] = &[
    ("the administrator withdraws his own right to the dashboard", |seat| {
        locks_out(
            seat,
            &json!([{ "edit": "withdraw", "segment": "s001", "service": "dashboard" }]),
        );
    }),
    ("the dashboard is retired as a service", |seat| {
        locks_out(seat, &json!([{ "edit": "retire_service", "service": "dashboard" }]));
    }),
    ("the dashboard's port is taken away", |seat| {
        locks_out(seat, &changed(seat, "dashboard", &json!({ "ports": ["tcp/444"] })));
    }),
    ("the dashboard is moved from the hub to a server behind it", |seat| {
        let behind = json!({ "place": "behind", "addresses": ["10.1.0.10"] });
        locks_out(seat, &changed(seat, "dashboard", &behind));
    }),
    ("nobody may reach anything any more", nothing_to_anyone),
    ("the list of services is emptied", |seat| {
        let services = ["mail", "portal", "names", "echo", "documents", "dashboard"];
        let edits = services.map(|id| json!({ "edit": "retire_service", "service": id }));
        locks_out(seat, &json!(edits));
    }),
    ("one packet a second for the administrator's segment", |seat| {
        seat.goes(&limits(&json!("s001"), &json!({ "packets": 1 })));
    }),
    ("one packet, one connection for everybody", |seat| {
        let one = json!({ "packets": 1, "connections": 1, "new_connections": 1 });
        seat.goes(&limits(&Value::Null, &one));
    }),
    ("the exemption from tight limits is taken away", exemption),
    ("the administrator's segment is shaped to 1 kbit/s", |seat| {
        let to = json!({ "own": { "down_kbps": 1, "up_kbps": 1 } });
        seat.goes(&json!([{ "edit": "shape", "segment": "s001", "to": to }]));
    }),
    ("0.0.0.0/0 as a server", |seat| {
        seat.refuses(&trap(&json!({ "addresses": ["0.0.0.0/0"] })), &["0.0.0.0/0"]);
        for everywhere in ["0.0.0.0", "::"] {
            let names = ["trap", everywhere, "no network for services"];
            seat.refuses(&trap(&json!({ "addresses": [everywhere] })), &names);
            seat.mark();
        }
    }),
    ("another service on the dashboard's port", |seat| {
        for (ports, names) in [
            ("tcp/443", ["trap", "dashboard", "tcp/443", "the hub"]),
            ("tcp/1-65535", ["trap", "speed", "tcp/8472", "the hub"]),
        ] {
            seat.refuses(&json!([{ "edit": "add_service", "service": hub_trap(ports) }]), &names);
            seat.mark();
        }
    }),
    ("a server with the hub's own address", |seat| {
        let own = json!({ "addresses": ["10.1.0.1"], "ports": ["tcp/443"] });
        seat.refuses(&trap(&own), &["trap", "10.1.0.1", "dc0"]);
    }),
    ("a server with an address of a segment", |seat| {
        let names = ["trap", "10.10.2.9", "10.10.2.0/24", "s002"];
        seat.refuses(&trap(&json!({ "addresses": ["10.10.2.9"] })), &names);
    }),
    ("a service on the port of another one", |seat| {
        let same = json!({ "addresses": ["10.1.0.10"], "ports": ["tcp/80"] });
        seat.refuses(&trap(&same), &["trap", "portal", "tcp/80", "10.1.0.10"]);
    }),
];

/// A change that takes the dashboard away from the one who makes it.
#[track_caller]
fn locks_out(seat: &Seat, edits: &Value) {
    seat.goes(edits);
    seat.is_locked_out();
}

fn changed(seat: &Seat, id: &str, other: &Value) -> Value {
    json!([{ "edit": "change_service", "service": seat.service(id, other) }])
}

fn limits(segment: &Value, limits: &Value) -> Value {
    json!([{ "edit": "limits", "segment": segment, "limits": limits }])
}

fn trap(other: &Value) -> Value {
    let mut service = json!({ "id": "trap", "name": { "en": "Trap" }, "ports": ["tcp/7"] });
    service = with(service, other);
    json!([{ "edit": "add_service", "service": service }])
}

fn hub_trap(ports: &str) -> Value {
    dashboard(&json!({ "id": "trap", "ports": [ports] }))
}

fn nothing_to_anyone(seat: &mut Seat) {
    let mut edits = vec![
        json!({ "edit": "withdraw", "segment": "s001", "service": "dashboard" }),
        json!({ "edit": "withdraw", "segment": "s002", "service": "documents" }),
    ];
    for open in ["mail", "portal", "names", "echo"] {
        let service = seat.service(open, &json!({ "open_to": "granted" }));
        edits.push(json!({ "edit": "change_service", "service": service }));
    }
    locks_out(seat, &json!(edits));
    let place = &seat.places[1];
    let read = connect(place, text(&place["host"]), &seat.server(), 80);
    assert_eq!(all(vec![read]), [false], "nobody reaches anything");
}

/// Where all have tight limits and one segment none, taking its own limits away tightens them.
fn exemption(seat: &mut Seat) {
    let tight = json!({ "connections": 1, "new_connections": 1, "packets": 0 });
    let before = seat.rules().expect("the hub answers")["rights"]["limits"].clone();
    let none = json!({ "connections": 0, "new_connections": 0, "packets": 0 });
    let both = [limits(&json!("s001"), &none)[0].clone(), limits(&Value::Null, &tight)[0].clone()];
    let change = seat.goes(&json!(both));
    let (status, answer) = seat.settle(Administrator, "confirm", change).expect("still there");
    assert_eq!(status, 200, "{answer}");
    seat.mark();
    seat.goes(&limits(&json!("s001"), &Value::Null));
    seat.back();
    let again =
        [limits(&Value::Null, &before)[0].clone(), limits(&json!("s001"), &Value::Null)[0].clone()];
    seat.edit(Administrator, &json!(again));
    let (status, answer) = seat.apply(Administrator, 10).expect("the hub answers");
    assert_eq!(status, 200, "{answer}");
    if !answer["confirm_within"].is_null() {
        let change = answer["no"].as_u64().expect("a number");
        let (status, answer) = seat.settle(Administrator, "confirm", change).expect("it answers");
        assert_eq!(status, 200, "{answer}");
    }
    seat.mark();
}
