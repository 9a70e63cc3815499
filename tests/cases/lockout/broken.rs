//! Broken input (D10): refused with both sides named and nothing changed, or done whole; by API, by
//! import and by command.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::seat::{dashboard, says, with};
use super::{OFTEN, SHORTEST, SOON};
use crate::support::{Api, Lab, Options, hub_binary, sized, wait_for};

fn lab(segments: u32, links: Option<u32>) -> Lab {
    let lab = Lab::start(&Options { segments, links, ..Options::default() });
    let api = lab.api();
    wait_for("all up", SOON * 2, OFTEN, || (api.count("up") == segments as usize).then_some(()));
    wait_for("rules in force", SOON, OFTEN, || {
        (api.try_get("/api/v1/rules")?["change"].as_u64()? > 0).then_some(())
    });
    lab
}

/// What a segment cannot have: its networks, and what the refusal names.
const NETWORKS: &[(&str, &[&str])] = &[
    ("10.10.3.0/24", &["10.10.3.0/24 of s002", "10.10.3.0/24 of s003"]),
    ("10.10.3.128/25", &["10.10.3.128/25 of s002", "10.10.3.0/24 of s003"]),
    ("10.10.0.0/16", &["10.10.0.0/16 of s002", "of s001"]),
    ("10.0.0.0/8", &["10.0.0.0/8 of s002", "of s001"]),
    ("fd10:10:3::/65", &["fd10:10:3::/65 of s002", "fd10:10:3::/64 of s003"]),
    ("10.10.1.254/32", &["10.10.1.254/32 of s002", "10.10.1.0/24 of s001"]),
    ("0.0.0.0/0", &["0.0.0.0/0 cannot belong to a segment"]),
    ("::/0", &["::/0 cannot belong to a segment"]),
    ("128.0.0.0/1", &["128.0.0.0/1 of s002", "half the world"]),
    ("10.1.0.0/24", &["10.1.0.0/24 of s002", "10.1.0.0/24 of the hub's own network services"]),
    ("10.1.0.10/32", &["10.1.0.10/32 of s002", "10.1.0.0/24 of the hub's own network services"]),
    ("fd10:1::/80", &["fd10:1::/80 of s002", "fd10:1::/64 of the hub's own network services"]),
    ("203.0.113.0/24", &["203.0.113.0/24 of s002", "203.0.113.1", "ext0"]),
    ("203.0.113.64/26", &["203.0.113.64/26 of s002", "network outside (ext0)"]),
    ("2001:db8:113::/48", &["2001:db8:113::/48 of s002", "2001:db8:113::1", "ext0"]),
    ("::ffff:10.20.0.0/112", &["::ffff:10.20.0.0/112", "s002", "IPv4 address written as IPv6"]),
    ("127.0.0.0/8", &["127.0.0.0/8 cannot belong to a segment"]),
    ("169.254.0.0/16", &["169.254.0.0/16 cannot belong to a segment"]),
    ("224.0.0.0/4", &["224.0.0.0/4 cannot belong to a segment"]),
    ("fe80::/64", &["fe80::/64 cannot belong to a segment"]),
    ("240.0.0.0/8", &["240.0.0.0/8 of s002", "reserved"]),
    ("0.1.0.0/16", &["0.1.0.0/16 of s002", "no address of a machine"]),
    ("10.20.0.1/24", &["10.20.0.1/24 has bits set beyond its length", "10.20.0.0/24"]),
    // The API refuses these without naming them.
    ("10.20.0.0/33", &[]),
    ("10.20.300.0/24", &[]),
    ("", &["prefixes"]),
];

/// covers: D10, N2.3, N1.2
#[test]
fn networks_that_a_segment_cannot_have_are_refused_by_api_and_by_import() {
    let lab = lab(3, None);
    let (api, before) = (lab.api(), text(&lab.api()));
    let (whole, csv) = (api.segment("s002"), export(&api));
    for (network, names) in NETWORKS {
        for how in ["API", "import"] {
            let by_api = how == "API";
            let said = if by_api { put(&api, network) } else { import(&api, &csv, network) };
            let said = said.unwrap_or_else(|| follows_not(&api));
            println!("{network:?} by {how}: {said}");
            says(422, &json!(said), names);
            mended(&api, &whole);
            assert_eq!(text(&api), before, "{network:?} by {how} changed the rules");
        }
    }
}

fn text(api: &Api) -> String {
    let (_, text) = api.exchange("GET", "/api/v1/rules/text", "").expect("the hub answers");
    String::from_utf8(text).expect("rules are text")
}

