//! A state as shape, text and colour, always the three together.

use ets_i18n::{Tr, t};
use ets_model::LinkState;

use crate::Html;
use crate::html::{escape, put};

/// The word of a state: `нет связи`.
#[must_use]
pub fn word(tr: &Tr, state: LinkState) -> &'static str {
    match state {
        LinkState::Up => t::state_up(tr),
        LinkState::Down => t::state_down(tr),
        LinkState::Degraded => t::state_degraded(tr),
        LinkState::Maintenance => t::state_maintenance(tr),
        LinkState::Unknown => t::state_unknown(tr),
    }
}

/// The shape alone, silent for assistive tools: for use beside the word.
#[must_use]
pub fn icon(state: LinkState) -> Html {
    Html::trusted(format!(
        "<svg class=\"ic {state}\" aria-hidden=\"true\"><use href=\"#i-{state}\"/></svg>"
    ))
}

/// Shape and word.
#[must_use]
pub fn badge(tr: &Tr, state: LinkState) -> Html {
    Html::trusted(format!("<span class=\"st {state}\">{}{}</span>", icon(state), word(tr, state)))
}

/// Shape and word, followed by the script as the state of segment `id`.
#[must_use]
pub fn live_badge(tr: &Tr, id: &str, state: LinkState) -> Html {
    Html::trusted(format!(
        "<span class=\"st {state}\" data-seg=\"{}\" data-state=\"{state}\">{}\
         <span data-f=\"state\">{}</span></span>",
        escape(id),
        icon(state),
        word(tr, state)
    ))
}

/// How many segments are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Up.
    pub up: u64,
    /// Down.
    pub down: u64,
    /// Degraded.
    pub degraded: u64,
    /// Under maintenance.
    pub maintenance: u64,
    /// Unknown.
    pub unknown: u64,
}

impl Counts {
    /// Counts states.
    #[must_use]
    pub fn of(states: impl IntoIterator<Item = LinkState>) -> Self {
        let mut counts = Self::default();
        for state in states {
            counts.add(state);
        }
        counts
    }

    /// Counts one more.
    pub fn add(&mut self, state: LinkState) {
        *self.slot(state) += 1;
    }

    /// How many are in one state.
    #[must_use]
    pub fn get(&self, state: LinkState) -> u64 {
        let mut copy = *self;
        *copy.slot(state)
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.up + self.down + self.degraded + self.maintenance + self.unknown
    }

    fn slot(&mut self, state: LinkState) -> &mut u64 {
        match state {
            LinkState::Up => &mut self.up,
            LinkState::Down => &mut self.down,
            LinkState::Degraded => &mut self.degraded,
            LinkState::Maintenance => &mut self.maintenance,
            LinkState::Unknown => &mut self.unknown,
        }
    }
}

/// The order of the counts line: what is well first, as a frame for the rest.
pub(crate) const ORDER: [LinkState; 5] = [
    LinkState::Up,
    LinkState::Down,
    LinkState::Degraded,
    LinkState::Maintenance,
    LinkState::Unknown,
];

/// The word after a number: `работают`.
#[must_use]
pub fn count_word(tr: &Tr, state: LinkState, count: u64) -> String {
    match state {
        LinkState::Up => t::count_up(tr, count),
        LinkState::Down => t::count_down(tr).to_owned(),
        LinkState::Degraded => t::count_degraded(tr, count),
        LinkState::Maintenance => t::count_maintenance(tr).to_owned(),
        LinkState::Unknown => t::count_unknown(tr).to_owned(),
    }
}

/// The counts line; the script keeps it fresh. `href` makes each count a link (`None`: no link);
/// `more` stands behind it, parted by a line: rates with their sparklines.
#[must_use]
pub fn counts(
    tr: &Tr,
    counts: &Counts,
    href: Option<&dyn Fn(LinkState) -> String>,
    more: &[Html],
) -> Html {
    let mut out = String::from("<ul class=\"counts\"");
    put!(out, " aria-label=\"{}\">", t::counts_label(tr));
    for state in ORDER {
        let count = counts.get(state);
        let zero = if count == 0 { " zero" } else { "" };
        put!(out, "<li class=\"{state}{zero}\" data-count=\"{state}\">");
        if let Some(href) = href {
            put!(out, "<a href=\"{}\">", escape(&href(state)));
        }
        out.push_str(&counted(tr, state, count));
        out.push_str(if href.is_some() { "</a></li>" } else { "</li>" });
    }
    for (index, part) in more.iter().enumerate() {
        put!(out, "<li{}>{part}</li>", if index == 0 { " class=\"sep\"" } else { "" });
    }
    out.push_str("</ul>");
    Html::trusted(out)
}

/// The counts of a part of the segments, without those that are nought. The script leaves the line
/// alone: what it knows are the counts of all.
#[must_use]
pub fn tally(tr: &Tr, counts: &Counts) -> Html {
    if counts.total() == 0 {
        return Html::default();
    }
    let mut out = String::new();
    put!(out, "<ul class=\"counts part\" aria-label=\"{}\">", t::counts_label(tr));
    for state in ORDER.into_iter().filter(|state| counts.get(*state) > 0) {
        put!(out, "<li class=\"{state}\">{}</li>", counted(tr, state, counts.get(state)));
    }
    out.push_str("</ul>");
    Html::trusted(out)
}

/// Shape, number and word.
fn counted(tr: &Tr, state: LinkState, count: u64) -> String {
    let number = tr.number(i64::try_from(count).unwrap_or(i64::MAX));
    format!("{}<b>{number}</b> <span>{}</span>", icon(state), count_word(tr, state, count))
}

/// The legend of the shapes.
#[must_use]
pub fn legend(tr: &Tr, with_width: bool) -> Html {
    let mut out = String::from("<ul class=\"legend\">");
    for state in ORDER {
        put!(out, "<li>{}{}</li>", icon(state), word(tr, state));
    }
    if with_width {
        put!(out, "<li class=\"end\">{}</li>", t::star_width(tr));
    }
    out.push_str("</ul>");
    Html::trusted(out)
}
