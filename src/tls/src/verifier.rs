//! Client certificates: a chain to our authority, and a look at the revocation set.

use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, SignatureScheme};

use crate::PeerCertificate;
use crate::revocation::{RevocationSet, Standing};

/// Verifies as webpki does, then asks the set. A refusal here tells the client why by its alert;
/// who resumes a session is not verified again by TLS and is asked about after the handshake, see
/// [`crate::Acceptor::shake`].
#[derive(Debug)]
pub(crate) struct Verifier {
    pub(crate) chain: Arc<dyn ClientCertVerifier>,
    pub(crate) revoked: Arc<RevocationSet>,
    /// Whether one that has ended passes, to be told so by a page instead of an alert.
    pub(crate) is_explaining: bool,
}

impl Verifier {
    /// The chain as it was when the certificate was last good, for one that has ended.
    fn chain_of_ended(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        not_after: SystemTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let at = not_after.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.chain.verify_client_cert(leaf, intermediates, UnixTime::since_unix_epoch(at))
    }
}

impl ClientCertVerifier for Verifier {
    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let read = || {
            let unreadable = rustls::Error::InvalidCertificate(CertificateError::BadEncoding);
            PeerCertificate::read(leaf).ok_or(unreadable)
        };
        let verified = self.chain.verify_client_cert(leaf, intermediates, now);
        let verified = match verified {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            )) if self.is_explaining => {
                self.chain_of_ended(leaf, intermediates, read()?.not_after)?
            }
            verified => verified?,
        };
        let peer = read()?;
        match self.revoked.standing(peer.id) {
            Standing::Good => Ok(verified),
            Standing::Revoked => Err(rustls::Error::InvalidCertificate(CertificateError::Revoked)),
            Standing::Unknown => {
                Err(rustls::Error::InvalidCertificate(CertificateError::UnknownRevocationStatus))
            }
        }
    }

    fn offer_client_auth(&self) -> bool {
        self.chain.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.chain.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.root_hint_subjects()
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
