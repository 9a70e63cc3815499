//! Naming a substitute, confirming and ending that.

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_rights::Person;
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
        Ok(made) => {
            let stand_ins = rights.stand_ins(&person.id);
            let waits = stand_ins.iter().any(|(_, one)| one.no == made && rights.waits(one));
            let text = if waits { t::rights_stand_in_waits_done(tr) } else { t::rights_done(tr) };
            Ok(view.done(&person_href(no), text))
        }
        Err(refusal) => show(&view, &person, &answers, &faults::of(tr, refusal)?),
    }
}

/// What is done to a substitution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    End,
    Confirm,
}

impl Act {
    fn read(word: &str) -> Result<Self, Error> {
        match word {
            "end" => Ok(Self::End),
            "confirm" => Ok(Self::Confirm),
            word => Err(Error::NotFound { what: "page", id: word.to_owned() }),
        }
    }

    fn text(self, tr: &Tr) -> &'static str {
        match self {
            Self::End => t::rights_act_end(tr),
            Self::Confirm => t::rights_act_confirm(tr),
        }
    }
}

/// The form of an act.
struct Asked {
    act: Act,
    /// Where it is sent.
    action: String,
    /// Whom he stands in for.
    of: Arc<Person>,
    by: Arc<Person>,
}

/// `GET /rights/substitutions/{no}/{act}`
pub(super) async fn ask_act(
    view: View,
    Path((no, act)): Path<(i64, String)>,
) -> Result<Response, Error> {
    let asked = about(&view, no, &act)?;
    Ok(show_act(&view, &asked, &Answers::new(), &Faults::new()))
}

/// `POST /rights/substitutions/{no}/{act}`
pub(super) async fn act(
    view: View,
    Path((no, act)): Path<(i64, String)>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let (asked, rights) = (about(&view, no, &act)?, rights(&view)?);
    let by = view.app.by(view.identity()?, view.author()?, given(&answers, "why")).await?;
    let done = match asked.act {
        Act::End => rights.end_substitution(no, &by).await,
        Act::Confirm => rights.confirm_substitution(no, &by).await,
    };
    match done {
        Ok(()) => Ok(view.done(&person_href(asked.of.no), t::rights_done(view.tr()))),
        Err(refusal) => Ok(show_act(&view, &asked, &answers, &faults::of(view.tr(), refusal)?)),
    }
}

fn about(view: &View, no: i64, word: &str) -> Result<Asked, Error> {
    let (act, rights) = (Act::read(word)?, rights(view)?);
    let found = rights.people("").into_iter().find_map(|by| {
        let one = by.stands_in.iter().find(|one| one.no == no)?;
        Some((rights.person(&one.of)?, by))
    });
    let missing = || Error::NotFound { what: "substitution", id: no.to_string() };
    let (of, by) = found.ok_or_else(missing)?;
    Ok(Asked { act, action: format!("/rights/substitutions/{no}/{word}"), of, by })
}

fn show_act(view: &View, asked: &Asked, answers: &Answers, faults: &Faults) -> Response {
    let (tr, text) = (view.tr(), asked.act.text(view.tr()));
    let form = form::Form {
        action: asked.action.clone(),
        fields: common(view, answers, faults, &["why"]),
        submit: text.to_owned(),
        ..form::Form::default()
    };
    let what = format!("{}, {}", asked.by.name, t::rights_report_for(tr, asked.of.name.as_str()));
    let heading = t::rights_act_heading(tr, text, what.as_str());
    question(view, &asked.of, heading, form, faults)
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
