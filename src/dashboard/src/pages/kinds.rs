//! Kinds of institutions and levels of budgets. The register keeps free text; the codes that its
//! files use for the usual ones are shown in the reader's language and kept as codes.

use ets_i18n::{Key, Lang, TimeZone, Tr, key};
use ets_registry::Field;

use super::form_check::Answers;

/// The usual kinds: code and word.
const KINDS: &[(&str, Key)] = &[
    ("akimat", key::KIND_AKIMAT),
    ("department", key::KIND_DEPARTMENT),
    ("hospital", key::KIND_HOSPITAL),
    ("school", key::KIND_SCHOOL),
    ("service-centre", key::KIND_SERVICE_CENTRE),
    ("court", key::KIND_COURT),
    ("archive", key::KIND_ARCHIVE),
    ("emergency", key::KIND_EMERGENCY),
    ("maslikhat", key::KIND_MASLIKHAT),
    ("civil-registry", key::KIND_CIVIL_REGISTRY),
    ("police", key::KIND_POLICE),
    ("college", key::KIND_COLLEGE),
    ("library", key::KIND_LIBRARY),
    ("museum", key::KIND_MUSEUM),
    ("veterinary", key::KIND_VETERINARY),
    ("career-centre", key::KIND_CAREER_CENTRE),
    ("data-centre", key::KIND_DATA_CENTRE),
];

/// The levels: code and word.
const LEVELS: &[(&str, Key)] = &[
    ("republic", key::BUDGET_REPUBLIC),
    ("region", key::BUDGET_REGION),
    ("district", key::BUDGET_DISTRICT),
];

fn known(field: Field) -> &'static [(&'static str, Key)] {
    match field {
        Field::Kind => KINDS,
        Field::BudgetLevel => LEVELS,
        _ => &[],
    }
}

/// What is kept in the register, as the reader calls it; what is no known code stays as it is.
pub(super) fn word<'a>(tr: &Tr, field: Field, kept: &'a str) -> &'a str {
    let found = known(field).iter().find(|(code, _)| *code == kept);
    found.map_or(kept, |(_, word)| tr.get(*word))
}

/// All that are known, in the reader's language.
pub(super) fn all<'a>(tr: &Tr, field: Field) -> impl Iterator<Item = &'a str> {
    known(field).iter().map(|(_, word)| tr.get(*word))
}

/// Puts the codes in the place of their words in any language: what a file would have.
pub(super) fn encode(answers: &mut Answers) {
    for field in [Field::Kind, Field::BudgetLevel] {
        let Some(answer) = answers.get_mut(field.name()) else { continue };
        let typed = answer.trim().to_lowercase();
        let is_it = |word: Key| {
            let said = |lang| Tr::new(lang, TimeZone::UTC).get(word).to_lowercase();
            Lang::ALL.into_iter().any(|lang| said(lang) == typed)
        };
        if let Some((code, _)) = known(field).iter().find(|(_, word)| is_it(*word)) {
            *answer = (*code).to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N4.2
    #[test]
    fn a_known_code_is_a_word_to_people_and_a_code_to_files() {
        let tr = Tr::new(Lang::Ru, TimeZone::UTC);
        assert_eq!(word(&tr, Field::Kind, "department"), "Управление");
        assert_eq!(word(&tr, Field::Kind, "цирк"), "цирк");
        assert_eq!(word(&tr, Field::District, "region"), "region");
        let mut answers: Answers =
            [("kind", " Басқарма "), ("budget_level", "regional"), ("district", "Школа")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
        encode(&mut answers);
        assert_eq!(answers["kind"], "department");
        assert_eq!(answers["budget_level"], "region");
        assert_eq!(answers["district"], "Школа");
    }
}
