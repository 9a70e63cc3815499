//! What can go wrong.

/// An error of the measurements.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] ets_store::Error),
    /// A stored block cannot be read.
    #[error("measurements of {what} cannot be read: the file is damaged, restore a backup")]
    Unreadable {
        /// Which block.
        what: String,
    },
    /// The question has no answer.
    #[error("no such range of measurements: {0}")]
    BadSpan(&'static str),
}

impl Error {
    /// Whether it failed for want of space.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_disk_full())
    }
}
