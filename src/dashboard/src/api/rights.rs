//! `/api/v1/rights`: who may what, and who changes it.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use ets_model::{PersonId, WallTime};
use ets_registry::Author;
use ets_rights::{By, Grant, Held, Line, Person, Rights, Role, Scope, Substitution, Wanted};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asker::Asker;
use super::segments::{answer, done};
use super::{body, time};
use crate::Error;
use crate::entry::Identity;
use crate::error::Fault;
use crate::service::App;

impl App {
    /// The rights, where there are any.
    pub(crate) fn rights(&self) -> Result<&Rights, Error> {
        let none = || Error::NotFound { what: "part of the hub", id: "rights".to_owned() };
        self.deps.rights.as_ref().ok_or_else(none)
    }

    /// Who changes rights, and why.
    pub(crate) async fn by(
        &self,
        who: &Identity,
        author: Author,
        reason: &str,
    ) -> Result<By, Error> {
        let author = Author { reason: reason.trim().to_owned(), ..author };
        Ok(By { break_glass: self.has_break_glass().await?, ..named(who, author) })
    }

    /// Whether a certificate of an administrator stands: it keeps all rights whatever is taken.
    async fn has_break_glass(&self) -> Result<bool, Error> {
        if self.deps.ca.is_none() {
            return Ok(false);
        }
        Ok(ets_ca::has_administrator(&self.deps.store, self.deps.clock.wall()).await?)
    }
}

/// Who asks, as the rights know him: a person stays the same whatever certificate he shows.
fn named(who: &Identity, author: Author) -> By {
    By {
        author,
        person: who.person.clone(),
        acting_for: who.acting_for.as_ref().map(|(of, _)| of.clone()),
        is_administrator: who.is_administrator,
        break_glass: false,
    }
}

/// What a list is narrowed to.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    q: String,
    at: String,
    right: String,
}

/// `GET /api/v1/rights/people`
pub(crate) async fn people(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let (rights, now) = (app.rights()?, app.deps.clock.wall());
    let people = rights.people(&asked.q);
    let documents: Vec<Value> =
        people.iter().map(|one| person_document(rights, one, now)).collect();
    Ok(answer(StatusCode::OK, &documents))
}

/// `GET /api/v1/rights/people/{person}`: with everything that he ever had.
pub(crate) async fn person(
    State(app): State<App>,
    Path(person): Path<String>,
) -> Result<Response, Error> {
    let (rights, now) = (app.rights()?, app.deps.clock.wall());
    let person = rights.history(&find(rights, &person)?).await?;
    let mut document = person_document(rights, &person, now);
    document["held"] = rights.of(&person.id, now).iter().map(held_document).collect();
    let stand_ins = rights.stand_ins(&person.id);
    document["stand_ins"] = stand_ins.iter().map(|(_, one)| substitution(rights, one)).collect();
    Ok(answer(StatusCode::OK, &document))
}

/// What is ordered for a person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    role: String,
    #[serde(default)]
    scope: Place,
    from: Option<String>,
    until: Option<String>,
    #[serde(default)]
    reason: String,
}

/// Where it holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    kind: String,
    #[serde(default)]
    id: String,
}

impl Default for Place {
    fn default() -> Self {
        Self { kind: "everywhere".to_owned(), id: String::new() }
    }
}

/// `POST /api/v1/rights/people/{person}/grants`
pub(crate) async fn give(
    by: Asker,
    Path(person): Path<String>,
    sent: Bytes,
) -> Result<Response, Error> {
    let order: Order = body::typed(body::object(&sent)?)?;
    let rights = by.app.rights()?;
    let person = find(rights, &person)?;
    let scope = Scope::read(&order.scope.kind, &order.scope.id)
        .filter(|scope| scope.is_in(&by.registry().catalog()))
        .ok_or_else(|| fault("scope", "this names no place"))?;
    let wanted = Wanted {
        role: order.role,
        scope,
        from: moment("from", order.from.as_deref())?,
        until: moment("until", order.until.as_deref())?,
    };
    let who = by.changer(&order.reason).await?;
    let grant = rights.give(&person, wanted, &who).await?;
    Ok(answer(StatusCode::CREATED, &json!({ "grant": grant })))
}

/// Why something is done, and until when where that matters.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Why {
    reason: String,
    until: Option<String>,
}

/// `POST /api/v1/rights/people/{person}/{act}`
pub(crate) async fn act_on_person(
    by: Asker,
    Path((person, act)): Path<(String, String)>,
    sent: Bytes,
) -> Result<Response, Error> {
    let why: Why = body::typed(body::object(&sent)?)?;
    let rights = by.app.rights()?;
    let person = find(rights, &person)?;
    let until = moment("until", why.until.as_deref())?;
    let who = by.changer(&why.reason).await?;
    match act.as_str() {
        "suspend" => rights.suspend(&person, until, &who).await?,
        "resume" => rights.resume(&person, &who).await?,
        _ => return Err(Error::NotFound { what: "act", id: act }),
    }
    Ok(done())
}

