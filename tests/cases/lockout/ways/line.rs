//! By the safety line itself: who confirms what, when, and what happens at the same time.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::Way;
use crate::lockout::seat::Person::{self, Administrator, Root};
use crate::lockout::seat::{Seat, says};
use crate::lockout::{OFTEN, SHORTEST, SOON};
use crate::support::text;
use crate::support::{tool, wait_for};

pub(super) const WAYS: &[Way] = &[
    ("the browser is closed after the change was applied", browser),
    ("the connection breaks while the change is applied", connection),
    ("somebody else confirms", |seat| {
        let change = seat.goes(&harmless());
        let number = format!("change {change}");
        refused(seat, Root, "confirm", change, &[&number, "certificate:", "alone may confirm"]);
    }),
    ("the confirmation comes too late", |seat| {
        let change = seat.goes(&harmless());
        seat.back();
        let number = format!("change {change}");
        refused(seat, Administrator, "confirm", change, &[&number, "does not wait"]);
    }),
    ("the confirmation names another change", |seat| {
        let change = seat.goes(&harmless());
        for other in [0, change - 1, change + 1, u64::MAX] {
            let number = format!("change {other}");
            refused(seat, Administrator, "confirm", other, &[&number, "does not wait"]);
        }
    }),
    ("two people apply at once", two_at_once),
    ("a change is applied while another one waits", |seat| {
        let change = seat.goes(&harmless());
        seat.edit(Root, &harmless());
        let (status, answer) = seat.apply(Root, SHORTEST).expect("it answers");
        let number = format!("change {change}");
        says(status, &answer, &[&number, "certificate:", "waits for its confirmation"]);
    }),
    ("a change is withdrawn twice", |seat| {
        let change = seat.goes(&harmless());
        let (status, answer) = seat.settle(Root, "withdraw", change).expect("it answers");
        assert_eq!(status, 200, "{answer}");
        refused(seat, Root, "withdraw", change, &["does not wait"]);
        refused(seat, Administrator, "confirm", change, &["does not wait"]);
    }),
    ("a version is restored that names a segment which is gone", restored),
    ("a countdown that is too short or too long", |seat| {
        seat.edit(Administrator, &harmless());
        for within in [0, 9, 1801, u64::MAX] {
            let (status, answer) = seat.apply(Administrator, within).expect("it answers");
            let number = format!("{within} s");
            says(status, &answer, &[&number, "10 s to 30 minutes"]);
        }
    }),
    ("what was looked at is not what would be put in force", |seat| {
        seat.edit(Administrator, &harmless());
        let body = json!({ "digest": "another", "confirm_within_s": SHORTEST });
        let answer = seat.ask(Administrator, "POST", "/api/v1/rules/apply", &body);
        let (status, answer) = answer.expect("the hub answers");
        says(status, &answer, &["changed after you looked"]);
    }),
    ("nothing is applied", |seat| {
        let (status, answer) = seat.apply(Administrator, SHORTEST).expect("it answers");
        says(status, &answer, &["your draft is empty"]);
        seat.edit(Root, &json!([{ "edit": "grant", "segment": "s002", "service": "documents" }]));
        let (status, answer) = seat.apply(Root, SHORTEST).expect("it answers");
        says(status, &answer, &["the draft changes nothing"]);
    }),
];

/// It takes something away, and not from the administrator.
fn harmless() -> Value {
    json!([{ "edit": "withdraw", "segment": "s002", "service": "documents" }])
}

#[track_caller]
fn refused(seat: &Seat, who: Person, act: &str, change: u64, names: &[&str]) {
    let (status, answer) = seat.settle(who, act, change).expect("the hub answers");
    says(status, &answer, names);
}

/// A new session is not the one that made the change: it cannot confirm it.
fn browser(seat: &mut Seat) {
    let (first, last) = (Browser::open(seat), seat.newest()["no"].clone());
    let (status, answer) =
        first.ask("POST", "/api/v1/rules/draft", &json!({ "edits": harmless() }));
    assert_eq!(status, 200, "{answer}");
    let wish = json!({ "confirm_within_s": SHORTEST });
    assert_eq!(first.ask("POST", "/api/v1/rules/apply", &wish).0, 200);
    let change = seat.waits_after(&last);
    let second = Browser::open(seat);
    let confirm = format!("/api/v1/rules/{change}/confirm");
    let (status, answer) = second.ask("POST", &confirm, &Value::Null);
    says(status, &answer, &["session:", "alone may confirm"]);
}

/// A browser with a session that a one-time link opened.
struct Browser {
    url: String,
    cookie: String,
}

