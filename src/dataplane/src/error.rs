//! What can keep the kernel's tables from being read and changed.

use std::io;

/// Why links and neighbours cannot be watched, or the packet filter not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A socket operation failed; the first field says which.
    #[error("rtnetlink: {0} failed")]
    Socket(&'static str, #[source] io::Error),
    /// The kernel refused a dump.
    #[error("rtnetlink: the kernel refused to list its {0}")]
    Refused(&'static str, #[source] io::Error),
    /// The kernel refused to add or to remove something.
    #[error("rtnetlink: the kernel refused to change its {0}")]
    Unchanged(&'static str, #[source] io::Error),
    /// The tables changed faster than they could be read.
    #[error("rtnetlink: the list of {0} changed while it was read, five times in a row")]
    Unsteady(&'static str),
    /// The kernel refused a queue at the port of this number; the second field says what was tried.
    #[error("queues at port {0}: {1} was refused")]
    Queue(u32, &'static str, #[source] io::Error),
    /// An operation on the packet filter failed; the first field says which.
    #[error("packet filter: {0} failed")]
    Filter(&'static str, #[source] io::Error),
    /// The rules changed faster than they could be read, or were changed meanwhile each time.
    #[error("packet filter: somebody changes the rules all the time")]
    FilterUnsteady,
    /// Somebody changed the rules since they were read; nothing was done.
    #[error("packet filter: the rules changed since they were read")]
    Overtaken,
    /// A step that no kernel could take, and why; nothing was done.
    #[error("packet filter: cannot {0}: {1}")]
    Impossible(String, String),
    /// The kernel refused a step; nothing was done.
    #[error("packet filter: the kernel refused to {step}{reason}")]
    Rejected {
        /// The step.
        step: String,
        /// The kernel's own words in brackets; empty when it has none.
        reason: String,
        /// Its error.
        #[source]
        cause: io::Error,
    },
    /// A change of so many bytes does not fit into the send buffer, and we may not make it larger.
    #[error("packet filter: a change of {0} bytes needs a larger send buffer (net.core.wmem_max)")]
    TooLarge(usize, #[source] io::Error),
    /// The samples of refused packets cannot be had; the first field says what failed.
    #[error("nfnetlink_log: {0} failed")]
    Log(&'static str, #[source] io::Error),
}
