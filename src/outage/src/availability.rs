//! How long a segment was up, down and unknown.

use std::time::Duration;

use ets_model::WallTime;

/// A span of wall time, `from` included, `to` excluded. Empty where `to` is not later.
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

impl Span {
    /// How long it is.
    pub fn length(self) -> Duration {
        self.to.since(self.from)
    }

    /// The part of it that lies within `other`; empty where they do not meet.
    pub fn within(self, other: Self) -> Self {
        let from = self.from.max(other.from);
        Self { from, to: self.to.min(other.to).max(from) }
    }
}

impl Availability {
    /// Up time in proportion to the time that is known, 0 to 1; `None` when nothing is known.
    pub fn ratio(&self) -> Option<f64> {
        let known = self.up + self.down;
        (!known.is_zero()).then(|| self.up.as_nanos() as f64 / known.as_nanos() as f64)
    }
}

/// Splits `window`. Outages count from the first lost probe to the first good one, open ones to the
/// end of the window (the caller ends them there). Where an outage and a blind time overlap, the
/// outage counts: it was out before and after. Spans may overlap, touch and come in any order.
pub fn availability(outages: &[Span], blinds: &[Span], window: Span) -> Availability {
    let down = merged(outages.iter(), window);
    let dark = merged(outages.iter().chain(blinds), window);
    let (down, dark) = (total(&down), total(&dark));
    Availability { up: window.length() - dark, down, unknown: dark - down }
}

/// The parts of the window that lie in any of the spans: in order, none touching another.
pub fn union(spans: &[Span], window: Span) -> Vec<Span> {
    merged(spans.iter(), window)
}

/// [`availability`] of `buckets` equal parts of `window`, for a strip. The last part takes what the
/// division leaves over.
pub fn strip(outages: &[Span], blinds: &[Span], window: Span, buckets: usize) -> Vec<Availability> {
    let parts = i64::try_from(buckets).unwrap_or(i64::MAX).max(1);
    let step = (window.to.0 - window.from.0).max(0) / parts;
    let edge = |part: i64| WallTime(window.from.0 + step * part);
    let part = |part: i64| {
        let to = if part + 1 == parts { window.to } else { edge(part + 1) };
        availability(outages, blinds, Span { from: edge(part), to })
    };
    (0..i64::try_from(buckets).unwrap_or(i64::MAX)).map(part).collect()
}

/// The spans within the window, in order, none touching another.
fn merged<'a>(spans: impl Iterator<Item = &'a Span>, window: Span) -> Vec<Span> {
    let mut spans: Vec<_> =
        spans.map(|span| span.within(window)).filter(|span| !span.length().is_zero()).collect();
    spans.sort_by_key(|span| span.from);
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => merged.push(span),
        }
    }
    merged
}

fn total(spans: &[Span]) -> Duration {
    spans.iter().map(|span| span.length()).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(from: i64, to: i64) -> Span {
        Span { from: WallTime(from), to: WallTime(to) }
    }

    fn micros(count: u64) -> Duration {
        Duration::from_micros(count)
    }

    /// covers: N3.2
    #[test]
    fn an_outage_within_a_blind_time_is_down_and_the_rest_of_it_unknown() {
        let split = availability(&[span(30, 40)], &[span(20, 50)], span(0, 100));
        let wanted = Availability { up: micros(70), down: micros(10), unknown: micros(20) };
        assert_eq!(split, wanted);
        assert_eq!(split.ratio(), Some(0.875));
    }

    #[test]
    fn nothing_is_known_of_a_wholly_blind_window() {
        let split = availability(&[], &[span(-10, 200)], span(0, 100));
        assert_eq!((split.unknown, split.ratio()), (micros(100), None));
        assert_eq!(availability(&[], &[], span(5, 5)), Availability::default());
    }

    fn spans() -> impl Strategy<Value = Vec<Span>> {
        prop::collection::vec(
            (-50..150i64, 0..60i64).prop_map(|(at, long)| span(at, at + long)),
            0..8,
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// covers: N3.2
        #[test]
        fn it_agrees_with_looking_at_every_microsecond(
            outages in spans(), blinds in spans(), from in -20..60i64, long in 0..90i64,
            buckets in 1..9usize,
        ) {
            let window = span(from, from + long);
            let mut wanted = Availability::default();
            for at in from..from + long {
                let inside = |spans: &[Span]| spans.iter().any(|s| s.from.0 <= at && at < s.to.0);
                let slot = match (inside(&outages), inside(&blinds)) {
                    (true, _) => &mut wanted.down,
                    (false, true) => &mut wanted.unknown,
                    (false, false) => &mut wanted.up,
                };
                *slot += micros(1);
            }
            let split = availability(&outages, &blinds, window);
            prop_assert_eq!(split, wanted);
            let parts = strip(&outages, &blinds, window, buckets);
            prop_assert_eq!(parts.len(), buckets);
            prop_assert_eq!(parts.iter().map(|part| part.down).sum::<Duration>(), split.down);
            prop_assert_eq!(parts.iter().map(|part| part.up).sum::<Duration>(), split.up);
        }
    }
}
