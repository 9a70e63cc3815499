//! How the system itself is.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ets_model::{Blind, Stamp, WallTime};
use ets_netd_api::Status;
use ets_outage::Span;
use tokio::sync::Notify;

use crate::shared::locked;

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
    /// Memory of this process by part, in bytes. `program` is code and mapped files, `free` what the
    /// allocator holds back, `other` what is allocated and belongs to no part.
    pub memory: Vec<Part>,
    /// The databases.
    pub databases: Vec<Database>,
    /// The disk under the databases: bytes free and in all; `None` when it cannot be asked.
    pub disk: Option<(u64, u64)>,
    /// How many things wait to be written down, and since when.
    pub behind: u64,
    /// See `behind`.
    pub behind_since: Option<WallTime>,
    /// Blind times of the last 24 hours, newest first, at most 100.
    pub blind: Vec<BlindRow>,
    /// How long the hub was blind in the last hour; times that overlap count once.
    pub blind_hour: Duration,
    /// As `blind_hour`, in the last 24 hours; also of those that are too many to be listed.
    pub blind_total: Duration,
}

/// How `netd` is.
#[derive(Clone, Debug, Default)]
pub struct NetdHealth {
    /// Whether its events arrive.
    pub connected: bool,
    /// Why not, as a sentence that says what to do; empty when they do.
    pub problem: String,
    /// When it was last heard of.
    pub last_heard: Option<WallTime>,
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
#[derive(Clone, Debug)]
pub struct Database {
    /// `state` or `series`.
    pub name: &'static str,
    /// Whether the last write worked.
    pub writable: bool,
    /// Why not, in words; empty when it did.
    pub problem: String,
    /// What the store says of itself.
    pub store: ets_store::Health,
}

/// A time in which the hub was blind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindRow {
    /// Its number.
    pub id: i64,
    /// From when to when, and why.
    pub blind: Blind,
}

/// What the tasks note of themselves.
#[derive(Debug)]
pub(crate) struct Notes {
    pub(crate) started: WallTime,
    netd: Mutex<NetdHealth>,
    heard: Mutex<Option<Stamp>>,
    state: Mutex<String>,
    behind: AtomicU64,
    behind_since: Mutex<Option<WallTime>>,
    /// Told when the stream is to begin anew.
    pub(crate) resync: Notify,
    /// Told after each connection.
    pub(crate) connects: Notify,
}

impl Notes {
    pub(crate) fn new(started: WallTime) -> Self {
        Self {
            started,
            netd: Mutex::default(),
            heard: Mutex::default(),
            state: Mutex::default(),
            behind: AtomicU64::new(0),
            behind_since: Mutex::default(),
            resync: Notify::new(),
            connects: Notify::new(),
        }
    }

    pub(crate) fn connected(&self, at: Stamp) {
        let mut netd = locked(&self.netd);
        netd.connected = true;
        netd.problem.clear();
        netd.connects += 1;
        drop(netd);
        self.heard(at);
        self.connects.notify_one();
    }

    /// Answers whether this is news.
    pub(crate) fn disconnected(&self, problem: &str) -> bool {
        let mut netd = locked(&self.netd);
        let news = netd.connected || netd.problem != problem;
        netd.connected = false;
        problem.clone_into(&mut netd.problem);
        news
    }

    pub(crate) fn heard(&self, at: Stamp) {
        *locked(&self.heard) = Some(at);
    }

    pub(crate) fn last_heard(&self) -> Option<Stamp> {
        *locked(&self.heard)
    }

    pub(crate) fn status(&self, at: WallTime, status: Status) {
        locked(&self.netd).status = Some((at, Box::new(status)));
    }

    pub(crate) fn netd(&self) -> NetdHealth {
        let last_heard = self.last_heard().map(|at| at.wall);
        NetdHealth { last_heard, ..locked(&self.netd).clone() }
    }

    pub(crate) fn state_problem(&self, problem: String) {
        *locked(&self.state) = problem;
    }

    pub(crate) fn state(&self) -> String {
        locked(&self.state).clone()
    }

    pub(crate) fn behind(&self, waiting: usize, now: WallTime) {
        self.behind.store(waiting as u64, Ordering::Relaxed);
        let mut since = locked(&self.behind_since);
        *since = if waiting == 0 { None } else { since.or(Some(now)) };
    }

    pub(crate) fn backlog(&self) -> (u64, Option<WallTime>) {
        (self.behind.load(Ordering::Relaxed), *locked(&self.behind_since))
    }
}

/// How long the hub was blind since `from`; times that overlap count once.
pub(crate) fn blind_since(blinds: &[BlindRow], from: WallTime) -> Duration {
    let span = |row: &BlindRow| Span { from: row.blind.from.wall, to: row.blind.to.wall };
    let spans: Vec<_> = blinds.iter().map(span).collect();
    let window = Span { from, to: WallTime(i64::MAX) };
    ets_outage::union(&spans, window).iter().map(|one| one.length()).sum()
}

/// Resident memory and CPU time of this process.
#[cfg(test)]
pub(crate) fn usage() -> (u64, Duration) {
    (ets_runtime::Memory::now().resident, cpu())
}

/// CPU time of this process.
pub(crate) fn cpu() -> Duration {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let cpu = getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| {
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds()
    });
    Duration::from_micros(u64::try_from(cpu).unwrap_or(0))
}

/// Bytes free for us and in all on the disk that holds `folder`.
pub(crate) fn disk(folder: &std::path::Path) -> Option<(u64, u64)> {
    let disk = nix::sys::statvfs::statvfs(folder).ok()?;
    let block = disk.fragment_size();
    Some((disk.blocks_available() * block, disk.blocks() * block))
}
