//! A whole file: its sections, and what is left of it when every part took its own.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::fault::Found;
use crate::reference::{Declared, Shape};
use crate::section::suggest;
use crate::{Faults, Rule, Section};

/// A file while the parts take their sections out of it.
#[derive(Debug)]
pub struct Document<'a> {
    left: DeTable<'a>,
    found: Vec<Found>,
    declared: Vec<Declared>,
}

impl<'a> Document<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let syntax = |error: &toml::de::Error| Found {
            rule: Rule::Syntax,
            at: error.span().map_or(0, |span| span.start),
            what: format!("this is no TOML: {}", error.message().replace('\n', ", ")),
            remedy: "correct the line; values are written key = value, texts in quotes".to_owned(),
        };
        Self {
            left: table.into_inner(),
            found: errors.iter().map(syntax).collect(),
            declared: Vec::new(),
        }
    }

    /// Decodes the section `[name]`; one that is not in the file has all its defaults.
    pub fn section<T>(
        &mut self,
        name: &'static str,
        doc: &'static str,
        declare: impl FnOnce(&mut Section<'a>) -> T,
    ) -> T {
        let (table, at) = self.take_table(name);
        let mut section = Section::new(name, table, at);
        let decoded = declare(&mut section);
        self.close(section, doc, Shape::One);
        decoded
    }

    /// Decodes every `[[name]]`.
    pub fn sections<T>(
        &mut self,
        name: &'static str,
        doc: &'static str,
        declare: impl Fn(&mut Section<'a>) -> T,
    ) -> Vec<T> {
        let tables = self.take_tables(name);
        if tables.is_empty() {
            self.declare_only(name, doc, &declare);
        }
        let mut decoded = Vec::with_capacity(tables.len());
        for (table, at) in tables {
            let mut section = Section::new(name, table, at);
            decoded.push(declare(&mut section));
            self.close(section, doc, Shape::Many);
        }
        decoded
    }

    /// Runs a declaration for the reference alone; what it finds missing is no fault.
    fn declare_only<T>(
        &mut self,
        name: &'static str,
        doc: &'static str,
        declare: &impl Fn(&mut Section<'a>) -> T,
    ) {
        let mut section = Section::new(name, DeTable::new(), 0);
        declare(&mut section);
        let (keys, _) = section.finish();
        self.declared.push(Declared { name, doc, shape: Shape::Many, keys });
    }

    fn close(&mut self, section: Section<'a>, doc: &'static str, shape: Shape) {
        let name = section.name();
        let (keys, found) = section.finish();
        self.found.extend(found);
        if !self.declared.iter().any(|declared| declared.name == name) {
            self.declared.push(Declared { name, doc, shape, keys });
        }
    }

    fn take(&mut self, name: &str) -> Option<Spanned<DeValue<'a>>> {
        self.left.remove(name)
    }

    fn take_table(&mut self, name: &str) -> (DeTable<'a>, usize) {
        let Some(value) = self.take(name) else {
            return (DeTable::new(), 0);
        };
        let at = value.span().start;
        if let DeValue::Table(table) = value.into_inner() {
            return (table, at);
        }
        self.found.push(Found {
            rule: Rule::NotASection,
            at,
            what: format!("{name} is no section"),
            remedy: format!("write [{name}] on a line of its own and its keys below"),
        });
        (DeTable::new(), at)
    }

    fn take_tables(&mut self, name: &str) -> Vec<(DeTable<'a>, usize)> {
        let Some(value) = self.take(name) else {
            return Vec::new();
        };
        let at = value.span().start;
        let found = Found {
            rule: Rule::NotAList,
            at,
            what: format!("{name} is no list of sections"),
            remedy: format!("write [[{name}]] before each of them"),
        };
        let DeValue::Array(array) = value.into_inner() else {
            self.found.push(found);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in array {
            let at = item.span().start;
            match item.into_inner() {
                DeValue::Table(table) => tables.push((table, at)),
                _ => self.found.push(Found { at, ..found.clone() }),
            }
        }
        tables
    }

    pub(crate) fn finish(self, name: &str, text: &str) -> Option<Faults> {
        let known: Vec<&str> = self.declared.iter().map(|declared| declared.name).collect();
        let mut found = self.found;
        found.extend(self.left.keys().map(|key| Found {
            rule: Rule::UnknownSection,
            at: key.span().start,
            what: format!("there is no section {}", key.get_ref()),
            remedy: suggest(key.get_ref(), &known),
        }));
        // What follows a slip of the pen is noise: sections that seem to be missing are not.
        if found.iter().any(|found| found.rule == Rule::Syntax) {
            found.retain(|found| found.rule == Rule::Syntax);
        }
        if found.is_empty() {
            return None;
        }
        found.sort_by_key(|found| found.at);
        let faults = found.into_iter().map(|found| found.placed(text)).collect();
        Some(Faults { file: name.to_owned(), faults })
    }

    pub(crate) fn into_declared(self) -> Vec<Declared> {
        self.declared
    }
}
