//! What is signed besides requests: certificates, lists and answers, with the algorithm's name in DER.

use pkcs8::LineEnding;
use pkcs8::der::pem;
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    PublicKeyData, SigningKey,
};

use crate::Error;
use crate::der::{SEQUENCE, bits, tlv};

/// A key that signs: in memory, or on a token.
pub(crate) trait Signing: PublicKeyData {
    /// The signature of a message, as it stands in certificates.
    ///
    /// # Errors
    /// When the key does not sign.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error>;
}

impl Signing for KeyPair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(SigningKey::sign(self, message)?)
    }
}

/// A certificate that was signed.
#[derive(Clone, Debug)]
pub struct Certificate(Vec<u8>);

impl Certificate {
    /// Signs what a certificate says, its `TBSCertificate` in DER (RFC 5280, section 4.1).
    ///
    /// # Errors
    /// As [`algorithm`]; when the key does not sign.
    pub(crate) fn sign(content: &[u8], key: &dyn Signing) -> Result<Self, Error> {
        signed(content, key, &[]).map(Self)
    }

    /// In DER.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// In PEM.
    pub fn pem(&self) -> String {
        pem::encode_string("CERTIFICATE", LineEnding::LF, &self.0).expect("the label is plain")
    }
}

/// The algorithm that a key signs with, as an `AlgorithmIdentifier` (RFC 5758, 8410, 4055).
///
/// # Errors
/// [`Error::Key`] for a key of another kind than those we certify.
pub(crate) fn algorithm(key: &dyn Signing) -> Result<&'static [u8], Error> {
    let known: [(_, &[u8]); 4] = [
        (&PKCS_ECDSA_P256_SHA256, b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"),
        (&PKCS_ECDSA_P384_SHA384, b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"),
        (&PKCS_ED25519, b"\x30\x05\x06\x03\x2b\x65\x70"),
        (&PKCS_RSA_SHA256, b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"),
    ];
    known
        .into_iter()
        .find(|(one, _)| *one == key.algorithm())
        .map(|(_, name)| name)
        .ok_or(Error::Key("use EC on P-256 or P-384, RSA, or Ed25519"))
}

/// `SEQUENCE { content, algorithm, signature, more }`, the shape that certificates, lists and
/// answers share.
///
/// # Errors
/// As [`algorithm`]; when the key does not sign.
pub(crate) fn signed(content: &[u8], key: &dyn Signing, more: &[u8]) -> Result<Vec<u8>, Error> {
    let signature = key.sign(content)?;
    Ok(tlv(SEQUENCE, &[content, algorithm(key)?, &bits(&signature), more].concat()))
}
