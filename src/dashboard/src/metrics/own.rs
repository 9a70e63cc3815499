//! What the pages count of themselves, and what the kernel says of the process.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::service::App;

/// The registry of this process.
pub(crate) struct Own {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    viewers: IntGauge,
}

impl Own {
    pub(crate) fn new() -> Self {
        let requests = IntCounterVec::new(
            Opts::new("ets_http_requests_total", "Requests answered, by status class."),
            &["code"],
        );
        let buckets = vec![0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "ets_http_request_duration_seconds",
                "Time from a request to the head of its answer, by kind of page.",
            )
            .buckets(buckets),
            &["kind"],
        );
        let viewers = IntGauge::new("ets_live_viewers", "Open live streams.");
        let fixed = "fixed names and labels make a metric";
        let (requests, seconds, viewers) =
            (requests.expect(fixed), seconds.expect(fixed), viewers.expect(fixed));
        let registry = Registry::new();
        let distinct = "the names differ";
        registry.register(Box::new(requests.clone())).expect(distinct);
        registry.register(Box::new(seconds.clone())).expect(distinct);
        registry.register(Box::new(viewers.clone())).expect(distinct);
        registry.register(Box::new(ProcessCollector::for_self())).expect(distinct);
        Self { registry, requests, seconds, viewers }
    }

    /// The text exposition of all of them.
    pub(crate) fn encode(&self, viewers: usize) -> String {
        self.viewers.set(i64::try_from(viewers).unwrap_or(i64::MAX));
        let mut out = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut out) {
            tracing::warn!(%error, "figures of the process are left out");
        }
        String::from_utf8(out).unwrap_or_default()
    }
}

/// Counts a request and the time that its answer took.
pub(crate) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let kind = kind(request.extensions().get::<MatchedPath>(), request.uri().path());
    let start = Instant::now();
    let response = next.run(request).await;
    let class = ["1xx", "2xx", "3xx", "4xx", "5xx"];
    let class = class[usize::from(response.status().as_u16() / 100).clamp(1, 5) - 1];
    app.metrics.requests.with_label_values(&[class]).inc();
    app.metrics.seconds.with_label_values(&[kind]).observe(start.elapsed().as_secs_f64());
    response
}

/// A few kinds, so that the labels stay bounded whatever is asked for.
fn kind(matched: Option<&MatchedPath>, path: &str) -> &'static str {
    match matched.map_or(path, MatchedPath::as_str) {
        "/" => "overview",
        "/wall" => "wall",
        path if path.starts_with("/live") || path == "/api/v1/events" => "stream",
        path if path.starts_with("/api/") => "api",
        path if path.starts_with("/assets/") => "asset",
        path if path.starts_with("/segments") => "segment",
        path if path.starts_with("/outages") => "outage",
        _ => "other",
    }
}
