//! What the room fails at.

use std::path::PathBuf;

/// A phrase that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The authorities of the relay's certificate cannot be read.
    #[error(
        "{path} cannot be used: it must hold the authorities of the relay's certificate in PEM"
    )]
    Roots {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The encryption of the relay's connection cannot be set up.
    #[error("the encryption towards the relay cannot be set up")]
    Tls(#[source] lettre::transport::smtp::Error),
    /// A row of the database is not as this release writes it.
    #[error("letter {0} in the database is not as this release writes it")]
    Unreadable(i64),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random(#[source] getrandom::Error),
    /// The database's.
    #[error(transparent)]
    Store(#[from] ets_store::Error),
}
