//! What is known of a segment's channel while it is measured.

use std::fmt;
use std::time::Duration;

use ets_model::SegmentNo;
use ets_netd_api::Direction;
use ets_store::BoxFuture;
use tokio::sync::mpsc;

/// Answers of the segment's router as they come; `None` is one that did not come.
pub type Echoes = mpsc::Receiver<Option<Duration>>;

/// What passes in one direction, in layer-3 bits a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Counts the readings: the same number is the same reading.
    pub reading: u64,
    /// The measurement's own.
    pub own: u64,
    /// Everybody else's.
    pub work: u64,
}

/// Where the accounting and the probes are; the composition fills it in.
pub trait Channel: fmt::Debug + Send + Sync {
    /// Echo requests to the segment's router, a few a second until the receiver is dropped; `None`
    /// where nobody can be asked.
    fn echoes(&self, segment: SegmentNo) -> BoxFuture<'_, Option<Echoes>>;

    /// The last reading; `None` while nothing is counted.
    fn rates(&self, segment: SegmentNo, direction: Direction) -> Option<Rates>;
}
