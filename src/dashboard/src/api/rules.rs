//! `/api/v1/rules`, `/services`, `/reachability`, `/offences`: who may reach what, and changes of it
//! with their safety line.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use ets_registry::Author;
use ets_rules::{Edit, Handle, OffenceFilter, Page, Wish};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asker::Asker;
use super::segments::{answer, done};
use super::{body, time};
use crate::Error;
use crate::error::Fault;
use crate::service::App;

/// Where a list begins and how long it is.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Part {
    before: Option<u64>,
    limit: Option<u32>,
    open: bool,
}

const LONGEST: u32 = 200;

fn handle(app: &App) -> Result<&Handle, Error> {
    app.deps.rules.as_ref().ok_or(Error::NetdAway)
}

/// `GET /api/v1/services`
pub(crate) async fn services(State(app): State<App>) -> Result<Response, Error> {
    Ok(answer(StatusCode::OK, &handle(&app)?.services()))
}

/// `GET /api/v1/rules`
pub(crate) async fn get(State(app): State<App>) -> Result<Response, Error> {
    let state = handle(&app)?.state();
    let now = app.deps.clock.stamp();
    let waiting = state.waiting.as_ref().map(|waiting| {
        json!({
            "change": waiting.change,
            "author": waiting.author,
            "until": time::rfc3339(waiting.until.wall),
            "seconds_left": waiting.left(now).as_secs(),
            "back_to": waiting.back_to,
        })
    });
    let differs = state.differs.as_ref().map(
        |differs| json!({ "changes": differs.changes, "tried": differs.tried, "why": differs.why }),
    );
    let rules = state.rules.as_deref();
    Ok(answer(
        StatusCode::OK,
        &json!({
            "change": state.change(),
            "version": state.version.as_deref(),
            "waiting": waiting,
            "differs": differs,
            "drift": rules.map(|rules| &rules.drift),
            "problem": rules.map(|rules| rules.problem.as_str()).filter(|text| !text.is_empty()),
            "away": Some(state.away.as_str()).filter(|text| !text.is_empty()),
            "rights": &*state.rights,
        }),
    ))
}

/// `GET /api/v1/rules/text`
pub(crate) async fn text(State(app): State<App>) -> Result<Response, Error> {
    let text = handle(&app)?.rules_text().await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// `GET /api/v1/rules/draft`
pub(crate) async fn draft(asker: Asker) -> Result<Response, Error> {
    Ok(answer(StatusCode::OK, &reviewed(handle(&asker.app)?, &asker.author)))
}

/// `POST /api/v1/rules/draft`
pub(crate) async fn edit(asker: Asker, sent: Bytes) -> Result<Response, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sent {
        edits: Vec<Value>,
    }
    let sent: Sent = body::typed(body::object(&sent)?)?;
    let edits = read(&sent.edits)?;
    let rules = handle(&asker.app)?;
    rules.edit(&asker.author, edits).await?;
    Ok(answer(StatusCode::OK, &reviewed(rules, &asker.author)))
}

/// The longest part of an edit that is shown back.
const SHOWN: usize = 300;

/// Each edit by itself, so that every one that cannot be read is named.
fn read(sent: &[Value]) -> Result<Vec<Edit>, Error> {
    let (mut edits, mut faults) = (Vec::with_capacity(sent.len()), Vec::new());
    for (no, sent) in (1..).zip(sent) {
        match Edit::deserialize(sent) {
            Ok(edit) => edits.push(edit),
            Err(error) => faults.push(unread(no, sent, &error)),
        }
    }
    if faults.is_empty() { Ok(edits) } else { Err(Error::Invalid(faults)) }
}

fn unread(no: usize, sent: &Value, error: &serde_json::Error) -> Fault {
    let shown: String = sent.to_string().chars().take(SHOWN).collect();
    Fault {
        field: format!("edits[{no}]"),
        message: format!("edit {no}: {error}, in {shown}"),
        remedy: "see the schema in /api/openapi.json".to_owned(),
    }
}

