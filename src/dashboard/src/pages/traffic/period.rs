//! How far back a page looks: a word in the address, or days of one's own.

use ets_i18n::{Tr, t};
use ets_model::WallTime;
use ets_traffic::Period;

use crate::api::period_length;
use crate::pages::lists::moment;
use crate::pages::view::View;

/// The words of the address, shortest first.
pub(super) const WORDS: [&str; 5] = ["hour", "day", "week", "month", "year"];
/// Days of one's own.
pub(super) const CUSTOM: &str = "custom";

/// A minute in microseconds.
const MINUTE: i64 = 60_000_000;

/// What was asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// One of [`WORDS`] or [`CUSTOM`].
    pub word: &'static str,
    /// The days as typed.
    pub from: String,
    pub to: String,
    /// The time; `None` where the days are not understood.
    pub period: Option<Period>,
}

impl Asked {
    pub(super) fn read(view: &View, usual: &'static str) -> Self {
        let (from, to, word) = (view.asked("from"), view.asked("to"), view.asked("period"));
        let days = !from.is_empty() || !to.is_empty();
        if word == CUSTOM || (word.is_empty() && days) {
            let period = own(view, &from, &to);
            return Self { word: CUSTOM, from, to, period };
        }
        let word = WORDS.into_iter().find(|known| *known == word).unwrap_or(usual);
        Self { word, from, to, period: Some(until_now(view, word)) }
    }

    /// The same as pairs of an address.
    pub(super) fn pairs(&self) -> [(&'static str, &str); 3] {
        match self.word {
            CUSTOM => [("period", CUSTOM), ("from", &self.from), ("to", &self.to)],
            word => [("period", word), ("from", ""), ("to", "")],
        }
    }

    /// As it stands in a sentence: "in the last hour".
    pub(super) fn phrase(&self, tr: &Tr) -> &'static str {
        match self.word {
            "hour" => t::top_last_hour(tr),
            "day" => t::top_last_day(tr),
            "week" => t::top_last_week(tr),
            "month" => t::top_last_month(tr),
            "year" => t::top_last_year(tr),
            _ => t::top_custom(tr),
        }
    }
}

/// As it stands on a tab.
pub(super) fn title(tr: &Tr, word: &str) -> &'static str {
    match word {
        "hour" => t::segment_period_hour(tr),
        "day" => t::segment_period_day(tr),
        "week" => t::top_week(tr),
        "month" => t::segment_period_month(tr),
        "year" => t::segment_period_year(tr),
        _ => t::top_custom_word(tr),
    }
}

/// Up to now, from a whole minute on.
fn until_now(view: &View, word: &str) -> Period {
    let to = view.ctx.now;
    let from = to.minus(period_length(word).unwrap_or_default());
    Period { from: WallTime(from.0.div_euclid(MINUTE) * MINUTE), to }
}

/// Whole days; what lies ahead of now is left out.
fn own(view: &View, from: &str, to: &str) -> Option<Period> {
    let from = moment(view, from, 0)?;
    let to = if to.is_empty() { view.ctx.now } else { moment(view, to, 1)? };
    let to = to.min(view.ctx.now);
    (from < to).then_some(Period { from, to })
}
