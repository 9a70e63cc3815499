//! When a channel fills, in a sentence.

use ets_i18n::{Tr, t};
use ets_model::WallTime;
use ets_traffic::{Forecast, Trend};

use super::figures::bps;

/// The answer for one way.
pub(super) fn told(tr: &Tr, forecast: &Forecast, now: WallTime) -> String {
    let of = |trend: &Trend| (bps(tr, trend.contracted_bps), bps(tr, trend.now_bps));
    match forecast {
        Forecast::NoRate => t::forecast_no_rate(tr).to_owned(),
        Forecast::NotEnough { weeks, needed } => t::forecast_not_enough(tr, *needed, *weeks),
        Forecast::Full { trend } => {
            let (contract, busy) = of(trend);
            t::forecast_full(tr, contract, busy)
        }
        Forecast::Steady { trend } => {
            let (contract, busy) = of(trend);
            t::forecast_steady(tr, contract, busy)
        }
        Forecast::Fills { trend, at, earliest, latest } => {
            let (_, busy) = of(trend);
            let day = |at: WallTime| tr.date(at, now);
            let growth = tr.bit_rate(trend.a_week);
            match latest {
                Some(latest) => {
                    t::forecast_fills(tr, day(*at), day(*earliest), growth, day(*latest), busy)
                }
                None => t::forecast_fills_open(tr, day(*at), day(*earliest), growth, busy),
            }
        }
    }
}
