//! `/api/v1/gateway`: who gets out where, and what would become of a question.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use ets_gateway::datagrams::Datagrams;
use ets_gateway::policy::{Rules, Verdict, Way};
use ets_gateway::{Applied, RelayState, Target, Version, Would};
use ets_model::PersonId;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::asker::Asker;
use super::segments::answer;
use super::{body, gateway_report, time};
use crate::Error;
use crate::service::App;

/// Versions that are listed.
const LONGEST: u16 = 200;

/// A question for the simulator.
#[derive(Deserialize)]
pub(crate) struct Question {
    /// An identifier, or an address in the segment.
    segment: String,
    /// `host:port`.
    to: String,
    at: Option<String>,
    /// As the certificate names him.
    person: Option<String>,
    /// Of somebody who knows of no proxy.
    #[serde(default)]
    transparent: bool,
}

/// `GET /api/v1/gateway`
pub(crate) async fn get(State(app): State<App>) -> Result<Response, Error> {
    let desk = app.gateway()?;
    let gateway = desk.gateway();
    let rules = gateway.policy();
    let state = json!({
        "version": version(&desk.version()),
        "open": gateway.open(),
        "relays": desk.relay_states().iter().map(relay).collect::<Vec<_>>(),
        "datagrams": datagrams(gateway.datagrams()),
        "volumes": gateway_report::volumes(&app),
        "rules": &**rules.source(),
    });
    Ok(answer(StatusCode::OK, &state))
}

/// The largest rules that are taken: lists of a million domains have about 25 MB.
pub(crate) const RULES_LIMIT: usize = 64 * 1024 * 1024;

/// `PUT /api/v1/gateway/rules`
pub(crate) async fn replace(by: Asker, sent: Bytes) -> Result<Response, Error> {
    let desk = by.app.gateway()?;
    let mut map = body::object(&sent)?;
    let reason = map.remove("reason");
    let base = map.remove("version");
    let current = i64::try_from(desk.version().no).unwrap_or(i64::MAX);
    let base = u64::try_from(by.seen(base.as_ref(), current)).unwrap_or(0);
    let rules: Rules = body::typed(map)?;
    let mut author = by.author.clone();
    author.reason = reason.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    let done = desk.apply(rules, base, &author).await?;
    Ok(answer(StatusCode::OK, &applied(&done)))
}

/// `GET /api/v1/gateway/versions`
pub(crate) async fn versions(State(app): State<App>) -> Result<Response, Error> {
    let found = app.gateway()?.history(LONGEST).await?;
    Ok(answer(StatusCode::OK, &found.iter().map(version).collect::<Vec<_>>()))
}

/// `GET /api/v1/gateway/versions/{no}`
pub(crate) async fn rules_of(
    State(app): State<App>,
    Path(no): Path<u64>,
) -> Result<Response, Error> {
    Ok(answer(StatusCode::OK, &app.gateway()?.rules_of(no).await?))
}

/// `GET /api/v1/gateway/requests`
pub(crate) async fn requests(State(app): State<App>) -> Result<Response, Error> {
    let found = app.gateway()?.requests().await?;
    let document = |one: &ets_journal::Recorded| {
        let entry = &one.entry;
        json!({
            "number": one.seq,
            "at": time::rfc3339(one.at),
            "segment": entry.subject.id,
            "host": entry.detail["host"],
            "port": entry.detail["port"],
            "rule": entry.detail["rule"],
            "name": entry.detail["name"],
            "phone": entry.detail["phone"],
            "address": entry.detail["address"],
            "reason": entry.why,
        })
    };
    Ok(answer(StatusCode::OK, &found.iter().map(document).collect::<Vec<_>>()))
}

/// `GET /api/v1/gateway/would`
pub(crate) async fn would(
    State(app): State<App>,
    Query(asked): Query<Question>,
) -> Result<Response, Error> {
    let desk = app.gateway()?;
    let catalog = app.deps.registry.catalog();
    let segment = catalog.named(&asked.segment).ok_or_else(|| Error::segment(&asked.segment))?;
    let to = Target::read(&asked.to).ok_or_else(|| {
        Error::BadRequest(format!("{:?} is no HOST:PORT: example.kz:443, say", asked.to))
    })?;
    let at = match &asked.at {
        None => None,
        Some(text) => Some(time::parse(text).ok_or_else(|| {
            Error::BadRequest(format!("{text:?} is no moment: 2026-11-30T09:00:00+05:00, say"))
        })?),
    };
    let person = asked.person.as_deref().filter(|person| !person.is_empty());
    let person = person.map(PersonId::from_kept);
    let way = if asked.transparent { Way::Transparent } else { Way::Proxy };
    let would = desk.would(&segment.id, &to, person.as_ref(), (way, at)).await?;
    let mut told = document(&would, &asked.to);
    told["person"] = json!(person.as_ref().map(PersonId::as_str));
    Ok(answer(StatusCode::OK, &told))
}

fn relay(state: &RelayState) -> Value {
    json!({ "id": state.relay.id, "open": state.open, "fault": state.fault })
}

fn datagrams(all: &Datagrams) -> Value {
    let dropped: Map<String, Value> =
        all.dropped().map(|(why, count)| (why.code().to_owned(), count.into())).collect();
    json!({ "associations": all.associations(), "sessions": all.sessions(), "dropped": dropped })
}

fn version(version: &Version) -> Value {
    json!({
        "no": version.no,
        "at": (version.no > 0).then(|| time::rfc3339(version.at)),
        "author": version.author,
        "why": version.why,
    })
}

fn applied(done: &Applied) -> Value {
    json!({ "version": version(&done.version), "cut": done.cut })
}

fn document(would: &Would, to: &str) -> Value {
    let rule = |place: usize| &would.policy.rule(place).id;
    let by = |verdict: Verdict| verdict.rule().map(rule);
    let addresses = would.addresses.iter().map(|(address, verdict)| {
        json!({
            "address": address,
            "allowed": verdict.is_allowed(),
            "rule": by(*verdict),
            "why": verdict.code(),
        })
    });
    let passed_over = would
        .passed_over
        .iter()
        .map(|(place, unfit)| json!({ "rule": rule(*place), "because": unfit.code() }));
    let verdict = would.verdict();
    json!({
        "segment": would.segment.id,
        "to": to,
        "allowed": verdict.is_some_and(Verdict::is_allowed),
        "rule": verdict.and_then(by),
        "why": verdict.map_or("no-address", Verdict::code),
        "until": would.until.as_ref().map(|until| until.timestamp().to_string()),
        "addresses": addresses.collect::<Vec<_>>(),
        "passed_over": passed_over.collect::<Vec<_>>(),
    })
}
