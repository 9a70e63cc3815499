//! Making, changing and closing a role.

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_i18n::t;
use ets_rights::Role;
use ets_web::form::{self, Field, Kind};
use http::StatusCode;

use super::faults::{self, Answers, Faults, given};
use super::give::{common, filled};
use super::{below, rights, words};
use crate::Error;
use crate::pages::view::View;

const LIST: &str = "/rights/roles";

/// `GET /rights/roles/new`
pub(super) async fn new(view: View) -> Result<Response, Error> {
    show(&view, None, &Answers::new(), &Faults::new())
}

/// `POST /rights/roles/new`
pub(super) async fn create(view: View, Form(answers): Form<Answers>) -> Result<Response, Error> {
    let id = given(&answers, "id").to_owned();
    put(&view, None, &id, &answers).await
}

/// `GET /rights/roles/{id}/edit`
pub(super) async fn edit(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let role = find(&view, &id)?;
    let Some(version) = role.newest() else { return Err(missing(&id)) };
    let mut answers: Answers = [
        ("title".to_owned(), version.title.clone()),
        ("rights".to_owned(), version.words.join("\n")),
    ]
    .into();
    if version.needs_second {
        answers.insert("second".to_owned(), "on".to_owned());
    }
    show(&view, Some(&role), &answers, &Faults::new())
}

/// `POST /rights/roles/{id}/edit`
pub(super) async fn save(
    view: View,
    Path(id): Path<String>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let role = find(&view, &id)?;
    put(&view, Some(&role), &id, &answers).await
}

/// `POST /rights/roles/{id}/close`
pub(super) async fn close(
    view: View,
    Path(id): Path<String>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    find(&view, &id)?;
    let by = view.app.by(view.identity()?, view.author()?, given(&answers, "why")).await?;
    match rights(&view)?.close_role(&id, &by).await {
        Ok(()) => Ok(view.done(LIST, t::rights_roles_closed(view.tr()))),
        Err(refusal) => {
            let faults = faults::of(view.tr(), refusal)?;
            let why = faults.into_values().next().unwrap_or_default();
            Ok(view.failed(&format!("{LIST}/{id}/edit"), why))
        }
    }
}

fn missing(id: &str) -> Error {
    Error::NotFound { what: "role", id: id.to_owned() }
}

fn find(view: &View, id: &str) -> Result<Role, Error> {
    rights(view)?.roles().into_iter().find(|role| role.id == id).ok_or_else(|| missing(id))
}

async fn put(
    view: &View,
    known: Option<&Role>,
    id: &str,
    answers: &Answers,
) -> Result<Response, Error> {
    let tr = view.tr();
    let rights = rights(view)?;
    let mut faults = Faults::new();
    let words: Vec<String> =
        given(answers, "rights").split_whitespace().map(str::to_owned).collect();
    if id.parse::<ets_model::InstitutionId>().is_err() {
        faults.insert("id", t::rights_fault_role_id(tr).to_owned());
    } else if known.is_none() && rights.roles().iter().any(|role| role.id == id) {
        faults.insert("id", t::rights_fault_already(tr).to_owned());
    }
    if words.is_empty() {
        faults.insert("rights", t::rights_fault_role_empty(tr).to_owned());
    }
    if !faults.is_empty() {
        return show(view, known, answers, &faults);
    }
    let by = view.app.by(view.identity()?, view.author()?, given(answers, "why")).await?;
    let (title, second) = (given(answers, "title"), given(answers, "second") == "on");
    match rights.put_role(id, title, &words, second, &by).await {
        Ok(()) => Ok(view.done(LIST, t::rights_done(tr))),
        Err(refusal) => show(view, known, answers, &faults::of(tr, refusal)?),
    }
}

fn show(
    view: &View,
    known: Option<&Role>,
    answers: &Answers,
    faults: &Faults,
) -> Result<Response, Error> {
    let tr = view.tr();
    let register = rights(view)?.register();
    let names: Vec<&str> = register.all().iter().map(|right| right.id.as_str()).collect();
    let mut fields = Vec::new();
    if known.is_none() {
        fields.push(Field::new("id", t::rights_ask_id(tr)).kind(Kind::Code));
    }
    fields.push(Field::new("title", t::rights_ask_title(tr)).optional());
    fields.push(
        Field::new("rights", t::rights_ask_rights(tr))
            .help(t::rights_ask_rights_help(tr, names.join(" ")))
            .kind(Kind::Area { rows: 6 }),
    );
    fields.push(Field::new("second", t::rights_ask_second(tr)).kind(Kind::Check).optional());
    fields = fields.into_iter().map(|field| filled(field, answers, faults)).collect();
    fields.extend(common(view, answers, faults, &["why"]));
    let action =
        known.map_or_else(|| format!("{LIST}/new"), |one| format!("{LIST}/{}/edit", one.id));
    let mut body = form::form(
        tr,
        &form::Form {
            action,
            fields,
            cancel: LIST.to_owned(),
            fault: faults.get("").cloned().unwrap_or_default(),
            ..form::Form::default()
        },
    );
    let title = known.and_then(|role| role.newest()).map_or("", |one| one.title.as_str());
    let heading = known.map_or_else(
        || t::rights_roles_new(tr).to_owned(),
        |role| t::rights_roles_edit(tr, words::role(tr, &role.id, title)),
    );
    if let Some(role) = known.filter(|role| !role.is_built_in()) {
        body.push(&form::form(
            tr,
            &form::Form {
                action: format!("{LIST}/{}/close", role.id),
                fields: common(view, &Answers::new(), &Faults::new(), &["why"]),
                submit: t::rights_roles_close(tr).to_owned(),
                danger: true,
                ..form::Form::default()
            },
        ));
    }
    let mut page = below(view, heading, body, None);
    if !faults.is_empty() {
        page.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(view.respond(&page))
}
