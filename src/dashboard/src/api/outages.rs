//! `/api/v1/outages`: times without a link, with what was seen.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use ets_model::{OutageId, OutageKind, WallTime};
use ets_registry::Catalog;
use ets_watch::{OutageFilter, OutageRow, PageKey, Phase};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::segments::answer;
use super::{segment_doc, time};
use crate::Error;
use crate::service::App;

/// Which outages.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    state: String,
    segment: String,
    from: String,
    to: String,
    after: String,
    limit: u32,
}

/// `GET /api/v1/outages`
pub(crate) async fn list(
    State(app): State<App>,
    Query(query): Query<Filter>,
) -> Result<Response, Error> {
    let catalog = app.deps.registry.catalog();
    let filter = query.read(&catalog)?;
    let page = app.deps.watch.outages(&filter).await?;
    let documents: Vec<_> = page.rows.iter().map(|row| document(&catalog, row)).collect();
    let mut response = answer(StatusCode::OK, &documents);
    if let Some(next) = page.next {
        response.headers_mut().insert(header::LINK, query.next(next)?);
    }
    Ok(response)
}

/// `GET /api/v1/outages/{id}`
pub(crate) async fn get(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Error> {
    let not_found = || Error::NotFound { what: "outage", id: id.clone() };
    let number = OutageId(id.parse().map_err(|_| not_found())?);
    let row = app.deps.watch.outage(number).await?.ok_or_else(not_found)?;
    let mut document = document(&app.deps.registry.catalog(), &row);
    document["evidence"] = evidence(&row);
    Ok(answer(StatusCode::OK, &document))
}

impl Filter {
    fn read(&self, catalog: &Catalog) -> Result<OutageFilter, Error> {
        Ok(OutageFilter {
            phase: match self.state.as_str() {
                "" | "any" => Phase::Any,
                "open" => Phase::Open,
                "closed" => Phase::Closed,
                _ => return Err(bad("state", &self.state, "open, closed or any")),
            },
            segment: match self.segment.as_str() {
                "" => None,
                id => Some(segment_doc::number(catalog, id)?),
            },
            from: moment("from", &self.from)?,
            to: moment("to", &self.to)?,
            after: match self.after.as_str() {
                "" => None,
                key => Some(key.parse().map_err(|()| bad("after", key, "what Link gave"))?),
            },
            limit: self.limit,
        })
    }

    fn next(&self, key: PageKey) -> Result<HeaderValue, Error> {
        let mut query = form_urlencoded(&[
            ("state", &self.state),
            ("segment", &self.segment),
            ("from", &self.from),
            ("to", &self.to),
        ]);
        if self.limit > 0 {
            query.push_str(&format!("limit={}&", self.limit));
        }
        let link = format!("</api/v1/outages?{query}after={key}>; rel=\"next\"");
        HeaderValue::try_from(link).map_err(Error::internal)
    }
}

/// The given pairs as a query with a trailing `&`; empty values are left out.
pub(crate) fn form_urlencoded(pairs: &[(&str, &str)]) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    pairs
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}&", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect()
}

pub(crate) fn moment(name: &str, text: &str) -> Result<Option<WallTime>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let wanted = "a moment such as 2026-11-22T09:00:00Z";
    time::parse(text).map(Some).ok_or_else(|| bad(name, text, wanted))
}

pub(crate) fn bad(name: &str, value: &str, wanted: &str) -> Error {
    Error::BadRequest(format!("{name}={value}: use {wanted}"))
}

/// One outage without its evidence.
pub(crate) fn document(catalog: &Catalog, row: &OutageRow) -> Value {
    let outage = &row.outage;
    let segment = outage.segment.and_then(|no| catalog.by_no(no));
    json!({
        "id": outage.id,
        "kind": match outage.kind { OutageKind::Segment => "segment", OutageKind::Hub => "hub" },
        "segment": segment.map(|segment| segment.id.as_str()),
        "began_after": time::rfc3339(outage.began_after),
        "began_before": time::rfc3339(outage.began_before),
        "ended": time::moment(outage.ended),
        "open": outage.ended.is_none(),
        "duration_s": outage.ended.map(|end| end.since(outage.began_before).as_secs_f64()),
        "maintenance": row.maintenance,
    })
}

fn evidence(row: &OutageRow) -> Value {
    let pieces = row.outage.evidence.iter().map(|piece| {
        json!({
            "at": time::rfc3339(piece.at.wall),
            "source": piece.source,
            "fact": piece.fact,
        })
    });
    pieces.collect()
}
