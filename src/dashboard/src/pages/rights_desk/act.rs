//! Ending, suspending, resuming and confirming: one question, why.

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_rights::{Grant, Person};
use ets_web::form;

use super::faults::{self, Answers, Faults, given};
use super::give::{common, span};
use super::{find, person_href, question, rights, words};
use crate::Error;
use crate::pages::view::View;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    End,
    Suspend,
    Resume,
    Confirm,
}

impl Act {
    fn read(word: &str) -> Result<Self, Error> {
        match word {
            "end" => Ok(Self::End),
            "suspend" => Ok(Self::Suspend),
            "resume" => Ok(Self::Resume),
            "confirm" => Ok(Self::Confirm),
            word => Err(Error::NotFound { what: "page", id: word.to_owned() }),
        }
    }

    fn word(self, tr: &Tr) -> &'static str {
        match self {
            Self::End => t::rights_act_end(tr),
            Self::Suspend => t::rights_act_suspend(tr),
            Self::Resume => t::rights_act_resume(tr),
            Self::Confirm => t::rights_act_confirm(tr),
        }
    }
}

/// The form of an act.
struct Asked<'a> {
    act: Act,
    /// Where it is sent.
    action: String,
    /// What it is done to.
    what: String,
    person: &'a Person,
}

/// `GET /rights/grants/{no}/act/{act}`
pub(super) async fn ask_grant(
    view: View,
    Path((no, act)): Path<(i64, String)>,
) -> Result<Response, Error> {
    let act = Act::read(&act)?;
    let (person, grant) = owner(&view, no)?;
    let asked = of_grant(&view, act, &person, &grant);
    Ok(show(&view, &asked, &Answers::new(), &Faults::new()))
}

/// `POST /rights/grants/{no}/act/{act}`
pub(super) async fn grant(
    view: View,
    Path((no, act)): Path<(i64, String)>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let act = Act::read(&act)?;
    let (person, grant) = owner(&view, no)?;
    let asked = of_grant(&view, act, &person, &grant);
    let mut faults = Faults::new();
    let (_, until) = span(&view, &answers, &mut faults);
    if !faults.is_empty() {
        return Ok(show(&view, &asked, &answers, &faults));
    }
    let rights = rights(&view)?;
    let by = view.app.by(view.identity()?, view.author()?, given(&answers, "why")).await?;
    let done = match act {
        Act::End => rights.end(no, &by).await,
        Act::Suspend => rights.suspend_grant(no, until, &by).await,
        Act::Resume => rights.resume_grant(no, &by).await,
        Act::Confirm => rights.confirm(no, &by).await,
    };
    told(&view, &asked, &answers, done)
}

/// `GET /rights/people/{no}/act/{act}`
pub(super) async fn ask_person(
    view: View,
    Path((no, act)): Path<(i64, String)>,
) -> Result<Response, Error> {
    let person = find(&view, no)?;
    let asked = of_person(Act::read(&act)?, &person)?;
    Ok(show(&view, &asked, &Answers::new(), &Faults::new()))
}

/// `POST /rights/people/{no}/act/{act}`
pub(super) async fn person(
    view: View,
    Path((no, act)): Path<(i64, String)>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let person = find(&view, no)?;
    let asked = of_person(Act::read(&act)?, &person)?;
    let mut faults = Faults::new();
    let (_, until) = span(&view, &answers, &mut faults);
    if !faults.is_empty() {
        return Ok(show(&view, &asked, &answers, &faults));
    }
    let rights = rights(&view)?;
    let by = view.app.by(view.identity()?, view.author()?, given(&answers, "why")).await?;
    let done = match asked.act {
        Act::Resume => rights.resume(&person.id, &by).await,
        _ => rights.suspend(&person.id, until, &by).await,
    };
    told(&view, &asked, &answers, done)
}

fn told(
    view: &View,
    asked: &Asked<'_>,
    answers: &Answers,
    done: Result<(), ets_rights::Error>,
) -> Result<Response, Error> {
    match done {
        Ok(()) => Ok(view.done(&person_href(asked.person.no), t::rights_done(view.tr()))),
        Err(refusal) => Ok(show(view, asked, answers, &faults::of(view.tr(), refusal)?)),
    }
}

fn owner(view: &View, no: i64) -> Result<(std::sync::Arc<Person>, Grant), Error> {
    let people = rights(view)?.people("");
    let found = people.into_iter().find_map(|person| {
        let grant = person.grants.iter().find(|grant| grant.no == no).cloned()?;
        Some((person, grant))
    });
    found.ok_or_else(|| Error::NotFound { what: "grant", id: no.to_string() })
}

fn of_grant<'a>(view: &View, act: Act, person: &'a Person, grant: &Grant) -> Asked<'a> {
    let role = words::role(view.tr(), &grant.role, "");
    let what = format!("{}, {role}, {}", person.name, words::scope(view, &grant.scope));
    let word = match act {
        Act::End => "end",
        Act::Suspend => "suspend",
        Act::Resume => "resume",
        Act::Confirm => "confirm",
    };
    Asked { act, action: format!("/rights/grants/{}/act/{word}", grant.no), what, person }
}

fn of_person(act: Act, person: &Person) -> Result<Asked<'_>, Error> {
    let word = match act {
        Act::Suspend => "suspend",
        Act::Resume => "resume",
        Act::End | Act::Confirm => {
            return Err(Error::NotFound { what: "page", id: "act".to_owned() });
        }
    };
    let action = format!("{}/act/{word}", person_href(person.no));
    Ok(Asked { act, action, what: person.name.clone(), person })
}

fn show(view: &View, asked: &Asked<'_>, answers: &Answers, faults: &Faults) -> Response {
    let tr = view.tr();
    let names: &[&'static str] = match asked.act {
        Act::Suspend => &["until", "why"],
        _ => &["why"],
    };
    let form = form::Form {
        action: asked.action.clone(),
        fields: common(view, answers, faults, names),
        submit: asked.act.word(tr).to_owned(),
        danger: asked.act == Act::End,
        ..form::Form::default()
    };
    let heading = t::rights_act_heading(tr, asked.act.word(tr), asked.what.as_str());
    question(view, asked.person, heading, form, faults)
}
