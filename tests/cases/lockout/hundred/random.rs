//! What may be changed at random.

use serde_json::{Value, json};

use super::{PORTS, Star, second};
use crate::lockout::seat::with;
use crate::support::text;

/// Services that changes make, beside those of the lab.
const MADE: [&str; 4] = ["one", "two", "three", "four"];
/// At most so many segments are retired at a time.
const RETIRED: usize = 2;

/// The same numbers for the same seed (xorshift64*).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap_or(0) % end.max(1)
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// Makes a change: what it is, in words, and whether it changes the rules.
    #[track_caller]
    pub(super) fn change(&mut self, star: &Star) -> (String, bool) {
        match self.below(10) {
            0 | 1 => self.segment(star),
            2 => self.network(star),
            _ => {
                let mut edits = Vec::new();
                for _ in 0..=self.below(3) {
                    edits.extend(self.edit(star, &edits));
                }
                (json!(edits).to_string(), !edits.is_empty() && star.apply(&edits))
            }
        }
    }

    /// An edit that fits; `before`: edits that are made with it.
    fn edit(&mut self, star: &Star, before: &[Value]) -> Option<Value> {
        let services = star.api().get("/api/v1/services");
        let services = services.as_array().cloned().unwrap_or_default();
        let named = |id: &str| services.iter().find(|one| one["id"] == id).cloned();
        let touched = |id: &str| {
            before.iter().any(|edit| edit["service"]["id"] == id || edit["service"] == id)
        };
        let id = (*self
            .of(&[&MADE[..], &["portal", "documents", "names", "echo", "mail"]].concat()))
        .to_owned();
        if touched(&id) {
            return None;
        }
        let Some(known) = named(&id) else { return Some(self.add(&id)) };
        if !known["retired"].is_null() {
            return Some(json!({ "edit": "bring_back", "service": id }));
        }
        match self.below(8) {
            0..3 => self.grant(star, &id, "grant"),
            3 | 4 => self.grant(star, &id, "withdraw"),
            5 => Some(json!({ "edit": "retire_service", "service": id })),
            6 => {
                let open = if known["open_to"] == "everyone" { "granted" } else { "everyone" };
                let service = with(known, &json!({ "open_to": open }));
                Some(json!({ "edit": "change_service", "service": service }))
            }
            _ => Some(self.elsewhere(&id, known)),
        }
    }

    fn add(&mut self, id: &str) -> Value {
        let open = *self.of(&["everyone", "granted"]);
        let mut service = json!({ "id": id, "name": { "en": id }, "open_to": open });
        service = with(service, &json!({ "ports": self.ports(id), "addresses": self.addresses() }));
        json!({ "edit": "add_service", "service": service })
    }

    /// Other servers, and other ports where there is a page behind them.
    fn elsewhere(&mut self, id: &str, known: Value) -> Value {
        let mut service = with(known, &json!({ "addresses": self.addresses() }));
        if MADE.contains(&id) {
            service["ports"] = self.ports(id);
        }
        json!({ "edit": "change_service", "service": service })
    }

    fn ports(&mut self, id: &str) -> Value {
        let at = MADE.iter().position(|one| *one == id).expect("one of ours");
        let first = PORTS.start + 2 * u16::try_from(at).expect("a few services");
        let second = first + 1;
        self.of(&[
            json!([format!("tcp/{first}")]),
            json!([format!("tcp/{second}")]),
            json!([format!("tcp/{first}-{second}")]),
        ])
        .clone()
    }

    fn addresses(&mut self) -> Value {
        let both = json!(["10.1.0.10", "fd10:1::10"]);
        self.of(&[json!(["10.1.0.10"]), json!(["fd10:1::10"]), both]).clone()
    }

    fn grant(&mut self, star: &Star, service: &str, edit: &str) -> Option<Value> {
        let id = text(&self.of(&star.places)["id"]);
        let active = star.api().segment(id)["retired"].is_null();
        active.then(|| json!({ "edit": edit, "segment": id, "service": service }))
    }

    /// A segment is retired, or a retired one comes back.
    fn segment(&mut self, star: &Star) -> (String, bool) {
        let api = star.api();
        let retired = |place: &&Value| !api.segment(text(&place["id"]))["retired"].is_null();
        let gone: Vec<&Value> = star.places.iter().filter(retired).collect();
        let chosen = self.of(&star.places);
        let back = gone.contains(&chosen) || gone.len() >= RETIRED;
        let id = text(&if back { gone[0] } else { chosen }["id"]);
        let path = format!("/api/v1/segments/{id}");
        let (what, (status, answer)) = if back {
            ("comes back", api.send("POST", &format!("{path}/restore"), &Value::Null))
        } else {
            ("is retired", api.send("DELETE", &path, &Value::Null))
        };
        assert_eq!(status, 200, "{answer}");
        (format!("{id} {what}"), true)
    }

    /// A segment has its second network, or has it no longer.
    fn network(&mut self, star: &Star) -> (String, bool) {
        let (api, place) = (star.api(), self.of(&star.places));
        let segment = api.segment(text(&place["id"]));
        if !segment["retired"].is_null() {
            return (format!("{} stays retired", segment["id"]), false);
        }
        let host = second(place);
        let (network, _) = host.rsplit_once('.').expect("an address of IPv4");
        let more = format!("{network}.0/24");
        let mut prefixes = segment["prefixes"].as_array().cloned().expect("a list");
        let had = prefixes.iter().position(|one| *one == more);
        match had {
            Some(at) => drop(prefixes.remove(at)),
            None => prefixes.push(more.as_str().into()),
        }
        let changed = with(segment.clone(), &json!({ "prefixes": prefixes }));
        let path = format!("/api/v1/segments/{}", text(&segment["id"]));
        let (status, answer) = api.send("PUT", &path, &changed);
        assert_eq!(status, 200, "{answer}");
        let what = if had.is_some() { "loses" } else { "gets" };
        (format!("{} {what} {more}", segment["id"]), true)
    }
}
