//! Adding, changing and removing a provider point.

use std::sync::Arc;

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_i18n::{Key, key, t};
use ets_model::{Names, Parent, Segment};
use ets_registry::{Fault, Field, Rule};
use ets_web::page::Layout;
use ets_web::{Crumb, Html, Page, form, notice};
use http::StatusCode;

use super::form_check::{Answers, given};
use super::segment_acts::Seen;
use super::view::View;
use super::{form_fields, form_hints, points};
use crate::Error;

/// The questions, in order: the field, its label, its help.
const QUESTIONS: [(Field, Key, Option<Key>); 5] = [
    (Field::Id, key::FIELD_ID, Some(key::POINT_ID_HELP)),
    (Field::NameRu, key::POINT_NAME_RU, Some(key::POINT_NAME_HELP)),
    (Field::NameKk, key::POINT_NAME_KK, None),
    (Field::NameEn, key::POINT_NAME_EN, None),
    (Field::Provider, key::FIELD_PROVIDER, Some(key::POINT_PROVIDER_HELP)),
];

/// `GET /registry/new-point`
pub(crate) async fn new(view: View) -> Result<Response, Error> {
    Ok(show(&view, None, &Answers::new(), &[]))
}

/// `POST /registry/new-point`
pub(crate) async fn create(view: View, Form(answers): Form<Answers>) -> Result<Response, Error> {
    let point = read(given(&answers, Field::Id), 0, &answers);
    let mut made = view.app.deps.registry.create_parent(point, &view.author()?).await;
    if let Err(ets_registry::Error::Invalid(faults)) = &mut made {
        // A field that was left empty is told as such.
        for fault in faults.iter_mut() {
            if fault.field == Some(Field::Id) && given(&answers, Field::Id).is_empty() {
                *fault.rule = Rule::Required { field: Field::Id };
            }
        }
    }
    taken(&view, None, &answers, made, t::point_added(view.tr()))
}

/// `GET /registry/points/{id}/edit`
pub(crate) async fn edit(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let point = points::find(&view, &id)?;
    let text = |field: Field| match field {
        Field::NameRu => &point.name.ru,
        Field::NameKk => &point.name.kk,
        Field::NameEn => &point.name.en,
        Field::Provider => &point.provider,
        _ => &point.id,
    };
    let answers =
        QUESTIONS.map(|(field, ..)| (field.name().to_owned(), text(field).clone())).into();
    Ok(show(&view, Some(&point), &answers, &[]))
}

/// `POST /registry/points/{id}/edit`
pub(crate) async fn save(
    view: View,
    Path(id): Path<String>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let known = points::find(&view, &id)?;
    let seen = answers.get("version").and_then(|version| version.parse().ok());
    let point = read(&id, seen.unwrap_or(known.version), &answers);
    let made = view.app.deps.registry.update_parent(point, &view.author()?).await;
    taken(&view, Some(&known), &answers, made, t::registry_saved(view.tr()))
}

fn read(id: &str, version: i64, answers: &Answers) -> Parent {
    let text = |field: Field| given(answers, field).to_owned();
    let name = Names { kk: text(Field::NameKk), ru: text(Field::NameRu), en: text(Field::NameEn) };
    Parent { id: id.to_owned(), name, provider: text(Field::Provider), version }
}

fn taken(
    view: &View,
    point: Option<&Parent>,
    answers: &Answers,
    made: Result<Arc<Parent>, ets_registry::Error>,
    told: &str,
) -> Result<Response, Error> {
    match made {
        Ok(made) => Ok(view.done(&points::href(&made.id), told)),
        Err(ets_registry::Error::Invalid(faults)) => Ok(show(view, point, answers, &faults)),
        Err(error) => Err(error.into()),
    }
}