/// `POST /api/v1/rights/grants/{no}/{act}`
pub(crate) async fn act_on_grant(
    by: Asker,
    Path((no, act)): Path<(i64, String)>,
    sent: Bytes,
) -> Result<Response, Error> {
    let why: Why = body::typed(body::object(&sent)?)?;
    let rights = by.app.rights()?;
    let until = moment("until", why.until.as_deref())?;
    let who = by.changer(&why.reason).await?;
    match act.as_str() {
        "end" => rights.end(no, &who).await?,
        "suspend" => rights.suspend_grant(no, until, &who).await?,
        "resume" => rights.resume_grant(no, &who).await?,
        "confirm" => rights.confirm(no, &who).await?,
        _ => return Err(Error::NotFound { what: "act", id: act }),
    }
    Ok(done())
}

/// Who stands in for whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StandIn {
    of: String,
    by: String,
    from: Option<String>,
    until: Option<String>,
    #[serde(default)]
    reason: String,
}

/// `POST /api/v1/rights/substitutions`
pub(crate) async fn substitute(by: Asker, sent: Bytes) -> Result<Response, Error> {
    let wanted: StandIn = body::typed(body::object(&sent)?)?;
    let rights = by.app.rights()?;
    let (of, stand_in) = (find(rights, &wanted.of)?, find(rights, &wanted.by)?);
    let times =
        (moment("from", wanted.from.as_deref())?, moment("until", wanted.until.as_deref())?);
    let who = by.changer(&wanted.reason).await?;
    let no = rights.substitute(&of, &stand_in, times, &who).await?;
    Ok(answer(StatusCode::CREATED, &json!({ "substitution": no })))
}

/// `POST /api/v1/rights/substitutions/{no}/{act}`
pub(crate) async fn act_on_substitution(
    by: Asker,
    Path((no, act)): Path<(i64, String)>,
    sent: Bytes,
) -> Result<Response, Error> {
    let why: Why = body::typed(body::object(&sent)?)?;
    let rights = by.app.rights()?;
    let who = by.changer(&why.reason).await?;
    match act.as_str() {
        "end" => rights.end_substitution(no, &who).await?,
        "confirm" => rights.confirm_substitution(no, &who).await?,
        _ => return Err(Error::NotFound { what: "act", id: act }),
    }
    Ok(done())
}

/// `GET /api/v1/rights/roles`
pub(crate) async fn roles(State(app): State<App>) -> Result<Response, Error> {
    let rights = app.rights()?;
    let roles = rights.roles();
    let documents: Vec<Value> = roles.iter().map(|role| role_document(rights, role)).collect();
    Ok(answer(StatusCode::OK, &documents))
}

/// What a role is to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    #[serde(default)]
    title: String,
    rights: Vec<String>,
    #[serde(default)]
    needs_second: bool,
    #[serde(default)]
    reason: String,
}

/// `PUT /api/v1/rights/roles/{id}`
pub(crate) async fn put_role(
    by: Asker,
    Path(id): Path<String>,
    sent: Bytes,
) -> Result<Response, Error> {
    let set: Set = body::typed(body::object(&sent)?)?;
    let who = by.changer(&set.reason).await?;
    let rights = by.app.rights()?;
    rights.put_role(&id, &set.title, &set.rights, set.needs_second, &who).await?;
    Ok(done())
}

/// `POST /api/v1/rights/roles/{id}/close`
pub(crate) async fn close_role(
    by: Asker,
    Path(id): Path<String>,
    sent: Bytes,
) -> Result<Response, Error> {
    let why: Why = body::typed(body::object(&sent)?)?;
    let who = by.changer(&why.reason).await?;
    by.app.rights()?.close_role(&id, &who).await?;
    Ok(done())
}

/// `GET /api/v1/rights/report`
pub(crate) async fn report(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let rights = app.rights()?;
    let at = Some(asked.at.as_str()).filter(|at| !at.is_empty());
    let at = moment("at", at)?.unwrap_or_else(|| app.deps.clock.wall());
    let right = Some(asked.right.as_str()).filter(|right| !right.is_empty());
    if let Some(unknown) = right.filter(|right| !rights.register().has(right)) {
        return Err(ets_rights::Error::NoRight(unknown.to_owned()).into());
    }
    let lines = rights.report(at, right).await?;
    let lines: Vec<Value> = lines.iter().map(line_document).collect();
    Ok(answer(StatusCode::OK, &json!({ "at": time::rfc3339(at), "lines": lines })))
}

/// By his number or his identifier.
fn find(rights: &Rights, text: &str) -> Result<PersonId, Error> {
    let by_no = text.parse().ok().and_then(|no| rights.person_no(no));
    let found = by_no.or_else(|| rights.person(&PersonId::from_kept(text)));
    let missing = || Error::NotFound { what: "person", id: text.to_owned() };
    Ok(found.ok_or_else(missing)?.id.clone())
}

fn moment(field: &str, text: Option<&str>) -> Result<Option<WallTime>, Error> {
    let read = |text| time::parse(text).ok_or_else(|| fault(field, "this is no moment (RFC 3339)"));
    text.map(read).transpose()
}

