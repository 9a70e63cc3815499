//! Accept loops with deadlines and limits, for HTTP over TCP, TLS and Unix sockets.
//!
//! Every request carries who speaks as extensions: [`Peer`] always, [`PeerCertificate`] where the
//! client proved one in the TLS handshake, [`SystemUser`] on the Unix socket. Nothing that a
//! client writes in a header can put them there.

mod accept;
mod addresses;
mod bounds;
mod client;
mod connections;
pub mod datagram;
mod handshakes;
mod hop;
mod identity;
mod linger;
mod network;
mod paced;
mod pulse;
mod rate;
mod serve;
mod socket;
mod unix;

pub use accept::{
    Entry, Scheme, serve_bounded, serve_plain, serve_service, serve_streams, serve_tls,
};
pub use addresses::Addresses;
pub use bounds::{Bounds, Counters, Limits, Place, Tally};
pub use client::{Client, Handler};
pub use connections::{Admitted, Bound, Connections, Door};
pub use hop::{clean_hop, words};
pub use identity::{CertId, Local, Peer, PeerCertificate, Signed, SystemUser};
pub use network::Network;
pub use pulse::Hold;
pub use rate::Rate;
pub use socket::{ask_after, is_want_of_ours, mind};
pub use unix::{bind_unix, serve_unix};

/// A connection after its handshake.
pub type Encrypted = Bound<ets_tls::Stream<tokio::net::TcpStream>>;

/// A listener could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The socket file could not be made.
    #[error("the socket {path} cannot be made: check that its folder exists and may be written to")]
    Bind {
        /// The socket's path.
        path: std::path::PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A living process already listens there.
    #[error("{path} is already served by another process: stop it first, or name another socket")]
    InUse {
        /// The socket's path.
        path: std::path::PathBuf,
    },
    /// The listener cannot be used.
    #[error("a listening socket cannot be used")]
    Listener(#[from] std::io::Error),
}
