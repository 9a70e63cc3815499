//! An outage as a story: what, planned or not, why, since when, how sure, what next.

use ets_model::LinkState;

use crate::html::{escape, put};
use crate::{Ctx, Html, state};

/// One outage, told.
#[derive(Clone, Debug)]
pub struct Story {
    /// What it is about; colours the edge. `Up` for one that is over.
    pub state: LinkState,
    /// In one line: `Аягозский район: нет связи`.
    pub title: String,
    /// Where all of it is told; empty for the page that tells it.
    pub href: String,
    /// Planned, emergency, or not known yet.
    pub planned: Option<bool>,
    /// Why, as far as it is known, in sentences.
    pub why: Html,
    /// Since when, how sure, whom to call: term and value.
    pub facts: Vec<(String, Html)>,
    /// What can be done now: buttons, links.
    pub actions: Vec<Html>,
    /// The segment that it follows live; empty for none.
    pub segment: String,
}

/// The story of one outage.
#[must_use]
pub fn story(ctx: &Ctx, story: &Story) -> Html {
    use ets_i18n::t;
    let mut out = String::new();
    put!(out, "<article class=\"story {}\"", story.state);
    if !story.segment.is_empty() {
        put!(out, " data-story=\"{}\"", escape(&story.segment));
    }
    put!(out, "><h3>{}", state::icon(story.state));
    if story.href.is_empty() {
        put!(out, "{}", escape(&story.title));
    } else {
        put!(out, "<a href=\"{}\">{}</a>", escape(&story.href), escape(&story.title));
    }
    if !story.segment.is_empty() {
        put!(out, " <small class=\"id\">{}</small>", escape(&story.segment));
    }
    out.push_str("</h3>");
    let kind = story.planned.map(|planned| {
        if planned { t::story_planned(&ctx.tr) } else { t::story_emergency(&ctx.tr) }
    });
    if kind.is_some() || !story.why.is_empty() {
        out.push_str("<p>");
        if let Some(kind) = kind {
            put!(out, "<b>{kind}</b> ");
        }
        put!(out, "{}</p>", story.why);
    }
    if !story.facts.is_empty() {
        let facts: Vec<(&str, Html)> =
            story.facts.iter().map(|(term, value)| (term.as_str(), value.clone())).collect();
        put!(out, "{}", crate::facts::list(&facts));
    }
    if !story.actions.is_empty() {
        out.push_str("<div class=\"acts\">");
        for action in &story.actions {
            put!(out, "{action} ");
        }
        out.push_str("</div>");
    }
    out.push_str("</article>");
    Html::trusted(out)
}