fn fault(field: &str, message: &str) -> Error {
    let remedy = "nothing was changed; see the schema in /api/openapi.json".to_owned();
    Error::Invalid(vec![Fault { field: field.to_owned(), message: message.to_owned(), remedy }])
}

fn scope_document(scope: &Scope) -> Value {
    json!({ "kind": scope.kind(), "id": scope.id() })
}

/// What somebody has, as the pages about himself and about others tell it.
pub(crate) fn held_document(held: &Held) -> Value {
    json!({
        "grant": held.grant,
        "role": held.role,
        "rights": held.rights,
        "scope": scope_document(&held.scope),
        "until": time::moment(held.until),
        "acting_for": held.acting_for.as_ref().map(|(of, name)| {
            json!({ "person": of.as_str(), "name": name })
        }),
    })
}

fn person_document(rights: &Rights, person: &Person, now: WallTime) -> Value {
    let stands_in = person.stands_in.iter().map(|one| substitution(rights, one));
    json!({
        "no": person.no,
        "person": person.id.as_str(),
        "name": person.name,
        "organisation": person.organisation,
        "institution": person.institution,
        "suspended": person.is_suspended(now),
        "grants": person.grants.iter().map(|one| grant_document(one, now)).collect::<Vec<_>>(),
        "stands_in": stands_in.collect::<Vec<_>>(),
    })
}

fn grant_document(grant: &Grant, now: WallTime) -> Value {
    json!({
        "grant": grant.no,
        "role": grant.role,
        "scope": scope_document(&grant.scope),
        "from": time::rfc3339(grant.wanted.from),
        "until": time::moment(grant.wanted.until),
        "ended": time::moment(grant.ended),
        "holds": grant.holds(now),
        "suspended": grant.is_suspended(now),
        "waits": grant.waits(now),
        "given_by": grant.given_by,
        "reason": grant.why,
    })
}

fn substitution(rights: &Rights, one: &Substitution) -> Value {
    json!({
        "substitution": one.no,
        "of": one.of.as_str(),
        "by": one.by.as_str(),
        "from": time::rfc3339(one.span.from),
        "until": time::moment(one.span.until),
        "waits": rights.waits(one),
        "given_by": one.given_by,
        "reason": one.why,
    })
}

fn role_document(rights: &Rights, role: &Role) -> Value {
    let register = rights.register();
    let version = role.newest();
    json!({
        "role": role.id,
        "title": version.map(|one| one.title.as_str()).unwrap_or_default(),
        "rights": version.map(|one| one.rights(&register).collect::<Vec<_>>()).unwrap_or_default(),
        "words": version.map(|one| one.words.clone()).unwrap_or_default(),
        "needs_second": version.is_some_and(|one| one.needs_second),
        "given_by_two": rights.needs_second(role),
        "built_in": role.is_built_in(),
    })
}

fn line_document(line: &Line) -> Value {
    let mut document = held_document(&line.held);
    document["person"] = line.person.as_str().into();
    document["name"] = line.name.as_str().into();
    document["organisation"] = line.organisation.as_str().into();
    document
}

impl From<ets_rights::Error> for Error {
    fn from(error: ets_rights::Error) -> Self {
        use ets_rights::Error as Rights;
        match error {
            Rights::NoPerson(id) => Self::NotFound { what: "person", id },
            Rights::NoGrant(no) => Self::NotFound { what: "grant", id: no.to_string() },
            Rights::NoSubstitution(no) => {
                Self::NotFound { what: "substitution", id: no.to_string() }
            }
            Rights::NoRole(_) => fault("role", &error.to_string()),
            Rights::NoRight(_) | Rights::Role(_) => fault("rights", &error.to_string()),
            Rights::Times => fault("until", &error.to_string()),
            Rights::NeedReason => fault("reason", &error.to_string()),
            Rights::OwnRights => {
                Self::Forbidden("nobody gives rights to himself: ask another rights administrator")
            }
            Rights::Outside => Self::Forbidden(
                "this lies outside of where you may give rights: ask who administers it",
            ),
            Rights::FourEyes(_) => Self::Forbidden(
                "this role needs a second person: ask an administrator of the hub to change it",
            ),
            Rights::Second => Self::Forbidden(
                "a second person must confirm it: neither who gave it nor who gets it",
            ),
            Rights::Store(error) => error.into(),
            Rights::Journal(error) => error.into(),
            Rights::Unreadable(_) | Rights::CutOff => Self::internal(error),
            Rights::NotSuspended
            | Rights::Suspended
            | Rights::Already
            | Rights::NotWaiting
            | Rights::LastAdministrator
            | Rights::BuiltIn(_) => Self::Conflict(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Proof;

    /// covers: T3, T1.5
    #[test]
    fn an_administrator_is_the_person_of_his_certificate() {
        let asem = PersonId::of_subject(Some("85"), "Asem", None);
        let proof = Proof::Certificate { serial: "3fa1".to_owned() };
        let who = Identity {
            person: Some(asem.clone()),
            ..Identity::administrator("Asem".to_owned(), proof)
        };
        let by = named(&who, Author::new(who.actor()));
        assert_eq!((by.person, by.is_administrator), (Some(asem), true));
    }
}
