//! Why watching did not work.

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `netd` cannot be asked, or refuses.
    #[error(transparent)]
    Netd(#[from] ets_netd_api::Error),
    /// There is no `netd` behind this handle.
    #[error("this is a demonstration without netd: nothing can be pinged")]
    NoNetd,
    /// No such segment is watched.
    #[error("there is no active segment of this number: look at the registry")]
    NoSegment,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] ets_store::Error),
    /// A stored outage cannot be understood.
    #[error("outage {0} in the database cannot be read: restore a backup or correct the row")]
    Unreadable(i64),
}
