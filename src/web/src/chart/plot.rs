//! The field on which a figure is drawn over time: its size, its scale, its labels.

use std::time::Duration;

use ets_model::WallTime;

use super::scale;
use crate::Ctx;
use crate::html::{escape, put};

pub(super) const WIDTH: f64 = 600.0;
pub(super) const HEIGHT: f64 = 100.0;

/// From when to when, and from 0 to what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) from: WallTime,
    pub(super) to: WallTime,
    /// The top of the scale.
    pub(super) top: f64,
    /// The step of the scale.
    pub(super) step: f64,
}

impl Field {
    /// High enough for `most`.
    pub(super) fn new(from: WallTime, to: WallTime, most: f64) -> Self {
        let (top, step) = scale::round(most);
        Self { from, to, top, step }
    }

    pub(super) fn x(&self, at: WallTime) -> f64 {
        let whole = self.to.since(self.from).as_secs_f64().max(1e-6);
        (at.since(self.from).as_secs_f64() / whole).clamp(0.0, 1.0) * WIDTH
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        HEIGHT - (value / self.top).clamp(0.0, 1.0) * HEIGHT
    }

    /// The picture, from its scale to the moments below it; `draw` fills it.
    pub(super) fn picture(&self, ctx: &Ctx, out: &mut String, draw: impl FnOnce(&mut String)) {
        self.scale_labels(ctx, out);
        put!(
            *out,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
        );
        self.grid(out);
        draw(out);
        out.push_str("</svg>");
        time_labels(ctx, self.from, self.to, out);
    }

    /// A shaded time; `class` says as what.
    pub(super) fn shade(&self, from: WallTime, to: WallTime, class: &str, out: &mut String) {
        let (left, right) = (self.x(from), self.x(to));
        let width = (right - left).max(1.0);
        put!(*out, "<rect class=\"mark {class}\" x=\"{left:.1}\" y=\"0\" ");
        put!(*out, "width=\"{width:.1}\" height=\"{HEIGHT}\"/>");
    }

    fn steps(&self) -> impl Iterator<Item = f64> {
        let step = self.step;
        (0..=(self.top / step).round() as u32).map(move |index| f64::from(index) * step)
    }

    fn scale_labels(&self, ctx: &Ctx, out: &mut String) {
        let digits = scale::digits(self.step);
        out.push_str("<div class=\"ys\" aria-hidden=\"true\">");
        for value in self.steps() {
            put!(*out, "<span>{}</span>", ctx.tr.decimal(value, digits));
        }
        out.push_str("</div>");
    }

    fn grid(&self, out: &mut String) {
        for value in self.steps() {
            let y = HEIGHT - value / self.top * HEIGHT;
            put!(*out, "<path class=\"axis\" d=\"M0 {y:.1}H{WIDTH}\"/>");
        }
    }
}

/// Five moments under a picture of this time.
pub(super) fn time_labels(ctx: &Ctx, from: WallTime, to: WallTime, out: &mut String) {
    let length = to.since(from);
    let seconds = length <= Duration::from_secs(300);
    out.push_str("<div class=\"xs\" aria-hidden=\"true\">");
    for quarter in 0..=4 {
        let at = from.plus(length * quarter / 4);
        let text = if length > Duration::from_secs(3 * 86_400) {
            ctx.tr.date(at, ctx.now)
        } else if seconds {
            ctx.tr.time(at)
        } else {
            ctx.tr.short_time(at)
        };
        put!(*out, "<span>{}</span>", escape(&text));
    }
    out.push_str("</div>");
}
