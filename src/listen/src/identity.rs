//! Who is at the other end of a connection.

use std::net::SocketAddr;

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

/// The system user at the other end of the Unix socket, as the kernel names it (`SO_PEERCRED`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemUser {
    /// The user id.
    pub uid: u32,
    /// The name, or the number where there is none.
    pub name: String,
}
