//! Writes the generated module: the keys, a function for each message, and the texts.

use std::fmt::Write as _;

use crate::catalog::{Catalog, LANGS, Message, Source};

/// The text of `messages.rs`.
pub(crate) fn module(catalog: &Catalog, files: &[Source]) -> String {
    let mut out = String::from("// Written by build.rs from locales/; do not edit.\n");
    keys(catalog, &mut out);
    functions(catalog, &mut out);
    texts(catalog, &mut out);
    sources(files, &mut out);
    out
}

fn keys(catalog: &Catalog, out: &mut String) {
    let _ = writeln!(out, "/// The key of every message.\npub mod key {{\nuse crate::Key;");
    for (index, (key, langs)) in catalog.messages.iter().enumerate() {
        let name = key.replace('-', "_").to_uppercase();
        let _ = writeln!(out, "/// {}\npub const {name}: Key = Key({index});", doc(&langs[2], key));
    }
    out.push_str("}\n");
}

fn functions(catalog: &Catalog, out: &mut String) {
    let _ = writeln!(out, "/// One function for each message, with its arguments by name.");
    let _ = writeln!(out, "pub mod t {{\nuse crate::{{Arg, Tr, key}};");
    for (key, langs) in &catalog.messages {
        let name = key.replace('-', "_");
        let upper = name.to_uppercase();
        let args = &langs[0].args;
        let _ = writeln!(out, "/// {}", doc(&langs[2], key));
        if args.is_empty() {
            let _ = writeln!(
                out,
                "#[must_use]\npub fn r#{name}(tr: &Tr) -> &'static str {{ tr.get(key::{upper}) }}"
            );
            continue;
        }
        let parameters: String =
            args.iter().map(|arg| format!(", r#{arg}: impl Into<Arg<'a>>")).collect();
        let values: String =
            args.iter().map(|arg| format!("({arg:?}, r#{arg}.into()), ")).collect();
        let _ = writeln!(
            out,
            "#[must_use]\npub fn r#{name}<'a>(tr: &Tr{parameters}) -> String {{ \
             tr.with(key::{upper}, [{values}]) }}"
        );
    }
    out.push_str("}\n");
}

fn texts(catalog: &Catalog, out: &mut String) {
    let count = catalog.messages.len();
    let _ = writeln!(out, "pub(crate) static NAMES: [&str; {count}] = [");
    for key in catalog.messages.keys() {
        let _ = writeln!(out, "{key:?},");
    }
    out.push_str("];\n");
    let _ = writeln!(out, "pub(crate) static TEXTS: [[&str; {}]; {count}] = [", LANGS.len());
    for langs in catalog.messages.values() {
        let row: String = langs
            .iter()
            .map(|message| format!("{:?}, ", message.text.as_deref().unwrap_or_default()))
            .collect();
        let _ = writeln!(out, "[{row}],");
    }
    out.push_str("];\n");
}

fn sources(files: &[Source], out: &mut String) {
    let _ = writeln!(out, "pub(crate) static SOURCES: [&[&str]; {}] = [", LANGS.len());
    for lang in LANGS {
        out.push_str("&[");
        for file in files.iter().filter(|file| file.lang == lang) {
            let _ = write!(out, "{:?}, ", file.text);
        }
        out.push_str("],\n");
    }
    out.push_str("];\n");
}

/// The English text, on one line and without marks that rustdoc would read.
fn doc(message: &Message, key: &str) -> String {
    let text = message.text.as_deref().unwrap_or_default().replace('\n', " ");
    if text.is_empty() {
        format!("`{key}`")
    } else {
        format!("`{key}`: `{}`", text.replace('`', "'"))
    }
}
