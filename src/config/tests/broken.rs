//! One broken file for each rule there is, each with its exact messages.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ets_config::{
    Bytes, Document, Faults, Interface, InterfacePattern, Name, Rule, Url, decode, read, reference,
};
use ipnet::IpNet;

/// A declaration with a key of every kind.
fn declare(document: &mut Document<'_>) {
    document.section("server", "The process.", |s| {
        s.required::<PathBuf>("data_dir", "Data.", "/var/lib/x".into());
        s.optional::<Url>("public_url", "Address.", Url("https://hub.example".into()));
        s.optional::<SocketAddr>("listen", "Listen.", SocketAddr::from(([127, 0, 0, 1], 1)));
        s.optional::<NonZeroU16>("port", "Port.", NonZeroU16::MIN);
        s.value("wide", "Switch.", false);
        s.value_in("ring", "Memory.", Bytes(1 << 20), Bytes(1 << 10)..=Bytes(1 << 30));
        s.value("pause", "Pause.", Duration::from_millis(1500));
        s.one_of("engine", "Database.", &[("sqlite", 0), ("postgres", 1)]);
        let low = s.value("low", "Low.", 1);
        let high = s.value("high", "High.", 2);
        if low > high {
            s.contradiction("low", "low is above high".into(), "lower it, or raise high".into());
        }
    });
    document.sections("trunk", "A trunk.", |s| {
        s.required::<Name>("name", "Name.", Name("main".into()));
        s.required::<Vec<InterfacePattern>>(
            "interfaces",
            "Ports.",
            vec![InterfacePattern("s*".into())],
        );
        s.optional::<String>("note", "Note.", "text".into());
    });
    document.sections("network", "A network.", |s| {
        s.required_one_of("role", "Role.", &[("services", 0), ("outside", 1)]);
        s.value::<Vec<Interface>>("interfaces", "Ports.", vec![Interface("dc0".into())]);
        s.value::<Vec<IpNet>>("prefixes", "Addresses.", Vec::new());
    });
}

fn check(text: &str) -> Result<(), Faults> {
    decode("hub.toml", text, declare)
}

/// `ETS_UPDATE_EXPECTED=1` rewrites the messages; read the difference before you commit it.
///
/// covers: S13, design 3 (<file:line:column> and the remedy)
#[test]
fn every_rule_has_a_broken_file_with_its_exact_message() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let faults = check(&text).expect_err(&format!("{} is broken", path.display()));
        let expected = path.with_extension("txt");
        if std::env::var_os("ETS_UPDATE_EXPECTED").is_some() {
            std::fs::write(&expected, format!("{faults}\n")).expect("it can be written");
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(faults.to_string(), expected.trim_end(), "{}", path.display());
        seen.extend(faults.faults.iter().map(|fault| fault.rule));
    }
    let missing: Vec<_> = Rule::ALL.iter().filter(|rule| !seen.contains(rule)).collect();
    assert!(missing.is_empty(), "no broken file for {missing:?}");
}

/// covers: S13
#[test]
fn a_whole_file_is_taken() {
    let text = r#"
        [server]
        data_dir = "/var/lib/x"
        ring = "64MiB"
        pause = "2min"
        engine = "postgres"
        [[trunk]]
        name = "main"
        interfaces = ["s*", "uplink0"]
    "#;
    assert_eq!(check(text), Ok(()));
}

/// covers: S13
#[test]
fn a_file_that_is_named_but_missing_is_no_silent_default() {
    let error = read(Path::new("/nonexistent/hub.toml"), declare).expect_err("it is missing");
    assert!(error.to_string().starts_with("/nonexistent/hub.toml cannot be read"), "{error}");
}

/// covers: design 9 (docs/CONFIG.md is generated)
#[test]
fn the_example_of_the_reference_is_a_valid_file() {
    let example = reference(declare).example();
    assert_eq!(check(&example), Ok(()), "{example}");
    let uncommented: String = example
        .lines()
        .filter(|line| line.contains(" = ") || line.contains('['))
        .map(|line| format!("{}\n", line.trim_start_matches("# ")))
        .collect();
    assert_eq!(check(&uncommented), Ok(()), "{uncommented}");
}
