//! Help: what the pages show, what the words mean, which keys there are, what the API refuses.

use axum::response::Response;
use ets_i18n::{Key, key, t};
use ets_model::LinkState;
use ets_web::html::escape;
use ets_web::page::Layout;
use ets_web::{Crumb, Html, Page, facts, state};

use super::view::View;

/// Questions that people have, and their answers.
const QUESTIONS: &[(Key, Key)] = &[
    (key::HELP_FIND, key::HELP_FIND_TEXT),
    (key::HELP_WHY, key::HELP_WHY_TEXT),
    (key::HELP_SURE, key::HELP_SURE_TEXT),
    (key::HELP_PLANNED, key::HELP_PLANNED_TEXT),
    (key::HELP_ADD, key::HELP_ADD_TEXT),
    (key::HELP_CSV, key::HELP_CSV_TEXT),
    (key::HELP_FILES, key::HELP_FILES_TEXT),
    (key::HELP_BLIND, key::HELP_BLIND_TEXT),
    (key::HELP_ENTRY, key::HELP_ENTRY_TEXT),
    (key::HELP_API, key::HELP_API_TEXT),
];

/// What each state means.
const STATES: [(LinkState, Key); 5] = [
    (LinkState::Up, key::HELP_STATE_UP),
    (LinkState::Degraded, key::HELP_STATE_DEGRADED),
    (LinkState::Down, key::HELP_STATE_DOWN),
    (LinkState::Maintenance, key::HELP_STATE_MAINTENANCE),
    (LinkState::Unknown, key::HELP_STATE_UNKNOWN),
];

/// An answer; one names the command of this very hub.
fn text(view: &View, answer: Key) -> String {
    if answer == key::HELP_ENTRY_TEXT {
        let command = format!("<code>{}</code>", escape(&view.app.config.link_command));
        return t::help_entry_text(view.tr(), command);
    }
    view.tr().get(answer).to_owned()
}

/// `GET /help`
pub(crate) async fn page(view: View) -> Response {
    let tr = view.tr();
    let mut out =
        format!("<section class=\"card\"><h2>{}</h2><dl class=\"facts\">", t::help_states(tr));
    for (one, text) in STATES {
        out.push_str(&format!("<dt>{}</dt><dd>{}</dd>", state::badge(tr, one), tr.get(text)));
    }
    out.push_str("</dl></section>");
    for (question, answer) in QUESTIONS {
        out.push_str(&format!(
            "<section class=\"card\"><h2>{}</h2><p>{}</p></section>",
            tr.get(*question),
            text(&view, *answer)
        ));
    }
    out.push_str(&format!("<section class=\"card\" id=\"keys\">{}</section>", keys(&view)));
    let page = Page {
        title: t::help_page_title(tr).to_owned(),
        heading: t::help_heading(tr).to_owned(),
        body: Html::trusted(out),
        nav: "help",
        layout: Layout::Narrow,
        ..Page::default()
    };
    view.respond(&page)
}

fn keys(view: &View) -> String {
    let tr = view.tr();
    let mut rows: Vec<(String, String)> = [
        ("/", t::help_search(tr)),
        ("?", t::help_help(tr)),
        ("t", t::help_star(tr)),
        ("p", t::help_pause(tr)),
        ("w", t::help_wall(tr)),
        ("j k", t::help_rows(tr)),
        ("Enter", t::help_open(tr)),
        ("Esc", t::help_escape(tr)),
    ]
    .into_iter()
    .map(|(keys, text)| (keys.to_owned(), text.to_owned()))
    .collect();
    for item in &view.site().nav {
        if let Some(letter) = item.go {
            rows.push((format!("g {letter}"), t::help_go(tr, tr.get(item.title))));
        }
    }
    let list: String = rows
        .iter()
        .map(|(keys, text)| {
            let keys: String = keys.split(' ').map(|key| format!("<kbd>{key}</kbd> ")).collect();
            format!("<dt>{keys}</dt><dd>{}</dd>", escape(text))
        })
        .collect();
    format!("<h2>{}</h2><dl class=\"keys\">{list}</dl>", t::help_title(tr))
}

/// `GET /help/problems`: the types of the API's problem documents.
pub(crate) async fn problems(view: View) -> Response {
    let tr = view.tr();
    let list: Vec<(&str, Html)> = crate::error::CODES
        .iter()
        .map(|(code, about)| {
            let text = Html::trusted(format!("<span id=\"{code}\">{}</span>", Html::text(about)));
            (*code, text)
        })
        .collect();
    let page = Page {
        heading: t::help_problems(tr).to_owned(),
        body: Html::trusted(format!(
            "<p>{}</p><section class=\"card\" lang=\"en\">{}</section>",
            t::help_problems_text(tr),
            facts::list(&list)
        )),
        nav: "help",
        crumbs: vec![Crumb::new(t::help_page_title(tr), "/help")],
        layout: Layout::Narrow,
        ..Page::default()
    };
    view.respond(&page)
}
