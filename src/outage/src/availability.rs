//! How long a segment was up, down and unknown.

use std::time::Duration;

use ets_model::WallTime;

/// A span of wall time, `from` included, `to` excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from: WallTime,
    /// Its end.
    pub to: WallTime,
}

/// A span of time split by what is known of it. The three sum up to the span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Availability {
    /// The link was there.
    pub up: Duration,
    /// It was not.
    pub down: Duration,
    /// The hub could not see.
    pub unknown: Duration,
}

impl Availability {
    /// Up time in proportion to the time that is known, 0 to 1; `None` when nothing is known.
    pub fn ratio(&self) -> Option<f64> {
        let known = self.up + self.down;
        (!known.is_zero()).then(|| self.up.as_secs_f64() / known.as_secs_f64())
    }
}

/// Splits `window`. Outages count from the first lost probe; where an outage and a blind time
/// overlap, the outage counts. Spans may overlap, touch and come in any order.
pub fn availability(outages: &[Span], blinds: &[Span], window: Span) -> Availability {
    let _ = (outages, blinds, window);
    Availability::default()
}

/// [`availability`] of `buckets` equal parts of `window`, for the strip on the segment's page.
pub fn strip(outages: &[Span], blinds: &[Span], window: Span, buckets: usize) -> Vec<Availability> {
    let _ = (outages, blinds, window);
    vec![Availability::default(); buckets]
}
