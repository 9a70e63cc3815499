//! One change of the rules, kept for ever: who, when, why, and what became of it.

use std::fmt;
use std::time::Duration;

use ets_model::{SegmentId, WallTime};
use serde::{Deserialize, Serialize};

/// The author of changes that follow the registry by themselves. Any administrator may confirm
/// them.
pub const REGISTRY: &str = "registry";

/// A version, without its rights and policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Its number: that of the change in `netd`. They rise, not always by one.
    pub no: u64,
    /// When it was written down.
    pub at: WallTime,
    /// Who made it.
    pub author: String,
    /// For whom, where it is somebody else.
    pub on_behalf: Option<String>,
    /// From which segment, where it is known.
    pub from_segment: Option<SegmentId>,
    /// Why, as the person put it; may be empty.
    pub why: String,
    /// What brought it.
    pub cause: Cause,
    /// The version that was in force then; 0: none.
    pub base: u64,
    /// How many differences of the policy it makes.
    pub changes: u64,
    /// Whether one of them takes something away.
    pub takes_away: bool,
    /// How long it waits for its confirmation; `None`: it needs none.
    pub confirm_within: Option<Duration>,
    /// What became of it.
    pub state: VersionState,
}

/// What brought a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The first start: the rights that the hub began with.
    First,
    /// A person's draft.
    Draft,
    /// The registry or the networks of the configuration changed.
    Registry,
    /// `netd` had it in force and this database did not know it.
    Found,
}

/// What became of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum VersionState {
    /// Written down and handed to `netd`, which has not answered yet.
    Sent,
    /// In force until then, unless it is confirmed.
    Waiting { until: WallTime },
    /// It took effect at once and needed no confirmation.
    InForce { at: WallTime },
    /// It took effect and was confirmed.
    Confirmed { at: WallTime, by: String },
    /// It went back.
    Reverted { at: WallTime, why: Back },
    /// It never was in force.
    Refused { at: WallTime, why: String },
}

/// Why a change went back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Back {
    /// Nobody confirmed it in time.
    TimeOut,
    /// Somebody took it back.
    Withdrawn { by: String },
    /// Segments that were up before the change fell.
    Veto { fell: Vec<SegmentId> },
    /// `netd` or the machine started anew before it was confirmed.
    Restarted,
    /// `netd` cannot tell any more.
    Unknown,
}

impl Version {
    /// Who has to confirm it: `None` stands for any administrator.
    pub fn confirmed_by(&self) -> Option<&str> {
        (self.author != REGISTRY).then_some(&self.author)
    }
}

impl VersionState {
    /// Whether it is, or was, in force and stayed.
    pub fn stood(&self) -> bool {
        matches!(self, Self::InForce { .. } | Self::Confirmed { .. })
    }

    /// As it stands in the database and in addresses.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Waiting { .. } => "waiting",
            Self::InForce { .. } => "in_force",
            Self::Confirmed { .. } => "confirmed",
            Self::Reverted { .. } => "reverted",
            Self::Refused { .. } => "refused",
        }
    }
}

impl Cause {
    /// As it stands in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Draft => "draft",
            Self::Registry => "registry",
            Self::Found => "found",
        }
    }

    pub(crate) fn read(name: &str) -> Option<Self> {
        [Self::First, Self::Draft, Self::Registry, Self::Found]
            .into_iter()
            .find(|one| one.name() == name)
    }
}

impl fmt::Display for Back {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeOut => f.write_str("nobody confirmed it in time"),
            Self::Withdrawn { by } => write!(f, "{by} took it back"),
            Self::Veto { fell } => {
                let fell: Vec<&str> = fell.iter().map(SegmentId::as_str).collect();
                write!(f, "segments that were up fell: {}", fell.join(", "))
            }
            Self::Restarted => f.write_str("netd or the machine restarted before it was confirmed"),
            Self::Unknown => f.write_str("netd cannot tell why any more"),
        }
    }
}
