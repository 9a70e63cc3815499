//! The build refuses texts that disagree: each fault with its file and the remedy.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

#[path = "../build/catalog.rs"]
#[allow(dead_code, reason = "the build script uses the rest")]
mod catalog;

use catalog::{Catalog, LANGS, Source};

fn sources(texts: [&str; 3]) -> Vec<Source> {
    LANGS
        .into_iter()
        .zip(texts)
        .map(|(lang, text)| Source { lang, name: format!("{lang}/x.ftl"), text: text.to_owned() })
        .collect()
}

fn faults(texts: [&str; 3]) -> Vec<String> {
    Catalog::build(&sources(texts)).expect_err("the texts disagree")
}

/// covers: N11
#[test]
fn texts_that_agree_are_taken_and_finished_where_they_have_no_argument() {
    let texts = [
        "-a = А\nhello = Сәлем, { -a }\nn = { $n }",
        "hello = Привет\nn = { $n }",
        "hello = Hi{ \"\\u00A0\" }!\nn = { $n }",
    ];
    let catalog = Catalog::build(&sources(texts)).unwrap();
    let hello: Vec<_> =
        catalog.messages["hello"].iter().map(|message| message.text.clone().unwrap()).collect();
    assert_eq!(hello, ["Сәлем, А", "Привет", "Hi\u{a0}!"]);
    assert!(catalog.messages["n"][0].args.contains("n"));
}

/// covers: N11
#[test]
fn a_key_missing_in_one_language_is_named() {
    assert_eq!(
        faults(["a = 1", "a = 1\nb = 2", "a = 1\nb = 2"]),
        ["locales/kk: \"b\" is missing; it stands in ru/x.ftl: translate it"]
    );
}

/// covers: N11
#[test]
fn an_argument_that_only_one_language_uses_is_named() {
    assert_eq!(
        faults(["a = { $n }", "a = { $n } { $m }", "a = { $n }"]),
        ["ru/x.ftl: \"a\" uses $m $n, but kk/x.ftl uses $n: use the same"]
    );
}

/// covers: N11
#[test]
fn broken_syntax_double_keys_and_wrong_names_are_refused() {
    let broken = faults(["a = { $n", "a = { $n }", "a = { $n }"]);
    assert!(broken[0].starts_with("kk/x.ftl:1: "), "{broken:?}");
    let twice = faults(["a = 1\na = 2", "a = 1", "a = 1"]);
    assert_eq!(twice, ["kk/x.ftl: \"a\" stands in kk/x.ftl too: rename one"]);
    let wrong = faults(["a_B = 1", "a_B = 1", "a_B = 1"]);
    assert_eq!(wrong[0], "kk/x.ftl: \"a_B\": name it in lower case with hyphens");
    let lost = faults(["a = { b }", "a = 1", "a = 1"]);
    assert_eq!(lost, ["kk/x.ftl: \"a\" refers to what does not exist"]);
}
