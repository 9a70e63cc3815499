//! `serve`'s side of `netd`: keeps the connection, tells it what to watch, holds the live picture
//! of every segment, writes outages and blind times down, and tells everyone what changed.

mod change;
mod error;
mod handle;
mod health;
mod model;
mod outages;

pub use change::{Change, ChangeBody, ChangeId, Subscription};
pub use error::Error;
pub use handle::{Handle, PingStream};
pub use health::{BlindRow, Database, Health, NetdHealth, Part};
pub use model::{Counts, SegmentNow, Snapshot, Spark, SparkPoint, TrunkNow};
pub use outages::{Day, OutageFilter, OutageRow, Page, PageKey, Phase};
