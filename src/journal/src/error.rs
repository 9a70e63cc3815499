//! What can go wrong.

/// An error of the journal.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] ets_store::Error),
    /// The head of the chain is gone: somebody deleted it.
    #[error("the head of the journal is missing: run the journal's verify command")]
    NoHead,
    /// What an entry holds cannot be read.
    #[error("journal entry {seq} cannot be read: run the journal's verify command")]
    Unreadable {
        /// Its number.
        seq: i64,
    },
}
