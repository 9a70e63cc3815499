//! What keeps the proxy from starting.

use std::path::PathBuf;

/// The proxy could not be built or run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name stands in both lists, or in none.
    #[error("the name \"{0}\" is used for a closed and for an open part: give each its own name")]
    Name(String),
    /// A route cannot be used.
    #[error("the route \"{prefix}\" cannot be used: {why}")]
    Route {
        /// Its prefix.
        prefix: String,
        /// What to change.
        why: &'static str,
    },
    /// The key that signs identities cannot be used.
    #[error("{path} holds no usable P-256 key (PKCS#8, PEM): remove it to have a new one made")]
    Key {
        /// The file.
        path: PathBuf,
    },
    /// The key cannot be read or written.
    #[error(
        "{path} cannot be read or written: check that its folder exists and belongs to this user"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A listener cannot be used.
    #[error("the closed part cannot be served")]
    Listen(#[from] ets_listen::Error),
}
