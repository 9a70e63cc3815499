//! Two rates over time: to the segment as an area, from the segment as a line; told apart by
//! shape, dash and name, not by colour alone.

use std::time::Duration;

use ets_model::WallTime;

use super::plot::{Field, HEIGHT, WIDTH};
use crate::html::{escape, put};
use crate::table::{Table, table};
use crate::{Ctx, Html};

/// A chart. Up to some 370 steps; more only make the page heavy.
#[derive(Clone, Debug, Default)]
pub struct FlowChart {
    /// What it shows, with the unit: `Скорость, Мбит/с`.
    pub title: String,
    /// Its left end.
    pub from: WallTime,
    /// Its right end.
    pub to: WallTime,
    /// How long a step is.
    pub step: Duration,
    /// When the first step begins.
    pub begins: WallTime,
    /// The area: its name and a figure for each step.
    pub area: (String, Vec<f64>),
    /// The line: the same.
    pub line: (String, Vec<f64>),
    /// Levels to compare with, such as a contract: name and figure.
    pub levels: Vec<(String, f64)>,
    /// Times to be shaded.
    pub shaded: Vec<(WallTime, WallTime)>,
    /// The figures as a table.
    pub twin: Table,
}

/// A level that is this much above everything is left to the words.
const FAR: f64 = 2.5;

/// The chart with its legend and its table twin.
#[must_use]
pub fn flow_chart(ctx: &Ctx, chart: &FlowChart) -> Html {
    let figures = chart.area.1.iter().chain(&chart.line.1);
    let most = figures.copied().fold(0.0, f64::max);
    let near = |level: &&(String, f64)| level.1 > 0.0 && level.1 <= most * FAR;
    let levels: Vec<&(String, f64)> = chart.levels.iter().filter(near).collect();
    let highest = levels.iter().map(|level| level.1).fold(most, f64::max);
    let plot = Plot { chart, field: Field::new(chart.from, chart.to, highest) };
    let mut out = String::with_capacity(2_048 + chart.area.1.len() * 24);
    put!(out, "<figure class=\"chart flow\"><figcaption>{}", escape(&chart.title));
    legend(chart, &levels, &mut out);
    out.push_str("</figcaption>");
    plot.field.picture(ctx, &mut out, |out| {
        for (from, to) in &chart.shaded {
            plot.field.shade(*from, *to, "unknown", out);
        }
        plot.draw(&chart.area.1, "area", out);
        plot.draw(&chart.line.1, "u", out);
        for (_, level) in levels {
            let y = plot.field.y(*level);
            put!(*out, "<path class=\"pin\" d=\"M0 {y:.1}H{WIDTH}\"/>");
        }
    });
    put!(out, "</figure>{}", super::time::data(&ctx.tr, &table(&ctx.tr, &chart.twin)));
    Html::trusted(out)
}

fn legend(chart: &FlowChart, levels: &[&(String, f64)], out: &mut String) {
    let mut entry = |class: &str, name: &str| {
        put!(
            *out,
            " <span class=\"key\"><svg viewBox=\"0 0 20 10\" aria-hidden=\"true\">\
             <path class=\"{class}\" d=\"M0 5H20\"/></svg>{}</span>",
            escape(name)
        );
    };
    entry("v", &chart.area.0);
    entry("u", &chart.line.0);
    for (name, _) in levels {
        entry("pin", name);
    }
}

/// A chart on its field.
struct Plot<'a> {
    chart: &'a FlowChart,
    field: Field,
}

impl Plot<'_> {
    /// A line through the middles of the steps; of an area also what lies below it.
    fn draw(&self, figures: &[f64], class: &str, out: &mut String) {
        if figures.is_empty() {
            return;
        }
        let half = self.chart.step / 2;
        let mut line = String::with_capacity(figures.len() * 11);
        let (mut first, mut last) = (0.0, 0.0);
        for (index, figure) in figures.iter().enumerate() {
            let steps = self.chart.step * u32::try_from(index).unwrap_or(u32::MAX);
            let x = self.field.x(self.chart.begins.plus(steps).plus(half));
            put!(line, "{}{x:.1} {:.1}", if index == 0 { 'M' } else { 'L' }, self.field.y(*figure));
            first = if index == 0 { x } else { first };
            last = x;
        }
        if class == "area" {
            put!(*out, "<path class=\"band\" d=\"{line}L{last:.1} {HEIGHT}H{first:.1}z\"/>");
        }
        let class = if class == "area" { "v" } else { class };
        // A lone step is a dot.
        let dot = if figures.len() == 1 { "h0" } else { "" };
        put!(*out, "<path class=\"{class}\" d=\"{line}{dot}\"/>");
    }
}
