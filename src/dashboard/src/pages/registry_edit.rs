//! Adding a segment and changing one. The form is the row of a CSV file, question by question:
//! it is checked by the same rules and taken in the same way, segment and institution together.

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_i18n::t;
use ets_model::Segment;
use ets_registry::{Fault, Field};
use ets_rights::Object;
use ets_web::page::Layout;
use ets_web::{Crumb, Html, Page, form, notice};
use http::StatusCode;

use super::form_check::{self, Answers, fingerprint};
use super::view::View;
use super::{form_fields, form_hints, kinds};
use crate::Error;

/// Carries the warnings that were shown, so that saving again takes them.
const UNUSUAL: &str = "unusual";

/// The order of the questions: what is needed first, what is nice to know last.
const ORDER: &[Field] = &[
    Field::Id,
    Field::Prefixes,
    Field::ProbeAddress,
    Field::Interface,
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
    Field::LabelRu,
    Field::LabelKk,
    Field::LabelEn,
    Field::Method,
    Field::Provider,
    Field::Technology,
    Field::DownKbps,
    Field::UpKbps,
    Field::Contract,
    Field::Parent,
    Field::RouterManagement,
    Field::RouterSnmp,
    Field::RouterHardware,
    Field::Criticality,
    Field::Notes,
];

/// From here on a new segment can do without an answer.
const FOLDED: Field = Field::Kind;

/// `GET /registry/new`
pub(crate) async fn new(view: View) -> Result<Response, Error> {
    let mut answers = Answers::new();
    for (field, value) in [(Field::Method, "icmp"), (Field::Criticality, "normal")] {
        answers.insert(field.name().to_owned(), value.to_owned());
    }
    Ok(show(&view, None, &answers, &[], &[]))
}

/// `POST /registry/new`
pub(crate) async fn create(view: View, Form(answers): Form<Answers>) -> Result<Response, Error> {
    take(&view, None, &answers).await
}

/// `GET /segments/{id}/edit`
pub(crate) async fn edit(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?.clone();
    let answers = answers_of(&view, &segment);
    Ok(show(&view, Some(&segment), &answers, &[], &[]))
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
    may_save(&view, &segment, form_check::given(&answers, Field::Institution))?;
    answers.insert(Field::Id.name().to_owned(), id);
    take(&view, Some(&segment), &answers).await
}

/// The form changes the institution as well as the segment; to give the segment to another one needs
/// the right everywhere.
fn may_save(view: &View, segment: &Segment, chosen: &str) -> Result<(), Error> {
    let on = if chosen == segment.institution.as_str() {
        Object::Institution(segment.institution.clone())
    } else {
        Object::Everywhere
    };
    view.app.judge(view.identity()?, "network.write", &on).map(drop)
}

async fn take(
    view: &View,
    segment: Option<&Segment>,
    answers: &Answers,
) -> Result<Response, Error> {
    let checked = form_check::check(view, segment, answers)?;
    let seen = answers.get(UNUSUAL).is_some_and(|seen| *seen == fingerprint(&checked.warnings));
    if !checked.faults.is_empty() || !(checked.warnings.is_empty() || seen) {
        return Ok(show(view, segment, answers, &checked.faults, &checked.warnings));
    }
    let registry = &view.app.deps.registry;
    match registry.apply_form(&checked.file, &checked.digest, &view.author()?).await {
        Err(ets_registry::Error::Invalid(faults)) => Ok(show(view, segment, answers, &faults, &[])),
        Err(error) => Err(error.into()),
        Ok(_) => {
            let id = form_check::given(answers, Field::Id);
            let told = match segment {
                None => t::registry_added(view.tr()),
                Some(_) => t::registry_saved(view.tr()),
            };
            Ok(view.done(&format!("/segments/{id}"), told))
        }
    }
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

fn show(
    view: &View,
    segment: Option<&Segment>,
    answers: &Answers,
    faults: &[Fault],
    warnings: &[Fault],
) -> Response {
    let tr = view.tr();
    let text = |field: Field| answers.get(field.name()).map_or("", String::as_str);
    let told = [faults, warnings].concat();
    let question = |field: &Field| {
        let value = kinds::word(tr, *field, text(*field));
        let mut question = form_fields::question(tr, &view.catalog, *field, value, &told);
        form_hints::suggest(tr, &view.catalog, *field, &mut question);
        if segment.is_none() {
            form_hints::propose(&view.catalog, *field, &mut question);
            if *field == FOLDED {
                question.fold = t::edit_optional(tr).to_owned();
            }
        }
        question
    };
    let fields = ORDER
        .iter()
        .filter(|field| segment.is_none() || **field != Field::Id)
        .map(question)
        .collect();
    let mut loose: Vec<String> = faults
        .iter()
        .filter(|fault| fault.field.is_none_or(|field| segment.is_some() && field == Field::Id))
        .map(|fault| form_fields::fault(tr, fault))
        .collect();
    let mut hidden: Vec<_> =
        segment.map(|one| ("version", one.version.to_string())).into_iter().collect();
    let only_unusual = faults.is_empty() && !warnings.is_empty();
    if !warnings.is_empty() {
        hidden.push((UNUSUAL, fingerprint(warnings)));
        if only_unusual {
            loose.push(t::edit_unusual(tr).to_owned());
        }
    }
    let (action, back) = match segment {
        None => ("/registry/new".to_owned(), "/segments".to_owned()),
        Some(one) => (format!("/segments/{}/edit", one.id), format!("/segments/{}", one.id)),
    };
    let form = form::form(
        tr,
        &form::Form {
            // Drafts go by the order of the questions: another order is another draft.
            draft: format!("{action}#2"),
            action,
            fields,
            hidden,
            submit: match segment {
                _ if only_unusual => t::form_anyway(tr),
                None => t::registry_add(tr),
                Some(_) => "",
            }
            .to_owned(),
            cancel: back,
            fault: loose.join(" "),
            unusual: only_unusual,
            ..form::Form::default()
        },
    );
    view.respond(&frame(view, segment, form, !told.is_empty()))
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
