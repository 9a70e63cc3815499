//! `/api/v1/traffic/report`: a month of institutions, as their acts say it.

use axum::extract::{Query, State};
use axum::response::Response;
use ets_model::Lang;
use ets_registry::Catalog;
use ets_traffic::{Handle, Period, Report, SegmentReport};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::amounts::{bps, total};
use super::segment_traffic::told;
use super::segments::{Language, answer};
use super::traffic::stretch;
use crate::Error;
use crate::classes::Classes;
use crate::service::App;

/// Whose report of which month.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    month: String,
    institution: String,
}

/// The handler. Without a month: the one that runs.
pub(crate) async fn get(
    State(app): State<App>,
    Language(lang): Language,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let traffic = app.traffic()?;
    let now = app.deps.clock.wall();
    let month = match asked.month.as_str() {
        "" => traffic.calendar().month(now),
        text => month(traffic, text)
            .ok_or_else(|| Error::BadRequest(format!("month is like 2026-11, not {text:?}")))?,
    };
    let reports = match asked.institution.as_str() {
        "" => traffic.reports(month).await?,
        id => vec![of_one(&app, traffic, id, month).await?],
    };
    let (catalog, classes) = (app.deps.registry.catalog(), Classes::of(&app));
    let institutions: Vec<Value> =
        reports.iter().map(|one| document(&catalog, &classes, lang, one)).collect();
    let mut answered = json!({"closed": month.to <= now, "institutions": institutions});
    if let Value::Object(map) = &mut answered {
        map.extend(stretch(month));
    }
    Ok(answer(StatusCode::OK, &answered))
}

async fn of_one(app: &App, traffic: &Handle, id: &str, month: Period) -> Result<Report, Error> {
    let catalog = app.deps.registry.catalog();
    let missing = || Error::NotFound { what: "institution", id: id.to_owned() };
    let known = id.parse().ok().and_then(|id| catalog.institution(&id)).ok_or_else(missing)?;
    Ok(traffic.report(&known.id, month).await?)
}

/// The month that a text such as `2026-11` names.
pub(crate) fn month(traffic: &Handle, text: &str) -> Option<Period> {
    let (year, month) = text.split_once('-')?;
    traffic.calendar().month_of_year(year.parse().ok()?, month.parse().ok()?)
}

fn document(catalog: &Catalog, classes: &Classes, lang: Lang, report: &Report) -> Value {
    let name = catalog.institution(&report.institution).map(|one| one.name.get(lang));
    let segment = |one: &SegmentReport| {
        let segment = catalog.by_no(one.segment);
        json!({
            "segment": segment.map(|segment| segment.id.as_str()),
            "name": segment.map(|segment| catalog.name(segment, lang)),
            "total": total(classes, &one.total),
            "percentile_95": one.percentile.map_or(Value::Null, told),
            "contracted_bps": bps(one.contracted),
        })
    };
    json!({
        "institution": report.institution,
        "name": name,
        "total": total(classes, &report.total),
        "segments": report.segments.iter().map(segment).collect::<Vec<_>>(),
    })
}
