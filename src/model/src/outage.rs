//! Changes of state and the outages made of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{BlindReason, Evidence, LinkState, SegmentNo, Stamp, WallTime};

/// `netd` decided that a segment's state changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// Whose state.
    pub segment: SegmentNo,
    /// What it was.
    pub from: LinkState,
    /// What it is.
    pub to: LinkState,
    /// When it was decided.
    pub decided: Stamp,
    /// The last moment at which the old state was still seen: the last good probe before a loss.
    pub last_before: Stamp,
    /// The first moment at which the new state was seen: the first lost probe, the first answer.
    /// The truth lies between the two.
    pub first_after: Stamp,
    /// What the decision stands on.
    pub evidence: Vec<Evidence>,
}

/// A time in which the hub could not see, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blind {
    /// From when.
    pub from: Stamp,
    /// Until when.
    pub to: Stamp,
    /// Why.
    pub reason: BlindReason,
    /// The trunk, where `reason` is a dark trunk; empty otherwise.
    pub trunk: String,
}

/// The number of an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OutageId(pub i64);

impl fmt::Display for OutageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutageKind {
    /// One segment does not answer.
    Segment,
    /// The hub's own trunk is dark: nothing is known of the segments behind it.
    Hub,
}

/// A time without a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Its number; given by the database.
    pub id: OutageId,
    /// What is out.
    pub kind: OutageKind,
    /// The segment, where one is out.
    pub segment: Option<SegmentNo>,
    /// It began after this moment: the last good probe.
    pub began_after: WallTime,
    /// It began before this moment: the first lost probe.
    pub began_before: WallTime,
    /// It ended at the first good probe; `None` while it lasts.
    pub ended: Option<WallTime>,
    /// Everything seen, in order of time.
    pub evidence: Vec<Evidence>,
}
