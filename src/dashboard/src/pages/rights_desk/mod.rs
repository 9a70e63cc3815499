//! The desk of the rights administrator: people, roles, grants, substitutes, and who may what.

mod act;
mod faults;
mod give;
mod people;
mod person;
mod report;
mod role;
mod roles;
mod stand_in;
mod words;

use std::sync::Arc;

use axum::response::Response;
use axum::routing::{get, post};
use ets_i18n::t;
use ets_rights::{Person, Rights};
use ets_web::form::{self, Form};
use ets_web::page::Layout;
use ets_web::{Crumb, Html, Page};

use http::StatusCode;

use self::faults::Faults;
use super::trust_tabs::{self, Tab};
use super::view::View;
use crate::Error;
use crate::entry::Routes;

pub(super) use words::{right, role, scope};

/// Where the desk lies.
const DESK: &str = "/rights";
/// What reading and changing need.
const READ: &str = "rights.read";
const WRITE: &str = "rights.write";

/// Everything below [`DESK`].
pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/rights", READ, get(people::page))
        .route("/rights/people/{no}", READ, get(person::page))
        .route("/rights/people/{no}/give", WRITE, get(give::ask).post(give::give))
        .route("/rights/people/{no}/stand-in", WRITE, get(stand_in::ask).post(stand_in::name))
        .route("/rights/people/{no}/act/{act}", WRITE, get(act::ask_person).post(act::person))
        .route("/rights/grants/{no}/act/{act}", WRITE, get(act::ask_grant).post(act::grant))
        .route(
            "/rights/substitutions/{no}/{act}",
            WRITE,
            get(stand_in::ask_act).post(stand_in::act),
        )
        .route("/rights/roles", READ, get(roles::page))
        .route("/rights/roles/new", WRITE, get(role::new).post(role::create))
        .route("/rights/roles/{id}/edit", WRITE, get(role::edit).post(role::save))
        .route("/rights/roles/{id}/close", WRITE, post(role::close))
        .route("/rights/report", READ, get(report::page))
        .route("/rights/report.csv", READ, get(report::csv))
}

fn rights(view: &View) -> Result<&Rights, Error> {
    view.app.rights()
}

fn find(view: &View, no: i64) -> Result<Arc<Person>, Error> {
    let missing = || Error::NotFound { what: "person", id: no.to_string() };
    rights(view)?.person_no(no).ok_or_else(missing)
}

fn person_href(no: i64) -> String {
    format!("{DESK}/people/{no}")
}

/// Whether the reader may change anything here.
fn may_change(view: &View) -> bool {
    view.who.as_ref().is_some_and(|who| view.app.may(who, WRITE))
}

fn button(href: &str, text: &str) -> Html {
    Html::trusted(format!("<a class=\"button\" href=\"{href}\">{}</a> ", Html::text(text)))
}

/// A page under the tabs of the desk.
fn respond(view: &View, tab: Tab, mut page: Page) -> Response {
    page.body = trust_tabs::tabs(view, tab).then(&page.body);
    page.nav = trust_tabs::nav(view);
    view.respond(&page)
}

/// A page that asks something about a person, again with what was wrong with the answers.
fn question(
    view: &View,
    person: &Person,
    heading: String,
    form: Form,
    faults: &Faults,
) -> Response {
    let fault = faults.get("").cloned().unwrap_or_default();
    let form = Form { cancel: person_href(person.no), fault, ..form };
    let mut page = below(view, heading, form::form(view.tr(), &form), Some(person));
    if !faults.is_empty() {
        page.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    view.respond(&page)
}

/// A page below the desk.
fn below(view: &View, heading: String, body: Html, person: Option<&Person>) -> Page {
    let mut crumbs = vec![Crumb::new(t::rights_title(view.tr()), DESK)];
    crumbs.extend(person.map(|one| Crumb::new(one.name.clone(), person_href(one.no))));
    Page {
        heading,
        body,
        nav: trust_tabs::nav(view),
        crumbs,
        layout: Layout::Narrow,
        ..Page::default()
    }
}