/// `DELETE /api/v1/rules/draft`
pub(crate) async fn discard(asker: Asker) -> Result<Response, Error> {
    handle(&asker.app)?.discard(&asker.author.actor).await?;
    Ok(done())
}

/// `GET /api/v1/rules/draft/plan`
pub(crate) async fn plan(asker: Asker) -> Result<Response, Error> {
    let plan = handle(&asker.app)?.plan(&asker.author).await?;
    Ok(answer(StatusCode::OK, &json!({ "added": plan.added, "removed": plan.removed })))
}

/// `POST /api/v1/rules/apply`
pub(crate) async fn apply(asker: Asker, sent: Bytes) -> Result<Response, Error> {
    #[derive(Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Sent {
        reason: String,
        confirm_within_s: Option<u64>,
        digest: Option<String>,
    }
    let sent: Sent =
        if sent.is_empty() { Sent::default() } else { body::typed(body::object(&sent)?)? };
    let author = Author { reason: sent.reason, ..asker.author };
    let within = sent.confirm_within_s.map(Duration::from_secs);
    let wish = Wish { within, digest: sent.digest };
    let version = handle(&asker.app)?.apply(&author, wish).await?;
    Ok(answer(StatusCode::OK, &version))
}

/// `POST /api/v1/rules/{change}/confirm`
pub(crate) async fn confirm(asker: Asker, Path(change): Path<u64>) -> Result<Response, Error> {
    let version = handle(&asker.app)?.confirm(change, &asker.author).await?;
    Ok(answer(StatusCode::OK, &version))
}

/// `POST /api/v1/rules/{change}/withdraw`
pub(crate) async fn withdraw(asker: Asker, Path(change): Path<u64>) -> Result<Response, Error> {
    let version = handle(&asker.app)?.withdraw(change, &asker.author).await?;
    Ok(answer(StatusCode::OK, &version))
}

/// `GET /api/v1/rules/versions`
pub(crate) async fn versions(
    State(app): State<App>,
    Query(part): Query<Part>,
) -> Result<Response, Error> {
    let page = Page { before: part.before, limit: part.limit.unwrap_or(50).clamp(1, LONGEST) };
    Ok(answer(StatusCode::OK, &handle(&app)?.versions(page).await?))
}

/// `GET /api/v1/rules/versions/{from}/compare/{to}`
pub(crate) async fn compare(
    State(app): State<App>,
    Path((from, to)): Path<(u64, u64)>,
) -> Result<Response, Error> {
    let found = handle(&app)?.compare(from, to).await?;
    let document = json!({
        "from": found.from,
        "to": found.to,
        "rights": found.rights,
        "changes": found.policy,
    });
    Ok(answer(StatusCode::OK, &document))
}

/// `POST /api/v1/rules/versions/{change}/restore`
pub(crate) async fn restore(asker: Asker, Path(change): Path<u64>) -> Result<Response, Error> {
    let rules = handle(&asker.app)?;
    let restored = rules.restore(change, &asker.author).await?;
    let mut document = reviewed(rules, &asker.author);
    document["left_out"] = json!(restored.left_out);
    Ok(answer(StatusCode::OK, &document))
}

