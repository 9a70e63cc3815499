//! The hub's own certificate and key, replaced while connections go on.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::acceptor::{certificates, key};
use crate::{Error, Paths};

/// What new handshakes are answered with.
#[derive(Debug)]
pub(crate) struct Credentials {
    current: ArcSwap<CertifiedKey>,
    provider: Arc<CryptoProvider>,
}

impl Credentials {
    pub(crate) fn read(paths: &Paths, provider: &Arc<CryptoProvider>) -> Result<Self, Error> {
        let current = ArcSwap::from_pointee(load(paths, provider)?);
        Ok(Self { current, provider: Arc::clone(provider) })
    }

    pub(crate) fn replace(&self, paths: &Paths) -> Result<(), Error> {
        self.current.store(Arc::new(load(paths, &self.provider)?));
        Ok(())
    }
}

/// A pair that does not fit together is refused here, not by the first client.
fn load(paths: &Paths, provider: &CryptoProvider) -> Result<CertifiedKey, Error> {
    let chain = certificates(&paths.server_cert)?;
    Ok(CertifiedKey::from_der(chain, key(&paths.server_key)?, provider)?)
}

impl ResolvesServerCert for Credentials {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}
