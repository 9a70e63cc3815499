//! Naming a substitute, and ending that.

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_i18n::t;
use ets_rights::{Person, Substitution};
use ets_web::form::{self, Field, Kind};
use std::sync::Arc;

use super::faults::{self, Answers, Faults, given};
use super::give::{common, filled, span};
use super::{find, person_href, question, rights};
use crate::Error;
use crate::pages::view::View;

/// More people than these make a list that nobody reads.
const OFFERED: usize = 500;

/// `GET /rights/people/{no}/stand-in`
pub(super) async fn ask(view: View, Path(no): Path<i64>) -> Result<Response, Error> {
    show(&view, &*find(&view, no)?, &Answers::new(), &Faults::new())
}

/// `POST /rights/people/{no}/stand-in`
pub(super) async fn name(
    view: View,
    Path(no): Path<i64>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let (tr, person, rights) = (view.tr(), find(&view, no)?, rights(&view)?);
    let mut faults = Faults::new();
    let times = span(&view, &answers, &mut faults);
    let stand_in = given(&answers, "stand_in").parse().ok().and_then(|no| rights.person_no(no));
    let Some(stand_in) = stand_in.filter(|_| faults.is_empty()) else {
        faults.entry("stand_in").or_insert_with(|| t::rights_fault_person(tr).to_owned());
        return show(&view, &person, &answers, &faults);
    };
    let by = view.app.by(view.identity()?, view.author()?, given(&answers, "why")).await?;
    match rights.substitute(&person.id, &stand_in.id, times, &by).await {
        Ok(_) => Ok(view.done(&person_href(no), t::rights_done(tr))),
        Err(refusal) => show(&view, &person, &answers, &faults::of(tr, refusal)?),
    }
}

/// `GET /rights/substitutions/{no}/end`
pub(super) async fn ask_end(view: View, Path(no): Path<i64>) -> Result<Response, Error> {
    let (of, by, _) = pair(&view, no)?;
    Ok(show_end(&view, no, (&of, &by), &Answers::new(), &Faults::new()))
}

/// `POST /rights/substitutions/{no}/end`
pub(super) async fn end(
    view: View,
    Path(no): Path<i64>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let (of, stand_in, _) = pair(&view, no)?;
    let by = view.app.by(view.identity()?, view.author()?, given(&answers, "why")).await?;
    match rights(&view)?.end_substitution(no, &by).await {
        Ok(()) => Ok(view.done(&person_href(of.no), t::rights_done(view.tr()))),
        Err(refusal) => {
            let faults = faults::of(view.tr(), refusal)?;
            Ok(show_end(&view, no, (&of, &stand_in), &answers, &faults))
        }
    }
}

fn pair(view: &View, no: i64) -> Result<(Arc<Person>, Arc<Person>, Substitution), Error> {
    let rights = rights(view)?;
    let found = rights.people("").into_iter().find_map(|by| {
        let one = by.stands_in.iter().find(|one| one.no == no).cloned()?;
        Some((rights.person(&one.of)?, by, one))
    });
    found.ok_or_else(|| Error::NotFound { what: "substitution", id: no.to_string() })
}

fn show_end(
    view: &View,
    no: i64,
    (of, by): (&Person, &Person),
    answers: &Answers,
    faults: &Faults,
) -> Response {
    let tr = view.tr();
    let form = form::Form {
        action: format!("/rights/substitutions/{no}/end"),
        fields: common(view, answers, faults, &["why"]),
        submit: t::rights_act_end(tr).to_owned(),
        ..form::Form::default()
    };
    let what = format!("{}, {}", by.name, t::rights_report_for(tr, of.name.as_str()));
    let heading = t::rights_act_heading(tr, t::rights_act_end(tr), what.as_str());
    question(view, of, heading, form, faults)
}

fn show(
    view: &View,
    person: &Person,
    answers: &Answers,
    faults: &Faults,
) -> Result<Response, Error> {
    let tr = view.tr();
    let people = rights(view)?.people("");
    let others = people.iter().filter(|one| one.id != person.id).take(OFFERED).map(|one| {
        let name = match one.organisation.as_str() {
            "" => one.name.clone(),
            organisation => format!("{}, {organisation}", one.name),
        };
        (one.no.to_string(), name)
    });
    let whom = Field::new("stand_in", t::rights_ask_substitute(tr))
        .help(t::rights_ask_substitute_help(tr))
        .kind(Kind::Select(others.collect()));
    let mut fields = vec![filled(whom, answers, faults)];
    fields.extend(common(view, answers, faults, &["from", "until", "why"]));
    let form = form::Form {
        action: format!("{}/stand-in", person_href(person.no)),
        fields,
        submit: t::rights_act_stand_in(tr).to_owned(),
        ..form::Form::default()
    };
    let heading = t::rights_stand_in_heading(tr, person.name.as_str());
    Ok(question(view, person, heading, form, faults))
}
