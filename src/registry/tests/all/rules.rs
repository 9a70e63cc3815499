//! One broken file for each rule, each with its exact message.

use std::fs;
use std::path::PathBuf;

use ets_registry::{Rule, Scope};

use crate::star;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

/// What an import of a broken file says, one line a fault.
fn messages(code: &str) -> String {
    let name = format!("{code}.csv");
    let file = fs::read(folder().join(&name)).unwrap_or_else(|_| panic!("{name} is missing"));
    let preview = star::catalog().preview_csv(&file);
    let faults = preview.faults.iter().map(|fault| ("", fault));
    let warnings = preview.warnings.iter().map(|fault| ("warning: ", fault));
    faults
        .chain(warnings)
        .map(|(kind, fault)| format!("{kind}{}\n", fault.in_file(&name)))
        .collect()
}

/// covers: N1.2
#[test]
fn every_rule_has_a_broken_file_and_says_exactly_what_is_wrong_and_what_to_do() {
    let rewrite = std::env::var_os("ETS_REWRITE").is_some();
    for (code, _) in Rule::CODES.iter().filter(|(_, scope)| *scope != Scope::Form) {
        let said = messages(code);
        let golden = folder().join(format!("{code}.txt"));
        if rewrite {
            fs::write(&golden, &said).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(said, expected, "{code}");
    }
}

#[test]
fn every_broken_file_breaks_the_rule_it_is_named_for() {
    for (code, scope) in Rule::CODES.iter().filter(|(_, scope)| *scope != Scope::Form) {
        let file = fs::read(folder().join(format!("{code}.csv"))).unwrap();
        let preview = star::catalog().preview_csv(&file);
        let found = if *scope == Scope::Warning { &preview.warnings } else { &preview.faults };
        assert!(found.iter().any(|fault| fault.code() == *code), "{code}: {found:?}");
    }
}

#[test]
fn no_broken_file_is_left_without_its_rule() {
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let code = name.split('.').next().unwrap();
        assert!(Rule::CODES.iter().any(|(known, _)| *known == code), "{name}");
    }
}

#[test]
fn codes_are_unique() {
    let mut codes: Vec<_> = Rule::CODES.iter().map(|(code, _)| *code).collect();
    codes.sort_unstable();
    let all = codes.len();
    codes.dedup();
    assert_eq!(codes.len(), all);
}
