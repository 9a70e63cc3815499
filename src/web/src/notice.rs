//! Designed states of a place: nothing here, loading, old data, a warning.

use ets_i18n::{Tr, t};

use crate::Html;
use crate::html::{escape, put};

/// How a notice is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// For information.
    Plain,
    /// It went well.
    Good,
    /// Look at this.
    Warning,
    /// Something is broken.
    Bad,
}

/// A notice that stays in the page.
#[must_use]
pub fn notice(tone: Tone, text: &Html) -> Html {
    let class = match tone {
        Tone::Plain => "plain",
        Tone::Good => "good",
        Tone::Warning => "warning",
        Tone::Bad => "bad",
    };
    Html::trusted(format!("<p class=\"notice {class}\">{text}</p>"))
}

/// There is nothing here: what would be here, and what to do so that there is.
#[must_use]
pub fn empty(title: &str, what_to_do: &Html) -> Html {
    let mut out = String::new();
    put!(out, "<div class=\"empty\"><p><b>{}</b></p><p>{what_to_do}</p></div>", escape(title));
    Html::trusted(out)
}

/// Still being fetched.
#[must_use]
pub fn loading(tr: &Tr) -> Html {
    Html::trusted(format!("<p class=\"empty\" role=\"status\">{}</p>", t::loading(tr)))
}
