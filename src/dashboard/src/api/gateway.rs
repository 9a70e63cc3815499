//! `/api/v1/gateway`: who gets out where, and what would become of a question.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use ets_gateway::policy::{Rule, Rules, Unfit, Verdict, Why};
use ets_gateway::{Applied, Desk, Target, Version, Would};
use ets_model::SegmentId;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asker::Asker;
use super::segments::answer;
use super::{body, time};
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
}

fn desk(app: &App) -> Result<&Desk, Error> {
    app.deps.gateway.as_ref().ok_or(Error::NotFound { what: "part", id: "gateway".to_owned() })
}

/// `GET /api/v1/gateway`
pub(crate) async fn get(State(app): State<App>) -> Result<Response, Error> {
    let desk = desk(&app)?;
    let gateway = desk.gateway();
    let rules = gateway.policy();
    let state = json!({
        "version": version(&desk.version()),
        "open": gateway.open(),
        "rules": &**rules.source(),
    });
    Ok(answer(StatusCode::OK, &state))
}

/// `PUT /api/v1/gateway/rules`
pub(crate) async fn replace(by: Asker, sent: Bytes) -> Result<Response, Error> {
    let desk = desk(&by.app)?;
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
    let found = desk(&app)?.history(LONGEST).await?;
    Ok(answer(StatusCode::OK, &found.iter().map(version).collect::<Vec<_>>()))
}

/// `GET /api/v1/gateway/versions/{no}`
pub(crate) async fn rules_of(
    State(app): State<App>,
    Path(no): Path<u64>,
) -> Result<Response, Error> {
    Ok(answer(StatusCode::OK, &desk(&app)?.rules_of(no).await?))
}

/// `GET /api/v1/gateway/would`
pub(crate) async fn would(
    State(app): State<App>,
    Query(asked): Query<Question>,
) -> Result<Response, Error> {
    let desk = desk(&app)?;
    let segment = segment(&app, &asked.segment)?;
    let to = Target::read(&asked.to).ok_or_else(|| {
        Error::BadRequest(format!("{:?} is no HOST:PORT: example.kz:443, say", asked.to))
    })?;
    let at = match &asked.at {
        None => None,
        Some(text) => Some(time::parse(text).ok_or_else(|| {
            Error::BadRequest(format!("{text:?} is no moment: 2026-11-30T09:00:00+05:00, say"))
        })?),
    };
    let would = desk.would(&segment, &to, None, at).await?;
    Ok(answer(StatusCode::OK, &document(&would, &asked.to)))
}

fn segment(app: &App, text: &str) -> Result<SegmentId, Error> {
    let catalog = app.deps.registry.catalog();
    let found = match text.parse() {
        Ok(address) => catalog.by_address(address),
        Err(_) => catalog.segment(text),
    };
    found.map(|segment| segment.id.clone()).ok_or_else(|| Error::segment(text))
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
    let rule = |place: usize| would.policy.rule(place);
    let addresses = would.addresses.iter().map(|(address, verdict)| {
        let (rule, why) = verdict_of(*verdict, &rule);
        json!({ "address": address, "allowed": rule_allows(*verdict), "rule": rule, "why": why })
    });
    // The gateway takes the first address that it may.
    let first = would.addresses.iter().find(|(_, verdict)| rule_allows(*verdict));
    let deciding = first.or(would.addresses.first()).map(|(_, verdict)| *verdict);
    let (by, why) = match deciding {
        Some(verdict) => verdict_of(verdict, &rule),
        None => (Value::Null, "no-address"),
    };
    json!({
        "segment": would.segment.id,
        "to": to,
        "allowed": deciding.is_some_and(rule_allows),
        "rule": by,
        "why": why,
        "until": would.until.as_ref().map(|until| until.timestamp().to_string()),
        "addresses": addresses.collect::<Vec<_>>(),
        "passed_over": would.passed_over.iter().map(|(place, unfit)| {
            json!({ "rule": rule(*place).id, "because": because(*unfit) })
        }).collect::<Vec<_>>(),
    })
}

fn rule_allows(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Allowed(_))
}

fn verdict_of<'a>(verdict: Verdict, rule: &impl Fn(usize) -> &'a Rule) -> (Value, &'static str) {
    match verdict {
        Verdict::Allowed(place) => (rule(place).id.clone().into(), "allowed"),
        Verdict::Refused(Why::Rule(place)) => (rule(place).id.clone().into(), "refused"),
        Verdict::Refused(Why::NoRule) => (Value::Null, "no-rule"),
        Verdict::Refused(Why::Ours) => (Value::Null, "inner-address"),
        Verdict::Refused(Why::Nobodys) => (Value::Null, "special-address"),
        Verdict::Refused(Why::Stranger) => (Value::Null, "no-segment"),
    }
}

fn because(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::Off => "off",
        Unfit::Who => "others",
        Unfit::To => "elsewhere",
        Unfit::Port => "port",
        Unfit::Hours => "hours",
    }
}
