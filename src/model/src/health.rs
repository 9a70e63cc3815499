//! Whether services answer, and which of them a segment may reach (requirements N7.1, N10.1).

use std::fmt::{self, Debug};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{Names, PortRange, SegmentId, ServiceId, ServicePlace, WallTime};

/// Whether a service answers its checks.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum HealthState {
    /// It does not answer.
    Down,
    /// Nothing can be said: not checked yet, no checks at all, or the way to it is dark.
    #[default]
    Unknown,
    /// It answers.
    Up,
}

impl HealthState {
    /// All states, the one that needs a person first.
    pub const ALL: [Self; 3] = [Self::Down, Self::Unknown, Self::Up];

    /// As the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Up => "up",
        }
    }
}

impl fmt::Display for HealthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A service as somebody in a segment may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceNow {
    /// Its identifier.
    pub id: ServiceId,
    /// Its name.
    pub name: Names,
    /// What it is for, in words; empty where nobody wrote it down.
    pub about: Names,
    /// Where it runs.
    pub place: ServicePlace,
    /// Its servers' addresses; none where it runs on the hub.
    pub addresses: Vec<IpAddr>,
    /// The ports that it answers on.
    pub ports: Vec<PortRange>,
    /// Whether it answers, as the hub sees it.
    pub state: HealthState,
    /// Since when it is so; `None` before it was first known, and where it has no checks.
    pub since: Option<WallTime>,
}

/// The catalogue of services as seen from a segment. Answers from memory: cheap, never waits.
pub trait Reachable: Debug + Send + Sync {
    /// The services that the rules in force let a segment reach, by number; retired ones are left
    /// out. Empty where there is no such segment.
    fn reachable_from(&self, segment: &SegmentId) -> Vec<ServiceNow>;
}
