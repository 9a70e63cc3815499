//! `POST /api/v1/segments/{id}/ping`: probes on demand, each answer as it comes.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use ets_model::Outcome;
use ets_netd_api::PingLine;
use ets_watch::PingStream;
use futures_util::stream;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::segments::answer;
use super::{body, segment_doc};
use crate::Error;
use crate::error::Fault;
use crate::live::{STREAM_HEAD, frame};
use crate::service::App;

/// How many probes, how far apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub count: u16,
    pub interval: Duration,
}

impl Default for Request {
    fn default() -> Self {
        Self { count: 5, interval: Duration::from_millis(500) }
    }
}

impl Request {
    fn read(body: &Bytes) -> Result<Self, Error> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        let map = body::object(body)?;
        body::only(&map, &["count", "interval_ms"])?;
        let number = |name: &str, default: u64, low: u64, high: u64| {
            let value = map.get(name).map_or(Some(default), Value::as_u64);
            value.filter(|value| (low..=high).contains(value)).ok_or_else(|| {
                Error::Invalid(vec![Fault {
                    field: name.to_owned(),
                    message: "out of range".to_owned(),
                    remedy: format!("use a whole number from {low} to {high}"),
                }])
            })
        };
        let count = u16::try_from(number("count", 5, 1, 100)?).unwrap_or(100);
        let interval = Duration::from_millis(number("interval_ms", 500, 200, 10_000)?);
        Ok(Self { count, interval })
    }
}

/// Begins a ping of a segment that is watched.
pub(crate) async fn start(app: &App, id: &str, request: Request) -> Result<PingStream, Error> {
    let segment = segment_doc::number(&app.deps.registry.catalog(), id)?;
    Ok(app.deps.watch.ping(segment, request.count, request.interval).await?)
}

/// The handler: a stream of events for who accepts one, else one document at the end.
pub(crate) async fn post(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let mut stream = start(&app, &id, Request::read(&body)?).await?;
    let wants_stream = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/event-stream"));
    if wants_stream {
        return Ok(events(
            stream,
            |line| line_document(line).to_string(),
            |lines| summary_document(lines).to_string(),
        ));
    }
    let mut lines = Vec::new();
    while let Some(line) = stream.next().await {
        lines.push(line_document(&line?));
    }
    Ok(answer(StatusCode::OK, &lines))
}

/// The answers as server-sent events: `line` for each as `text` puts it, one more `line` with what
/// `sum` says of all of them, then `done`. A ping that breaks off tells why in its last `line`.
pub(crate) fn events(
    lines: PingStream,
    text: impl Fn(&PingLine) -> String + Send + 'static,
    sum: impl Fn(&[PingLine]) -> String + Send + 'static,
) -> Response {
    let start = (lines, Vec::new(), text, sum, false);
    let stream = stream::unfold(start, |(mut lines, mut seen, text, sum, over)| async move {
        if over {
            return None;
        }
        let (frame, over) = match lines.next().await {
            Some(Ok(line)) => {
                seen.push(line);
                (frame("line", &text(&line)), false)
            }
            Some(Err(error)) => (last(&error.to_string()), true),
            None => (last(&sum(&seen)), true),
        };
        Some((Ok::<_, Infallible>(Bytes::from(frame)), (lines, seen, text, sum, over)))
    });
    (STREAM_HEAD, Body::from_stream(stream)).into_response()
}

/// A stream that says only why there is none.
pub(crate) fn failed(why: &str) -> Response {
    (STREAM_HEAD, last(why)).into_response()
}

fn last(text: &str) -> String {
    frame("line", text) + &frame("done", "")
}

fn summary_document(lines: &[PingLine]) -> Value {
    let answered = lines.iter().filter(|line| line.outcome != Outcome::Lost).count();
    json!({"sent": lines.len(), "answered": answered})
}

fn line_document(line: &PingLine) -> Value {
    let rtt = match line.outcome {
        Outcome::Answered(rtt) => Some(segment_doc::millis(rtt)),
        Outcome::Lost => None,
    };
    let error = line.error.map(|(from, kind)| json!({"from": from, "kind": kind}));
    json!({"number": line.number, "answered": rtt.is_some(), "rtt_ms": rtt, "error": error})
}
