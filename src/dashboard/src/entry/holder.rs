//! Who came in with a certificate, and how long ago its key signed: for what an owner does with it
//! himself.

use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use ets_ca::Serial;
use ets_listen::{CertId, PeerCertificate, Signed};
use http::request::Parts;

use crate::Error;
use crate::service::App;

/// So old may a signature be that stands for the consent of the key.
const FRESH: Duration = Duration::from_secs(300);

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    /// The certificate's serial number.
    pub serial: Serial,
    /// Its place in the set of revoked ones.
    pub id: CertId,
    signed: Option<Instant>,
}

impl Holder {
    /// Whether the key signed within the last minutes.
    pub(crate) fn is_fresh(&self) -> bool {
        self.signed.is_some_and(|signed| signed.elapsed() <= FRESH)
    }

    /// The certificate, where its key has just consented.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub(crate) fn signed(&self) -> Result<(Serial, CertId), Error> {
        const OLD: &str = "the key of the certificate signed more than five minutes ago: come in anew with a full handshake, then ask again";
        if self.is_fresh() { Ok((self.serial, self.id)) } else { Err(Error::Forbidden(OLD)) }
    }
}

impl FromRequestParts<App> for Holder {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        const NONE: &str = "come in with the certificate itself";
        let peer = parts.extensions.get::<PeerCertificate>().ok_or(Error::Forbidden(NONE))?;
        let serial = peer.serial_hex.parse().map_err(|_| Error::Forbidden(NONE))?;
        let signed = parts.extensions.get::<Signed>().map(|signed| signed.0);
        Ok(Self { serial, id: peer.id, signed })
    }
}
