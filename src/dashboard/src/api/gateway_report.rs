//! `/api/v1/gateway/report`: who went where, and how segments stand with their volumes.

use axum::extract::Query;
use axum::response::Response;
use ets_gateway::{By, Line, Question, Report};
use ets_model::{SegmentNo, WallTime};
use ets_registry::Catalog;
use ets_rights::Object;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asker::Asker;
use super::segments::answer;
use super::{csv_answer, time};
use crate::Error;
use crate::pages::guarded;
use crate::service::App;

/// Lines unless asked for, and the most.
const LINES: u16 = 100;
const MOST: u16 = 10_000;
/// The time unless asked for.
const DAY: &str = "24h";

/// What is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    by: String,
    from: String,
    until: String,
    segment: String,
    refused: bool,
    most: Option<u16>,
    format: String,
}

/// The handler.
pub(crate) async fn get(asker: Asker, Query(asked): Query<Asked>) -> Result<Response, Error> {
    let app = &asker.app;
    let question = read(app, &asked)?;
    if question.by.is_personal() {
        app.judge(&asker.identity, "rules.write", &Object::Everywhere)?;
    }
    let reports = app.gateway()?.reports(&[question], &asker.author).await?;
    let report = reports
        .into_iter()
        .next()
        .ok_or(Error::NotFound { what: "report", id: question.by.name().to_owned() })?;
    let catalog = app.deps.registry.catalog();
    match asked.format.as_str() {
        "" | "json" => Ok(answer(StatusCode::OK, &document(&catalog, &question, &report))),
        "csv" => {
            let name = format!("gateway-{}.csv", question.by.name());
            Ok(csv_answer(&name, file(&catalog, &question, &report)?))
        }
        other => Err(Error::BadRequest(format!("format is json or csv, not {other:?}"))),
    }
}

fn read(app: &App, asked: &Asked) -> Result<Question, Error> {
    let now = app.deps.clock.wall();
    let moment = |text: &str, otherwise: &str| {
        let text = if text.is_empty() { otherwise } else { text };
        let bad = || {
            Error::BadRequest(format!(
                "{text:?} is neither a moment (2026-11-30T09:00:00+05:00) nor how long ago (24h)"
            ))
        };
        ago(now, text).or_else(|| time::parse(text)).ok_or_else(bad)
    };
    let by = if asked.by.is_empty() { By::Segment.name() } else { &asked.by };
    let by = By::read(by).ok_or_else(|| {
        Error::BadRequest(format!("by is segment, rule, domain or person, not {by:?}"))
    })?;
    let catalog = app.deps.registry.catalog();
    let segment = match asked.segment.as_str() {
        "" => None,
        id => Some(catalog.named(id).ok_or_else(|| Error::segment(id))?.no),
    };
    let (from, until) = (moment(&asked.from, DAY)?, moment(&asked.until, "0m")?);
    let most = asked.most.unwrap_or(LINES).clamp(1, MOST);
    Ok(Question { from, until, by, segment, refused: asked.refused, most })
}

/// A moment so long ago: `30m`, `24h`, `7d`.
fn ago(now: WallTime, text: &str) -> Option<WallTime> {
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let count: i64 = count.parse().ok().filter(|count| (0..=100_000).contains(count))?;
    Some(WallTime(now.0 - count * seconds * 1_000_000))
}

/// What a line is about.
pub(crate) fn name(catalog: &Catalog, line: &Line) -> String {
    match line.segment {
        Some(no) => {
            catalog.by_no(no).map_or_else(|| format!("#{}", no.0), |segment| segment.id.to_string())
        }
        None => line.name.clone(),
    }
}

fn document(catalog: &Catalog, asked: &Question, report: &Report) -> Value {
    let sums = |line: &Line| json!({ "tunnels": line.tunnels, "bytes_up": line.up, "bytes_down": line.down });
    let line = |line: &Line| {
        let mut one = sums(line);
        one[asked.by.name()] = name(catalog, line).into();
        one
    };
    json!({
        "by": asked.by.name(),
        "refused": asked.refused,
        "from": time::rfc3339(report.from),
        "until": time::rfc3339(report.until),
        "total": sums(&report.total),
        "lines": report.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

/// The lines as a table of English words, for machines.
fn file(catalog: &Catalog, asked: &Question, report: &Report) -> Result<Vec<u8>, Error> {
    let mut file = csv::Writer::from_writer(Vec::new());
    let mut write = |cells: [String; 4]| file.write_record(cells).map_err(Error::internal);
    write([asked.by.name(), "tunnels", "bytes_up", "bytes_down"].map(str::to_owned))?;
    for line in &report.lines {
        let figures = [line.tunnels, line.up, line.down].map(|figure| figure.to_string());
        let [tunnels, up, down] = figures;
        write([guarded(&name(catalog, line)), tunnels, up, down])?;
    }
    file.into_inner().map_err(|error| Error::internal(error.into_error()))
}

/// How every segment with a volume stands.
pub(crate) fn volumes(app: &App) -> Vec<Value> {
    let Some(desk) = &app.deps.gateway else { return Vec::new() };
    let catalog = app.deps.registry.catalog();
    let segments: Vec<SegmentNo> = catalog.segments().map(|segment| segment.no).collect();
    let policy = desk.gateway().policy();
    let told = desk.gateway().standings(&segments).into_iter().map(|one| {
        json!({
            "segment": catalog.by_no(one.segment).map(|segment| segment.id.as_str()),
            "limit": policy.limit(one.limit).map(|limit| limit.id.as_str()),
            "per": one.per.code(),
            "bytes": one.bytes,
            "used": one.used,
            "ratio": one.ratio(),
            "spent": one.is_spent(),
            "until": one.until.as_ref().map(|until| until.timestamp().to_string()),
        })
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_is_a_number_and_a_unit() {
        let now = WallTime(1_000_000_000_000);
        for (text, seconds) in [("30m", Some(1_800)), ("24h", Some(86_400)), ("7d", Some(604_800))]
        {
            assert_eq!(ago(now, text).map(|at| (now.0 - at.0) / 1_000_000), seconds);
        }
        for text in ["", "h", "24", "-1h", "1w", "24ч", "999999999999d"] {
            assert_eq!(ago(now, text), None, "{text}");
        }
    }
}
