//! `/api/v1/ca/orders`: the life of tokens for programs; the same steps as on the officer's pages.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use ets_ca::life::{Contact, Desk, New, Order, OrderId, Stage};
use ets_ca::{Issued, Kept};
use ets_model::Lang;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asker::Asker;
use super::segments::answer;
use super::{body, time};
use crate::Error;
use crate::service::App;

/// Certificates of these profiles are people's.
const PEOPLE: [&str; 3] = ["civil-servant", "civil-servant-file", "administrator"];
/// The longest list.
const LONGEST: u32 = 1_000;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    limit: Option<u32>,
}

/// What is ordered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ordered {
    profile: String,
    subject: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    token: String,
    csr: Option<String>,
    #[serde(flatten)]
    contact: Reached,
}

/// Where and in which language an owner is told.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reached {
    email: Option<String>,
    lang: Lang,
}

impl Reached {
    fn read(self) -> Result<Contact, ets_ca::Error> {
        let email = self.email.filter(|text| !text.trim().is_empty());
        let email = email.map(|text| text.parse()).transpose()?;
        Ok(Contact { email, lang: self.lang })
    }
}

/// What a step may need; what it does not is left out.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Step {
    /// A request (PKCS#10) in PEM.
    csr: Option<String>,
    /// What is written on the new token.
    token: String,
    /// How long a temporary certificate is good, in hours.
    hours: u64,
    /// Why, for the journal.
    reason: String,
}

/// `GET /api/v1/ca/orders`
pub(crate) async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let (desk, now) = (app.tokens()?, app.deps.clock.wall());
    let mut all = Vec::new();
    for order in desk.list(asked.limit.unwrap_or(100).clamp(1, LONGEST)).await? {
        let kept = desk.certificate(&order).await?;
        let stage = order.stage(kept.as_ref(), now);
        all.push(document(&order, kept.as_ref(), stage));
    }
    Ok(answer(StatusCode::OK, &all))
}

/// `POST /api/v1/ca/orders`
pub(crate) async fn create(by: Asker, sent: Bytes) -> Result<Response, Error> {
    let sent: Ordered = body::typed(body::object(&sent)?)?;
    ets_ca::life::of_owners(&sent.profile)?;
    let subject = sent.subject.parse().map_err(Error::from)?;
    ets_ca::check(&sent.profile, &subject, &sent.names, sent.csr.as_deref())?;
    let new = New {
        profile: sent.profile,
        subject,
        names: sent.names,
        token: sent.token,
        request: sent.csr,
        contact: sent.contact.read()?,
    };
    let order = by.app.tokens()?.order(new, &by.author).await?;
    told(&by.app, &order, StatusCode::CREATED).await
}

/// `GET /api/v1/ca/orders/{id}`
pub(crate) async fn get(State(app): State<App>, Path(id): Path<i64>) -> Result<Response, Error> {
    let order = app.tokens()?.find(OrderId(id)).await?;
    told(&app, &order, StatusCode::OK).await
}

/// `POST /api/v1/ca/orders/{id}/confirm`
pub(crate) async fn confirm(by: Asker, Path(id): Path<i64>) -> Result<Response, Error> {
    let order = by.app.tokens()?.confirm(OrderId(id), &by.author).await?;
    told(&by.app, &order, StatusCode::OK).await
}

/// `POST /api/v1/ca/orders/{id}/contact`
pub(crate) async fn contact(
    by: Asker,
    Path(id): Path<i64>,
    sent: Bytes,
) -> Result<Response, Error> {
    let sent = body::object(&sent)?;
    body::only(&sent, &["email", "lang"])?;
    let contact = body::typed::<Reached>(sent)?.read()?;
    let order = by.app.tokens()?.tell_at(OrderId(id), contact, &by.author).await?;
    told(&by.app, &order, StatusCode::OK).await
}

/// `POST /api/v1/ca/orders/{id}/refuse`
pub(crate) async fn refuse(by: Asker, Path(id): Path<i64>, sent: Bytes) -> Result<Response, Error> {
    let by = why(by, &step(&sent)?);
    let order = by.app.tokens()?.refuse(OrderId(id), &by.author).await?;
    told(&by.app, &order, StatusCode::OK).await
}

/// `POST /api/v1/ca/orders/{id}/issue`
pub(crate) async fn issue(by: Asker, Path(id): Path<i64>, sent: Bytes) -> Result<Response, Error> {
    let desk = by.app.tokens()?;
    let issued = desk.issue(OrderId(id), step(&sent)?.csr, &by.author).await?;
    let order = desk.find(OrderId(id)).await?;
    by.app.know(&order.profile, &order.subject).await;
    Ok(answer(StatusCode::CREATED, &handed(&issued)))
}

/// `POST /api/v1/ca/orders/{id}/hand-over`
pub(crate) async fn hand_over(by: Asker, Path(id): Path<i64>) -> Result<Response, Error> {
    let order = by.app.tokens()?.hand_over(OrderId(id), &by.author).await?;
    told(&by.app, &order, StatusCode::OK).await
}

