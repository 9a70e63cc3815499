//! What can go wrong.

/// An error of the accounting.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] ets_store::Error),
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] ets_journal::Error),
    /// A stored block cannot be read.
    #[error("the traffic of {what} cannot be read: the file is damaged, restore a backup")]
    Unreadable {
        /// Which block.
        what: String,
    },
    /// The question has no answer.
    #[error("no such range of traffic: {0}")]
    BadPeriod(&'static str),
    /// The time zone is not known.
    #[error("there is no time zone {0:?}: write one such as Asia/Almaty")]
    UnknownZone(String),
    /// `netd` cannot be asked, or the segment is not in force.
    #[error("who talks is not known: {0}")]
    Unheard(String),
    /// A quota that cannot be.
    #[error("the quota is wrong: {0}")]
    BadQuota(String),
    /// There is no such quota.
    #[error("there is no quota {0}")]
    NoQuota(i64),
    /// Somebody changed the quota in the meantime.
    #[error("quota {id} was changed in the meantime: it is at version {current}, you saw {yours}")]
    Conflict {
        /// Which.
        id: i64,
        /// The version that was seen.
        yours: i64,
        /// The one that stands.
        current: i64,
    },
}

impl Error {
    /// Whether it failed for want of space.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_disk_full())
    }
}