fn export(api: &Api) -> String {
    let (_, csv) = api.exchange("GET", "/api/v1/export", "").expect("the hub answers");
    String::from_utf8(csv).expect("CSV is text")
}

/// What each fault of an answer says.
fn faults(answer: &Value) -> String {
    let list = answer["faults"].as_array().expect("faults");
    let one =
        |fault: &Value| format!("{}: {}; {}", fault["field"], fault["message"], fault["remedy"]);
    list.iter().map(one).collect::<Vec<_>>().join("; ").replace(['"', '\\'], "")
}

/// Gives s002 this network alone; the refusal, or nothing when the registry takes it.
#[track_caller]
fn put(api: &Api, network: &str) -> Option<String> {
    let networks: Vec<&str> = network.split_whitespace().collect();
    let segment = with(api.segment("s002"), &json!({ "prefixes": networks }));
    let (status, answer) = api.send("PUT", "/api/v1/segments/s002", &segment);
    match status {
        200 => None,
        _ => {
            assert_eq!(status, 422, "{answer}");
            Some(faults(&answer))
        }
    }
}

/// The same by import.
#[track_caller]
fn import(api: &Api, csv: &str, network: &str) -> Option<String> {
    let changed = csv.replace("10.10.2.0/24 fd10:10:2::/64", network);
    assert_ne!(csv, changed);
    let preview = preview(api, &changed);
    if preview["clean"] != true {
        return Some(faults(&preview));
    }
    imported(api, &changed, &preview);
    None
}

#[track_caller]
fn preview(api: &Api, csv: &str) -> Value {
    let (_, preview) = api.exchange("POST", "/api/v1/import/preview", csv).expect("it answers");
    serde_json::from_slice(&preview).expect("a preview is JSON")
}

#[track_caller]
fn imported(api: &Api, csv: &str, preview: &Value) {
    let path = format!("/api/v1/import/{}", preview["digest"].as_str().expect("a digest"));
    assert_eq!(api.exchange("POST", &path, csv).expect("it answers").0, 200);
}

/// Why rules do not follow the registry.
#[track_caller]
fn follows_not(api: &Api) -> String {
    wait_for("the hub says what differs", SOON, OFTEN, || {
        let rules = api.try_get("/api/v1/rules")?;
        assert_eq!(rules["waiting"], Value::Null, "it is neither refused nor done whole");
        rules["differs"]["why"].as_str().map(str::to_owned)
    })
}

/// s002 as it was.
#[track_caller]
fn mended(api: &Api, whole: &Value) {
    let version = api.segment("s002")["version"].clone();
    let whole = with(whole.clone(), &json!({ "version": version }));
    let (status, answer) = api.send("PUT", "/api/v1/segments/s002", &whole);
    assert_eq!(status, 200, "{answer}");
    agrees(api, SOON);
}

#[track_caller]
fn agrees(api: &Api, limit: Duration) {
    wait_for("all agree", limit, OFTEN, || {
        let rules = api.try_get("/api/v1/rules")?;
        (rules["differs"].is_null() && rules["waiting"].is_null()).then_some(())
    });
}

