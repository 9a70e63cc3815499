//! Giving a role to a person.

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_i18n::t;
use ets_model::WallTime;
use ets_rights::{Person, Scope, Wanted};
use ets_web::form::{self, Field, Kind};

use super::faults::{self, Answers, Faults, given};
use super::{find, person_href, question, rights, words};
use crate::Error;
use crate::pages::lists::moment;
use crate::pages::view::View;

/// `GET /rights/people/{no}/give`
pub(super) async fn ask(view: View, Path(no): Path<i64>) -> Result<Response, Error> {
    show(&view, &*find(&view, no)?, &Answers::new(), &Faults::new())
}

/// `POST /rights/people/{no}/give`
pub(super) async fn give(
    view: View,
    Path(no): Path<i64>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let person = find(&view, no)?;
    let wanted = match read(&view, &answers) {
        Ok(wanted) => wanted,
        Err(faults) => return show(&view, &person, &answers, &faults),
    };
    let (rights, role) = (rights(&view)?, wanted.role.clone());
    let by = view.app.by(view.identity()?, view.author()?, given(&answers, "why")).await?;
    match rights.give(&person.id, wanted, &by).await {
        Ok(_) => {
            let roles = rights.roles();
            let role = roles.iter().find(|one| one.id == role);
            let waits = role.is_some_and(|role| rights.needs_second(role));
            let tr = view.tr();
            let text = if waits { t::rights_waits_done(tr) } else { t::rights_done(tr) };
            Ok(view.done(&person_href(no), text))
        }
        Err(refusal) => show(&view, &person, &answers, &faults::of(view.tr(), refusal)?),
    }
}

fn read(view: &View, answers: &Answers) -> Result<Wanted, Faults> {
    let tr = view.tr();
    let mut faults = Faults::new();
    let kind = given(answers, "scope_kind");
    let id = given(answers, "scope_id");
    let scope = match kind {
        "other" => id.split_once(':').and_then(|(kind, id)| Scope::read(kind, id)),
        kind => Scope::read(kind, id),
    };
    let scope = scope.filter(|scope| scope.is_in(&view.catalog)).unwrap_or_else(|| {
        faults.insert("scope_id", t::rights_fault_scope(tr).to_owned());
        Scope::Everywhere
    });
    let (from, until) = span(view, answers, &mut faults);
    let role = given(answers, "role").to_owned();
    if faults.is_empty() { Ok(Wanted { role, scope, from, until }) } else { Err(faults) }
}

/// From when until when, as two answers have it.
pub(super) fn span(
    view: &View,
    answers: &Answers,
    faults: &mut Faults,
) -> (Option<WallTime>, Option<WallTime>) {
    let mut read = |name: &'static str| {
        let text = given(answers, name);
        let at = moment(view, text, 0);
        if at.is_none() && !text.is_empty() {
            faults.insert(name, t::rights_fault_moment(view.tr()).to_owned());
        }
        at
    };
    (read("from"), read("until"))
}

/// The questions about time and the reason, for every form of the desk.
pub(super) fn common(
    view: &View,
    answers: &Answers,
    faults: &Faults,
    names: &[&'static str],
) -> Vec<Field> {
    let tr = view.tr();
    let field = |name: &'static str| match name {
        "from" => Field::new(name, t::rights_ask_from(tr))
            .help(t::rights_ask_from_help(tr))
            .kind(Kind::Moment)
            .optional(),
        "until" => Field::new(name, t::rights_ask_until(tr))
            .help(t::rights_ask_until_help(tr))
            .kind(Kind::Moment)
            .optional(),
        _ => Field::new(name, t::rights_ask_why(tr)).help(t::rights_ask_why_help(tr)),
    };
    names.iter().map(|name| filled(field(name), answers, faults)).collect()
}

/// The question with what was answered and what is wrong with it.
pub(super) fn filled(field: Field, answers: &Answers, faults: &Faults) -> Field {
    let name = field.name;
    field
        .value(answers.get(name).cloned().unwrap_or_default())
        .error(faults.get(name).cloned().unwrap_or_default())
}

fn show(
    view: &View,
    person: &Person,
    answers: &Answers,
    faults: &Faults,
) -> Result<Response, Error> {
    let tr = view.tr();
    let roles = rights(view)?.roles();
    let roles = roles.iter().map(|role| {
        let title = role.newest().map_or("", |version| version.title.as_str());
        (role.id.clone(), words::role(tr, &role.id, title).to_owned())
    });
    let kinds = [
        ("everywhere", t::scope_everywhere(tr)),
        ("district", t::scope_kind_district(tr)),
        ("institution", t::scope_kind_institution(tr)),
        ("segment", t::scope_kind_segment(tr)),
        ("other", t::scope_kind_other(tr)),
    ];
    let kinds = kinds.map(|(value, text)| (value.to_owned(), text.to_owned())).into();
    let mut fields = vec![
        Field::new("role", t::rights_ask_role(tr)).kind(Kind::Select(roles.collect())),
        Field::new("scope_kind", t::rights_ask_scope_kind(tr)).kind(Kind::Select(kinds)),
        Field::new("scope_id", t::rights_ask_scope_id(tr))
            .help(t::rights_ask_scope_id_help(tr))
            .optional(),
    ];
    fields = fields.into_iter().map(|field| filled(field, answers, faults)).collect();
    fields.extend(common(view, answers, faults, &["from", "until", "why"]));
    let form = form::Form {
        action: format!("{}/give", person_href(person.no)),
        fields,
        submit: t::rights_act_give(tr).to_owned(),
        ..form::Form::default()
    };
    let heading = t::rights_give_heading(tr, person.name.as_str());
    Ok(question(view, person, heading, form, faults))
}
