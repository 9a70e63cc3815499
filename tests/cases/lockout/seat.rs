//! An administrator's seat: a hub whose dashboard is reached over its own port 443, from segment
//! s001 alone, so that a change can really take it away from the one who makes it.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::disk::Disk;
use super::door::Door;
use super::{OFTEN, SHORTEST, SOON};
use crate::support::{Lab, Options, wait_for};
use crate::support::{all, connect, inside, ping, text};

const SEGMENTS: u32 = 3;
/// How long after its time a change may still be there.
const LATE: f64 = 3.0;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Person {
    /// On the hub itself, over its Unix socket.
    Root,
    /// In segment s001, with a certificate, over port 443 of the hub.
    Administrator,
}

use Person::{Administrator, Root};

/// See the head of the file. What holds the lab's namespaces and folders ends in this order.
pub(super) struct Seat {
    _door: Door,
    pub(super) lab: Lab,
    pub(super) disk: Disk,
    pub(super) places: Vec<Value>,
    /// The rules that must come back, as text.
    before: String,
}

/// The hub's address on the port of a segment.
fn hub_of(segment: &Value) -> String {
    text(&segment["prefix"]).replace("0/24", "254")
}

impl Seat {
    #[track_caller]
    pub(super) fn take() -> Self {
        let dir = tempfile::tempdir().expect("a folder can be made");
        let path = dir.path().to_owned();
        let disk = Disk::small(&path, &path.join(format!("data/{SEGMENTS}/netd")), "4m");
        let lab = Lab::start_in(dir, &Options { segments: SEGMENTS, ..Options::default() });
        let json = lab.json();
        let behind = format!("127.0.0.1:{}", port_of(text(&json["dashboard_url"])));
        let places = json["segments"].as_array().cloned().expect("a list");
        // The outside address has a 443 of its own.
        let at = format!("{}:443", hub_of(&places[0])).parse().expect("an address");
        let door = Door::open(text(&json["hub_netns"]), at, behind.parse().expect("an address"));
        let seat = Self { _door: door, lab, disk, places, before: String::new() };
        seat.settles();
        let edits = json!([
            { "edit": "add_service", "service": dashboard(&json!({})) },
            { "edit": "grant", "segment": "s001", "service": "dashboard" },
        ]);
        seat.edit(Root, &edits);
        let (status, answer) = seat.apply(Root, SHORTEST).expect("the hub answers");
        assert_eq!(status, 200, "{answer}");
        seat
    }

    /// Waits until everything is up and rules are in force.
    #[track_caller]
    pub(super) fn settles(&self) {
        let (api, all) = (self.lab.api(), SEGMENTS as usize);
        wait_for("all up", SOON * 2, OFTEN, || (api.count("up") == all).then_some(()));
        wait_for("rules in force", SOON, OFTEN, || {
            (self.rules()?["change"].as_u64()? > 0).then_some(())
        });
    }

    /// Remembers the rules as those that must come back; drafts of earlier ways are thrown away.
    #[track_caller]
    pub(super) fn mark(&mut self) {
        for who in [Root, Administrator] {
            self.ask(who, "DELETE", "/api/v1/rules/draft", &Value::Null).expect("it answers");
        }
        self.before = self.text().expect("the hub answers");
    }

    /// Waits until the rules are those of before, and everything can be reached that could.
    #[track_caller]
    pub(super) fn back(&self) {
        let started = Instant::now();
        while self.text().as_ref() != Some(&self.before) {
            let late = started.elapsed() > Duration::from_secs(SHORTEST) * 2;
            assert!(!late, "not as before: {}", self.difference());
            std::thread::sleep(OFTEN);
        }
        wait_for("nothing waits", SOON, OFTEN, || self.rules()?["waiting"].is_null().then_some(()));
        wait_for("everything is reached as before", SOON, OFTEN, || {
            self.reaches().iter().all(|reached| *reached).then_some(())
        });
        self.in_time();
    }

