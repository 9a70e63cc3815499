//! What one probe came to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::SegmentNo;

/// How one probe ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Answered after this round-trip time.
    Answered(Duration),
    /// Not answered in time.
    Lost,
}

/// One probe's end, as `netd` reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Whose probe.
    pub segment: SegmentNo,
    /// How it ended.
    pub outcome: Outcome,
}
