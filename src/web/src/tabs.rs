//! A choice between views of the same thing, as links: `час | сутки | месяц | год`.

use crate::Html;
use crate::html::{escape, put};

/// One view.
#[derive(Clone, Debug)]
pub struct Tab {
    /// Its text.
    pub title: String,
    /// Where it leads.
    pub href: String,
    /// Whether it is shown now.
    pub current: bool,
    /// The key that chooses it, shown beside the text; empty for none.
    pub key: &'static str,
}

/// The views in one line. `label` says what is chosen, for assistive tools.
#[must_use]
pub fn tabs(label: &str, tabs: &[Tab]) -> Html {
    let mut out = String::new();
    put!(out, "<nav class=\"tabs\" aria-label=\"{}\">", escape(label));
    for tab in tabs {
        let key = if tab.key.is_empty() {
            String::new()
        } else {
            format!(" data-key=\"{}\"", escape(tab.key))
        };
        let current = if tab.current { " aria-current=\"page\"" } else { "" };
        put!(out, "<a href=\"{}\"{current}{key}>{}", escape(&tab.href), escape(&tab.title));
        if !tab.key.is_empty() {
            put!(out, " <kbd>{}</kbd>", escape(tab.key));
        }
        out.push_str("</a>");
    }
    out.push_str("</nav>");
    Html::trusted(out)
}
