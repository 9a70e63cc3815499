//! What an officer or the composition is told; clients of ACME are told by a problem document.

/// A phrase that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not one under which signed requests can be checked.
    #[error("\"{url}\" is no address for enrolment: write https://NAME[:PORT] without a path")]
    Url {
        /// What was given.
        url: String,
    },
    /// The authorities' certificates cannot be read.
    #[error(
        "the authorities' certificates cannot be read: give the root and the issuing one as PEM"
    )]
    Authorities,
    /// A name that a key may ask for is none.
    #[error("\"{name}\" is no DNS name, address or network: {why}")]
    Name {
        /// What was given.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A key that allows nothing.
    #[error("a key for accounts needs the names it may ask for: give DNS suffixes or networks")]
    NoNames,
    /// An institution's name that cannot stand in a certificate.
    #[error("\"{name}\" cannot stand in a certificate as an institution: use 1 to 64 characters")]
    Institution {
        /// What was given.
        name: String,
    },
    /// There is no such key, or it was taken back.
    #[error("there is no key \"{kid}\" that can be taken back")]
    NoKey {
        /// Its id.
        kid: String,
    },
    /// There is no secret for that router that waits to be used.
    #[error("no unused secret of router \"{name}\" can be taken back")]
    NoSecret {
        /// The router's name.
        name: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// A row of the database is not as this release writes it.
    #[error("{what} in the database is not as this release writes it")]
    Unreadable {
        /// Which row.
        what: String,
    },
    /// The authority's.
    #[error(transparent)]
    Authority(#[from] ets_ca::Error),
    /// The database's.
    #[error(transparent)]
    Store(#[from] ets_store::Error),
    /// The journal's.
    #[error(transparent)]
    Journal(#[from] ets_journal::Error),
}
