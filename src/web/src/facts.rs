//! A list of facts: term and value.

use crate::Html;
use crate::html::{escape, put};

/// The facts as a description list. A value that does not exist is a dash, one that is not known
/// a question mark: pass [`none`] and [`unknown`].
#[must_use]
pub fn list(facts: &[(&str, Html)]) -> Html {
    let mut out = String::from("<dl class=\"facts\">");
    for (term, value) in facts {
        put!(out, "<dt>{}</dt><dd>{value}</dd>", escape(term));
    }
    out.push_str("</dl>");
    Html::trusted(out)
}

/// There is none: a dash that assistive tools read as a word.
#[must_use]
pub fn none(tr: &ets_i18n::Tr) -> Html {
    silent("–", ets_i18n::t::value_none(tr))
}

/// It is not known: a question mark that assistive tools read as a word.
#[must_use]
pub fn unknown(tr: &ets_i18n::Tr) -> Html {
    silent("?", ets_i18n::t::value_unknown(tr))
}

fn silent(sign: &str, word: &str) -> Html {
    Html::trusted(format!(
        "<span aria-hidden=\"true\">{sign}</span><span class=\"vh\">{}</span>",
        escape(word)
    ))
}
