//! What the Fluent files say, language by language, and whether they agree.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fluent_syntax::ast::{
    CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement,
};
use fluent_syntax::parser;
use fluent_syntax::unicode::unescape_unicode_to_string;

/// The languages, in the order of `ets_model::Lang::ALL`.
pub(crate) const LANGS: [&str; 3] = ["kk", "ru", "en"];

/// One Fluent file.
pub(crate) struct Source {
    /// Its language.
    pub(crate) lang: &'static str,
    /// Its name in messages.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
}

/// One message in one language.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    /// The file it stands in.
    pub(crate) file: String,
    /// Its arguments, sorted.
    pub(crate) args: BTreeSet<String>,
    /// The finished text, where it has no argument.
    pub(crate) text: Option<String>,
}

/// All messages that every language has.
#[derive(Debug)]
pub(crate) struct Catalog {
    /// Key to its three messages, in the order of `LANGS`.
    pub(crate) messages: BTreeMap<String, Vec<Message>>,
}

type Terms = BTreeMap<String, Pattern<String>>;
type Messages = BTreeMap<String, Message>;

impl Catalog {
    /// Joins the files; every fault of all of them at once, each with the remedy.
    pub(crate) fn build(files: &[Source]) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let by_lang: Vec<Messages> =
            LANGS.iter().map(|lang| read_lang(files, lang, &mut faults)).collect();
        compare(&by_lang, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let messages = by_lang[0]
            .keys()
            .map(|key| (key.clone(), by_lang.iter().map(|lang| lang[key].clone()).collect()))
            .collect();
        Ok(Self { messages })
    }
}

fn read_lang(files: &[Source], lang: &str, faults: &mut Vec<String>) -> Messages {
    let mut terms = Terms::new();
    let mut patterns = Vec::new();
    for file in files.iter().filter(|file| file.lang == lang) {
        let resource = match parser::parse(file.text.clone()) {
            Ok(resource) => resource,
            Err((resource, errors)) => {
                for error in errors {
                    let line = file.text[..error.pos.start].matches('\n').count() + 1;
                    faults.push(format!("{}:{line}: {error}: mend the syntax", file.name));
                }
                resource
            }
        };
        for entry in resource.body {
            match entry {
                Entry::Message(message) => match message.value {
                    Some(value) if message.attributes.is_empty() => {
                        patterns.push((file.name.clone(), message.id.name, value));
                    }
                    _ => faults.push(format!(
                        "{}: {:?} has no text or has attributes: give it a text only",
                        file.name, message.id.name
                    )),
                },
                Entry::Term(term) => {
                    terms.insert(term.id.name, term.value);
                }
                _ => {}
            }
        }
    }
    let mut messages = Messages::new();
    for (file, key, pattern) in patterns {
        if key.contains('_') || key.to_lowercase() != key {
            faults.push(format!("{file}: {key:?}: name it in lower case with hyphens"));
        }
        let mut args = BTreeSet::new();
        collect_pattern(&pattern, &terms, &mut args);
        let text = if args.is_empty() { finished(&pattern, &terms) } else { None };
        if args.is_empty() && text.is_none() {
            faults.push(format!("{file}: {key:?} refers to what does not exist"));
        }
        let message = Message { file: file.clone(), args, text };
        if let Some(twice) = messages.insert(key.clone(), message) {
            faults.push(format!("{file}: {key:?} stands in {} too: rename one", twice.file));
        }
    }
    messages
}

fn compare(by_lang: &[Messages], faults: &mut Vec<String>) {
    let keys: BTreeSet<&String> = by_lang.iter().flat_map(BTreeMap::keys).collect();
    for key in keys {
        let first = by_lang.iter().find_map(|lang| lang.get(key));
        let first = first.expect("the key comes from one of the languages");
        for (lang, messages) in LANGS.iter().zip(by_lang) {
            match messages.get(key) {
                None => faults.push(format!(
                    "locales/{lang}: {key:?} is missing; it stands in {}: translate it",
                    first.file
                )),
                Some(message) if message.args != first.args => faults.push(format!(
                    "{}: {key:?} uses {}, but {} uses {}: use the same",
                    message.file,
                    list(&message.args),
                    first.file,
                    list(&first.args)
                )),
                Some(_) => {}
            }
        }
    }
}

fn list(args: &BTreeSet<String>) -> String {
    let mut text = String::new();
    for arg in args {
        let _ = write!(text, "{}${arg}", if text.is_empty() { "" } else { " " });
    }
    if text.is_empty() { "no argument".to_owned() } else { text }
}

fn collect_pattern(pattern: &Pattern<String>, terms: &Terms, args: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            collect_expression(expression, terms, args);
        }
    }
}

fn collect_expression(expression: &Expression<String>, terms: &Terms, args: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(inline) => collect_inline(inline, terms, args),
        Expression::Select { selector, variants } => {
            collect_inline(selector, terms, args);
            for variant in variants {
                collect_pattern(&variant.value, terms, args);
            }
        }
    }
}

fn collect_inline(inline: &InlineExpression<String>, terms: &Terms, args: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            args.insert(id.name.clone());
        }
        InlineExpression::Placeable { expression } => collect_expression(expression, terms, args),
        InlineExpression::FunctionReference {
            arguments: CallArguments { positional, .. }, ..
        } => {
            for argument in positional {
                collect_inline(argument, terms, args);
            }
        }
        InlineExpression::TermReference { id, .. } => {
            if let Some(term) = terms.get(&id.name) {
                collect_pattern(term, terms, args);
            }
        }
        _ => {}
    }
}

/// The text of a pattern without arguments; `None` when it refers to what is not there.
fn finished(pattern: &Pattern<String>, terms: &Terms) -> Option<String> {
    let mut text = String::new();
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => text.push_str(value),
            PatternElement::Placeable { expression: Expression::Inline(inline) } => {
                text.push_str(&finished_inline(inline, terms)?);
            }
            PatternElement::Placeable { .. } => return None,
        }
    }
    Some(text)
}

fn finished_inline(inline: &InlineExpression<String>, terms: &Terms) -> Option<String> {
    match inline {
        InlineExpression::StringLiteral { value } => {
            Some(unescape_unicode_to_string(value).into_owned())
        }
        InlineExpression::NumberLiteral { value } => Some(value.clone()),
        InlineExpression::TermReference { id, attribute: None, .. } => {
            finished(terms.get(&id.name)?, terms)
        }
        _ => None,
    }
}