/// `GET /api/v1/reachability`: the isolation matrix, from the rules that the kernel has.
pub(crate) async fn reach(State(app): State<App>) -> Result<Response, Error> {
    let rules = handle(&app)?;
    let (reach, rights) = (rules.reach().await?, rules.rights());
    let catalog = app.deps.registry.catalog();
    let id = |no| catalog.by_no(no).map(|segment| segment.id.to_string());
    let services: Vec<Option<&str>> = reach
        .services
        .iter()
        .map(|no| rights.services.iter().find(|one| one.no == *no).map(|one| one.id.as_str()))
        .collect();
    let rows = reach.segments.iter().map(|row| {
        let reached = services.iter().enumerate().filter(|(at, _)| row.reaches(*at));
        json!({
            "segment": id(row.segment),
            "services": reached.filter_map(|(_, service)| *service).collect::<Vec<_>>(),
            "outside": row.outside,
            "spoofs": row.spoofs,
        })
    });
    let neighbours = reach.neighbours.iter().map(|(from, to)| json!([id(*from), id(*to)]));
    let document = json!({
        "change": reach.change,
        "at": time::rfc3339(reach.at.wall),
        "services": services,
        "segments": rows.collect::<Vec<_>>(),
        "neighbours": neighbours.collect::<Vec<_>>(),
        "pairs": reach.pairs,
    });
    Ok(answer(StatusCode::OK, &document))
}

/// `GET /api/v1/offences`
pub(crate) async fn offences(
    State(app): State<App>,
    Query(part): Query<Part>,
) -> Result<Response, Error> {
    let filter = OffenceFilter {
        segment: None,
        open: part.open,
        before: part.before,
        limit: part.limit.unwrap_or(50).clamp(1, LONGEST),
    };
    let found = handle(&app)?.offences(&filter).await?;
    let catalog = app.deps.registry.catalog();
    let rows = found.rows.iter().map(|row| {
        let segment = row.segment.and_then(|no| catalog.by_no(no)).map(|one| one.id.to_string());
        let examples: Vec<Value> = row
            .examples
            .iter()
            .map(|(to, protocol, port)| example(*to, *protocol, *port))
            .collect();
        json!({
            "id": row.id,
            "kind": row.kind,
            "segment": segment,
            "interface": row.interface,
            "since": time::rfc3339(row.since),
            "seen": time::rfc3339(row.seen),
            "open": row.open,
            "packets": row.packets,
            "examples": examples,
        })
    });
    let document = json!({ "offences": rows.collect::<Vec<_>>(), "next": found.next });
    Ok(answer(StatusCode::OK, &document))
}

fn example(to: IpAddr, protocol: u8, port: u16) -> Value {
    json!({ "destination": to, "protocol": protocol, "port": port })
}

/// The asker's draft with what it would change, what is wrong with it and whom it would cut off.
fn reviewed(rules: &Handle, author: &Author) -> Value {
    let draft: Arc<ets_rules::Draft> = rules.draft(&author.actor);
    let review = rules.review(author, None);
    let faults: Vec<String> = review.faults.iter().map(ToString::to_string).collect();
    json!({
        "edits": draft.steps,
        "changes": review.changes,
        "words": review.changes.iter().map(ets_rules::words).collect::<Vec<_>>(),
        "faults": faults,
        "warnings": review.warnings,
        "takes_away": review.takes_away,
        "digest": review.digest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: D10, N2.3
    #[test]
    fn every_edit_that_cannot_be_read_is_named_with_what_stands_there() {
        let grant = json!({ "edit": "grant", "segment": "s001", "service": "mail" });
        let service = json!({ "id": "trap", "name": {}, "ports": [], "addresses": ["0.0.0.0/0"] });
        let trap = json!({ "edit": "add_service", "service": service });
        assert_eq!(read(&[grant.clone(), grant.clone()]).unwrap().len(), 2);
        let Err(Error::Invalid(faults)) = read(&[grant, trap, json!({ "edit": "fly" })]) else {
            panic!("two of three cannot be read");
        };
        let [one, two] = &faults[..] else { panic!("{faults:?}") };
        assert_eq!(one.field, "edits[2]");
        assert!(one.message.starts_with("edit 2: invalid IP address syntax"), "{one:?}");
        assert!(one.message.contains("0.0.0.0/0") && one.message.contains("trap"), "{one:?}");
        assert!(two.message.contains("edit 3: unknown variant `fly`"), "{two:?}");
    }
}
