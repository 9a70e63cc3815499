//! The only room that names rustls: the provider, the hub's credentials, client certificates.

mod acceptor;
mod alpn_client;
mod client;
mod credentials;
mod paths;
mod peer;
mod provider;
mod revocation;
mod sessions;
#[cfg(feature = "testing")]
pub mod testing;
mod verifier;

pub use acceptor::{Accepted, Acceptor, Session};
pub use alpn_client::shown_certificate;
pub use client::Client;
pub use paths::Paths;
pub use peer::PeerCertificate;
pub use revocation::{CertId, RevocationSet, Standing};
/// The encrypted stream of a connection.
pub use tokio_rustls::server::TlsStream as Stream;

/// TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of keys or certificates cannot be read or written.
    #[error("{path} cannot be read or written: check that it exists and belongs to this user")]
    File {
        /// Which file.
        path: std::path::PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path} holds no usable certificate or key: remove it to have a new one made")]
    Content {
        /// Which file.
        path: std::path::PathBuf,
    },
    /// A certificate cannot be made.
    #[cfg(feature = "testing")]
    #[error("a certificate cannot be made")]
    Make(#[from] rcgen::Error),
    /// rustls refuses the credentials.
    #[error("the credentials do not fit together")]
    Credentials(#[from] rustls::Error),
    /// The authority cannot be used to verify clients.
    #[error("the authority's certificate cannot be used to verify clients")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}
