//! The contract between a page, the SSE stream that it names in [`crate::Page::live`], and the
//! script that joins them (`assets/live.js`).
//!
//! The stream says, each as an SSE `event:` with one JSON object as `data:` and an `id:` that a
//! reconnecting script sends back as `Last-Event-ID`:
//!
//! - `segment`: a [`Segment`], at every change of state and at most once a second for figures;
//! - `group`: a [`Group`], where the star shows groups;
//! - `summary`: a [`Summary`], in the viewer's language, when the counts change;
//! - `tick`: a [`Tick`] every second, so that silence means that the stream is broken;
//! - `change`: a [`Change`], when fragments of the page are out of date (an outage opened or
//!   closed): the script fetches the page again with the header `X-Fragments: name,name` and
//!   puts the elements `data-fragment="name"` in the place of the old ones. A server may
//!   answer the whole page;
//! - `picture`: `{"html": …}`, fragments of the page as they are now, for what is new as a whole each
//!   second: they are put in the place of the old ones, unless the reader holds the page still
//!   (the button `#pause`);
//! - `reset`: the stream cannot resume from `Last-Event-ID`: the script renews every fragment.
//! - `gone`: the session is over: the script loads the page again, which asks to sign in.
//!
//! The heading of a `summary` is for pages whose stream has the query `heading=own`; the others
//! take the heading of the page that is fetched for its fragments.
//!
//! After an error the browser cannot send the header; the script then opens the stream with the
//! query `last=` and the same value; where both come, the header is the later one. When
//! nothing at all came for five seconds the page says so.
//!
//! A form with `data-stream="address"` and `data-into="element id"` shows an answer that runs on:
//! the script opens the address as a stream with the form's fields as query, appends the text of
//! each `line` event, and closes it at `done`. Without the script the form posts as always.
//!
//! An element follows a segment by `data-seg="id"` with `data-state`; inside it the elements
//! `data-f="state"`, `"since"`, `"rtt"`, `"loss"`, `"spark"` take its figures. Other live places:
//! `data-count="state"` of the counts line, `data-since="ms"` counts on, `data-until="ms"` counts
//! down, `#heading`, `#age`,
//! `[data-badge]`. Use the components, which set all of these.

use std::time::Duration;

use ets_i18n::{Lang, Tr, t};
use ets_model::LinkState;
use serde::Serialize;

use crate::state;

/// The figures of one segment.
#[derive(Clone, Debug, Serialize)]
pub struct Segment {
    /// Its identifier: `s017`.
    pub id: String,
    /// Its state.
    pub state: LinkState,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
    /// The last round-trip time in milliseconds; `null` where nothing answers.
    pub rtt: Option<f64>,
    /// The share of probes lost over the last minute, 0 to 1; `null` where nothing is known.
    pub loss: Option<f64>,
    /// The last answers for the sparkline, in milliseconds, `null` for a loss. Empty: unchanged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spark: Vec<Option<f32>>,
}

/// One group of the star above 300 segments.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// Its key: [`crate::star::Node::sector`].
    pub key: String,
    /// The worst state in it.
    pub state: LinkState,
    /// How many of it need attention.
    pub troubled: u64,
    /// How many it has.
    pub total: u64,
}

/// The first lines of the page.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The heading: `3 сегмента без связи`. Empty: unchanged.
    pub heading: String,
    /// The title of the window, without the hub's name. Empty: unchanged.
    pub title: String,
    /// For each state its number and word.
    pub counts: Vec<Count>,
    /// Numbers beside entries of the navigation: id and count.
    pub badges: Vec<(String, u64)>,
}

/// One entry of the counts line.
#[derive(Clone, Debug, Serialize)]
pub struct Count {
    /// Whose.
    pub state: LinkState,
    /// How many, as shown.
    pub number: String,
    /// The word after it.
    pub word: String,
}

/// The heartbeat of the stream.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Tick {
    /// The hub's clock, milliseconds since 1970.
    pub now: i64,
    /// The moment that the data describes, milliseconds since 1970.
    pub at: i64,
}

/// Fragments that are out of date.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// Their names.
    pub fragments: Vec<String>,
}

/// The entries of a [`Summary`] for these counts.
#[must_use]
pub fn counts(tr: &Tr, counts: &state::Counts) -> Vec<Count> {
    state::ORDER
        .into_iter()
        .map(|state| {
            let count = counts.get(state);
            Count {
                state,
                number: tr.number(i64::try_from(count).unwrap_or(i64::MAX)),
                word: state::count_word(tr, state, count),
            }
        })
        .collect()
}

/// Markup that a `change` event replaces: give it a name that is unique in the page.
#[must_use]
pub fn fragment(name: &str, html: &crate::Html) -> crate::Html {
    crate::Html::trusted(format!(
        "<div data-fragment=\"{}\">{html}</div>",
        crate::html::escape(name)
    ))
}

/// The words that the script needs, as JSON for a data block.
pub(crate) fn words(tr: &Tr) -> String {
    let mark = "\u{1}";
    let decimal = if tr.lang() == Lang::En { "." } else { "," };
    let group = if tr.lang() == Lang::En { "," } else { "\u{a0}" };
    let unit = |length: u64| {
        let text = tr.whole_duration(Duration::from_secs(length));
        text.split_once('\u{a0}').map(|(_, unit)| unit.to_owned()).unwrap_or_default()
    };
    let pairs = [
        ("decimal", decimal.to_owned()),
        ("group", group.to_owned()),
        ("second", unit(1)),
        ("minute", unit(60)),
        ("hour", unit(3_600)),
        ("day", unit(86_400)),
        ("age", t::age(tr, mark)),
        ("fresh", t::age_now(tr).to_owned()),
        ("stale", t::live_stale(tr, mark, "\u{2}")),
        ("back", t::live_back(tr).to_owned()),
        ("draft", t::form_draft_restored(tr).to_owned()),
        ("discard", t::form_draft_discard(tr).to_owned()),
        ("none", t::value_none(tr).to_owned()),
        ("up", t::state_up(tr).to_owned()),
        ("down", t::state_down(tr).to_owned()),
        ("degraded", t::state_degraded(tr).to_owned()),
        ("maintenance", t::state_maintenance(tr).to_owned()),
        ("unknown", t::state_unknown(tr).to_owned()),
    ];
    let mut json = String::from("{");
    for (index, (key, value)) in pairs.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        crate::html::put!(json, "{comma}\"{key}\":\"{}\"", json_text(value));
    }
    json.push('}');
    json
}

/// Escapes for a JSON string inside a `script` element.
fn json_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '"' | '\\' | '<' | '>' | '&' | '\0'..='\u{1f}' => {
                crate::html::put!(out, "\\u{:04x}", u32::from(char));
            }
            _ => out.push(char),
        }
    }
    out
}
