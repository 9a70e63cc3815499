//! How many answers came within what time.

use ets_i18n::Tr;

use crate::Html;

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// From this time on, in milliseconds.
    pub from: f64,
    /// Below this time, in milliseconds.
    pub to: f64,
    /// How many answers.
    pub count: u64,
}

/// A distribution of round-trip times.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// Its bars, rising, without gaps; bars of logarithmic width are drawn equally wide.
    pub bins: Vec<Bin>,
    /// Marks: text and milliseconds, such as `("p95", 14.2)`.
    pub marks: Vec<(String, f64)>,
    /// How many probes were lost.
    pub lost: u64,
}

/// The distribution with its table twin.
#[must_use]
pub fn histogram(tr: &Tr, histogram: &Histogram) -> Html {
    let _ = (tr, histogram);
    Html::default()
}
