//! The live picture: what is known of every segment now.

use std::sync::Arc;
use std::time::Duration;

use ets_model::{LinkState, Obstacle, OutageId, SegmentNo, Stamp, WallTime};
use ets_netd_api::EngineCounters;

use crate::ChangeId;

/// Everything known at one moment. Immutable; a new one takes its place at most every 100 ms, and
/// at once when a state changes.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// When it was made.
    pub at: Stamp,
    /// The last change that it contains; a follower subscribes after it and misses nothing.
    pub change: ChangeId,
    /// The generation of the registry that it shows.
    pub generation: u64,
    /// Since when `netd` has not been heard of, where that is 3 s or longer ago. All segments are
    /// unknown then.
    pub stale_since: Option<WallTime>,
    /// The active segments, ordered by number.
    pub segments: Vec<SegmentNow>,
    /// How many are in which state.
    pub counts: Counts,
    /// The hub's trunks.
    pub trunks: Vec<TrunkNow>,
    /// The probe engine's counters at the last tick.
    pub engine: EngineCounters,
    /// The wall time of the last tick; the age of the data.
    pub tick: WallTime,
}

/// One segment now.
#[derive(Clone, Debug)]
pub struct SegmentNow {
    /// Which.
    pub no: SegmentNo,
    /// Its state.
    pub state: LinkState,
    /// Since when.
    pub since: WallTime,
    /// The open outage, once it is written down.
    pub outage: Option<OutageId>,
    /// Median of the last five answers; `None` when none came in the last 10 to 15 s, and at once
    /// when the segment is down or unknown.
    pub rtt: Option<Duration>,
    /// It has not answered since it is watched: its state is unknown until it does, or until
    /// `netd` loses patience.
    pub unheard: bool,
    /// What keeps probes from reaching it, where that is known; only while it does not answer.
    pub obstacle: Option<Obstacle>,
    /// Probes that came to their end in the last minute; none of an outage, of planned works or of
    /// the hub's own blindness.
    pub sent: u32,
    /// Those of them that were lost.
    pub lost: u32,
    /// The last hour.
    pub spark: Arc<Spark>,
}

/// One hour in steps of a minute, oldest first. The last point is the last whole minute.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spark {
    /// The beginning of the last point's minute.
    pub newest: WallTime,
    /// Up to 60 points without gaps.
    pub points: Vec<SparkPoint>,
}

/// One minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SparkPoint {
    /// Median round-trip time in microseconds; 0 when nothing was answered.
    pub rtt_us: u32,
    /// Probes that came to their end; 0 when nothing is known.
    pub sent: u16,
    /// Those of them that were lost.
    pub lost: u16,
}

/// Active segments by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Answer.
    pub up: u32,
    /// Answer badly.
    pub degraded: u32,
    /// Do not answer.
    pub down: u32,
    /// Under maintenance.
    pub maintenance: u32,
    /// Nothing is known.
    pub unknown: u32,
    /// Those of the unknown that have never answered yet.
    pub unheard: u32,
}

/// One trunk of the hub.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrunkNow {
    /// Its name.
    pub name: String,
    /// Since when it is dark, if it is.
    pub dark_since: Option<WallTime>,
}

impl Snapshot {
    /// One segment.
    pub fn segment(&self, no: SegmentNo) -> Option<&SegmentNow> {
        let at = self.segments.binary_search_by_key(&no, |one| one.no).ok()?;
        self.segments.get(at)
    }
}

impl SegmentNow {
    /// The share of lost probes in the last minute, 0 to 1; `None` when none came to its end. All
    /// of them while the segment is down; what was lost in an outage does not count after it.
    pub fn loss(&self) -> Option<f64> {
        if self.state == LinkState::Down {
            return Some(1.0);
        }
        (self.sent > 0).then(|| f64::from(self.lost) / f64::from(self.sent))
    }
}

impl Counts {
    /// All active segments.
    pub fn total(&self) -> u32 {
        LinkState::ALL.iter().map(|state| self.of(*state)).sum()
    }

    /// Those in one state.
    pub fn of(&self, state: LinkState) -> u32 {
        match state {
            LinkState::Up => self.up,
            LinkState::Degraded => self.degraded,
            LinkState::Down => self.down,
            LinkState::Maintenance => self.maintenance,
            LinkState::Unknown => self.unknown,
        }
    }

    pub(crate) fn of_mut(&mut self, state: LinkState) -> &mut u32 {
        match state {
            LinkState::Up => &mut self.up,
            LinkState::Degraded => &mut self.degraded,
            LinkState::Down => &mut self.down,
            LinkState::Maintenance => &mut self.maintenance,
            LinkState::Unknown => &mut self.unknown,
        }
    }
}
