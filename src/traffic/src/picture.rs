//! What passed at one moment of the past, of everybody: a live picture that was put aside.

use std::time::Duration;

use ets_model::{SegmentNo, WallTime};

use crate::model::HUB;
use crate::percentile::minute;
use crate::sums::Sums;
use crate::tally::Tally;
use crate::{Error, Handle, Period, Total};

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;

/// What passed at one moment: in a second, a minute or an hour, whichever is still known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The second, minute or hour.
    pub period: Period,
    /// All of the hub.
    pub hub: Total,
    /// Every segment that had traffic, ascending by number; 0 is what belongs to no segment.
    pub segments: Vec<(SegmentNo, Total)>,
}

impl Picture {
    /// How long it covers.
    pub fn length(&self) -> Duration {
        self.period.to.since(self.period.from)
    }

    fn new(from: i64, length: i64, mut sums: Sums) -> Self {
        let hub = sums.remove(&HUB).as_ref().map(Tally::total).unwrap_or_default();
        let wall = |second: i64| WallTime(second.saturating_mul(1_000_000));
        Self {
            period: Period { from: wall(from), to: wall(from.saturating_add(length)) },
            hub,
            segments: sums.iter().map(|(no, tally)| (SegmentNo(*no), tally.total())).collect(),
        }
    }
}

/// The picture of the second, minute or hour that holds `at`.
pub(crate) async fn of(handle: &Handle, at: WallTime) -> Result<Picture, Error> {
    let meter = &handle.0;
    let second = at.0.div_euclid(1_000_000);
    let of_second = meter.memory().seconds.all(second);
    if let Some(sums) = of_second {
        return Ok(Picture::new(second, 1, sums));
    }
    let kept = meter.clock.wall().minus(meter.config.minutes_kept);
    let length = if minute(at) >= minute(kept) { MINUTE } else { HOUR };
    let from = second.div_euclid(length) * length;
    let wall = |second: i64| WallTime(second.saturating_mul(1_000_000));
    let period = Period { from: wall(from), to: wall(from.saturating_add(length)) };
    Ok(Picture::new(from, length, handle.everybodys_sums(period).await?))
}