    /// Whether the rules are those of before, put in force anew under another number.
    pub(super) fn is_anew(&self) -> bool {
        let plain = |text: &str| {
            let lines = text.lines().filter(|line| !line.contains("ct mark"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        self.text().is_some_and(|text| plain(&text) == plain(&self.before))
    }

    fn difference(&self) -> String {
        let now = self.text().unwrap_or_default();
        let missing = self.before.lines().filter(|line| !now.contains(*line));
        let new = now.lines().filter(|line| !self.before.contains(*line));
        let lines = missing.map(|line| format!("- {line}")).chain(new.map(|l| format!("+ {l}")));
        let lines: Vec<String> = lines.take(20).collect();
        format!("{}\n{}", lines.join("\n"), self.rules().unwrap_or_default())
    }

    /// The administrator his dashboard, s001 the portal, s002 the documents, s003 its ping.
    fn reaches(&self) -> Vec<bool> {
        let [one, two, three] = &self.places[..] else { panic!("three segments") };
        let server = self.server();
        let mut reached = all(vec![
            connect(one, text(&one["host"]), &server, 80),
            connect(two, text(&two["host"]), &server, 8080),
            ping(three, text(&three["host"]), &server),
        ]);
        reached.push(self.sees());
        reached
    }

    /// A change that nobody confirmed was not in force for longer than it may be.
    #[track_caller]
    fn in_time(&self) {
        let last = self.newest();
        if last["state"]["state"] != "reverted" || last["state"]["why"]["why"] != "time_out" {
            return;
        }
        let seconds = |at: &Value| at.as_f64().expect("a moment") / 1e6;
        let stood = seconds(&last["state"]["at"]) - seconds(&last["at"]);
        let may = last["confirm_within"]["secs"].as_f64().expect("it waited");
        assert!(stood < may + LATE, "in force for {stood:.1} s, confirmed within {may} s: {last}");
    }

    /// What became of the last change, in a word.
    pub(super) fn became(&self) -> String {
        let state = &self.newest()["state"];
        let why = state["why"]["why"].as_str().unwrap_or_default();
        format!("{} {why}", state["state"].as_str().unwrap_or_default())
    }
}

/// The hub asked.
impl Seat {
    /// Status and answer; `None` when no answer came.
    pub(super) fn ask(
        &self,
        who: Person,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Option<(u16, Value)> {
        match who {
            Root => {
                let (status, body) =
                    self.lab.api().exchange(method, path, &body.to_string()).ok()?;
                let body = serde_json::from_slice(&body).unwrap_or_default();
                (status != 0).then_some((status, body))
            }
            Administrator => self.by_curl(method, path, &body.to_string()),
        }
    }

    fn by_curl(&self, method: &str, path: &str, body: &str) -> Option<(u16, Value)> {
        let (json, seat) = (self.lab.json(), &self.places[0]);
        let hub = hub_of(seat);
        let pin = format!("ets.localhost:443:{hub}:443");
        let url = format!("https://ets.localhost{path}");
        let mut words = vec!["curl", "-sS", "-m2", "--connect-to", &pin, "-X", method];
        words.extend(["--interface", text(&seat["host"]), "-w", "\n%{http_code}"]);
        for (word, file) in [("--cacert", "ca_cert"), ("--cert", "admin_cert")] {
            words.extend([word, text(&json[file])]);
        }
        words.extend(["--key", text(&json["admin_key"]), "-H", "content-type: application/json"]);
        // The hub may answer and close before it has read a body that it does not need.
        if body != "null" {
            words.extend(["-d", "@-"]);
        }
        words.push(&url);
        let mut curl = inside(text(&seat["netns"]), &words);
        curl.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut curl = curl.spawn().expect("curl starts");
        drop(curl.stdin.take().expect("a pipe").write_all(body.as_bytes()));
        let said = curl.wait_with_output().expect("curl ends");
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let (body, status) = said.rsplit_once('\n')?;
        let status = status.parse().ok().filter(|status| *status != 0)?;
        Some((status, serde_json::from_str(body).unwrap_or_default()))
    }

    /// Whether the administrator sees his dashboard.
    pub(super) fn sees(&self) -> bool {
        self.ask(Administrator, "GET", "/api/v1/rules", &Value::Null).is_some()
    }

    /// Fails unless the administrator is locked out now.
    #[track_caller]
    pub(super) fn is_locked_out(&self) {
        assert!(!self.sees(), "the change was to lock the administrator out");
    }

    pub(super) fn rules(&self) -> Option<Value> {
        self.lab.api().try_get("/api/v1/rules")
    }

    pub(super) fn text(&self) -> Option<String> {
        let (status, text) = self.lab.api().exchange("GET", "/api/v1/rules/text", "").ok()?;
        (status == 200).then(|| String::from_utf8_lossy(&text).into_owned())
    }

    /// The newest version.
    #[track_caller]
    pub(super) fn newest(&self) -> Value {
        wait_for("the list of versions", SOON, OFTEN, || {
            let list = self.lab.api().try_get("/api/v1/rules/versions?limit=1")?;
            Some(list["versions"][0].clone())
        })
    }

    pub(super) fn server(&self) -> String {
        text(&self.lab.json()["services"]["address"]).to_owned()
    }

    /// A service as it is in force, with some fields otherwise.
    #[track_caller]
    pub(super) fn service(&self, id: &str, other: &Value) -> Value {
        let all = self.lab.api().get("/api/v1/services");
        let mut list = all.as_array().into_iter().flatten();
        let found = list.find(|one| one["id"] == id).expect("the service is there");
        with(found.clone(), other)
    }
}

/// Changes, made from the seat.
impl Seat {
    #[track_caller]
    pub(super) fn edit(&self, who: Person, edits: &Value) {
        let body = json!({ "edits": edits });
        let answer = self.ask(who, "POST", "/api/v1/rules/draft", &body);
        let (status, answer) = answer.expect("the hub answers");
        assert_eq!(status, 200, "{answer}");
    }

    pub(super) fn apply(&self, who: Person, within: u64) -> Option<(u16, Value)> {
        let body = json!({ "reason": "a test", "confirm_within_s": within });
        self.ask(who, "POST", "/api/v1/rules/apply", &body)
    }

    pub(super) fn settle(&self, who: Person, act: &str, change: u64) -> Option<(u16, Value)> {
        self.ask(who, "POST", &format!("/api/v1/rules/{change}/{act}"), &Value::Null)
    }

    /// Makes a change from the seat that must wait for its confirmation; its number. The answer may
    /// be lost with the way to the dashboard.
    #[track_caller]
    pub(super) fn goes(&self, edits: &Value) -> u64 {
        let last = self.newest()["no"].clone();
        self.edit(Administrator, edits);
        if let Some((status, answer)) = self.apply(Administrator, SHORTEST) {
            assert_eq!(status, 200, "{answer}");
        }
        self.waits_after(&last)
    }

    /// Waits for a version after this one; it must be one that waits for its confirmation.
    #[track_caller]
    pub(super) fn waits_after(&self, last: &Value) -> u64 {
        let made = wait_for("a new version", SOON, OFTEN, || {
            let newest = self.newest();
            (newest["no"].as_u64() > last.as_u64()).then_some(newest)
        });
        assert!(!made["confirm_within"].is_null(), "it waits for no confirmation: {made}");
        made["no"].as_u64().expect("a number")
    }

    /// The edits, or the change that they make, are refused in words that name all of these.
    #[track_caller]
    pub(super) fn refuses(&self, edits: &Value, names: &[&str]) {
        let body = json!({ "edits": edits });
        let answer = self.ask(Administrator, "POST", "/api/v1/rules/draft", &body);
        let (mut status, mut answer) = answer.expect("the hub answers");
        if status == 200 {
            (status, answer) = self.apply(Administrator, SHORTEST).expect("the hub answers");
        }
        says(status, &answer, names);
    }

    /// Kills processes of the hub and waits until new ones are there.
    #[track_caller]
    pub(super) fn kill(&self, parts: &[&str]) {
        let dead: Vec<i64> = parts.iter().map(|part| self.lab.pid(part)).collect();
        dead.iter().for_each(|pid| Lab::signal(*pid, Signal::SIGKILL));
        wait_for("new processes", SOON, OFTEN, || {
            let anew = |(part, dead): (&&str, &i64)| self.lab.pid(part) != *dead;
            parts.iter().zip(&dead).all(anew).then_some(())
        });
    }

    pub(super) fn state_dir(&self) -> PathBuf {
        PathBuf::from(text(&self.lab.json()["data_dir"])).join("netd")
    }
}

/// A refusal names both sides.
#[track_caller]
pub(super) fn says(status: u16, answer: &Value, names: &[&str]) {
    assert!((400..500).contains(&status), "it was not refused: {status} {answer}");
    let said = answer.to_string();
    for name in names {
        assert!(said.contains(name), "{name:?} is not named: {said}");
    }
}

/// The dashboard as a service of the hub.
pub(super) fn dashboard(other: &Value) -> Value {
    let service = json!({
        "id": "dashboard", "name": { "en": "Dashboard" }, "place": "hub", "ports": ["tcp/443"],
    });
    with(service, other)
}

/// A service with some fields otherwise.
pub(super) fn with(mut one: Value, other: &Value) -> Value {
    for (key, value) in other.as_object().into_iter().flatten() {
        one[key] = value.clone();
    }
    one
}

fn port_of(url: &str) -> u16 {
    url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}
