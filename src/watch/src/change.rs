//! What changed, in order, for pages that follow live and may have been away for a moment.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ets_model::{LinkState, OutageId, OutageKind, SegmentNo, WallTime};

/// The number of a change, as `instance-seq`: what SSE sends as `id:` and gets back as
/// `Last-Event-ID`. Ordered within one instance (one life of `serve`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ChangeId {
    /// Drawn anew at each start.
    pub instance: u64,
    /// From 1 without gaps; 0 is before the first.
    pub seq: u64,
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.instance, self.seq)
    }
}

impl FromStr for ChangeId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (instance, seq) = text.split_once('-').ok_or(())?;
        let instance = u64::from_str_radix(instance, 16).map_err(|_| ())?;
        Ok(Self { instance, seq: seq.parse().map_err(|_| ())? })
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number. A [`ChangeBody::Tick`] has no number of its own: it carries that of the change
    /// before it and is not kept for those who were away.
    pub id: ChangeId,
    /// When.
    pub at: WallTime,
    /// What.
    pub body: ChangeBody,
}

/// What changed. The snapshot that contains it is already there when it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeBody {
    /// New figures of all segments, once a second.
    Tick,
    /// A segment's state.
    State {
        /// Whose.
        segment: SegmentNo,
        /// What it was.
        from: LinkState,
        /// What it is.
        to: LinkState,
        /// Since when.
        since: WallTime,
    },
    /// Something keeps probes from reaching a segment, or does so no longer.
    Obstacle {
        /// Which segment.
        segment: SegmentNo,
    },
    /// An outage was written down as open.
    OutageOpened {
        /// Its number.
        outage: OutageId,
        /// What is out.
        kind: OutageKind,
        /// Which segment, where it is one.
        segment: Option<SegmentNo>,
    },
    /// An outage was written down as over.
    OutageClosed {
        /// Its number.
        outage: OutageId,
        /// What was out.
        kind: OutageKind,
        /// Which segment, where it was one.
        segment: Option<SegmentNo>,
    },
    /// The registry.
    Registry {
        /// Its generation.
        generation: u64,
    },
    /// A trunk went dark or came back.
    Trunk {
        /// Which.
        name: String,
        /// Whether it is dark.
        dark: bool,
    },
    /// A blind time of the hub's was written down.
    Blind,
    /// `netd` was not heard of for 3 s (`false`), or is back (`true`). Every segment may be
    /// different now; no [`ChangeBody::State`] tells it one by one.
    Netd {
        /// Whether it is heard.
        heard: bool,
    },
}

/// The changes from one point on.
#[derive(Debug)]
pub struct Subscription {
    /// The changes after the one that was asked for; empty when that is too long ago.
    pub missed: Vec<Arc<Change>>,
    /// Whether changes are lost to this follower: it must take a whole snapshot.
    pub reset: bool,
    pub(crate) live: tokio::sync::broadcast::Receiver<Arc<Change>>,
}

impl Subscription {
    /// The next change, `missed` not included; `None` at the end of the process. A follower that
    /// is too slow gets `Some(Err(lost))` and must take a whole snapshot.
    pub async fn next(&mut self) -> Option<Result<Arc<Change>, u64>> {
        use tokio::sync::broadcast::error::RecvError;
        match self.live.recv().await {
            Ok(change) => Some(Ok(change)),
            Err(RecvError::Lagged(lost)) => Some(Err(lost)),
            Err(RecvError::Closed) => None,
        }
    }
}
