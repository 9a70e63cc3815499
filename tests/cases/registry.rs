//! The registry from outside: API, command line, CSV; live, and in the journal (N1).

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Api, Lab, Options, hub_binary, wait_for};

const SOON: Duration = Duration::from_secs(5);
const OFTEN: Duration = Duration::from_millis(50);

fn actions(api: &Api, id: &str) -> Vec<String> {
    let entries = api.get(&format!("/api/v1/journal?kind=segment&id={id}"));
    let entries = entries.as_array().cloned().unwrap_or_default();
    entries.iter().filter_map(|entry| entry["action"].as_str().map(str::to_owned)).collect()
}

fn hub(lab: &Lab, args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(hub_binary())
        .args(["segment", "--dir"])
        .arg(lab.path())
        .args(args)
        .output()
        .expect("the command starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// covers: N1.1, N1.2
#[test]
fn a_segment_is_added_changed_and_retired_without_a_restart_and_journalled() {
    let lab = Lab::start(&Options { segments: 4, ..Options::default() });
    let api = lab.api();
    wait_for("all up", SOON, OFTEN, || (api.count("up") == 4).then_some(()));
    // The fourth one's network again under a new name, after the fourth one is retired.
    let (_, fourth) = api.send("DELETE", "/api/v1/segments/s004", &Value::Null);
    assert!(!fourth["retired"].is_null(), "{fourth}");
    wait_for("three left", SOON, OFTEN, || (api.count("up") == 3).then_some(()));
    let fifth = json!({
        "id": "s005", "institution": fourth["institution"], "prefixes": fourth["prefixes"],
        "interface": fourth["interface"], "probing": fourth["probing"],
    });
    let (status, made) = api.send("POST", "/api/v1/segments", &fifth);
    assert_eq!(status, 201, "{made}");
    wait_for("the fifth up", SOON, OFTEN, || (api.state("s005") == "up").then_some(()));
    assert_eq!(actions(&api, "s004").len(), 2, "{:?}", actions(&api, "s004"));
    assert_eq!(actions(&api, "s005").len(), 1, "{:?}", actions(&api, "s005"));
    let (status, refused) = api.send("POST", "/api/v1/segments/s004/restore", &Value::Null);
    assert_eq!(status, 422, "{refused}");
    let said = refused.to_string();
    assert!(said.contains("s004") && said.contains("s005"), "an overlap names both: {said}");
    let verdict = api.get("/api/v1/journal/verify");
    assert!(verdict["broken"].is_null(), "{verdict}");
}

/// covers: N1.2
#[test]
fn an_import_shows_every_fault_by_line_and_changes_nothing_until_told() {
    let lab = Lab::start(&Options { segments: 4, ..Options::default() });
    let api = lab.api();
    let (_, csv) = hub(&lab, &["export"]);
    let file = lab.path().join("import.csv");
    let broken = csv.replacen("10.10.2.0/24", "10.10.2.1/24", 1).replacen(
        "10.10.3.0/24",
        "10.10.300.0/24",
        1,
    );
    assert_ne!(broken, csv, "the export holds the networks");
    std::fs::write(&file, &broken).expect("it can be written");
    let path = file.to_string_lossy().into_owned();
    let (code, said) = hub(&lab, &["import", &path, "--yes"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("import.csv:3:") && said.contains("import.csv:4:"), "{said}");
    let changed = csv.replacen("10.10.2.0/24", "10.10.2.0/24 10.11.2.0/24", 1);
    std::fs::write(&file, &changed).expect("it can be written");
    let (code, said) = hub(&lab, &["import", &path]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Nothing was changed"), "{said}");
    assert_eq!(hub(&lab, &["export"]).1, csv, "a preview changed something");
    let (code, said) = hub(&lab, &["import", &path, "--yes"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(api.segment("s002")["prefixes"].to_string().contains("10.11.2.0/24"));
    assert_eq!(hub(&lab, &["export"]).1, changed, "an import is taken back unchanged");
}
