//! How the system itself is.

use std::time::Duration;

use ets_model::{Blind, WallTime};
use ets_netd_api::Status;

/// How both processes, the databases and the disk are.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// When it was asked.
    pub at: WallTime,
    /// `netd`.
    pub netd: NetdHealth,
    /// This program's version.
    pub build: &'static str,
    /// This process's id.
    pub pid: u32,
    /// When this process's watching began.
    pub started: WallTime,
    /// Resident memory of this process, in bytes.
    pub resident: u64,
    /// CPU time that this process used.
    pub cpu: Duration,
    /// Memory of this process by part, as far as it is counted, in bytes.
    pub memory: Vec<Part>,
    /// The databases.
    pub databases: Vec<Database>,
    /// The disk under the databases: bytes free and in all; `None` when it cannot be asked.
    pub disk: Option<(u64, u64)>,
    /// How many events are seen but not yet written down, and since when.
    pub behind: u64,
    /// See `behind`.
    pub behind_since: Option<WallTime>,
    /// Blind times of the last 24 hours, newest first, at most 100.
    pub blind: Vec<BlindRow>,
    /// Their sum.
    pub blind_total: Duration,
}

/// How `netd` is.
#[derive(Clone, Debug, Default)]
pub struct NetdHealth {
    /// Whether its events arrive.
    pub connected: bool,
    /// Why not, as a sentence that says what to do; empty when they do.
    pub problem: String,
    /// The last tick.
    pub last_tick: Option<WallTime>,
    /// Its last answer to a question about itself, and when it came (asked every 5 s).
    pub status: Option<(WallTime, Box<Status>)>,
    /// How often it was connected since the start of this process.
    pub connects: u64,
}

/// One part's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name, stable.
    pub name: &'static str,
    /// Bytes.
    pub bytes: u64,
}

/// One database.
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// `state` or `series`.
    pub name: &'static str,
    /// Whether the last write worked.
    pub writable: bool,
    /// Why not, in words; empty when it did.
    pub problem: String,
    /// Its size in bytes, where it is a file.
    pub bytes: Option<u64>,
}

/// A time in which the hub was blind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindRow {
    /// Its number.
    pub id: i64,
    /// From when to when, and why.
    pub blind: Blind,
}
