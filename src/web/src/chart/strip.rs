//! Availability in strips: one bar a day, and one day as a line of spans.

use std::time::Duration;

use ets_i18n::{Tr, t};
use ets_model::{LinkState, WallTime};

use super::plot::time_labels;
use super::time::data;
use crate::html::{escape, put};
use crate::table::{Column, Row, Table, table};
use crate::{Ctx, Html};

/// One day of the strip.
#[derive(Clone, Debug)]
pub struct Day {
    /// Its beginning.
    pub start: WallTime,
    /// Where the day is told in full; empty for no link.
    pub href: String,
    /// How long there was no link.
    pub down: Duration,
    /// How long nothing was known.
    pub unknown: Duration,
    /// How long the day has lasted so far: 24 h unless it is today.
    pub length: Duration,
}

/// One span of a day.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// From when.
    pub from: WallTime,
    /// Until when.
    pub to: WallTime,
    /// In which state.
    pub state: LinkState,
}

/// The strip, oldest day first, up to today: the higher the bar of a day, the longer it was
/// without a link. Below it stand the days that were not whole, each with its link.
#[must_use]
pub fn strip(tr: &Tr, days: &[Day]) -> Html {
    let mut out = String::with_capacity(days.len() * 260);
    put!(out, "<ol class=\"strip\" aria-label=\"{}\">", escape(&t::strip_label(tr, days.len())));
    for day in days {
        let text = told(tr, day);
        let text = escape(&text);
        let bar = bar(day);
        put!(
            out,
            "<li><span role=\"img\" aria-label=\"{text}\" title=\"{text}\">{bar}</span></li>"
        );
    }
    out.push_str("</ol>");
    let ago = t::strip_ago(tr, days.len().saturating_sub(1));
    put!(out, "<p class=\"ends\"><span>{ago}</span><span>{}</span></p>", t::strip_today(tr));
    put!(out, "{}", data(tr, &broken(tr, days)));
    Html::trusted(out)
}

/// The days that were not whole, the latest first.
fn broken(tr: &Tr, days: &[Day]) -> Html {
    let row = |day: &Day| {
        let date = tr.full_date(day.start);
        let date =
            if day.href.is_empty() { Html::text(&date) } else { Html::link(&day.href, &date) };
        let length = |length: Duration| {
            if length.is_zero() { crate::facts::none(tr) } else { Html::text(&tr.duration(length)) }
        };
        let cells = vec![date.into(), length(day.down).into(), length(day.unknown).into()];
        Row { cells, ..Row::default() }
    };
    let columns = vec![
        Column::new("", t::strip_date(tr)),
        Column::new("", t::state_down(tr)).numeric(),
        Column::new("", t::state_unknown(tr)).numeric(),
    ];
    let mut rows: Vec<Row> = days
        .iter()
        .rev()
        .filter(|day| !day.down.is_zero() || !day.unknown.is_zero())
        .map(row)
        .collect();
    if rows.is_empty() {
        let whole = Html::text(t::strip_all_whole(tr));
        rows.push(Row {
            cells: vec![whole.into(), Html::default().into(), Html::default().into()],
            ..Row::default()
        });
    }
    let caption = t::strip_label(tr, days.len());
    table(tr, &Table { caption, columns, rows, ..Table::default() })
}

fn told(tr: &Tr, day: &Day) -> String {
    let date = tr.full_date(day.start);
    let known = day.length.saturating_sub(day.unknown);
    if known < Duration::from_secs(60) {
        return t::strip_day_unknown(tr, date);
    }
    if day.down.is_zero() {
        // As in the picture: a moment without data is no hole in a day.
        return if day.unknown < Duration::from_secs(60) {
            t::strip_day_whole(tr, date)
        } else {
            t::strip_day_partly(tr, date, tr.duration(day.unknown))
        };
    }
    let up = known.saturating_sub(day.down).as_secs_f64() / known.as_secs_f64();
    t::strip_day(tr, date, tr.duration(day.down), tr.availability(up))
}

/// One day: unknown time hangs from the top, time without a link stands on the foot. A short
/// outage still shows.
fn bar(day: &Day) -> Html {
    let length = day.length.as_secs_f64().max(1.0);
    let down = (day.down.as_secs_f64() / length).min(1.0);
    let unknown = (day.unknown.as_secs_f64() / length).min(1.0);
    let mut out = String::from(
        "<svg viewBox=\"0 0 10 100\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"up\" width=\"10\" height=\"100\"/>",
    );
    if unknown > 0.001 {
        let height = (unknown * 100.0).max(10.0);
        put!(out, "<rect class=\"none\" width=\"10\" height=\"{height:.0}\"/>");
    }
    if down > 0.0 {
        let class = if down < 0.01 { "part" } else { "lost" };
        let height = (down.sqrt() * 100.0).clamp(16.0, 100.0);
        put!(
            out,
            "<rect class=\"{class}\" y=\"{:.0}\" width=\"10\" height=\"{height:.0}\"/>",
            100.0 - height
        );
    }
    out.push_str("</svg>");
    Html::trusted(out)
}

/// The time from `from` to `to` as a line of spans with its table twin. What no span covers is
/// unknown.
#[must_use]
pub fn timeline(ctx: &Ctx, from: WallTime, to: WallTime, spans: &[Span]) -> Html {
    const WIDTH: f64 = 1_440.0;
    let whole = to.since(from).as_secs_f64().max(1e-6);
    let x = |at: WallTime| (at.since(from).as_secs_f64() / whole).clamp(0.0, 1.0) * WIDTH;
    let mut out = String::new();
    put!(
        out,
        "<svg class=\"timeline\" viewBox=\"0 0 {WIDTH} 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
    );
    put!(out, "<rect class=\"unknown\" width=\"{WIDTH}\" height=\"10\"/>");
    // Quiet spans first, so that a short outage is never painted over.
    let mut ordered: Vec<&Span> =
        spans.iter().filter(|span| span.to > from && span.from < to).collect();
    ordered.sort_by_key(|span| {
        std::cmp::Reverse(LinkState::ALL.iter().position(|state| *state == span.state))
    });
    for span in ordered.iter().filter(|span| span.state != LinkState::Unknown) {
        let left = x(span.from);
        let width = (x(span.to) - left).max(3.0);
        let class = if span.state == LinkState::Up { "up" } else { span.state.as_str() };
        put!(out, "<rect class=\"{class}\" x=\"{left:.1}\" width=\"{width:.1}\" height=\"10\"/>");
    }
    out.push_str("</svg><div class=\"chart flat\">");
    time_labels(ctx, from, to, &mut out);
    out.push_str("</div>");
    put!(out, "{}", data(&ctx.tr, &twin(ctx, spans)));
    Html::trusted(out)
}

fn twin(ctx: &Ctx, spans: &[Span]) -> Html {
    let tr = &ctx.tr;
    let row = |span: &Span| {
        let when = Html::from(t::chart_from_to(tr, tr.time(span.from), tr.time(span.to)));
        let length = Html::text(&tr.duration(span.to.since(span.from)));
        let cells = vec![when.into(), crate::state::badge(tr, span.state).into(), length.into()];
        Row { cells, ..Row::default() }
    };
    let columns = vec![
        Column::new("", t::chart_time(tr)),
        Column::new("", t::timeline_state(tr)),
        Column::new("", t::timeline_length(tr)).numeric(),
    ];
    let rows = spans.iter().rev().map(row).collect();
    let caption = t::chart_time(tr).to_owned();
    table(tr, &Table { caption, columns, rows, ..Table::default() })
}
