//! The state of a segment's channel.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is known of a segment's channel now (requirement N3.2).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// Answers, within its limits.
    Up,
    /// Answers, but loses more than allowed or flaps.
    Degraded,
    /// Does not answer.
    Down,
    /// Under maintenance: measured as always, but nobody is called.
    Maintenance,
    /// The hub cannot tell: it has not looked long enough or is itself blind.
    #[default]
    Unknown,
}

impl LinkState {
    /// All states, the one that needs a person most first.
    pub const ALL: [Self; 5] =
        [Self::Down, Self::Degraded, Self::Maintenance, Self::Unknown, Self::Up];

    /// The word used in the API, in metrics and in style sheets.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Maintenance => "maintenance",
            Self::Unknown => "unknown",
        }
    }

    /// The number of `ets_segment_state`: 0 down, 1 up, 2 degraded, 3 maintenance, 4 unknown.
    pub fn number(self) -> u8 {
        match self {
            Self::Down => 0,
            Self::Up => 1,
            Self::Degraded => 2,
            Self::Maintenance => 3,
            Self::Unknown => 4,
        }
    }
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
