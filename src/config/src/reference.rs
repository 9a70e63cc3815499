//! The reference of all keys and the commented example, from the declarations themselves.

use std::fmt::Write;

use crate::Document;

/// A section as declared.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) shape: Shape,
    pub(crate) keys: Vec<Key>,
}

/// Whether a section may stand once or often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    One,
    Many,
}

/// A key as declared.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) kind: String,
    pub(crate) need: Need,
    pub(crate) limits: Option<(String, String)>,
}

/// Whether a key must be given, and what stands in its place.
#[derive(Clone, Debug)]
pub(crate) enum Need {
    Required(String),
    Optional(String),
    Default(String),
}

/// Everything that a file may hold.
#[derive(Clone, Debug)]
pub struct Reference(Vec<Declared>);

/// Runs a declaration over an empty file and keeps what it declared.
pub fn reference<T>(declare: impl FnOnce(&mut Document<'_>) -> T) -> Reference {
    let mut document = Document::parse("");
    declare(&mut document);
    Reference(document.into_declared())
}

impl Reference {
    /// The reference as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for section in &self.0 {
            let name = heading(section);
            writeln!(text, "## `{name}`\n\n{}\n", section.doc).expect(INFALLIBLE);
            text.push_str("| key | value | default | meaning |\n|---|---|---|---|\n");
            for key in &section.keys {
                let (kind, default) = (kind(key), default(key));
                writeln!(text, "| `{}` | {kind} | {default} | {} |", key.name, key.doc)
                    .expect(INFALLIBLE);
            }
            text.push('\n');
        }
        text
    }

    /// An example file: every key with its default or an example, commented out where it may be
    /// left out.
    pub fn example(&self) -> String {
        let mut text = String::new();
        for section in &self.0 {
            let off = if section.shape == Shape::Many { "# " } else { "" };
            writeln!(text, "# {}\n{off}{}", section.doc, heading(section)).expect(INFALLIBLE);
            for key in &section.keys {
                let (off, value) = match &key.need {
                    Need::Required(value) => (off, value),
                    Need::Optional(value) | Need::Default(value) => ("# ", value),
                };
                writeln!(text, "# {}\n{off}{} = {value}", key.doc, key.name).expect(INFALLIBLE);
            }
            text.push('\n');
        }
        text
    }
}

const INFALLIBLE: &str = "writing to a String cannot fail";

fn heading(section: &Declared) -> String {
    match section.shape {
        Shape::One => format!("[{}]", section.name),
        Shape::Many => format!("[[{}]]", section.name),
    }
}

fn kind(key: &Key) -> String {
    match &key.limits {
        Some((low, high)) => format!("{}, `{low}` to `{high}`", key.kind),
        None => key.kind.clone(),
    }
}

fn default(key: &Key) -> String {
    match &key.need {
        Need::Required(example) => format!("must be given, e.g. `{example}`"),
        Need::Optional(example) => format!("none; e.g. `{example}`"),
        Need::Default(value) => format!("`{value}`"),
    }
}
