//! The client side of a TLS connection to a server outside whose certificate is verified.

use std::fmt;
use std::io::{Error as IoError, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Error;
use crate::acceptor::certificates;
use crate::provider::provider;

/// A client that trusts some authorities alone. Cheap to clone: they are read once.
#[derive(Clone)]
pub struct Client(TlsConnector);

impl Client {
    /// One that trusts the authorities in `roots` (PEM).
    ///
    /// # Errors
    /// When the roots cannot be read.
    pub fn new(roots: &Path) -> Result<Self, Error> {
        let mut store = RootCertStore::empty();
        // A system's bundle may hold old ones that nobody can use.
        store.add_parsable_certificates(certificates(roots)?);
        let config = ClientConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Shakes hands with a server that must be `name`.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn connect<S>(&self, stream: S, name: &str) -> Result<TlsStream<S>, IoError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| IoError::new(ErrorKind::InvalidInput, "that is no name of a server"))?;
        self.0.connect(name, stream).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}
