//! Adding a service and changing one: a form whose answers become an edit of the draft.

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_i18n::t;
use ets_model::{OpenTo, PortRange, Service, ServiceId, ServiceNo, ServicePlace};
use ets_rules::{DraftFault, Edit, Error as Refusal, Fault};
use ets_web::page::Layout;
use ets_web::{Crumb, Html, Page, form, notice};
use http::StatusCode;
use std::net::IpAddr;

use super::super::answers::{self, Answers, BLANKS, given, parts};
use super::super::view::View;
use super::service::{Both, crumbs};
use super::service_about as about;
use super::{Tab, faults, handle, names, refusal, respond};
use crate::Error;

/// What is wrong, by the name of the field; the empty name is the form as a whole.
type Wrong = Vec<(&'static str, String)>;

/// `GET /rules/services/new`
pub(super) async fn new(view: View) -> Result<Response, Error> {
    let answers = [("place", "behind"), ("open_to", "granted"), ("checks", "tcp")];
    let answers = answers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Ok(show(&view, None, &answers, &[]))
}

/// `POST /rules/services/new`
pub(super) async fn create(view: View, Form(answers): Form<Answers>) -> Result<Response, Error> {
    let id = given(&answers, "id");
    let (service, mut wrong) = read(&view, id, 0, &answers);
    if id.is_empty() {
        wrong.push(("id", t::quota_need(view.tr()).to_owned()));
    } else if id.parse::<ServiceId>().is_err() {
        wrong.push(("id", t::rules_service_id_wrong(view.tr()).to_owned()));
    }
    match service.filter(|_| wrong.is_empty()) {
        Some(service) => take(&view, None, &answers, Edit::AddService { service }).await,
        None => Ok(show(&view, None, &answers, &wrong)),
    }
}

/// `GET /rules/services/{id}/edit`
pub(super) async fn edit(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let service = Both::of(&view)?.service(&id)?;
    Ok(show(&view, Some(&service), &answers_of(&service), &[]))
}

/// `POST /rules/services/{id}/edit`
pub(super) async fn save(
    view: View,
    Path(id): Path<String>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let known = Both::of(&view)?.service(&id)?;
    let seen = given(&answers, "version").parse().unwrap_or(known.version);
    let (service, wrong) = read(&view, &id, seen, &answers);
    match service.filter(|_| wrong.is_empty()) {
        Some(service) => take(&view, Some(&known), &answers, Edit::ChangeService { service }).await,
        None => Ok(show(&view, Some(&known), &answers, &wrong)),
    }
}

fn answers_of(service: &Service) -> Answers {
    let lines = |all: Vec<String>| all.join("\n");
    let place = match service.place {
        ServicePlace::Behind => "behind",
        ServicePlace::Hub => "hub",
    };
    let open_to = match service.open_to {
        OpenTo::Granted => "granted",
        OpenTo::Everyone => "everyone",
    };
    let mut answers: Answers = [
        ("name_ru", service.name.ru.clone()),
        ("name_kk", service.name.kk.clone()),
        ("name_en", service.name.en.clone()),
        ("place", place.to_owned()),
        ("addresses", lines(service.addresses.iter().map(ToString::to_string).collect())),
        ("ports", lines(service.ports.iter().map(ToString::to_string).collect())),
        ("open_to", open_to.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    answers.extend(about::answers_of(service));
    answers
}

/// The service that the answers describe, and what is wrong with them. `None` where the
/// identifier is none.
fn read(view: &View, id: &str, version: i64, answers: &Answers) -> (Option<Service>, Wrong) {
    let tr = view.tr();
    let mut wrong = Wrong::new();
    let hub = given(answers, "place") == "hub";
    let (addresses, unread) =
        parts::<IpAddr>(if hub { "" } else { given(answers, "addresses") }, BLANKS);
    if !unread.is_empty() {
        wrong.push(("addresses", t::rules_service_address_wrong(tr, unread.join(", "))));
    } else if !hub && addresses.is_empty() {
        wrong.push(("addresses", t::rules_service_address_missing(tr).to_owned()));
    }
    let (ports, unread) = parts::<PortRange>(given(answers, "ports"), BLANKS);
    if !unread.is_empty() {
        wrong.push(("ports", t::rules_service_port_wrong(tr, unread.join(", "))));
    } else if ports.is_empty() {
        wrong.push(("ports", t::rules_service_port_missing(tr).to_owned()));
    }
    let name = answers::names(answers, ["name_kk", "name_ru", "name_en"]);
    if name.is_empty() {
        wrong.push(("name_ru", t::rules_fault_name_missing(tr).to_owned()));
    }
    let checks = about::checks(tr, given(answers, "checks")).unwrap_or_else(|told| {
        wrong.push(("checks", told));
        Vec::new()
    });
    let service = id.parse().ok().map(|id| Service {
        id,
        no: ServiceNo(0),
        name,
        place: if hub { ServicePlace::Hub } else { ServicePlace::Behind },
        addresses,
        ports,
        open_to: if given(answers, "open_to") == "everyone" {
            OpenTo::Everyone
        } else {
            OpenTo::Granted
        },
        about: about::description(answers),
        owner: about::owner(answers),
        checks,
        retired: None,
        version,
    });
    (service, wrong)
}

async fn take(
    view: &View,
    known: Option<&Service>,
    answers: &Answers,
    edit: Edit,
) -> Result<Response, Error> {
    match handle(view)?.edit(&view.author()?, vec![edit]).await {
        Ok(_) => Ok(view.done("/rules/draft", t::rules_edits_taken(view.tr(), 1))),
        Err(Refusal::Invalid(all)) => {
            let wrong: Wrong = all.iter().map(|one| placed(view, one)).collect();
            Ok(show(view, known, answers, &wrong))
        }
        Err(error) => {
            let text = refusal::say(view, &error).ok_or(error)?;
            Ok(show(view, known, answers, &[("", text)]))
        }
    }
}

/// At which field a fault of the room belongs.
fn placed(view: &View, one: &DraftFault) -> (&'static str, String) {
    let field = match &one.fault {
        Fault::ServiceExists(_) => "id",
        Fault::NameMissing(_) | Fault::NameUnfit(_) => "name_ru",
        Fault::TooManyChecks(_) | Fault::Checks(..) => "checks",
        Fault::TooMuch(..) => "ports",
        Fault::NoOwner(..) => "owner_institution",
        Fault::TextUnfit(_) => "about_ru",
        _ => "",
    };
    (field, faults::fault(view, &[], &one.fault))
}

fn show(
    view: &View,
    known: Option<&Service>,
    answers: &Answers,
    wrong: &[(&'static str, String)],
) -> Response {
    let tr = view.tr();
    let mut fields = questions(view, known.is_none());
    for field in &mut fields {
        field.value = answers.get(field.name).cloned().unwrap_or_default();
        let faults = wrong.iter().filter(|(name, _)| *name == field.name);
        field.error = faults.map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" ");
    }
    let loose = wrong.iter().filter(|(name, _)| name.is_empty());
    let loose: Vec<&str> = loose.map(|(_, text)| text.as_str()).collect();
    let (action, back) = match known {
        None => ("/rules/services/new".to_owned(), "/rules".to_owned()),
        Some(one) => {
            let href = names::service_href(&one.id);
            (format!("{href}/edit"), href)
        }
    };
    let form = form::form(
        tr,
        &form::Form {
            draft: action.clone(),
            action,
            fields,
            hidden: known.map(|one| ("version", one.version.to_string())).into_iter().collect(),
            submit: t::rules_to_draft(tr).to_owned(),
            cancel: back,
            fault: loose.join(" "),
            ..form::Form::default()
        },
    );
    let text = notice::notice(notice::Tone::Plain, &Html::text(t::rules_to_draft_text(tr)));
    let mut page = Page {
        heading: t::rules_service_new(tr).to_owned(),
        body: text.then(&form),
        crumbs: crumbs(view),
        layout: Layout::Narrow,
        ..Page::default()
    };
    if let Some(one) = known {
        page.heading = t::edit_heading(tr, names::service(view, one));
        page.crumbs.push(Crumb::new(names::service(view, one), names::service_href(&one.id)));
    }
    if !wrong.is_empty() {
        page.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    respond(view, Tab::Now, page)
}

fn questions(view: &View, is_new: bool) -> Vec<form::Field> {
    let tr = view.tr();
    let choice =
        |value: &str, text: &str, help: &str| (value.to_owned(), text.to_owned(), help.to_owned());
    let places = vec![
        choice("behind", t::rules_place_behind(tr), t::rules_place_behind_help(tr)),
        choice("hub", t::rules_on_hub(tr), t::rules_place_hub_help(tr)),
    ];
    let opens = vec![
        choice("granted", t::rules_open_granted(tr), ""),
        choice("everyone", t::rules_open_everyone(tr), ""),
    ];
    let mut fields = vec![
        form::Field::new("name_ru", t::point_name_ru(tr))
            .help(t::rules_service_name_help(tr))
            .when(t::form_one_of_three(tr)),
        form::Field::new("name_kk", t::point_name_kk(tr)).when(t::form_one_of_three(tr)),
        form::Field::new("name_en", t::point_name_en(tr)).when(t::form_one_of_three(tr)),
        form::Field::new("place", t::rules_column_place(tr)).kind(form::Kind::Radio(places)),
        form::Field::new("addresses", t::rules_service_addresses(tr))
            .help(t::rules_service_addresses_help(tr))
            .kind(form::Kind::Area { rows: 2 })
            .when(t::rules_service_addresses_when(tr)),
        form::Field::new("ports", t::rules_column_ports(tr))
            .help(t::rules_service_ports_help(tr))
            .kind(form::Kind::Area { rows: 2 }),
        form::Field::new("open_to", t::rules_column_who(tr)).kind(form::Kind::Radio(opens)),
    ];
    fields.extend(about::questions(view));
    if is_new {
        let id = form::Field::new("id", t::field_id(tr))
            .help(t::rules_service_id_help(tr))
            .kind(form::Kind::Code);
        fields.insert(0, id);
    }
    fields
}
