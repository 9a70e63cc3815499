//! How the parts of a page lie beside each other: cards in at most two columns.

use crate::Html;
use crate::html::{escape, put};

/// A part of the page with a title and, at the right of it, what one may do with it.
/// Never put a card into a card.
#[must_use]
pub fn card(title: &str, tools: &Html, body: &Html) -> Html {
    let mut out = String::with_capacity(128 + body.as_str().len());
    out.push_str("<section class=\"card\">");
    if !title.is_empty() || !tools.is_empty() {
        put!(out, "<div class=\"card-head\"><h2>{}</h2>", escape(title));
        if !tools.is_empty() {
            put!(out, "<div class=\"tools\">{tools}</div>");
        }
        out.push_str("</div>");
    }
    put!(out, "{body}</section>");
    Html::trusted(out)
}

/// Two columns, the first one wider; one column where the window is narrow.
#[must_use]
pub fn columns(wide: &Html, side: &Html) -> Html {
    Html::trusted(format!("<div class=\"grid\">{}{}</div>", cell(wide), cell(side)))
}

/// Two equal columns; one where the window is narrow.
#[must_use]
pub fn halves(left: &Html, right: &Html) -> Html {
    Html::trusted(format!("<div class=\"grid even\">{}{}</div>", cell(left), cell(right)))
}

/// A second part of the same card, parted by a line.
#[must_use]
pub fn below(title: &str, body: &Html) -> Html {
    Html::trusted(format!("<div class=\"below\"><h2>{}</h2>{body}</div>", escape(title)))
}

/// Large figures side by side: name, value.
#[must_use]
pub fn figures(figures: &[(&str, Html)]) -> Html {
    let mut out = String::from("<dl class=\"figures\">");
    for (name, value) in figures {
        put!(out, "<div><dt>{}</dt><dd>{value}</dd></div>", escape(name));
    }
    out.push_str("</dl>");
    Html::trusted(out)
}

/// What happened, the newest first: when (see [`crate::when`]) and what.
#[must_use]
pub fn events(events: &[(Html, Html)]) -> Html {
    let mut out = String::from("<ul class=\"events\">");
    for (when, what) in events {
        put!(out, "<li>{when}<span>{what}</span></li>");
    }
    out.push_str("</ul>");
    Html::trusted(out)
}

fn cell(html: &Html) -> Html {
    Html::trusted(format!("<div>{html}</div>"))
}
