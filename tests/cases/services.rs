//! The catalogue of services, on the built product: the lab's own are asked and are up; a foreign
//! server in the services' network that is killed is told as down, with what to do, on the page, in
//! the API and among the figures, and as up again when it is back.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Lab, Options, Running, inside_of, text, tool, wait_for, web_server};

const SOON: Duration = Duration::from_secs(20);
const OFTEN: Duration = Duration::from_millis(100);
/// The lab asks each second, and three failures make a service down.
const FALL: Duration = Duration::from_secs(3);
const PORT: u16 = 8090;

/// A web server in the services' network.
fn web(lab: &Lab) -> Running {
    web_server(&lab.json()["services"], PORT, Path::new("/usr/share/doc"))
}

fn health(lab: &Lab, id: &str) -> Option<Value> {
    let all = lab.api().get("/api/v1/services/health");
    all.as_array()?.iter().find(|one| one["id"] == id).cloned()
}

fn wait_for_state(lab: &Lab, id: &str, state: &str) -> Value {
    let what = format!("{id} is {state}");
    wait_for(&what, SOON, OFTEN, || health(lab, id).filter(|one| one["state"] == state))
}

/// Puts an edit in force, confirmed where it waits.
#[track_caller]
fn change(lab: &Lab, edit: &Value) {
    let api = lab.api();
    let (status, told) = api.send("POST", "/api/v1/rules/draft", &json!({ "edits": [edit] }));
    assert_eq!(status, 200, "{told}");
    let (status, version) = api.send("POST", "/api/v1/rules/apply", &json!({ "reason": "a test" }));
    assert_eq!(status, 200, "{version}");
    let path = format!("/api/v1/rules/{}/confirm", version["no"]);
    // What takes nothing away needs none, and says so.
    let (status, told) = api.send("POST", &path, &json!({}));
    assert!(matches!(status, 200 | 409), "{told}");
}

/// The page of a service, as the administrator's browser has it, in English.
fn page(lab: &Lab, path: &str) -> String {
    let json = lab.json();
    let field = |name: &str| text(&json[name]).to_owned();
    let url = format!("{}{path}", field("dashboard_url").trim_end_matches('/'));
    let (ca, cert, key) = (field("ca_cert"), field("admin_cert"), field("admin_key"));
    let words = ["-fsS", "-H", "Accept-Language: en", "--cacert", &ca, "--cert", &cert];
    tool("curl", &[&words[..], &["--key", &key, &url]].concat())
}

fn wiki(lab: &Lab, port: u16, version: i64) -> Value {
    json!({
        "id": "wiki",
        "name": { "en": "Wiki", "ru": "Справочник" },
        "about": { "en": "What everybody should know" },
        "owner": { "name": "Unit of automation", "phone": "+7 7212 11 22 33" },
        "addresses": [lab.json()["services"]["address"]],
        "ports": [format!("tcp/{port}")],
        "checks": [{ "kind": "http", "path": "/", "every_s": 1, "timeout_s": 1 }],
        "version": version,
    })
}

/// covers: N7.1, N1.5
#[test]
fn a_service_that_is_killed_is_told_within_three_checks_and_comes_back() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    for own in ["mail", "portal", "names", "documents"] {
        let health = wait_for_state(&lab, own, "up");
        assert!(health["since"].is_string() && health["took_ms"].is_number(), "{health}");
    }
    let server = web(&lab);
    change(&lab, &json!({ "edit": "add_service", "service": wiki(&lab, PORT, 0) }));
    wait_for_state(&lab, "wiki", "up");
    assert_eq!(lab.figure("ets_service_up{service=\"wiki\"}"), Some(1.0));
    assert!(page(&lab, "/services").contains("All services that are checked are up"));

    server.kill();
    let killed = Instant::now();
    let health = wait_for_state(&lab, "wiki", "down");
    let took = killed.elapsed();
    assert!(took < FALL + Duration::from_millis(500), "told after {took:?}");
    assert_eq!(health["reason"]["why"], "refused", "{health}");
    assert_eq!(lab.figure("ets_service_up{service=\"wiki\"}"), Some(0.0));
    let told = page(&lab, "/services/wiki");
    for word in ["Wiki: down", "nothing listens on this port", "Unit of automation"] {
        assert!(told.contains(word), "the page has not got {word:?}");
    }
    assert!(page(&lab, "/").contains("1 down"), "the overview says so");

    let server = web(&lab);
    wait_for_state(&lab, "wiki", "up");
    // What is told at once is written down a moment later.
    wait_for("the history", SOON, OFTEN, || {
        let history = lab.api().get("/api/v1/services/wiki/history");
        let became = |no: usize| history[no]["to"].as_str().unwrap_or_default().to_owned();
        ([became(0), became(1), became(2)] == ["up", "down", "up"]).then_some(())
    });

    let reached = lab.api().get("/api/v1/segments/s001/services");
    let ids: Vec<&str> =
        reached.as_array().expect("a list").iter().map(|one| text(&one["id"])).collect();
    assert!(ids.contains(&"mail") && !ids.contains(&"wiki"), "wiki is granted to nobody: {ids:?}");

    // Another port is asked at once, and nothing listens there.
    change(&lab, &json!({ "edit": "change_service", "service": wiki(&lab, PORT + 1, 1) }));
    let health = wait_for_state(&lab, "wiki", "down");
    assert_eq!(health["reason"]["why"], "refused", "{health}");
    server.kill();
}

/// covers: N7.1
#[test]
fn a_network_that_is_dark_is_said_instead_of_services_that_are_down() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    wait_for_state(&lab, "mail", "up");
    let services = &lab.json()["services"];
    let set = |to: &str| inside_of(services, &["ip", "link", "set", "eth0", to]).status();
    assert!(set("down").expect("ip starts").success());
    let health = wait_for_state(&lab, "mail", "unknown");
    assert_eq!(
        (&health["reason"]["why"], &health["reason"]["network"]),
        (&json!("dark"), &json!("services"))
    );
    assert!(set("up").expect("ip starts").success());
    wait_for_state(&lab, "mail", "up");
}
