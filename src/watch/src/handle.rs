//! What the rest of `serve` holds of the watch.

use std::sync::Arc;
use std::time::Duration;

use ets_model::{OutageId, SegmentNo, WallTime};
use ets_netd_api::PingLine;

use crate::{
    BlindRow, ChangeId, Day, Error, Health, OutageFilter, OutageRow, Page, Snapshot, Subscription,
};

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {}

/// The answers of an on-demand ping as they come.
#[derive(Debug)]
pub struct PingStream {
    pub(crate) lines: tokio::sync::mpsc::Receiver<Result<PingLine, Error>>,
}

impl PingStream {
    /// The next answer or silence; `None` at the end. Dropping the stream ends the ping.
    pub async fn next(&mut self) -> Option<Result<PingLine, Error>> {
        self.lines.recv().await
    }
}

#[allow(clippy::unused_async, clippy::todo)]
impl Handle {
    /// The live picture.
    pub fn snapshot(&self) -> Arc<Snapshot> { todo!() }
    /// The changes after `after` (what SSE sends as `Last-Event-ID`) and all that follow. The last
    /// five minutes are kept. With `None`: only what follows.
    pub fn subscribe(&self, after: Option<ChangeId>) -> Subscription { let _ = after; todo!() }
    /// The last changes of state, outages and trunks, newest first; at most five minutes back.
    pub fn recent(&self, limit: usize) -> Vec<Arc<crate::Change>> { let _ = limit; todo!() }
    /// How the system is.
    ///
    /// # Errors
    /// Never for a part that is ill: that is what it tells.
    pub async fn health(&self) -> Health { todo!() }
    /// Pings a segment's probe address from `netd`: at most 100 times, at least 200 ms apart.
    ///
    /// # Errors
    /// When there is no such segment or `netd` cannot be asked.
    pub async fn ping(&self, segment: SegmentNo, count: u16, interval: Duration) -> Result<PingStream, Error> { let _ = (segment, count, interval); todo!() }
    /// A page of outages, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn outages(&self, filter: &OutageFilter) -> Result<Page<OutageRow>, Error> { let _ = filter; todo!() }
    /// One outage with its evidence.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn outage(&self, id: OutageId) -> Result<Option<OutageRow>, Error> { let _ = id; todo!() }
    /// How available a segment was in each of the stretches between `borders` (ascending; days
    /// begin where the reader's calendar says).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn availability(&self, segment: SegmentNo, borders: &[WallTime]) -> Result<Vec<Day>, Error> { let _ = (segment, borders); todo!() }
    /// The hub's blind times that touch this stretch, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn blinds(&self, from: WallTime, to: WallTime, limit: u32) -> Result<Vec<BlindRow>, Error> { let _ = (from, to, limit); todo!() }
}
