//! The command line: exit codes, and every fault of a configuration at once (S13).

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Lab, Options, hub_binary, wait_for};

const SOON: Duration = Duration::from_secs(10);
const OFTEN: Duration = Duration::from_millis(50);

fn hub(args: &[&str]) -> Output {
    Command::new(hub_binary()).args(args).output().expect("the hub starts")
}

/// A command to the hub of a lab.
fn ask(lab: &Lab, args: &[&str]) -> Output {
    let place = lab.path().to_string_lossy().into_owned();
    hub(&[args, &["--dir", &place]].concat())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a command that must succeed prints.
#[track_caller]
fn told(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a command that must fail says, in the one style of all.
#[track_caller]
fn refused(output: &Output, code: i32) -> String {
    let said = said(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.starts_with("error: "), "not as every failure begins: {said}");
    said
}

/// The end of a pipe that nobody reads.
fn nobody() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    writer.into()
}

/// A command whose output nobody reads ends as it would otherwise, and complains of nothing.
#[track_caller]
fn ends_quietly(args: &[&str]) {
    let mut command = Command::new(hub_binary());
    let output = command.args(args).stdout(nobody()).output().expect("the hub starts");
    assert_eq!(said(&output), "", "{args:?}");
    assert_eq!(output.status.code(), Some(0), "{args:?}");
}

fn lab(segments: u32) -> Lab {
    let lab = Lab::start(&Options { segments, ..Options::default() });
    let up = || (lab.api().count("up") == segments as usize).then_some(());
    wait_for("all segments up", SOON, OFTEN, up);
    lab
}

/// covers: S13, design 7 (exit code 64)
#[test]
fn a_broken_configuration_is_refused_with_every_fault_and_its_place() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let file = dir.path().join("hub.toml");
    let text =
        "[server]\ndata_dir = \"data\"\n[netd]\nrnig = \"1MiB\"\n[store]\nengine = \"postgres\"\n";
    std::fs::write(&file, text).expect("it can be written");
    for part in ["check", "netd", "serve", "run"] {
        let output = hub(&[part, "--config", &file.to_string_lossy()]);
        assert_eq!(output.status.code(), Some(64), "{part}");
        let said = said(&output);
        for fault in [
            ":2:12: data_dir = \"data\" is no whole path; begin it with /",
            ":4:1: [netd] has no key rnig; did you mean ring?",
            ":6:10: engine = \"postgres\" lacks the key url; add url = \"postgres://…\", or choose \"sqlite\"",
        ] {
            assert!(said.contains(fault), "{part} does not say {fault}:\n{said}");
        }
    }
    assert_eq!(
        std::fs::read_dir(dir.path()).expect("it can be listed").count(),
        1,
        "nothing was made"
    );
}

/// covers: S13
#[test]
fn a_configuration_that_is_named_but_missing_is_fatal() {
    let output = hub(&["serve", "--config", "/nonexistent/hub.toml"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(said(&output).contains("/nonexistent/hub.toml cannot be read"), "{}", said(&output));
}

/// covers: design 7 (exit code 64)
#[test]
fn bad_usage_ends_with_64_and_help_with_0() {
    assert_eq!(hub(&["segmnet"]).status.code(), Some(64));
    assert_eq!(hub(&["--help"]).status.code(), Some(0));
    assert_eq!(hub(&["lab", "run", "--segments", "many"]).status.code(), Some(64));
}

/// covers: design 7 (exit code 69)
#[test]
fn a_command_without_a_running_hub_says_so() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let output = hub(&["segment", "--dir", &dir.path().to_string_lossy(), "list"]);
    assert_eq!(output.status.code(), Some(69));
    assert!(said(&output).contains("is it running"), "{}", said(&output));
}

/// covers: design 9 (docs/CONFIG.md is generated)
#[test]
fn the_reference_of_the_configuration_is_the_one_in_docs() {
    let output = hub(&["check", "--reference"]);
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/CONFIG.md");
    let docs = std::fs::read_to_string(docs).unwrap_or_default();
    assert_eq!(
        docs,
        String::from_utf8_lossy(&output.stdout),
        "stale: run `target/release/ets-hub check --reference > docs/CONFIG.md`"
    );
}

/// covers: design 7
#[test]
fn every_word_of_the_help_is_a_command() {
    for part in ["segment", "outage", "journal"] {
        let help = told(&hub(&[part, "--help"]));
        let words = help.lines().next().and_then(|line| line.split_once(": ")).expect("a list").1;
        for word in words.split(", ") {
            let help = hub(&[part, word, "--help"]);
            assert_eq!(help.status.code(), Some(0), "{part} {word}: {}", said(&help));
        }
    }
    let help = told(&hub(&["lab", "heal", "--help"]));
    assert!(help.contains("trunk-down") && help.contains("trunk-silent"), "{help}");
}

/// covers: design 7 (exit code 64)
#[test]
fn an_empty_identifier_is_called_empty() {
    for args in [
        &["segment", "show", ""][..],
        &["segment", "retire", " "],
        &["segment", "add", "", "-"],
        &["rules", "grant", "s001", ""],
    ] {
        let said = refused(&hub(args), 64);
        assert!(said.contains("the identifier is empty"), "{args:?}: {said}");
    }
}

/// covers: design 7
#[test]
fn every_failure_begins_in_the_same_way() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let place = dir.path().to_string_lossy();
    refused(&hub(&["segment", "fly"]), 64);
    refused(&hub(&["doctor", "--dir", &place]), 69);
    refused(&hub(&["check", "--config", "/nonexistent/hub.toml"]), 64);
    refused(&hub(&["lab", "status", "--dir", &place]), 1);
}

