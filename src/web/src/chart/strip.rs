//! Availability in strips: one bar a day, and one day as a line of spans.

use std::time::Duration;

use ets_i18n::Tr;
use ets_model::{LinkState, WallTime};

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

/// The strip, oldest day first.
#[must_use]
pub fn strip(tr: &Tr, days: &[Day]) -> Html {
    let _ = (tr, days);
    Html::default()
}

/// The time from `from` to `to` as a line of spans, with hours below.
#[must_use]
pub fn timeline(ctx: &Ctx, from: WallTime, to: WallTime, spans: &[Span]) -> Html {
    let _ = (ctx, from, to, spans);
    Html::default()
}
