//! Who is at the other end of a connection.

use std::net::SocketAddr;
use std::time::Instant;

pub use ets_tls::{CertId, PeerCertificate};

use crate::Scheme;

/// The other end of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether the connection is encrypted.
    pub scheme: Scheme,
}

/// The address of ours that a connection over plain HTTP came to. In a request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local(pub SocketAddr);

/// When the key of the client's certificate last signed: a resumed session has the moment of the
/// handshake that it goes back to. In a request's extensions where it came over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed(pub Instant);

/// The system user at the other end of the Unix socket, as the kernel names it (`SO_PEERCRED`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemUser {
    /// The user id.
    pub uid: u32,
    /// The name, or the number where there is none.
    pub name: String,
}
