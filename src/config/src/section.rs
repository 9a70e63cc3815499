//! One section: its keys, taken one by one.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::fault::Found;
use crate::reference::{Key, Need};
use crate::{Rule, Setting};

/// A section while its part takes its keys.
#[derive(Debug)]
pub struct Section<'a> {
    name: &'static str,
    left: DeTable<'a>,
    /// Where the section begins; a missing key is reported here.
    at: usize,
    places: Vec<(&'static str, usize)>,
    found: Vec<Found>,
    keys: Vec<Key>,
}

impl<'a> Section<'a> {
    pub(crate) fn new(name: &'static str, left: DeTable<'a>, at: usize) -> Self {
        Self { name, left, at, places: Vec::new(), found: Vec::new(), keys: Vec::new() }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// A key with a default.
    pub fn value<T: Setting>(&mut self, key: &'static str, doc: &'static str, default: T) -> T {
        self.note::<T>(key, doc, Need::Default(default.show()));
        self.read(key).unwrap_or(default)
    }

    /// A key with a default and limits, both included.
    pub fn value_in<T: Setting + PartialOrd>(
        &mut self,
        key: &'static str,
        doc: &'static str,
        default: T,
        limits: RangeInclusive<T>,
    ) -> T {
        self.note::<T>(key, doc, Need::Default(default.show()));
        if let Some(last) = self.keys.last_mut() {
            last.limits = Some((limits.start().show(), limits.end().show()));
        }
        let Some(value) = self.read::<T>(key) else {
            return default;
        };
        if !limits.contains(&value) {
            let what = format!("{key} = {} is outside its limits", value.show());
            let remedy =
                format!("choose from {} to {}", limits.start().show(), limits.end().show());
            self.fault(Rule::OutOfRange, key, what, remedy);
        }
        value
    }

    /// A key that must be given; `example` stands in the reference.
    pub fn required<T: Setting>(&mut self, key: &'static str, doc: &'static str, example: T) -> T {
        self.note::<T>(key, doc, Need::Required(example.show()));
        if !self.left.contains_key(key) {
            let what = format!("[{}] lacks the key {key}", self.name);
            let remedy = format!("add {key} = {}", example.show());
            self.fault(Rule::MissingKey, key, what, remedy);
        }
        self.read(key).unwrap_or(example)
    }

    /// A key that may be left out; `example` stands in the reference.
    pub fn optional<T: Setting>(
        &mut self,
        key: &'static str,
        doc: &'static str,
        example: T,
    ) -> Option<T> {
        self.note::<T>(key, doc, Need::Optional(example.show()));
        self.read(key)
    }

    /// A key that is one of some words; the first one is the default.
    pub fn one_of<T: Clone>(
        &mut self,
        key: &'static str,
        doc: &'static str,
        words: &[(&'static str, T)],
    ) -> T {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.note::<String>(key, doc, Need::Default(format!("\"{}\"", known[0])));
        if let Some(last) = self.keys.last_mut() {
            last.kind =
                known.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(" or ");
        }
        let default = words[0].1.clone();
        let Some(given) = self.read::<String>(key) else {
            return default;
        };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == given) {
            return value.clone();
        }
        let what = format!("{key} = \"{given}\" is not known");
        self.fault(Rule::NotOneOf, key, what, suggest(&given, &known));
        default
    }

    /// A key that is one of some words and must be given; the first one stands in the reference.
    pub fn required_one_of<T: Clone>(
        &mut self,
        key: &'static str,
        doc: &'static str,
        words: &[(&'static str, T)],
    ) -> T {
        let missing = !self.left.contains_key(key);
        let value = self.one_of(key, doc, words);
        let example = format!("\"{}\"", words[0].0);
        if missing {
            let what = format!("[{}] lacks the key {key}", self.name);
            self.fault(Rule::MissingKey, key, what, format!("add {key} = {example}"));
        }
        if let Some(last) = self.keys.last_mut() {
            last.need = Need::Required(example);
        }
        value
    }

    /// Two settings do not go together; reported at `key`.
    pub fn contradiction(&mut self, key: &'static str, what: String, remedy: String) {
        self.fault(Rule::Contradiction, key, what, remedy);
    }

    fn read<T: Setting>(&mut self, key: &'static str) -> Option<T> {
        let value: Spanned<DeValue<'a>> = self.left.remove(key)?;
        let at = value.span().start;
        self.places.push((key, at));
        match T::read(value.get_ref()) {
            Ok(value) => Some(value),
            Err(broken) => {
                let what = format!("{key} {}", broken.what);
                self.found.push(Found { rule: broken.rule, at, what, remedy: broken.remedy });
                None
            }
        }
    }

    fn fault(&mut self, rule: Rule, key: &str, what: String, remedy: String) {
        let place = self.places.iter().find(|(name, _)| *name == key);
        let at = place.map_or(self.at, |(_, at)| *at);
        self.found.push(Found { rule, at, what, remedy });
    }

    fn note<T: Setting>(&mut self, name: &'static str, doc: &'static str, need: Need) {
        self.keys.push(Key { name, doc, kind: T::KIND.to_owned(), need, limits: None });
    }

    pub(crate) fn finish(mut self) -> (Vec<Key>, Vec<Found>) {
        let known: Vec<&str> = self.keys.iter().map(|key| key.name).collect();
        for key in self.left.keys() {
            self.found.push(Found {
                rule: Rule::UnknownKey,
                at: key.span().start,
                what: format!("[{}] has no key {}", self.name, key.get_ref()),
                remedy: suggest(key.get_ref(), &known),
            });
        }
        (self.keys, self.found)
    }
}

/// The nearest known word, or all of them.
pub(crate) fn suggest(given: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|word| (strsim::damerau_levenshtein(given, word), word))
        .filter(|(distance, word)| *distance <= 2.max(word.len() / 3))
        .min_by_key(|(distance, _)| *distance);
    match near {
        Some((_, word)) => format!("did you mean {word}?"),
        None if known.is_empty() => "remove it".to_owned(),
        None => format!("choose one of {}", known.join(", ")),
    }
}
