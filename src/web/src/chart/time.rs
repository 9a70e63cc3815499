//! A figure over time: the median as a line, its spread as a band, losses as bars at the foot.

use ets_i18n::t;
use ets_model::WallTime;

use super::plot::{Field, HEIGHT, WIDTH};
use crate::html::{escape, put};
use crate::table::{Column, Row, Table, table};
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

/// A chart. Up to some 300 points; more only make the page heavy.
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

/// Up to this height stand the bars of losses.
const FOOT: f64 = 30.0;

/// The chart with its table twin.
#[must_use]
pub fn time_chart(ctx: &Ctx, chart: &TimeChart) -> Html {
    if chart.points.iter().all(|point| point.value.is_none() && point.loss.is_none()) {
        return crate::notice::empty(&chart.title, &Html::text(t::chart_no_data(&ctx.tr)));
    }
    let highest = |point: &Point| point.spread.map(|(_, high)| high).or(point.value);
    let most = chart.points.iter().filter_map(highest).fold(0.0, f64::max);
    let plot = Plot { chart, field: Field::new(chart.from, chart.to, most) };
    let mut out = String::with_capacity(2_048 + chart.points.len() * 60);
    put!(out, "<figure class=\"chart\"><figcaption>{}</figcaption>", escape(&chart.title));
    plot.field.picture(ctx, &mut out, |out| {
        plot.marks(out);
        plot.band(out);
        plot.losses(out);
        plot.line(out);
    });
    out.push_str("</figure>");
    twin(ctx, chart, &mut out);
    Html::trusted(out)
}

/// A chart on its field.
struct Plot<'a> {
    chart: &'a TimeChart,
    field: Field,
}

impl Plot<'_> {
    /// The width of one step; the line breaks where a step is missing.
    fn step(&self) -> f64 {
        let steps = self
            .chart
            .points
            .windows(2)
            .map(|pair| self.field.x(pair[1].at) - self.field.x(pair[0].at));
        steps.fold(f64::INFINITY, f64::min).min(WIDTH)
    }

    fn marks(&self, out: &mut String) {
        for mark in &self.chart.marks {
            self.field.shade(mark.from, mark.to, &mark.state.to_string(), out);
        }
    }

    /// Runs of neighbouring points that have what `get` takes.
    fn runs<T>(&self, get: impl Fn(&Point) -> Option<T>) -> Vec<Vec<(f64, T)>> {
        let gap = self.step() * 1.6;
        let mut runs: Vec<Vec<(f64, T)>> = Vec::new();
        let mut last: Option<f64> = None;
        for point in &self.chart.points {
            let x = self.field.x(point.at);
            let Some(value) = get(point) else {
                last = None;
                continue;
            };
            match runs.last_mut() {
                Some(run) if last.is_some_and(|last| x - last <= gap) => run.push((x, value)),
                _ => runs.push(vec![(x, value)]),
            }
            last = Some(x);
        }
        runs
    }

    fn band(&self, out: &mut String) {
        for run in self.runs(|point| point.spread) {
            out.push_str("<path class=\"band\" d=\"");
            for (index, (x, (_, high))) in run.iter().enumerate() {
                put!(
                    *out,
                    "{}{x:.1} {:.1}",
                    if index == 0 { 'M' } else { 'L' },
                    self.field.y(*high)
                );
            }
            for (x, (low, _)) in run.iter().rev() {
                put!(*out, "L{x:.1} {:.1}", self.field.y(*low));
            }
            out.push_str("z\"/>");
        }
    }

    fn line(&self, out: &mut String) {
        out.push_str("<path class=\"v\" d=\"");
        for run in self.runs(|point| point.value) {
            for (index, (x, value)) in run.iter().enumerate() {
                put!(
                    *out,
                    "{}{x:.1} {:.1}",
                    if index == 0 { 'M' } else { 'L' },
                    self.field.y(*value)
                );
            }
            if run.len() == 1 {
                out.push_str("h0");
            }
        }
        out.push_str("\"/>");
    }

    fn losses(&self, out: &mut String) {
        let width = (self.step() * 0.7).clamp(1.0, 24.0);
        for point in &self.chart.points {
            if let Some(loss) = point.loss.filter(|loss| *loss > 0.0) {
                let height = (loss * FOOT).max(2.0);
                let (x, y) = (self.field.x(point.at), HEIGHT - height);
                put!(*out, "<rect class=\"lost\" x=\"{x:.1}\" y=\"{y:.1}\" ");
                put!(*out, "width=\"{width:.1}\" height=\"{height:.1}\"/>");
            }
        }
    }
}

fn twin(ctx: &Ctx, chart: &TimeChart, out: &mut String) {
    let tr = &ctx.tr;
    let number = |value: Option<f64>, digits| match value {
        Some(value) => Html::text(&tr.decimal(value, digits)),
        None => crate::facts::none(tr),
    };
    let with_spread = !chart.spread.is_empty();
    let mut columns =
        vec![Column::new("", t::chart_time(tr)), Column::new("", chart.title.clone()).numeric()];
    if with_spread {
        columns.push(Column::new("", chart.spread.clone()).numeric());
    }
    columns.push(Column::new("", t::chart_loss(tr)).numeric());
    let row = |point: &Point| {
        let mut cells = vec![
            crate::when::moment(ctx, point.at).into(),
            number(point.value, chart.digits).into(),
        ];
        if with_spread {
            let spread = point.spread.map(|(low, high)| {
                let (low, high) = (tr.decimal(low, chart.digits), tr.decimal(high, chart.digits));
                Html::text(&t::chart_from_to(tr, low, high))
            });
            cells.push(spread.unwrap_or_else(|| crate::facts::none(tr)).into());
        }
        let loss = point.loss.map(|loss| Html::text(&tr.percent(loss)));
        cells.push(loss.unwrap_or_else(|| crate::facts::unknown(tr)).into());
        Row { cells, ..Row::default() }
    };
    let rows = chart.points.iter().rev().map(row).collect();
    let twin = Table { caption: chart.title.clone(), columns, rows, ..Table::default() };
    put!(*out, "{}", data(tr, &table(tr, &twin)));
}

/// The figures behind a picture, folded up.
pub(super) fn data(tr: &ets_i18n::Tr, table: &Html) -> Html {
    Html::trusted(format!(
        "<details class=\"data\"><summary>{}</summary>{table}</details>",
        t::chart_table(tr)
    ))
}
