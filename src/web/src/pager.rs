//! Steps through a long list, by key rather than by page number.

use ets_i18n::{Tr, t};

use crate::Html;
use crate::html::{escape, put};

/// Where the neighbours of this part of the list lie.
#[derive(Clone, Debug, Default)]
pub struct Pager {
    /// The part before; `None` at the beginning.
    pub previous: Option<String>,
    /// The part after; `None` at the end.
    pub next: Option<String>,
    /// What is shown, where the total is known: (first, last, total), counted from 1.
    pub shown: Option<(u64, u64, u64)>,
}

/// The pager; nothing where the list has one part.
#[must_use]
pub fn pager(tr: &Tr, pager: &Pager) -> Html {
    if pager.previous.is_none() && pager.next.is_none() {
        return Html::default();
    }
    let mut out = String::new();
    put!(out, "<nav class=\"pager\" aria-label=\"{}\">", t::pager_label(tr));
    if let Some(href) = &pager.previous {
        put!(
            out,
            "<a class=\"button\" rel=\"prev\" href=\"{}\">‹ {}</a>",
            escape(href),
            t::pager_previous(tr)
        );
    }
    if let Some((from, to, total)) = pager.shown {
        put!(out, "<span>{}</span>", t::pager_shown(tr, from, to, total));
    }
    if let Some(href) = &pager.next {
        put!(
            out,
            "<a class=\"button\" rel=\"next\" href=\"{}\">{} ›</a>",
            escape(href),
            t::pager_next(tr)
        );
    }
    out.push_str("</nav>");
    Html::trusted(out)
}
