//! What can keep the engine from working.

use std::io;

/// Why the engine could not be opened or driven.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The right to open raw sockets is missing.
    #[error(
        "raw sockets are refused: give the process CAP_NET_RAW (run netd as root or with that capability)"
    )]
    NoRawSockets(#[source] io::Error),
    /// Opening or setting up a socket failed; the first field says which step.
    #[error("{0} failed: check that the kernel has it and that the process has descriptors left")]
    Socket(&'static str, #[source] io::Error),
    /// The kernel gave no random bytes for the secret.
    #[error("the kernel gave no random bytes: wait until the machine has started and try again")]
    NoRandomness,
}