/// An edit of a draft that is refused, and what the refusal names.
fn edits() -> Vec<(&'static str, Value, Vec<&'static str>)> {
    let add = |other: Value| json!({ "edit": "add_service", "service": trap(&other) });
    let change = |other: Value| json!({ "edit": "change_service", "service": trap(&other) });
    let grant =
        |segment, service| json!({ "edit": "grant", "segment": segment, "service": service });
    let many = |count: u32| (1..=count).map(|port| format!("tcp/{port}")).collect::<Vec<_>>();
    let servers = (1..=65).map(|at| format!("10.1.0.{at}")).collect::<Vec<_>>();
    let behind = json!({ "addresses": ["10.1.0.10"] });
    let on = |port: &str| with(behind.clone(), &json!({ "ports": [port] }));
    vec![
        ("a segment just removed", grant("s003", "mail"), vec!["segment s003 is retired"]),
        ("no such segment", grant("s099", "mail"), vec!["no segment s099"]),
        ("no such service", grant("s001", "fax"), vec!["no service fax"]),
        ("no identifier", grant("../etc", "mail"), vec!["edit 1", "../etc"]),
        ("no server", add(json!({})), vec!["trap", "no addresses"]),
        ("no port", add(with(behind.clone(), &json!({ "ports": [] }))), vec!["trap", "no ports"]),
        ("no name", add(with(behind.clone(), &json!({ "name": {} }))), vec!["trap", "no name"]),
        ("a taken name", add(json!({ "id": "mail" })), vec!["a service mail already"]),
        ("port 0", add(on("tcp/0")), vec!["edit 1", "trap", "tcp/0"]),
        ("a range backwards", add(on("tcp/9-8")), vec!["edit 1", "trap", "tcp/9-8"]),
        ("no such protocol", add(on("sctp/9")), vec!["edit 1", "trap", "sctp/9"]),
        ("a port that is taken", add(on("tcp/25")), vec!["mail", "trap", "tcp/25", "10.1.0.10"]),
        ("a taken port in a range", add(on("tcp/1-1000")), vec!["mail", "trap", "tcp/25"]),
        ("65 ports", add(with(behind, &json!({ "ports": many(65) }))), vec!["trap", "64 ports"]),
        ("65 servers", add(json!({ "addresses": servers })), vec!["trap", "64 addresses"]),
        ("everywhere", add(json!({ "addresses": ["0.0.0.0/0"] })), vec!["edit 1", "0.0.0.0/0"]),
        ("nowhere", add(json!({ "addresses": ["0.0.0.0"] })), vec!["trap", "0.0.0.0"]),
        (
            "IPv4 written as IPv6",
            add(json!({ "addresses": ["::ffff:10.1.0.10"] })),
            vec!["trap", "::ffff:10.1.0.10", "no network for services"],
        ),
        (
            "the hub's own address",
            add(json!({ "addresses": ["10.1.0.1"] })),
            vec!["trap", "10.1.0.1", "dc0"],
        ),
        (
            "an address of a segment",
            add(json!({ "addresses": ["10.10.2.10"] })),
            vec!["trap", "10.10.2.10", "10.10.2.0/24 of s002"],
        ),
        (
            "outside",
            add(json!({ "addresses": ["203.0.113.10"] })),
            vec!["trap", "203.0.113.10", "no network for services"],
        ),
        (
            "on the hub with an address",
            json!({ "edit": "add_service",
                "service": dashboard(&json!({ "addresses": ["10.1.0.1"] })) }),
            vec!["dashboard", "10.1.0.1"],
        ),
        (
            "a version that is past",
            change(json!({ "id": "mail", "addresses": ["10.1.0.10"], "version": 99 })),
            vec!["mail", "version 1", "yours is 99"],
        ),
        ("a service that is not there", change(json!({})), vec!["no service trap"]),
        (
            "nothing to bring back",
            json!({ "edit": "bring_back", "service": "mail" }),
            vec!["mail is not retired"],
        ),
        (
            "no rate",
            json!({ "edit": "shape", "segment": "s001",
                "to": { "own": { "down_kbps": 0, "up_kbps": 0 } } }),
            vec!["rate of s001"],
        ),
        (
            "limits below nothing",
            json!({ "edit": "limits", "segment": "s001", "limits": { "packets": -1 } }),
            vec!["edit 1", "-1"],
        ),
        ("no such edit", json!({ "edit": "fly" }), vec!["edit 1", "fly"]),
    ]
}

fn trap(other: &Value) -> Value {
    let service = json!({ "id": "trap", "name": { "en": "Trap" }, "ports": ["tcp/7"] });
    with(service, other)
}

/// covers: D10, N2.3
#[test]
fn edits_that_cannot_be_are_refused_by_api_and_by_command() {
    let lab = lab(3, None);
    let api = lab.api();
    drafted_for_one_that_goes(&api);
    let before = text(&api);
    for (what, edit, names) in edits() {
        let said = by_api(&api, &edit);
        println!("{what} by API: {said}");
        says(422, &json!(said), &names);
        let said = by_command(&lab, &edit);
        println!("{what} by command: {said}");
        says(422, &json!(said), &names);
        assert_eq!(text(&api), before, "{what} changed the rules");
    }
}

/// A draft names a segment that is removed before the draft is applied.
#[track_caller]
fn drafted_for_one_that_goes(api: &Api) {
    let grant = json!([{ "edit": "grant", "segment": "s003", "service": "documents" }]);
    let (status, answer) = api.send("POST", "/api/v1/rules/draft", &json!({ "edits": grant }));
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = api.send("DELETE", "/api/v1/segments/s003", &Value::Null);
    assert_eq!(status, 200, "{answer}");
    let change = wait_for("a change to confirm", SOON, OFTEN, || {
        api.try_get("/api/v1/rules")?["waiting"]["change"].as_u64()
    });
    let confirm = format!("/api/v1/rules/{change}/confirm");
    assert_eq!(api.send("POST", &confirm, &Value::Null).0, 200);
    agrees(api, SOON);
    let (status, answer) = api.send("POST", "/api/v1/rules/apply", &json!({}));
    says(status, &answer, &["edit 1", "segment s003 is retired"]);
    discard(api);
}

