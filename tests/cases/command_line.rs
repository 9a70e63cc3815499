//! The command line: exit codes, and every fault of a configuration at once (S13).

use std::path::Path;
use std::process::{Command, Output};

use crate::support::hub_binary;

fn hub(args: &[&str]) -> Output {
    Command::new(hub_binary()).args(args).output().expect("the hub starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
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
