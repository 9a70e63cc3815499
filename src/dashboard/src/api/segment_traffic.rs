//! `/api/v1/segments/{id}/traffic`: what a segment moved over time, against its contract.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use ets_traffic::{Amount, Forecast, Line, Percentile, Range, Whose};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::amounts::{bps, total};
use super::segments::answer;
use super::traffic::{Span, stretch};
use super::{segment_doc, time};
use crate::Error;
use crate::classes::Classes;
use crate::service::App;

/// As many points as fit a chart.
const POINTS: usize = 300;

/// Which stretch, in how many points.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    period: String,
    from: String,
    to: String,
    points: Option<usize>,
}

/// The handler. Without a stretch: the last day.
pub(crate) async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let traffic = app.traffic()?;
    let catalog = app.deps.registry.catalog();
    let no = segment_doc::number(&catalog, &id)?;
    let whose = Whose::Segment(no);
    let span = Span { period: asked.period, from: asked.from, to: asked.to };
    let period = span.read(&app, "day")?;
    let range = traffic.range(whose, period, asked.points.unwrap_or(POINTS)).await?;
    let sum = traffic.total(whose, period).await?;
    let percentile = traffic.percentile(whose, period).await?;
    let forecast = traffic.forecast(no).await?;
    let classes = Classes::of(&app);
    let channel = catalog.by_no(no).map(|segment| segment.channel.clone()).unwrap_or_default();
    let mut document: Map<String, Value> = steps(&classes, &range);
    document.extend(stretch(period));
    document.insert("segment".to_owned(), id.into());
    document.insert("total".to_owned(), total(&classes, &sum).into());
    document.insert("percentile_95".to_owned(), percentile.map_or(Value::Null, told));
    let contracted = json!({"up": channel.up_kbps * 1_000, "down": channel.down_kbps * 1_000});
    document.insert("contracted_bps".to_owned(), contracted);
    let forecast = json!({"up": foretold(&forecast.up), "down": foretold(&forecast.down)});
    document.insert("forecast".to_owned(), forecast);
    Ok(answer(StatusCode::OK, &document))
}

/// The 95th percentile as a document.
pub(super) fn told(one: Percentile) -> Value {
    json!({"bps": bps(one.bps), "intervals": one.intervals, "spread": one.spread})
}

/// The steps of a range: when the first begins, and by class a list of figures for each way.
fn steps(classes: &Classes, range: &Range) -> Map<String, Value> {
    let of = |amounts: &[Amount], figure: fn(&Amount) -> u64| -> Vec<u64> {
        amounts.iter().map(figure).collect()
    };
    let line = |line: &Line| {
        json!({
            "class": classes.code(line.class),
            "bytes_up": of(&line.up, |one| one.bytes),
            "bytes_down": of(&line.down, |one| one.bytes),
            "packets_up": of(&line.up, |one| one.packets),
            "packets_down": of(&line.down, |one| one.packets),
        })
    };
    let steps = json!({
        "begins": time::rfc3339(range.from),
        "step_s": range.step.as_secs(),
        "steps": range.steps,
        "lines": range.lines.iter().map(line).collect::<Vec<_>>(),
        "spread": range.spread,
    });
    match steps {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn foretold(one: &Forecast) -> Value {
    let mut document = serde_json::to_value(one).unwrap_or(Value::Null);
    if let Forecast::Fills { at, earliest, latest, .. } = one {
        document["at"] = time::rfc3339(*at).into();
        document["earliest"] = time::rfc3339(*earliest).into();
        document["latest"] = time::moment(*latest);
    }
    document
}