fn discard(api: &Api) {
    assert_eq!(api.send("DELETE", "/api/v1/rules/draft", &Value::Null).0, 200);
}

/// Refused as an edit or, when it fits as such, as a change.
#[track_caller]
fn by_api(api: &Api, edit: &Value) -> String {
    let body = json!({ "edits": [edit] });
    let (mut status, mut answer) = api.send("POST", "/api/v1/rules/draft", &body);
    if status == 200 {
        (status, answer) = api.send("POST", "/api/v1/rules/apply", &json!({}));
        discard(api);
    }
    assert!((400..500).contains(&status), "it was not refused: {status} {answer}");
    if answer["faults"].is_null() { answer["detail"].to_string() } else { faults(&answer) }
}

/// The same by `ets-hub rules`.
#[track_caller]
fn by_command(lab: &Lab, edit: &Value) -> String {
    let file = lab.path().join("edit.json");
    std::fs::write(&file, edit.to_string()).expect("it can be written");
    let (mut code, mut said) = command(lab, &["edit", &file.to_string_lossy()]);
    if code == Some(0) {
        (code, said) = command(lab, &["apply"]);
        assert_eq!(command(lab, &["discard"]).0, Some(0));
    }
    assert_eq!(code, Some(1), "{said}");
    said
}

fn command(lab: &Lab, words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(hub_binary());
    let output = command.arg("rules").arg("--dir").arg(lab.path()).args(words).output();
    let output = output.expect("the command starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

/// Services that are made, each granted to every segment.
const SERVICES: usize = 18;

/// covers: D10, N2.3
#[test]
fn ten_thousand_changes_at_once_are_done_whole_or_not_at_all() {
    let segments = sized("segments", 100_u32, 560);
    let lab = lab(segments, Some(3));
    let api = lab.api();
    let edits = many_edits(segments);
    let count = edits.len();
    let before = text(&api);

    let mut broken = edits.clone();
    broken.push(json!({ "edit": "grant", "segment": "s099999", "service": "made-1" }));
    let (status, answer) = api.send("POST", "/api/v1/rules/draft", &json!({ "edits": broken }));
    says(status, &answer, &[&format!("edit {}", count + 1), "no segment s099999"]);
    assert_eq!(api.get("/api/v1/rules/draft")["edits"], json!([]), "all edits or none");

    let draft = || api.send("POST", "/api/v1/rules/draft", &json!({ "edits": edits }));
    let ((status, answer), drafted) = timed(draft);
    assert_eq!(status, 200, "{answer}");
    let (plan, planned) = timed(|| api.get("/api/v1/rules/draft/plan"));
    let lines = plan["added"].as_array().map_or(0, Vec::len);
    let ((status, made), applied) =
        timed(|| api.send("POST", "/api/v1/rules/apply", &json!({ "reason": "all at once" })));
    assert_eq!((status, made["changes"].as_u64()), (200, Some(count as u64)), "{made}");
    println!(
        "{count} edits: drafted in {drafted:.1?}, planned in {planned:.1?} ({lines} lines), \
         in force after {applied:.1?}"
    );
    // Nine of the lab's own are for everybody, document flow is for every second segment.
    assert_eq!(reached(&api), segments as usize * (SERVICES + 9) + segments as usize / 2);

    all_withdrawn(&api, segments, &before);
}

/// Services, and each of them for each segment.
fn many_edits(segments: u32) -> Vec<Value> {
    let id = |at: usize| format!("made-{at}");
    let add = |at: usize| {
        let port = format!("tcp/{}", 9000 + at);
        let other = json!({ "id": id(at), "ports": [port], "addresses": ["10.1.0.10"] });
        json!({ "edit": "add_service", "service": trap(&other) })
    };
    let services = 1..=SERVICES;
    let grants = services.clone().flat_map(|at| {
        (1..=segments).map(move |segment| {
            json!({ "edit": "grant", "segment": format!("s{segment:03}"), "service": id(at) })
        })
    });
    services.clone().map(add).chain(grants).collect()
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    (work(), started.elapsed())
}

/// How many services all segments reach, as proved from the kernel's rules.
fn reached(api: &Api) -> usize {
    let reach = api.get("/api/v1/reachability");
    let rows = reach["segments"].as_array().expect("rows");
    rows.iter().map(|row| row["services"].as_array().map_or(0, Vec::len)).sum()
}

/// Everything is taken away again at once, which waits, goes back, and is made once more.
#[track_caller]
fn all_withdrawn(api: &Api, segments: u32, before: &str) {
    let grants = many_edits(segments).into_iter().filter(|edit| edit["edit"] == "grant");
    let mut edits: Vec<Value> =
        grants.map(|edit| with(edit, &json!({ "edit": "withdraw" }))).collect();
    edits.extend(
        (1..=SERVICES)
            .map(|at| json!({ "edit": "retire_service", "service": format!("made-{at}") })),
    );
    let with_all = text(api);
    for act in ["withdraw", "confirm"] {
        let (status, answer) = api.send("POST", "/api/v1/rules/draft", &json!({ "edits": edits }));
        assert_eq!(status, 200, "{answer}");
        let wish = json!({ "confirm_within_s": SHORTEST * 6 });
        let ((status, made), applied) = timed(|| api.send("POST", "/api/v1/rules/apply", &wish));
        assert_eq!(status, 200, "{made}");
        let path = format!("/api/v1/rules/{}/{act}", made["no"]);
        let ((status, answer), settled) = timed(|| api.send("POST", &path, &Value::Null));
        assert_eq!(status, 200, "{answer}");
        println!("{} edits back: in force after {applied:.1?}, {act} {settled:.1?}", edits.len());
        if act == "withdraw" {
            assert_eq!(text(api), with_all, "it went back whole");
        }
    }
    let marks = |text: &str| {
        text.lines().filter(|line| !line.contains("ct mark")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(marks(&text(api)), marks(before), "nothing is left of it");
}

/// covers: D10, N1.2, N2.3
#[test]
fn ten_thousand_segments_imported_at_once_are_in_force_whole_or_not_at_all() {
    let rows = sized("rows", 2_000_u32, 10_000);
    let lab = lab(6, Some(3));
    let api = lab.api();
    let whole = format!("{}{}", export(&api), many_rows(&export(&api), rows));
    let before = text(&api);

    let broken = whole.replace("10.64.0.32/28", "10.64.0.16/28");
    let said = preview(&api, &broken);
    assert_eq!(said["clean"], false);
    says(422, &json!(faults(&said)), &["10.64.0.16/28 of m00002", "overlaps", "of m00001"]);
    let taken = whole.replace("10.64.0.32/28", "10.1.0.128/28");
    let said = preview(&api, &taken);
    assert_eq!(said["clean"], false);
    let names = ["10.1.0.128/28 of m00002", "10.1.0.0/24 of the hub's own network services"];
    says(422, &json!(faults(&said)), &names);
    assert_eq!(text(&api), before, "one of {rows} is refused, and all wait");

    let mended = preview(&api, &whole);
    let inside = |row: u32, rules: &str| rules.contains(&format!(" . {} :", network(row)));
    let ((), took) = timed(|| {
        imported(&api, &whole, &mended);
        wait_for("every network is in the rules", Duration::from_secs(60), OFTEN, || {
            let rules = text(&api);
            (1..=rows).rev().all(|row| inside(row, &rules)).then_some(())
        });
        agrees(&api, Duration::from_secs(60));
    });
    println!("{rows} segments, imported and mended: in force after {took:.1?}");
}

/// The network of a row, in its first address.
fn network(row: u32) -> std::net::Ipv4Addr {
    (u32::from(std::net::Ipv4Addr::new(10, 64, 0, 0)) + row * 16).into()
}

/// Rows like that of s002, each with a network of its own.
fn many_rows(csv: &str, rows: u32) -> String {
    let like = csv.lines().find(|line| line.starts_with("s002,")).expect("its row");
    let row = |row: u32| {
        let at = network(row);
        let probed = std::net::Ipv4Addr::from(u32::from(at) + 1).to_string();
        let line = like
            .replace("s002,", &format!("m{row:05},"))
            .replace("10.10.2.0/24 fd10:10:2::/64", &format!("{at}/28"))
            .replace("10.10.2.1", &probed)
            .replace("02:45:54:00:00:02", "");
        format!("{line}\n")
    };
    (1..=rows).map(row).collect()
}
