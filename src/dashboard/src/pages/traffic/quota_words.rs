//! Quotas in words.

use ets_i18n::{Tr, t};
use ets_model::{LinkState, SegmentNo};
use ets_traffic::{Action, Both, Level, Limit, Period, Quota, Way, Whose};
use ets_web::{Html, state};

use super::figures::bps;
use crate::Error;
use crate::pages::view::View;

/// The limit in a phrase: `500 ГБ за месяц`.
pub(super) fn limit(tr: &Tr, quota: &Quota) -> String {
    match quota.limit {
        Limit::BytesADay(bytes) => t::quota_limit_day(tr, tr.bytes(bytes)),
        Limit::BytesAMonth(bytes) => t::quota_limit_month(tr, tr.bytes(bytes)),
        Limit::Rate { bps: bits, minutes } => t::quota_limit_rate(tr, minutes, bps(tr, bits)),
    }
}

/// Which way counts.
pub(super) fn way(tr: &Tr, way: Way) -> &'static str {
    match way {
        Way::Sum => t::quota_way_sum(tr),
        Way::Down => t::quota_way_down(tr),
        Way::Up => t::quota_way_up(tr),
    }
}

/// What is done at the limit.
pub(super) fn action(tr: &Tr, action: Action) -> String {
    match action {
        Action::Notice => t::quota_noticed(tr).to_owned(),
        Action::Shape { kbps } => t::quota_shaped(tr, tr.bit_rate(kbps as f64 * 1_000.0)),
    }
}

/// How far a segment has come.
pub(super) fn level(tr: &Tr, level: Level) -> &'static str {
    match level {
        Level::Normal => t::quota_level_normal(tr),
        Level::Warned => t::quota_level_warned(tr),
        Level::Reached => t::quota_level_reached(tr),
    }
}

/// The same as a shape and a colour.
pub(super) fn mark(level: Level) -> Html {
    state::icon(match level {
        Level::Normal => LinkState::Up,
        Level::Warned => LinkState::Degraded,
        Level::Reached => LinkState::Down,
    })
}

/// How much of a quota of volume a segment has used; `None` for thresholds of a rate.
pub(super) async fn used(
    view: &View,
    quota: &Quota,
    segment: SegmentNo,
) -> Result<Option<String>, Error> {
    let traffic = view.app.traffic()?;
    let now = view.ctx.now;
    let (period, whole): (Period, u64) = match quota.limit {
        Limit::BytesADay(bytes) => (traffic.calendar().day(now), bytes),
        Limit::BytesAMonth(bytes) => (traffic.calendar().month(now), bytes),
        Limit::Rate { .. } => return Ok(None),
    };
    let total = traffic.total(Whose::Segment(segment), period).await?;
    let amount = Both { up: total.amount.up.bytes, down: total.amount.down.bytes };
    Ok(Some(share(view.tr(), counted(quota.way, amount), whole)))
}

/// So much of so much, and in per cent.
pub(super) fn share(tr: &Tr, used: u64, whole: u64) -> String {
    let percent = tr.decimal(used as f64 / whole.max(1) as f64 * 100.0, 0);
    t::quota_used(tr, tr.bytes(whole), percent, tr.bytes(used))
}

/// The bytes that count.
pub(super) fn counted(way: Way, amount: Both<u64>) -> u64 {
    match way {
        Way::Up => amount.up,
        Way::Down => amount.down,
        Way::Sum => amount.up.saturating_add(amount.down),
    }
}
