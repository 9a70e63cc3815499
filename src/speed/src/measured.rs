use std::net::IpAddr;
use std::time::Duration;

use crate::Limit;
use ets_model::{SegmentNo, WallTime};
use ets_netd_api::Direction;

/// What was measured, once, in one direction. Rates in layer-3 bits a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Of which segment.
    pub segment: SegmentNo,
    /// When it ended.
    pub at: WallTime,
    /// Which way, seen from the segment.
    pub direction: Direction,
    /// What the measurement itself got: the mean of the middle half of its seconds.
    pub rate: u64,
    /// What everybody else in the segment had in the same seconds.
    pub work: u64,
    /// What the contract says; `None` where none is written down.
    pub contracted: Option<u64>,
    /// The round-trip time before.
    pub idle: Option<Duration>,
    /// The median round-trip time during it.
    pub loaded: Option<Duration>,
    /// What kept it from being faster.
    pub limit: Limit,
    /// Who asked.
    pub from: IpAddr,
}
