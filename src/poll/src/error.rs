//! What can go wrong in this room.

/// Why the history cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database's.
    #[error("the history of the services cannot be kept")]
    Store(#[from] ets_store::Error),
}
