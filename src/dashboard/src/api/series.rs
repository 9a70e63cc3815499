//! `/api/v1/segments/{id}/series`: what was measured of a segment over time.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use ets_series::{Point, Span};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::outages::moment;
use super::segment_doc::{self, millis};
use super::segments::answer;
use super::time;
use crate::Error;
use crate::service::App;

/// About as many points as fit a chart.
const POINTS: u64 = 240;

/// Which stretch, in steps of how many seconds.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    from: String,
    to: String,
    step: Option<u64>,
    histogram: bool,
}

/// The handler. Without a stretch: the last hour.
pub(crate) async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let segment = segment_doc::number(&app.deps.registry.catalog(), &id)?;
    let to = moment("to", &asked.to)?.unwrap_or_else(|| app.deps.clock.wall());
    let hour = Duration::from_secs(3600);
    let from = moment("from", &asked.from)?.unwrap_or_else(|| to.minus(hour));
    let step = asked.step.map_or_else(|| fitting_step(to.since(from)), Duration::from_secs);
    let points = app.deps.series.range(segment, Span { from, to, step }).await?;
    let document = json!({
        "segment": id,
        "from": time::rfc3339(from),
        "to": time::rfc3339(to),
        "step_s": step.as_secs(),
        "points": points.iter().map(|point| document(point, asked.histogram)).collect::<Vec<_>>(),
    });
    Ok(answer(StatusCode::OK, &document))
}

/// The shortest round step that gives at most [`POINTS`] points.
pub(crate) fn fitting_step(length: Duration) -> Duration {
    const STEPS: &[u64] =
        &[1, 5, 15, 60, 120, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800];
    let enough = |step: &&u64| length.as_secs() / **step <= POINTS;
    Duration::from_secs(*STEPS.iter().find(enough).unwrap_or(&604_800))
}

fn document(point: &Point, histogram: bool) -> Value {
    let mut document = json!({
        "at": time::rfc3339(point.at),
        "sent": point.sent,
        "lost": point.lost,
        "rtt_ms": {
            "min": point.min.map(millis),
            "p50": point.p50.map(millis),
            "p95": point.p95.map(millis),
            "max": point.max.map(millis),
        },
    });
    if histogram {
        let buckets = point.hist.buckets();
        document["histogram"] = buckets
            .map(|one| json!({"from": millis(one.from), "to": millis(one.to), "count": one.count}))
            .collect();
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_stretch_gets_a_step_that_fills_a_chart() {
        let step = |seconds| fitting_step(Duration::from_secs(seconds)).as_secs();
        assert_eq!(step(3_600), 15);
        assert_eq!(step(86_400), 600);
        assert_eq!(step(30 * 86_400), 10_800);
        assert_eq!(step(366 * 86_400), 172_800);
    }
}
