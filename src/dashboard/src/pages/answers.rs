//! What was typed into a form.

use std::collections::BTreeMap;

/// The answers by the name of their field.
pub(super) type Answers = BTreeMap<String, String>;

/// One answer without blanks around it; empty where there is none.
pub(super) fn given<'a>(answers: &'a Answers, name: &str) -> &'a str {
    answers.get(name).map_or("", |text| text.trim())
}
