//! Adding a segment and changing one. The form is the row of a CSV file, question by question:
//! it is checked by the same rules and taken in the same way, segment and institution together.

use std::collections::BTreeMap;

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_i18n::t;
use ets_model::Segment;
use ets_registry::{Fault, Field, Preview};
use ets_web::page::Layout;
use ets_web::{Crumb, Html, Page, form, notice};
use http::StatusCode;

use super::form_fields;
use super::view::View;
use crate::Error;

/// The answers, by the name of the field.
type Answers = BTreeMap<String, String>;

/// The order of the questions: what is needed first, what is nice to know last.
const ORDER: &[Field] = &[
    Field::Id,
    Field::LabelRu,
    Field::LabelKk,
    Field::LabelEn,
    Field::Prefixes,
    Field::ProbeAddress,
    Field::Interface,
    Field::Method,
    Field::Institution,
    Field::NameRu,
    Field::NameKk,
    Field::NameEn,
    Field::Kind,
    Field::BudgetLevel,
    Field::District,
    Field::Address,
    Field::Head,
    Field::Duty,
    Field::Provider,
    Field::Technology,
    Field::DownKbps,
    Field::UpKbps,
    Field::Contract,
    Field::Parent,
    Field::RouterManagement,
    Field::RouterSnmp,
    Field::Criticality,
    Field::Notes,
];

/// `GET /registry/new`
pub(crate) async fn new(view: View) -> Result<Response, Error> {
    let mut answers = Answers::new();
    for (field, value) in [(Field::Method, "icmp"), (Field::Criticality, "normal")] {
        answers.insert(field.name().to_owned(), value.to_owned());
    }
    Ok(show(&view, None, &answers, &[]))
}

/// `POST /registry/new`
pub(crate) async fn create(view: View, Form(answers): Form<Answers>) -> Result<Response, Error> {
    let id = answers.get(Field::Id.name()).map(|id| id.trim().to_owned()).unwrap_or_default();
    if view.catalog.segment(&id).is_some() {
        let taken = ets_registry::Rule::IdTaken { id: id.clone() };
        let fault = Fault {
            line: None,
            column: None,
            field: Some(Field::Id),
            value: id,
            rule: Box::new(taken),
        };
        return Ok(show(&view, None, &answers, &[fault]));
    }
    take(&view, None, &answers).await
}

/// `GET /segments/{id}/edit`
pub(crate) async fn edit(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?.clone();
    let answers = answers_of(&view, &segment);
    Ok(show(&view, Some(&segment), &answers, &[]))
}

/// `POST /segments/{id}/edit`
pub(crate) async fn save(
    view: View,
    Path(id): Path<String>,
    Form(mut answers): Form<Answers>,
) -> Result<Response, Error> {
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?.clone();
    let seen = answers.get("version").and_then(|version| version.parse::<i64>().ok());
    if seen.is_some_and(|seen| seen != segment.version) {
        return Err(Error::Stale { current: segment.version });
    }
    answers.insert(Field::Id.name().to_owned(), id);
    take(&view, Some(&segment), &answers).await
}

async fn take(
    view: &View,
    segment: Option<&Segment>,
    answers: &Answers,
) -> Result<Response, Error> {
    let mut answers = answers.clone();
    name_new_institution(&mut answers);
    let answers = &answers;
    let file = as_file(answers)?;
    let registry = &view.app.deps.registry;
    let preview = registry.preview_csv(&file);
    let faults = faults(&preview);
    if !faults.is_empty() {
        return Ok(show(view, segment, answers, &faults));
    }
    match registry.apply_csv(&file, &preview.digest, &view.author()?).await {
        Err(ets_registry::Error::Invalid(faults)) => Ok(show(view, segment, answers, &faults)),
        Err(error) => Err(error.into()),
        Ok(_) => {
            let id = answers.get(Field::Id.name()).map(|id| id.trim()).unwrap_or_default();
            let told = match segment {
                None => t::registry_added(view.tr()),
                Some(_) => t::registry_saved(view.tr()),
            };
            Ok(view.done(&format!("/segments/{id}"), told))
        }
    }
}

