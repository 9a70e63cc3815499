//! `serve`'s side of `netd`: keeps the connection, tells it what to watch, holds the live picture
//! of every segment, writes outages and blind times down, and tells everyone what changed.
//!
//! One stream feeds three places: the picture (in memory, published as a whole), the recorder of
//! measurements, and the scribe, which alone writes `state.db` and alone replays what was missed.

mod change;
mod configure;
mod error;
mod follow;
mod handle;
mod health;
mod memory;
mod model;
mod outages;
mod picture;
mod queries;
mod ring;
mod scribe;
mod service;
mod share;
mod shared;
mod spark;
mod tables;

pub use change::{Change, ChangeBody, ChangeId, Subscription};
pub use error::Error;
pub use ets_outage::Span;
pub use handle::{Feeder, Handle, PingStream};
pub use health::{BlindRow, Database, Health, NetdHealth, Part};
pub use memory::netd_memory;
pub use model::{Counts, SegmentNow, Snapshot, Spark, SparkPoint, TrunkNow};
pub use outages::{Day, OutageFilter, OutageRow, Page, PageKey, Phase};
pub use service::{Deps, Watch};
pub use share::Share;
pub use tables::MIGRATIONS;
