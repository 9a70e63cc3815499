//! The client side of a TLS connection to a server outside whose certificate is verified.

use std::io::{Error as IoError, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::acceptor::certificates;
use crate::provider::provider;

/// Shakes hands as a client that asks for `name` and trusts the authorities in `roots` (PEM) alone.
///
/// # Errors
/// When the roots cannot be read, or the handshake fails.
pub async fn connect<S>(stream: S, name: &str, roots: &Path) -> Result<TlsStream<S>, IoError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| IoError::new(ErrorKind::InvalidInput, "that is no name of a server"))?;
    let mut store = RootCertStore::empty();
    // A system's bundle may hold old ones that nobody can use.
    store.add_parsable_certificates(certificates(roots).map_err(IoError::other)?);
    let config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .map_err(IoError::other)?
        .with_root_certificates(store)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}