/// An institution that comes with its first segment is called after it.
fn name_new_institution(answers: &mut Answers) {
    let id = answers.get(Field::Id.name()).map(|id| id.trim().to_owned()).unwrap_or_default();
    let institution = answers.entry(Field::Institution.name().to_owned()).or_default();
    if institution.trim().is_empty() {
        *institution = id;
    }
}

fn faults(preview: &Preview) -> Vec<Fault> {
    preview.faults.clone()
}

/// The answers as a file of one row.
fn as_file(answers: &Answers) -> Result<Vec<u8>, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let value = |field: &Field| {
        let text = answers.get(field.name()).map_or("", |text| text.trim());
        // A text area parts lines; the file wants one line.
        if *field == Field::Notes {
            text.replace("\r\n", "\n")
        } else {
            text.replace(['\r', '\n'], " ")
        }
    };
    writer.write_record(Field::ALL.iter().map(|field| field.name())).map_err(Error::internal)?;
    writer.write_record(Field::ALL.iter().map(value)).map_err(Error::internal)?;
    writer.into_inner().map_err(|error| Error::internal(error.into_error()))
}

/// The row that an export would give the segment, by field.
fn answers_of(view: &View, segment: &Segment) -> Answers {
    let file = view.app.deps.registry.export_csv();
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let rows = reader.deserialize::<Answers>();
    let found = rows
        .flatten()
        .find(|row| row.get(Field::Id.name()).is_some_and(|id| id == segment.id.as_str()));
    found.unwrap_or_default()
}

fn show(view: &View, segment: Option<&Segment>, answers: &Answers, faults: &[Fault]) -> Response {
    let tr = view.tr();
    let text = |field: Field| answers.get(field.name()).map_or("", String::as_str);
    let fields = ORDER
        .iter()
        .filter(|field| segment.is_none() || **field != Field::Id)
        .map(|field| form_fields::question(tr, &view.catalog, *field, text(*field), faults))
        .collect();
    let loose: Vec<String> = faults
        .iter()
        .filter(|fault| fault.field.is_none_or(|field| segment.is_some() && field == Field::Id))
        .map(|fault| form_fields::fault(tr, fault))
        .collect();
    let (action, back) = match segment {
        None => ("/registry/new".to_owned(), "/segments".to_owned()),
        Some(one) => (format!("/segments/{}/edit", one.id), format!("/segments/{}", one.id)),
    };
    let form = form::form(
        tr,
        &form::Form {
            draft: action.clone(),
            action,
            fields,
            hidden: segment
                .map(|one| vec![("version", one.version.to_string())])
                .unwrap_or_default(),
            submit: if segment.is_none() { t::registry_add(tr) } else { "" }.to_owned(),
            cancel: back,
            fault: loose.join(" "),
            ..form::Form::default()
        },
    );
    view.respond(&frame(view, segment, form, !faults.is_empty()))
}

fn frame(view: &View, segment: Option<&Segment>, form: Html, wrong: bool) -> Page {
    let tr = view.tr();
    let mut crumbs = vec![Crumb::new(t::registry_title(tr), "/segments")];
    let mut body = form;
    let heading = match segment {
        None => t::edit_heading_new(tr).to_owned(),
        Some(one) => {
            let name = view.catalog.name(one, view.lang());
            crumbs.push(Crumb::new(name, format!("/segments/{}", one.id)));
            if one.is_active() {
                let retire =
                    Html::link(&format!("/segments/{}/retire", one.id), t::registry_retire(tr));
                body.push(&notice::notice(notice::Tone::Plain, &retire));
            }
            t::edit_heading(tr, name)
        }
    };
    Page {
        heading,
        body,
        nav: "segments",
        crumbs,
        layout: Layout::Narrow,
        status: if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK },
        ..Page::default()
    }
}