/// `POST /api/v1/ca/orders/{id}/lose`
pub(crate) async fn lose(by: Asker, Path(id): Path<i64>, sent: Bytes) -> Result<Response, Error> {
    let by = why(by, &step(&sent)?);
    let order = by.app.tokens()?.lose(OrderId(id), &by.author).await?;
    told(&by.app, &order, StatusCode::OK).await
}

/// `POST /api/v1/ca/orders/{id}/find`
pub(crate) async fn find(by: Asker, Path(id): Path<i64>) -> Result<Response, Error> {
    let order = by.app.tokens()?.find_again(OrderId(id), &by.author).await?;
    told(&by.app, &order, StatusCode::OK).await
}

/// `POST /api/v1/ca/orders/{id}/reissue`
pub(crate) async fn reissue(
    by: Asker,
    Path(id): Path<i64>,
    sent: Bytes,
) -> Result<Response, Error> {
    let step = step(&sent)?;
    let by = why(by, &step);
    let order = by.app.tokens()?.reissue(OrderId(id), step.token, step.csr, &by.author).await?;
    told(&by.app, &order, StatusCode::CREATED).await
}

/// `POST /api/v1/ca/orders/{id}/stand-in`
pub(crate) async fn stand_in(
    by: Asker,
    Path(id): Path<i64>,
    sent: Bytes,
) -> Result<Response, Error> {
    let step = step(&sent)?;
    let by = why(by, &step);
    let card = (step.token, step.csr);
    let order = by.app.tokens()?.stand_in(OrderId(id), step.hours, card, &by.author).await?;
    told(&by.app, &order, StatusCode::CREATED).await
}

/// `POST /api/v1/ca/orders/{id}/return`
pub(crate) async fn give_back(by: Asker, Path(id): Path<i64>) -> Result<Response, Error> {
    let order = by.app.tokens()?.give_back(OrderId(id), &by.author).await?;
    told(&by.app, &order, StatusCode::OK).await
}

/// A step may come without a body.
fn step(sent: &Bytes) -> Result<Step, Error> {
    if sent.trim_ascii().is_empty() || sent.trim_ascii() == b"null" {
        return Ok(Step::default());
    }
    body::typed(body::object(sent)?)
}

fn why(mut by: Asker, step: &Step) -> Asker {
    by.author.reason.clone_from(&step.reason);
    by
}

/// An order as it stands now.
async fn told(app: &App, order: &Order, status: StatusCode) -> Result<Response, Error> {
    let kept = app.tokens()?.certificate(order).await?;
    let stage = order.stage(kept.as_ref(), app.deps.clock.wall());
    Ok(answer(status, &document(order, kept.as_ref(), stage)))
}

/// What was issued, with the key where it was made here.
pub(super) fn handed(issued: &Issued) -> Value {
    json!({
        "serial": issued.serial.to_string(),
        "certificate": issued.certificate,
        "chain": issued.chain,
        "key": issued.key,
    })
}

pub(super) fn document(order: &Order, kept: Option<&Kept>, stage: Stage) -> Value {
    json!({
        "id": order.id.0,
        "person": order.person.as_str(),
        "subject": order.subject,
        "profile": order.profile,
        "names": order.names,
        "token": order.token,
        "stage": stage.code(),
        "since": time::rfc3339(order.since),
        "ordered": time::rfc3339(order.ordered),
        "ordered_by": order.ordered_by,
        "confirmed_by": order.confirmed_by,
        "temporary_until": order.until.map(time::rfc3339),
        "replaces": order.replaces.map(|id| id.0),
        "renews": order.renews.map(|serial| serial.to_string()),
        "email": order.contact.email.as_ref().map(ToString::to_string),
        "lang": order.contact.lang.code(),
        "serial": order.serial.map(|serial| serial.to_string()),
        "not_after": kept.map(|kept| time::rfc3339(kept.not_after)),
    })
}

impl App {
    /// The desk of orders, where there is one.
    pub(crate) fn tokens(&self) -> Result<&Desk, Error> {
        let none = || Error::NotFound { what: "authority", id: "ca".to_owned() };
        self.deps.tokens.as_ref().ok_or_else(none)
    }

    /// Enters the owner of a certificate among the people to whom rights can be given, where it is a
    /// person. What was issued is handed over all the same when that fails: it is told in the log.
    pub(crate) async fn know(&self, profile: &str, subject: &str) {
        let is_person = PEOPLE.contains(&profile);
        let (Some(rights), Ok(subject)) = (&self.deps.rights, subject.parse::<ets_ca::Subject>())
        else {
            return;
        };
        let (name, institution) = (subject.common_name(), subject.institution());
        if is_person && let Err(error) = rights.know(&subject.person(), name, institution).await {
            tracing::error!(%error, name, "a person could not be entered among the rights");
        }
    }
}
