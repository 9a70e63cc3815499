//! Random changes of rights, services and segments: after each, what the hub proves from the rules
//! of its kernel is what ping, curl and a question for a name find from inside the segments (D2).

mod judge;
mod random;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::door::Door;
use super::{OFTEN, SHORTEST, SOON};
use crate::support::text;
use crate::support::{Api, Lab, Options, is_root, sized, tool, wait_for};
use judge::judge;
use random::Dice;

/// Two ports for each service that changes make; behind each of them is a page.
pub(super) const PORTS: std::ops::Range<u16> = 9001..9009;
/// Segments that are looked at after each change.
const LOOKED_AT: usize = 2;

/// covers: D2, N2.1
#[test]
fn the_proof_is_what_happens_after_any_number_of_random_changes() {
    if !is_root() {
        println!("skipped: only root opens ports in namespaces");
        return;
    }
    let segments = sized("segments", 5_u32, 20);
    let changes = sized("changes", 10_usize, 100);
    let seed = std::env::var("ETS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261);
    println!("seed {seed} (ETS_SEED chooses another one)");
    let star = Star::raise(segments);
    let mut dice = Dice::new(seed);
    let (started, mut attempts) = (Instant::now(), star.whole());
    for number in 1..=changes {
        let what = star.change(&mut dice);
        let some = (0..LOOKED_AT).map(|_| dice.below(star.places.len())).collect::<Vec<_>>();
        attempts += star.agrees(&some, &format!("change {number}: {what}"));
    }
    attempts += star.whole();
    println!("{changes} changes, {attempts} attempts as proved, {:.0?}", started.elapsed());
}

/// A star with pages on some ports of its server, and a second network in each segment.
pub(super) struct Star {
    _doors: Vec<Door>,
    lab: Lab,
    pub(super) places: Vec<Value>,
}

impl Star {
    #[track_caller]
    fn raise(segments: u32) -> Self {
        let lab = Lab::start(&Options { segments, ..Options::default() });
        let json = lab.json();
        let api = lab.api();
        wait_for("all up", SOON, OFTEN, || (api.count("up") == segments as usize).then_some(()));
        wait_for("rules in force", SOON, OFTEN, || {
            (api.try_get("/api/v1/rules")?["change"].as_u64()? > 0).then_some(())
        });
        let places = json["segments"].as_array().cloned().expect("a list");
        for place in &places {
            let address = format!("{}/24", second(place));
            let netns = text(&place["netns"]);
            tool("ip", &["-n", netns, "address", "add", &address, "dev", "lan0"]);
        }
        let server = text(&json["services"]["netns"]);
        let doors = PORTS.map(|port| Door::page(server, port)).collect();
        Self { _doors: doors, lab, places }
    }

    pub(super) fn api(&self) -> Api {
        self.lab.api()
    }

    /// One random change, in force for good; in words.
    #[track_caller]
    fn change(&self, dice: &mut Dice) -> String {
        let last = self.last();
        let (what, made) = dice.change(self);
        if made {
            wait_for("a new version", SOON, OFTEN, || (self.last() > last).then_some(()));
        }
        self.confirmed();
        what
    }

    fn last(&self) -> u64 {
        let list = self.api().get("/api/v1/rules/versions?limit=1");
        list["versions"][0]["no"].as_u64().unwrap_or(0)
    }

    /// Confirms what waits, until rights, registry and rules agree.
    #[track_caller]
    fn confirmed(&self) {
        wait_for("all agree", SOON, OFTEN, || {
            let rules = self.api().try_get("/api/v1/rules")?;
            if let Some(change) = rules["waiting"]["change"].as_u64() {
                let path = format!("/api/v1/rules/{change}/confirm");
                self.api().send("POST", &path, &Value::Null);
                return None;
            }
            assert_eq!(rules["differs"]["tried"], Value::Null, "{rules}");
            let quiet = rules["differs"].is_null() && rules["problem"].is_null();
            // A version is written down before it is in force.
            (quiet && rules["change"].as_u64() == Some(self.last())).then_some(())
        });
    }

    /// Puts edits in force; whether they changed anything.
    #[track_caller]
    pub(super) fn apply(&self, edits: &[Value]) -> bool {
        let api = self.api();
        let (status, answer) = api.send("POST", "/api/v1/rules/draft", &json!({ "edits": edits }));
        assert_eq!(status, 200, "{answer}");
        let wish = json!({ "reason": "at random", "confirm_within_s": SHORTEST * 6 });
        let (status, answer) = api.send("POST", "/api/v1/rules/apply", &wish);
        if status == 409 && answer.to_string().contains("changes nothing") {
            api.send("DELETE", "/api/v1/rules/draft", &Value::Null);
            return false;
        }
        assert_eq!(status, 200, "{answer}");
        true
    }

    /// Compares everything: every segment with every service, every pair of segments.
    #[track_caller]
    fn whole(&self) -> usize {
        let all: Vec<usize> = (0..self.places.len()).collect();
        self.agrees(&all, "everything")
    }

    /// Compares these segments with every service, and with each other; the number of attempts.
    #[track_caller]
    fn agrees(&self, segments: &[usize], after: &str) -> usize {
        let attempts = judge(self, segments);
        let count = attempts.len();
        let wrong: Vec<String> = judge::tried(attempts);
        assert!(wrong.is_empty(), "after {after}, otherwise than proved: {wrong:#?}");
        count
    }
}

/// A computer in a segment's second network, which the registry may know or not.
pub(super) fn second(place: &Value) -> String {
    text(&place["host"]).replacen("10.10.", "10.11.", 1)
}

/// How long an attempt may take that nobody answers.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
