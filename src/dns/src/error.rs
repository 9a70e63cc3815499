//! What can go wrong while it is opened.

/// Why there is no resolver.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name of the file is none.
    #[error("{0:?} is no domain name: write one such as ets.example")]
    Name(String),
    /// A socket cannot be used.
    #[error("a socket of the resolver cannot be used")]
    Socket(#[from] std::io::Error),
}
