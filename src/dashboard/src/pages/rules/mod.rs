//! Who may reach what: services, drafts of changes with their safety line, history, the proof from
//! the kernel, and what segments did that they must not. The work is that of `ets_rules`; here it
//! gets pages.

mod ask;
mod banner;
mod csv;
mod draft;
mod edits;
mod ends;
mod faults;
mod goes;
mod grants;
mod history;
mod limits;
mod mark;
mod names;
mod now;
mod offences;
mod own_limits;
mod reach;
mod refusal;
mod relays;
mod requests;
mod segment;
mod service;
mod service_about;
mod service_edit;
mod text;
mod version;
mod way_out;
mod way_out_rule;
mod words;

use axum::routing::{get, post};
use ets_i18n::t;
use ets_rules::Handle;
use ets_web::tabs::tabs;
use ets_web::{Html, Page};
use http::StatusCode;

use super::overview;
use super::view::View;
use crate::Error;
use crate::entry::{Needs, Routes};

pub(super) use banner::slim as waiting_notice;
pub(super) use names::{answers_at, who_may};
pub(super) use offences::{behind, open_notice};
pub(super) use segment::card as segment_card;

/// The pages of this module.
pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/rules", "rules.read", get(now::page))
        .route("/rules.csv", "rules.read", get(csv::services))
        .route("/rules/again", "rules.write", post(banner::again))
        .route("/rules/{change}/confirm", "rules.write", post(banner::confirm))
        .route("/rules/{change}/withdraw", "rules.write", post(banner::withdraw))
        .on("get", "/rules/draft", Needs::Right("rules.read"), get(draft::page))
        .on("post", "/rules/draft", Needs::Right("rules.write"), post(draft::apply))
        .route("/rules/draft/undo", "rules.write", post(draft::undo))
        .route("/rules/draft/discard", "rules.write", post(draft::discard))
        .route(
            "/rules/services/new",
            "rules.write",
            get(service_edit::new).post(service_edit::create),
        )
        .route("/rules/services/{id}", "rules.read", get(service::page))
        .route(
            "/rules/services/{id}/edit",
            "rules.write",
            get(service_edit::edit).post(service_edit::save),
        )
        .route("/rules/services/{id}/retire", "rules.write", post(service::retire))
        .route("/rules/services/{id}/back", "rules.write", post(service::bring_back))
        .route("/rules/services/{id}/grants", "rules.write", post(grants::save))
        .on("get", "/rules/segments/{id}", Needs::Right("rules.read"), get(segment::page))
        .on("post", "/rules/segments/{id}", Needs::Right("rules.write"), post(segment::save))
        .on("get", "/rules/limits", Needs::Right("rules.read"), get(limits::page))
        .on("post", "/rules/limits", Needs::Right("rules.write"), post(limits::save))
        .route("/rules/text", "rules.read", get(text::page))
        .route("/rules/history", "rules.read", get(history::page))
        .route("/rules/history.csv", "rules.read", get(csv::history))
        .route("/rules/history/{no}", "rules.read", get(version::page))
        .route("/rules/history/{no}/restore", "rules.write", post(version::restore))
        .route("/reachability", "rules.read", get(reach::page))
        .route("/reachability.csv", "rules.read", get(csv::reach))
        .route("/offences", "rules.read", get(offences::page))
        .on("get", "/gateway", Needs::Right("rules.read"), get(way_out::page))
        .route("/gateway/edit", "rules.write", get(way_out::edit).post(way_out::apply))
        .route(
            "/gateway/rules/new",
            "rules.write",
            get(way_out_rule::new).post(way_out_rule::create),
        )
        .route(
            "/gateway/rules/{id}",
            "rules.write",
            get(way_out_rule::edit).post(way_out_rule::save),
        )
        .route("/gateway/rules/{id}/remove", "rules.write", post(way_out_rule::remove))
        .route("/gateway/report", "rules.read", get(goes::page))
        .route("/gateway/report.csv", "rules.read", get(goes::csv))
        .route("/offences.csv", "rules.read", get(csv::offences))
}

/// Which of the views of the rules is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Now,
    Services,
    Draft,
    History,
    Reach,
    Offences,
    Out,
    Goes,
}

fn handle(view: &View) -> Result<&Handle, Error> {
    view.app.deps.rules.as_ref().ok_or(Error::NetdAway)
}

/// The page under the tabs of the rules.
fn respond(view: &View, tab: Tab, mut page: Page) -> axum::response::Response {
    page.body = choice(view, tab).then(&page.body);
    page.nav = "rules";
    view.respond(&page)
}

/// The same for a page that follows what happens.
fn respond_live(view: &View, tab: Tab, mut page: Page) -> axum::response::Response {
    page.live = Some(overview::stream(view));
    respond(view, tab, page)
}

/// The tabs as they stand over the services, which are also shown to who may not read the rules.
pub(super) fn over_services(view: &View) -> Html {
    if view.may("rules.read") { choice(view, Tab::Services) } else { Html::default() }
}

fn choice(view: &View, current: Tab) -> Html {
    let tr = view.tr();
    let edits = view
        .author()
        .and_then(|author| Ok(handle(view)?.draft(&author.actor).steps.len()))
        .unwrap_or_default();
    let draft = match edits {
        0 => t::rules_tab_draft(tr).to_owned(),
        count => t::rules_tab_draft_count(tr, count),
    };
    let all = [
        (Tab::Now, t::rules_tab_now(tr).to_owned(), "/rules"),
        (Tab::Services, t::services_title(tr).to_owned(), "/services"),
        (Tab::Draft, draft, "/rules/draft"),
        (Tab::History, t::rules_tab_history(tr).to_owned(), "/rules/history"),
        (Tab::Reach, t::rules_tab_reach(tr).to_owned(), "/reachability"),
        (Tab::Offences, t::rules_tab_offences(tr).to_owned(), "/offences"),
        (Tab::Out, t::out_title(tr).to_owned(), "/gateway"),
        (Tab::Goes, t::goes_title(tr).to_owned(), "/gateway/report"),
    ];
    let all = all.map(|(tab, title, href)| ets_web::tabs::Tab {
        title,
        href: href.to_owned(),
        current: tab == current,
        key: "",
    });
    let mut all: Vec<_> = all.into();
    if view.app.deps.gateway.is_none() {
        all.truncate(all.len() - 2);
    }
    tabs(t::rules_title(tr), &all)
}

/// The status that says how a refusal is meant.
fn status(error: ets_rules::Error) -> StatusCode {
    Error::from(error).status()
}
