//! When a channel fills: a robust trend over weeks (pure).
//!
//! Each whole week has one value: the 95th percentile of its hourly averages, that is, how busy
//! its busy hours are. The trend is the median of the slopes between all pairs of weeks (Theil and
//! Sen), which a few odd weeks do not move; its interval comes from Kendall's distribution (Sen
//! 1968), at 90 %.

use ets_model::WallTime;
use serde::Serialize;

use crate::percentile::ninety_fifth;

/// Fewer weeks than this tell nothing.
pub(crate) const LEAST: usize = 8;
/// Two-sided 90 % of the normal distribution.
const Z: f64 = 1.644_853_6;
/// Nothing is foretold further ahead than this, in weeks.
const HORIZON: f64 = 520.0;
const WEEK_US: f64 = 604_800_000_000.0;

/// When a channel fills in one direction.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Forecast {
    /// The contracted rate is not in the registry.
    NoRate,
    /// Too few whole weeks are recorded.
    NotEnough {
        /// How many there are.
        weeks: usize,
        /// How many it takes.
        needed: usize,
    },
    /// The busy hours already reach the contracted rate.
    Full {
        /// What is known of the trend.
        trend: Trend,
    },
    /// No growth that is told apart from chance.
    Steady {
        /// What is known of the trend.
        trend: Trend,
    },
    /// It fills.
    Fills {
        /// What is known of the trend.
        trend: Trend,
        /// When, by the trend.
        at: WallTime,
        /// When at the earliest, at 90 %.
        earliest: WallTime,
        /// When at the latest, at 90 %; `None`: perhaps not within ten years.
        latest: Option<WallTime>,
    },
}

/// The trend of a channel's busy hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Trend {
    /// Whole weeks that it is made of.
    pub weeks: usize,
    /// The busy hours now, by the trend, in bits a second.
    pub now_bps: u64,
    /// The contracted rate.
    pub contracted_bps: u64,
    /// Growth a week, in bits a second.
    pub a_week: f64,
    /// The growth lies above this at 90 %.
    pub at_least: f64,
    /// The growth lies below this at 90 %.
    pub at_most: f64,
    /// The share of pairs of weeks that grew, less that of those that fell (Kendall's tau), -1
    /// to 1: how steady the trend is.
    pub tau: f64,
}

/// The busy-hour value of a week, from its hourly averages in bits a second.
pub(crate) fn busy_hour(hours: impl Iterator<Item = u64>) -> u64 {
    ninety_fifth(hours)
}

/// The forecast at `now`, from whole weeks by number, oldest first, of which `last_end` is the end
/// of the last.
pub(crate) fn forecast(
    weeks: &[(i64, u64)],
    contracted_bps: u64,
    last_end: WallTime,
    now: WallTime,
) -> Forecast {
    if contracted_bps == 0 {
        return Forecast::NoRate;
    }
    if weeks.len() < LEAST {
        return Forecast::NotEnough { weeks: weeks.len(), needed: LEAST };
    }
    let trend = trend(weeks, contracted_bps, last_end, now);
    if trend.now_bps >= contracted_bps {
        return Forecast::Full { trend };
    }
    if trend.at_least.max(0.0) == 0.0 && trend.tau < 0.3 || trend.a_week <= 0.0 {
        return Forecast::Steady { trend };
    }
    let when = |slope: f64| fills(trend, slope, now);
    match (when(trend.a_week), when(trend.at_most)) {
        (Some(at), Some(earliest)) => {
            Forecast::Fills { trend, at, earliest, latest: when(trend.at_least) }
        }
        _ => Forecast::Steady { trend },
    }
}

