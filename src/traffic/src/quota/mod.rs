//! Thresholds and quotas: what a segment may move in a day or a month, or how fast for how long,
//! and what is done when it does more.

mod judge;
mod keeper;
mod rows;

use ets_model::{SegmentNo, WallTime};
use serde::{Deserialize, Serialize};

pub(crate) use keeper::{Desk, Keeper};
pub use keeper::{Notice, Shaper};
pub(crate) use rows::{list, put, remove, standings};

use crate::Error;

/// A quota or a threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Its number; 0 before it was given one.
    #[serde(default)]
    pub id: i64,
    /// Its name, for people.
    pub name: String,
    /// Whose. `None`: each segment by itself.
    pub segment: Option<SegmentNo>,
    /// What is limited.
    pub limit: Limit,
    /// Which way.
    #[serde(default)]
    pub way: Way,
    /// The warning comes at so many per cent of the limit, 1 to 100; 100: none before it is reached.
    #[serde(default = "eighty")]
    pub warn_percent: u8,
    /// What is done at the limit.
    #[serde(default)]
    pub action: Action,
    /// Counts the changes; an update names the version it saw.
    #[serde(default)]
    pub version: i64,
}

fn eighty() -> u8 {
    80
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Bytes in a day of the hub's calendar.
    BytesADay(u64),
    /// Bytes in a month of the hub's calendar.
    BytesAMonth(u64),
    /// Bits a second, averaged over each of so many whole minutes one after the other. It is over
    /// when as many stayed at or below it.
    Rate {
        /// Bits a second.
        bps: u64,
        /// For how long, 1 to 60.
        minutes: u8,
    },
}

/// Which way is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// From the segment.
    Up,
    /// To the segment.
    Down,
    /// Both together.
    #[default]
    Sum,
}

/// What is done at the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The journal and a notice.
    #[default]
    Notice,
    /// The same, and the segment is shaped to so many kbit/s both ways until the period ends.
    Shape {
        /// The rate.
        kbps: u64,
    },
}

/// How far a segment has come.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Below the warning.
    #[default]
    Normal,
    /// At the warning or above it.
    Warned,
    /// At the limit or above it.
    Reached,
}

/// How one segment stands to one quota, where that is not [`Level::Normal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Which quota.
    pub quota: i64,
    /// Which segment.
    pub segment: SegmentNo,
    /// How far it has come.
    pub level: Level,
    /// Since when.
    pub since: WallTime,
    /// When the period began that it counts for; the moment itself of a rate.
    pub period: WallTime,
}

impl Level {
    fn number(self) -> i64 {
        match self {
            Self::Normal => 0,
            Self::Warned => 1,
            Self::Reached => 2,
        }
    }

    fn from_number(number: i64) -> Self {
        match number {
            2 => Self::Reached,
            1 => Self::Warned,
            _ => Self::Normal,
        }
    }
}

impl Quota {
    /// Why it cannot be.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let bad = |why: &str| Err(Error::BadQuota(why.to_owned()));
        if self.name.trim().is_empty() || self.name.chars().count() > 200 {
            return bad("give it a name of 1 to 200 characters");
        }
        if !(1..=100).contains(&self.warn_percent) {
            return bad("the warning comes at 1 to 100 per cent");
        }
        match self.limit {
            Limit::BytesADay(0) | Limit::BytesAMonth(0) | Limit::Rate { bps: 0, .. } => {
                return bad("the limit is above zero");
            }
            Limit::Rate { minutes, .. } if !(1..=60).contains(&minutes) => {
                return bad("a rate is watched over 1 to 60 minutes");
            }
            _ => {}
        }
        match self.action {
            Action::Shape { kbps } if kbps < 64 => bad("a segment is shaped to 64 kbit/s or more"),
            _ => Ok(()),
        }
    }
}