/// covers: design 7
#[test]
fn a_closed_pipe_is_no_failure_and_a_full_disk_is_one() {
    for args in [&["--help"][..], &["check", "--example"], &["check", "--reference"]] {
        ends_quietly(args);
    }
    let mut deaf = Command::new(hub_binary());
    let status = deaf.args(["doctor", "--dir", "/nonexistent"]).stderr(nobody()).status();
    assert_eq!(status.expect("the hub starts").code(), Some(69));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let mut command = Command::new(hub_binary());
    let output = command.args(["check", "--example"]).stdout(full).output();
    let said = refused(&output.expect("the hub starts"), 1);
    assert!(said.contains("standard output cannot be written"), "{said}");
}

/// covers: design 7
#[test]
fn no_command_to_the_hub_minds_a_closed_pipe() {
    let lab = lab(2);
    let place = lab.path().to_string_lossy().into_owned();
    for args in [
        &["doctor"][..],
        &["doctor", "--json"],
        &["segment", "list"],
        &["segment", "show", "s001"],
        &["segment", "export"],
        &["outage", "list"],
        &["rules", "show"],
        &["rules", "text"],
        &["rules", "reach"],
        &["rules", "versions"],
        &["journal", "list"],
        &["journal", "verify"],
        &["entry-link"],
        &["lab", "status"],
    ] {
        ends_quietly(&[args, &["--dir", &place]].concat());
    }
    let begun = Instant::now();
    ends_quietly(&["segment", "ping", "s001", "--count", "100", "--dir", &place]);
    assert!(begun.elapsed() < SOON, "it pinged on for nobody: {:?}", begun.elapsed());
}

/// covers: N1.1, N1.2, design 7
#[test]
fn segments_are_told_in_lines_for_people_and_added_once() {
    let lab = lab(3);
    let shown = told(&ask(&lab, &["segment", "show", "s001"]));
    assert!(shown.contains("state:") && shown.contains("up since"), "{shown}");
    assert!(!shown.contains(['{', '"']), "{shown}");
    let json = told(&ask(&lab, &["segment", "show", "s003", "--json"]));
    let known: Value = serde_json::from_str(&json).expect("--json is JSON");
    assert_eq!(known["id"], "s003");
    let file = lab.path().join("s003.json").to_string_lossy().into_owned();
    std::fs::write(&file, &json).expect("it can be written");
    let said = refused(&ask(&lab, &["segment", "add", "s003", &file]), 1);
    assert!(said.contains("s003 is taken"), "{said}");
    let csv = told(&ask(&lab, &["segment", "export"]));
    let retired = told(&ask(&lab, &["segment", "retire", "s003"]));
    assert!(retired.contains("retired since") && !retired.contains('{'), "{retired}");
    let list = lab.path().join("list.csv").to_string_lossy().into_owned();
    std::fs::write(&list, csv.replace("\ns003,", "\ns004,")).expect("it can be written");
    let told_of = told(&ask(&lab, &["segment", "import", &list]));
    assert!(told_of.starts_with("new: 1 (s004)\nchanged: 0\nunchanged: 2\n"), "{told_of}");
    let added = told(&ask(&lab, &["segment", "add", "s004", &file]));
    assert!(added.contains("s004"), "{added}");
    assert!(lab.api().segment("s004")["retired"].is_null());
}

