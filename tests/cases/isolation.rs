//! Nobody reaches a neighbour; everybody reaches what they may, and the proof says the same (D1, D2);
//! changes wait for confirmation and go back (D3). Judged by ping and curl from inside the segments.

use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Lab, Options, all, connect, host6, ping, program, sized, text, wait_for};

const SOON: Duration = Duration::from_secs(10);
const OFTEN: Duration = Duration::from_millis(100);

fn lab(segments: u32, links: Option<u32>) -> Lab {
    let lab = Lab::start(&Options { segments, links, ..Options::default() });
    let api = lab.api();
    wait_for("all up", SOON, OFTEN, || (api.count("up") == segments as usize).then_some(()));
    wait_for("rules in force", SOON, OFTEN, || {
        (api.get("/api/v1/rules")["change"].as_u64()? > 0).then_some(())
    });
    lab
}

/// covers: N2.1, D1, D2
#[test]
fn nobody_reaches_a_neighbour_and_everybody_what_they_may_as_the_proof_says() {
    for links in [None, Some(2)] {
        let segments = sized("segments", 6, 49);
        let lab = lab(segments, links);
        let places = lab.json()["segments"].as_array().cloned().expect("a list");
        let mut attempts = Vec::new();
        for from in &places {
            for to in places.iter().filter(|to| to["id"] != from["id"]) {
                let (own4, own6) = (text(&from["host"]).to_owned(), host6(from));
                for target in [text(&to["host"]), text(&to["address"])] {
                    attempts.push(ping(from, &own4, target));
                    attempts.push(connect(from, &own4, target, 80));
                }
                attempts.push(ping(from, &own6, &host6(to)));
                attempts.push(connect(from, &own6, &host6(to), 80));
            }
        }
        let count = attempts.len();
        let reached = all(attempts).into_iter().filter(|reached| *reached).count();
        assert_eq!(reached, 0, "of {count} attempts at neighbours, links {links:?}");
        println!("{count} attempts at neighbours, none got through");
        compare(&lab, &places);
    }
}

/// What the proof says of each segment and service is what happens.
#[track_caller]
fn compare(lab: &Lab, places: &[Value]) {
    let reach = lab.api().get("/api/v1/reachability");
    assert_eq!(reach["neighbours"], json!([]), "{reach}");
    let server = lab.json()["services"]["address"].clone();
    let server = text(&server);
    for place in places {
        let rows = reach["segments"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["segment"] == place["id"]).expect("its row");
        assert_eq!(row["outside"], false);
        let proved = |service: &str| {
            row["services"].as_array().is_some_and(|list| list.iter().any(|one| one == service))
        };
        let own = text(&place["host"]);
        let happens = all(vec![
            connect(place, own, server, 80),
            connect(place, own, server, 8080),
            ping(place, own, server),
            connect(place, own, text(&lab.json()["external"]["address"]), 80),
        ]);
        let wanted = [proved("portal"), proved("documents"), proved("echo"), false];
        assert_eq!(happens, wanted, "{}: portal, documents, echo, outside", place["id"]);
    }
}

fn edit(lab: &Lab, edit: &Value) {
    let (status, answer) =
        lab.api().send("POST", "/api/v1/rules/draft", &json!({ "edits": [edit] }));
    assert_eq!(status, 200, "{answer}");
}

#[track_caller]
fn apply(lab: &Lab, within: u64) -> u64 {
    let body = json!({ "reason": "a test", "confirm_within_s": within });
    let (status, answer) = lab.api().send("POST", "/api/v1/rules/apply", &body);
    assert_eq!(status, 200, "{answer}");
    answer["no"].as_u64().expect("its number")
}

/// covers: N2.3, D3
#[test]
fn a_right_that_is_withdrawn_ends_at_once_and_comes_back_unless_confirmed() {
    let lab = lab(4, None);
    let places = lab.json()["segments"].as_array().cloned().expect("a list");
    let second = &places[1];
    let server = text(&lab.json()["services"]["address"]).to_owned();
    let reads = || all(vec![connect(second, text(&second["host"]), &server, 8080)])[0];
    assert!(reads(), "s002 may read documents");
    let withdraw = json!({ "edit": "withdraw", "segment": "s002", "service": "documents" });
    edit(&lab, &withdraw);
    let change = apply(&lab, 10);
    assert!(!reads(), "the right is withdrawn");
    // While it waits, the process that alone can take it back dies: the next one must remember.
    let netd = lab.pid("netd");
    Lab::signal(netd, Signal::SIGKILL);
    wait_for("netd again", SOON, OFTEN, || (lab.pid("netd") != netd).then_some(()));
    wait_for("the right comes back", Duration::from_secs(20), OFTEN, || reads().then_some(()));
    let (status, answer) =
        lab.api().send("POST", &format!("/api/v1/rules/{change}/confirm"), &Value::Null);
    assert_eq!(status, 409, "too late to confirm: {answer}");

    wait_for("rest", SOON, OFTEN, || {
        lab.api().get("/api/v1/rules")["waiting"].is_null().then_some(())
    });
    edit(&lab, &withdraw);
    let change = apply(&lab, 10);
    let (status, answer) =
        lab.api().send("POST", &format!("/api/v1/rules/{change}/confirm"), &Value::Null);
    assert_eq!(status, 200, "{answer}");
    std::thread::sleep(Duration::from_secs(11));
    assert!(!reads(), "a confirmed change stays");
    compare(&lab, &places);
}

/// covers: N2.4, D4
#[test]
fn a_flow_goes_on_while_both_processes_are_killed() {
    let lab = lab(3, None);
    let places = lab.json()["segments"].as_array().cloned().expect("a list");
    let server = text(&lab.json()["services"]["address"]).to_owned();
    let count = sized("pings", 3_000, 60_000).to_string();
    let mut command = program("ip");
    command.args([
        "netns",
        "exec",
        text(&places[0]["netns"]),
        "ping",
        "-q",
        "-i0.001",
        "-c",
        &count,
    ]);
    command.args(["-I", text(&places[0]["host"]), &server]).stdin(Stdio::null());
    let flow = command.stdout(Stdio::piped()).spawn().expect("ping starts");
    for part in ["netd", "serve", "netd"] {
        let pid = lab.pid(part);
        Lab::signal(pid, Signal::SIGKILL);
        wait_for("it again", SOON, OFTEN, || (lab.pid(part) != pid).then_some(()));
    }
    let said = flow.wait_with_output().expect("ping ends");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains(" 0% packet loss"), "{said}");
}