impl Browser {
    #[track_caller]
    fn open(seat: &Seat) -> Self {
        let made = seat.ask(Root, "POST", "/api/v1/entry-links", &Value::Null);
        let link = text(&made.expect("the hub answers").1["url"]).to_owned();
        let (url, token) = link.split_once("?token=").expect("the link carries a token");
        let head = curl(url, &["-o", "/dev/null", "-D", "-", "-d", &format!("token={token}")]);
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).expect("a session");
        Self { url: url.replace("/enter", ""), cookie: format!("cookie: {cookie}") }
    }

    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.url);
        let body = body.to_string();
        let words = ["-X", method, "-H", &self.cookie, "-w", "\n%{http_code}", "-d", &body];
        let said = curl(&url, &words);
        let (body, status) = said.rsplit_once('\n').expect("a status");
        let status = status.parse().expect("a number");
        (status, serde_json::from_str(body).unwrap_or_default())
    }
}

#[track_caller]
fn curl(url: &str, words: &[&str]) -> String {
    let port = url.split(['/', ':']).nth(4).expect("a port");
    let pin = format!("ets.localhost:{port}:127.0.0.1");
    let common = ["-sS", "--resolve", &pin, "-H", "content-type: application/json"];
    let form = if url.ends_with("/enter") { &common[..3] } else { &common[..] };
    tool("curl", &[form, words, &[url]].concat())
}

/// Whoever asked is gone before there is an answer: nothing was done, or all of it, which goes back.
fn connection(seat: &mut Seat) {
    for patience in [1, 10, 100] {
        let last = seat.newest()["no"].clone();
        seat.edit(Root, &harmless());
        let body = json!({ "confirm_within_s": SHORTEST }).to_string();
        let request = format!(
            "POST /api/v1/rules/apply HTTP/1.1\r\nhost: hub\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let socket = seat.lab.path().join("serve.sock");
        let mut stream = UnixStream::connect(socket).expect("the hub listens");
        stream.write_all(request.as_bytes()).expect("the hub reads");
        std::thread::sleep(Duration::from_millis(patience));
        drop(stream);
        std::thread::sleep(Duration::from_secs(1));
        if seat.newest()["no"] != last {
            seat.waits_after(&last);
        }
        seat.back();
        seat.mark();
    }
}

fn two_at_once(seat: &mut Seat) {
    seat.edit(Root, &harmless());
    seat.edit(Administrator, &json!([{ "edit": "retire_service", "service": "names" }]));
    let here = &*seat;
    let answers = std::thread::scope(|scope| {
        let both = [Root, Administrator].map(|who| scope.spawn(move || here.apply(who, SHORTEST)));
        both.map(|one| one.join().expect("it was asked").expect("the hub answers"))
    });
    let (done, rest): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, _)| *status == 200);
    assert_eq!((done.len(), rest.len()), (1, 1), "{answers:?}");
    let names = [text(&done[0].1["author"]), "waits for its confirmation"];
    says(rest[0].0, &rest[0].1, &names);
}

/// What can be had again is in the draft; what cannot is named, and nothing is lost by it.
fn restored(seat: &mut Seat) {
    let wanted = grants(seat, "grant", &["s003"]);
    let withdrawn = grants(seat, "withdraw", &["s002", "s003"]);
    assert_ne!(wanted, withdrawn);
    let last = seat.newest()["no"].clone();
    segment(seat, "DELETE", "/api/v1/segments/s002");
    confirmed(seat, seat.waits_after(&last));
    let path = format!("/api/v1/rules/versions/{wanted}/restore");
    let (status, answer) = seat.ask(Root, "POST", &path, &Value::Null).expect("it answers");
    assert_eq!(status, 200, "{answer}");
    let out = json!([{ "edit": "grant", "segment": "s002", "service": "documents" }]);
    assert_eq!(answer["left_out"], out, "what cannot be restored is named");
    let (status, answer) = seat.apply(Root, SHORTEST).expect("it answers");
    assert_eq!(status, 200, "{answer}");
    segment(seat, "POST", "/api/v1/segments/s002/restore");
    wait_for("s002 again", SOON, OFTEN, || {
        (seat.rules()?["differs"].is_null() && seat.lab.api().count("up") == 3).then_some(())
    });
    grants(seat, "grant", &["s002"]);
    grants(seat, "withdraw", &["s003"]);
    seat.mark();
}

#[track_caller]
fn segment(seat: &Seat, method: &str, path: &str) {
    let (status, answer) = seat.ask(Root, method, path, &Value::Null).expect("it answers");
    assert_eq!(status, 200, "{answer}");
}

/// Grants or withdraws the documents for good; the number of the change.
#[track_caller]
fn grants(seat: &Seat, edit: &str, segments: &[&str]) -> u64 {
    let edit = |id| json!({ "edit": edit, "segment": id, "service": "documents" });
    let edits: Vec<Value> = segments.iter().map(edit).collect();
    seat.edit(Root, &json!(edits));
    let (status, made) = seat.apply(Root, SHORTEST).expect("the hub answers");
    assert_eq!(status, 200, "{made}");
    let change = made["no"].as_u64().expect("a number");
    if !made["confirm_within"].is_null() {
        confirmed(seat, change);
    }
    change
}

#[track_caller]
fn confirmed(seat: &Seat, change: u64) {
    let (status, answer) = seat.settle(Root, "confirm", change).expect("it answers");
    assert_eq!(status, 200, "{answer}");
}