/// When a slope leads to the contracted rate; `None` beyond the horizon.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn fills(trend: Trend, slope: f64, now: WallTime) -> Option<WallTime> {
    let missing = (trend.contracted_bps - trend.now_bps) as f64;
    let weeks = missing / slope;
    (slope > 0.0 && weeks <= HORIZON).then(|| WallTime(now.0 + (weeks * WEEK_US) as i64))
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn trend(weeks: &[(i64, u64)], contracted_bps: u64, last_end: WallTime, now: WallTime) -> Trend {
    let count = weeks.len();
    let mut slopes = Vec::with_capacity(count * (count - 1) / 2);
    let mut balance = 0i64;
    for (index, (week, value)) in weeks.iter().enumerate() {
        for (later, other) in &weeks[index + 1..] {
            slopes.push((*other as f64 - *value as f64) / (later - week) as f64);
            balance += i64::from(other > value) - i64::from(other < value);
        }
    }
    slopes.sort_unstable_by(f64::total_cmp);
    let a_week = median(&slopes);
    let n = count as f64;
    let pairs = slopes.len() as f64;
    let spread = Z * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
    let at = |rank: f64| slopes[(rank.max(0.0) as usize).min(slopes.len() - 1)];
    let first = weeks[0].0;
    let mut bases: Vec<f64> =
        weeks.iter().map(|(week, value)| *value as f64 - a_week * (week - first) as f64).collect();
    bases.sort_unstable_by(f64::total_cmp);
    // A week's value stands for its middle.
    let since = (now.0 - last_end.0) as f64 / WEEK_US + 0.5;
    let elapsed = (weeks[count - 1].0 - first) as f64 + since;
    let now_bps = (median(&bases) + a_week * elapsed).max(0.0) as u64;
    Trend {
        weeks: count,
        now_bps,
        contracted_bps,
        a_week,
        at_least: at(((pairs - spread) / 2.0).floor() - 1.0),
        at_most: at(((pairs + spread) / 2.0).ceil()),
        tau: balance as f64 / pairs,
    }
}

/// Of values in order, at least one.
fn median(values: &[f64]) -> f64 {
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime(1_795_341_600_000_000);

    fn weeks(value: impl Fn(i64) -> i64) -> Vec<(i64, u64)> {
        (0..30).map(|week| (week, value(week).unsigned_abs())).collect()
    }

    /// Noise of up to ten, the same each time.
    fn noise(week: i64) -> i64 {
        (week * 7_919 % 21) - 10
    }

    /// covers: N5.4
    #[test]
    fn a_channel_that_grows_by_a_tenth_fills_when_it_should_and_odd_weeks_do_not_matter() {
        // 400 Mbit/s now, growing by 10 a week towards 1,000: in about 60 weeks.
        let growing = |odd: bool| {
            weeks(|week| match week {
                11 | 17 if odd => 5_000_000_000,
                week => (110 + week * 10 + noise(week) / 2) * 1_000_000,
            })
        };
        for odd in [false, true] {
            let told = forecast(&growing(odd), 1_000_000_000, NOW, NOW);
            let Forecast::Fills { trend, at, earliest, latest } = told else { panic!("{told:?}") };
            let ahead = |at: WallTime| (at.0 - NOW.0) as f64 / WEEK_US;
            assert!((55.0..66.0).contains(&ahead(at)), "{odd}: {}", ahead(at));
            assert!(earliest <= at && latest.unwrap() >= at, "{trend:?}");
            assert!(trend.tau > 0.5);
        }
    }

    /// covers: N5.4
    #[test]
    fn what_does_not_grow_or_is_not_known_is_said_to_be_so() {
        let steady = weeks(|week| (400 + noise(week)) * 1_000_000);
        let told = forecast(&steady, 1_000_000_000, NOW, NOW);
        assert!(matches!(told, Forecast::Steady { .. }), "{told:?}");
        let falling = weeks(|week| (900 - week * 10) * 1_000_000);
        assert!(matches!(forecast(&falling, 1_000_000_000, NOW, NOW), Forecast::Steady { .. }));
        let told = forecast(&steady, 300_000_000, NOW, NOW);
        assert!(matches!(told, Forecast::Full { .. }));
        assert_eq!(
            forecast(&steady[..7], 1_000_000_000, NOW, NOW),
            Forecast::NotEnough { weeks: 7, needed: LEAST }
        );
        assert_eq!(forecast(&steady, 0, NOW, NOW), Forecast::NoRate);
    }
}
