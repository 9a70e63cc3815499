//! What can keep the kernel's tables from being read.

use std::io;

/// Why links and neighbours cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A socket operation failed; the first field says which.
    #[error("rtnetlink: {0} failed")]
    Socket(&'static str, #[source] io::Error),
    /// The kernel refused a dump.
    #[error("rtnetlink: the kernel refused to list its {0}")]
    Refused(&'static str, #[source] io::Error),
    /// The tables changed faster than they could be read.
    #[error("rtnetlink: the list of {0} changed while it was read, five times in a row")]
    Unsteady(&'static str),
    /// The samples of refused packets cannot be had; the first field says what failed.
    #[error("nfnetlink_log: {0} failed")]
    Log(&'static str, #[source] io::Error),
}
