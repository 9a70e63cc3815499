//! Points in time.
//!
//! Durations come from `CLOCK_BOOTTIME`, which counts suspend and is never stepped. Wall time is
//! shown to people and stored, and is never subtracted to decide anything.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// A point on `CLOCK_BOOTTIME`, in nanoseconds since boot. Comparable within one boot only.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct BootTime(pub u64);

impl BootTime {
    /// The time from `earlier` to `self`; zero when `earlier` is the later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for BootTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }
}

impl Sub<Duration> for BootTime {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(duration)))
    }
}

/// A point of wall time: microseconds since 1970-01-01T00:00:00 UTC, as stored in the database.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct WallTime(pub i64);

impl WallTime {
    /// This point moved forward by `duration`.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// This point moved back by `duration`.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    /// The time from `earlier` to `self`; zero when `earlier` is the later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl From<SystemTime> for WallTime {
    /// What lies before 1970 is 1970.
    fn from(at: SystemTime) -> Self {
        Self(micros(at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()))
    }
}

impl From<WallTime> for SystemTime {
    /// What lies before 1970 is 1970.
    fn from(at: WallTime) -> Self {
        Self::UNIX_EPOCH + Duration::from_micros(u64::try_from(at.0).unwrap_or(0))
    }
}

/// One moment on both clocks, read together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// For durations.
    pub boot: BootTime,
    /// For people.
    pub wall: WallTime,
}

impl Stamp {
    /// The moment `boot` expressed on both clocks, as if the wall clock had run evenly between
    /// it and `self`.
    pub fn at(self, boot: BootTime) -> Self {
        let wall = if boot >= self.boot {
            self.wall.plus(boot.since(self.boot))
        } else {
            self.wall.minus(self.boot.since(boot))
        };
        Self { boot, wall }
    }
}

impl fmt::Display for WallTime {
    /// Whole microseconds since the epoch; people see it formatted by `i18n`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_moves_both_clocks_by_the_same_amount() {
        let stamp = Stamp { boot: BootTime(5_000_000), wall: WallTime(1_000_000) };
        assert_eq!(stamp.at(BootTime(7_000_000)).wall, WallTime(1_002_000));
        assert_eq!(stamp.at(BootTime(2_000_000)).wall, WallTime(997_000));
    }

    #[test]
    fn a_later_point_is_no_time_after_an_earlier_one() {
        assert_eq!(BootTime(1).since(BootTime(2)), Duration::ZERO);
        assert_eq!(WallTime(1).since(WallTime(2)), Duration::ZERO);
    }
}
