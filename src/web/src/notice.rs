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
    let (class, icon) = match tone {
        Tone::Plain => ("plain", Html::default()),
        Tone::Good => ("good", mark("up", "done")),
        Tone::Warning => ("warning", mark("degraded", "degraded")),
        Tone::Bad => ("bad", mark("down", "down")),
    };
    Html::trusted(format!("<p class=\"notice {class}\">{icon}{text}</p>"))
}

/// The shape of a tone, so that it does not stand on colour alone.
pub(crate) fn mark(colour: &str, shape: &str) -> Html {
    Html::trusted(format!(
        "<svg class=\"ic {colour}\" aria-hidden=\"true\"><use href=\"#i-{shape}\"/></svg>"
    ))
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