/// covers: design 7
#[test]
fn an_outage_is_told_in_sentences_and_points_that_fell_are_one_thing() {
    let lab = lab(12);
    let point = "pp-railway";
    let behind = lab.api().get("/api/v1/parents");
    let behind = behind.as_array().expect("a list").iter().find(|one| one["id"] == point);
    assert_eq!(behind.expect("the lab has it")["segments"], 3);
    lab.tell(&["fault", "provider-down", point]);
    wait_for("three down", SOON, OFTEN, || (lab.api().count("down") == 3).then_some(()));
    let doctor = ask(&lab, &["doctor"]);
    let said = refused(&doctor, 1);
    assert!(said.contains("one thing needs a person"), "{said}");
    let verdict = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(verdict.contains(&format!("provider point {point} (")), "{verdict}");
    assert!(verdict.contains("3 of its 3 segments"), "{verdict}");
    let number = lab.api().open_outages()[0]["id"].to_string();
    let story = told(&ask(&lab, &["outage", "show", &number]));
    assert!(story.contains("ICMP probes: ") && story.contains(" in a row unanswered"), "{story}");
    assert!(!story.contains(['{', '"']), "{story}");
    let json = told(&ask(&lab, &["outage", "show", &number, "--json"]));
    let json: Value = serde_json::from_str(&json).expect("--json is JSON");
    assert!(json["evidence"].to_string().contains("probes_lost"), "{json}");
}

/// covers: N2.3, design 7
#[test]
fn a_change_that_waits_says_how_to_keep_it_and_is_kept_without_its_number() {
    let lab = lab(3);
    let shown = told(&ask(&lab, &["rules", "show"]));
    assert!(!shown.contains("waits"), "{shown}");
    told(&ask(&lab, &["segment", "retire", "s003"]));
    let shown = wait_for("the change", SOON, OFTEN, || {
        let shown = told(&ask(&lab, &["rules", "show"]));
        shown.contains("waits").then_some(shown)
    });
    let number = lab.api().get("/api/v1/rules")["waiting"]["change"].to_string();
    let place = lab.path().display();
    for part in [
        "waits for confirmation (made by the registry: a change of segments)",
        &format!("ets-hub rules confirm {number} --dir {place}\n"),
        &format!("ets-hub rules withdraw {number} --dir {place}\n"),
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    let kept = told(&ask(&lab, &["rules", "confirm"]));
    assert!(kept.starts_with(&format!("Change {number}: confirmed by ")), "{kept}");
    assert!(lab.api().get("/api/v1/rules")["waiting"].is_null());
    let said = refused(&ask(&lab, &["rules", "confirm"]), 1);
    assert!(said.contains("no change waits for confirmation"), "{said}");
    let versions = told(&ask(&lab, &["rules", "versions"]));
    let rows: Vec<&str> = versions.lines().skip(1).collect();
    let now = rows.iter().filter(|row| row.contains("  in force, ")).count();
    assert_eq!(now, 1, "{versions}");
    assert!(rows[0].contains("segments or networks changed"), "{versions}");
    let first = rows.last().expect("there is a first version");
    assert!(first.contains("the rights that the hub began with"), "{versions}");
}

/// covers: S1, S2
#[test]
fn a_fault_of_the_trunk_names_no_segment_and_is_healed_by_its_name() {
    let lab = lab(3);
    let said = refused(&ask(&lab, &["lab", "fault", "trunk-down", "s001"]), 64);
    assert!(said.contains("trunk-down breaks the whole trunk: name no segment"), "{said}");
    assert_eq!(lab.tell(&["status"]).lines().last(), Some("no faults"));
    lab.tell(&["fault", "trunk-down"]);
    lab.tell(&["fault", "trunk-silent"]);
    let healed = lab.tell(&["heal", "trunk-down"]);
    assert_eq!(healed.lines().count(), 1, "{healed}");
    assert!(healed.contains("every port of the hub is dark"), "{healed}");
    let healed = lab.tell(&["heal", "trunk"]);
    assert!(healed.contains("the trunk swallows everything"), "{healed}");
    assert_eq!(lab.tell(&["heal", "trunk-silent"]), "nothing to heal\n");
    let said = refused(&ask(&lab, &["lab", "heal", "nowhere"]), 1);
    assert!(said.contains("provider points and trunk"), "{said}");
    let said = refused(&ask(&lab, &["lab", "fault", "silent", "s003-s001"]), 1);
    assert!(said.contains("a range begins with the lower number"), "{said}");
}
