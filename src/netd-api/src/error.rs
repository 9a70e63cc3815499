//! What can go wrong between the two processes, each with what to do.

use std::io;
use std::path::PathBuf;

use crate::PROTOCOL;

/// Why an exchange with the other process failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `netd` at the socket.
    #[error("cannot reach netd at {}: start `ets-hub netd` or check [netd] socket", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection between netd and serve broke")]
    Io(#[from] io::Error),
    /// The other side ended the connection in the middle of an exchange.
    #[error("the other side closed the connection before its answer was complete")]
    Closed,
    /// A frame is longer than the protocol allows.
    #[error("a frame of {length} bytes is longer than the {limit} bytes allowed: it was not read")]
    TooLong {
        /// What its head says.
        length: u64,
        /// What is allowed.
        limit: usize,
    },
    /// A frame cannot be understood.
    #[error("a frame cannot be decoded as {expected}: nothing was changed")]
    Garbled {
        /// What was expected.
        expected: &'static str,
    },
    /// The first frame is no hello of this protocol.
    #[error("the other side does not speak the netd protocol: it did not begin with a hello")]
    NoHello,
    /// The other side speaks an older version.
    #[error(
        "the other side ({build}) speaks version {theirs} of the netd protocol, this one speaks \
         {}: restart the other side with this version of ets-hub",
        PROTOCOL
    )]
    OlderPeer {
        /// Its version of the protocol.
        theirs: u16,
        /// Its program version.
        build: String,
    },
    /// The other side speaks a newer version.
    #[error(
        "the other side ({build}) speaks version {theirs} of the netd protocol, this one only \
         speaks {}: restart this side with the newer ets-hub",
        PROTOCOL
    )]
    NewerPeer {
        /// Its version of the protocol.
        theirs: u16,
        /// Its program version.
        build: String,
    },
    /// The other side answered with something that does not belong to the request.
    #[error("the other side answered with {got} where {expected} belongs")]
    Unexpected {
        /// What belongs there.
        expected: &'static str,
        /// What came.
        got: &'static str,
    },
    /// `netd` refused, and says why.
    #[error("netd refused: {0}")]
    Refused(String),
    /// The reply came without its descriptor.
    #[error("netd answered without handing over the socket {0:?}: ask again")]
    NoDescriptor(String),
    /// The socket is of the other kind.
    #[error("the socket {0:?} of netd is not one for {1}: look at the configuration of both")]
    WrongSocket(String, &'static str),
}

impl Error {
    /// Whether the two sides speak different protocols, so that trying again is of no use before
    /// one of them is replaced.
    pub fn is_mismatch(&self) -> bool {
        matches!(self, Self::NoHello | Self::OlderPeer { .. } | Self::NewerPeer { .. })
    }
}
