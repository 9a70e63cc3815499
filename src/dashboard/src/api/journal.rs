//! `/api/v1/journal`: who did what, and the proof that nobody changed it.

use axum::extract::{Query, State};
use axum::response::Response;
use ets_journal::{Filter, Page, Recorded};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::outages::{form_urlencoded, moment};
use super::segments::answer;
use super::time;
use crate::Error;
use crate::service::App;

/// Which entries.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    person: String,
    action: String,
    kind: String,
    id: String,
    from_segment: String,
    from: String,
    to: String,
    before: Option<i64>,
    limit: Option<u32>,
}

/// `GET /api/v1/journal`
pub(crate) async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let page = Page { before: asked.before, limit: asked.limit.unwrap_or(50).clamp(1, 1000) };
    let listing = ets_journal::list(&app.deps.store, &asked.filter()?, page).await?;
    let documents: Vec<_> = listing.entries.iter().map(document).collect();
    let mut response = answer(StatusCode::OK, &documents);
    if let Some(next) = listing.next {
        let link = format!("</api/v1/journal?{}before={next}>; rel=\"next\"", asked.query());
        let link = HeaderValue::try_from(link).map_err(Error::internal)?;
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// `GET /api/v1/journal/verify`
pub(crate) async fn verify(State(app): State<App>) -> Result<Response, Error> {
    let verdict = ets_journal::verify(&app.deps.store).await?;
    let broken = verdict.broken.map(
        |broken| json!({"seq": broken.seq, "fault": format!("{:?}", broken.fault).to_lowercase()}),
    );
    Ok(answer(StatusCode::OK, &json!({"sound": verdict.sound, "broken": broken})))
}

impl Asked {
    fn filter(&self) -> Result<Filter, Error> {
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        Ok(Filter {
            person: given(&self.person),
            action: given(&self.action),
            subject_kind: given(&self.kind),
            subject_id: given(&self.id),
            from_segment: given(&self.from_segment),
            since: moment("from", &self.from)?,
            until: moment("to", &self.to)?,
        })
    }

    fn query(&self) -> String {
        let limit = self.limit.map(|limit| limit.to_string()).unwrap_or_default();
        form_urlencoded(&[
            ("person", &self.person),
            ("action", &self.action),
            ("kind", &self.kind),
            ("id", &self.id),
            ("from_segment", &self.from_segment),
            ("from", &self.from),
            ("to", &self.to),
            ("limit", &limit),
        ])
    }
}

fn document(recorded: &Recorded) -> Value {
    let entry = &recorded.entry;
    json!({
        "seq": recorded.seq,
        "at": time::rfc3339(recorded.at),
        "actor": entry.actor,
        "on_behalf": entry.on_behalf,
        "why": entry.why,
        "from_segment": entry.from_segment,
        "action": entry.action,
        "subject": entry.subject,
        "detail": entry.detail,
        "hash": hex::encode(recorded.hash),
    })
}