fn show(view: &View, point: Option<&Parent>, answers: &Answers, faults: &[Fault]) -> Response {
    let (tr, known) = (view.tr(), point.is_some());
    let asked = QUESTIONS.iter().filter(|(field, ..)| !known || *field != Field::Id);
    let (action, back) = match point {
        None => ("/registry/new-point".to_owned(), points::LIST.to_owned()),
        Some(one) => (format!("{}/edit", points::href(&one.id)), points::href(&one.id)),
    };
    let form = form::form(
        tr,
        &form::Form {
            draft: action.clone(),
            action,
            fields: asked.map(|one| question(view, *one, answers, faults)).collect(),
            hidden: point.map(|one| ("version", one.version.to_string())).into_iter().collect(),
            submit: if known { "" } else { t::points_add(tr) }.to_owned(),
            cancel: back,
            ..form::Form::default()
        },
    );
    let mut page = frame(view, point, t::point_new(tr), form);
    if let Some(one) = point {
        page.heading = t::edit_heading(tr, points::name(view, one));
        let remove = format!("{}/remove", points::href(&one.id));
        let remove = Html::link(&remove, t::point_remove(tr));
        page.body.push(&notice::notice(notice::Tone::Plain, &remove));
    }
    if !faults.is_empty() {
        page.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    view.respond(&page)
}

fn question(
    view: &View,
    (field, label, help): (Field, Key, Option<Key>),
    answers: &Answers,
    faults: &[Fault],
) -> form::Field {
    let tr = view.tr();
    let mut question = form::Field {
        name: field.name(),
        label: tr.get(label).to_owned(),
        help: help.map(|help| tr.get(help).to_owned()).unwrap_or_default(),
        error: form_fields::errors(tr, faults, field),
        value: answers.get(field.name()).cloned().unwrap_or_default(),
        required: field == Field::Id,
        when: form_fields::when(tr, field).to_owned(),
        ..form::Field::default()
    };
    if field == Field::Id {
        question.kind = form::Kind::Code;
    }
    form_hints::suggest(tr, &view.catalog, field, &mut question);
    question
}

fn frame(view: &View, point: Option<&Parent>, heading: &str, body: Html) -> Page {
    let mut crumbs = points::crumbs(view);
    if let Some(one) = point {
        crumbs.push(Crumb::new(points::name(view, one), points::href(&one.id)));
    }
    Page {
        heading: heading.to_owned(),
        body,
        nav: "segments",
        crumbs,
        layout: Layout::Narrow,
        ..Page::default()
    }
}

/// `GET /registry/points/{id}/remove`: asks once more, or says which segments stand in the way.
pub(crate) async fn ask_remove(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let point = points::find(&view, &id)?;
    Ok(removal(&view, &point))
}

/// `POST /registry/points/{id}/remove`
pub(crate) async fn remove(
    view: View,
    Path(id): Path<String>,
    Form(seen): Form<Seen>,
) -> Result<Response, Error> {
    let point = points::find(&view, &id)?;
    let removed = view.app.deps.registry.remove_parent(&id, seen.version, &view.author()?).await;
    match removed {
        Ok(()) => Ok(view.done(points::LIST, t::point_removed(view.tr()))),
        Err(ets_registry::Error::Invalid(_)) => Ok(removal(&view, &point)),
        Err(error) => Err(error.into()),
    }
}

fn removal(view: &View, point: &Parent) -> Response {
    let (tr, name) = (view.tr(), points::name(view, point));
    let users: Vec<&Arc<Segment>> =
        view.catalog.all_segments().filter(|one| one.parent == point.id).collect();
    let mut page = frame(view, Some(point), &t::point_remove_heading(tr, name), Html::default());
    if users.is_empty() {
        page.body = confirm(view, point);
    } else {
        page.heading = t::point_in_use_heading(tr, name);
        page.body = in_the_way(view, point, &users);
        page.status = StatusCode::CONFLICT;
    }
    view.respond(&page)
}

fn confirm(view: &View, point: &Parent) -> Html {
    let tr = view.tr();
    let text = notice::notice(notice::Tone::Warning, &Html::text(t::point_remove_text(tr)));
    text.then(&form::form(
        tr,
        &form::Form {
            action: format!("{}/remove", points::href(&point.id)),
            hidden: vec![("version", point.version.to_string())],
            submit: t::point_remove(tr).to_owned(),
            cancel: points::href(&point.id),
            danger: true,
            ..form::Form::default()
        },
    ))
}

fn in_the_way(view: &View, point: &Parent, users: &[&Arc<Segment>]) -> Html {
    let tr = view.tr();
    let text = t::point_in_use_text(tr, users.len());
    let back = format!(
        "{}<p class=\"acts\"><a class=\"button\" href=\"{}\">{}</a></p>",
        points::links(view, users),
        points::href(&point.id),
        t::point_back(tr)
    );
    notice::notice(notice::Tone::Warning, &Html::text(&text)).then(&Html::trusted(back))
}
