//! A key with its certificate in one file for those without a token (RFC 7292).

use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey,
    PrivateKeyChain,
};
use x509_parser::pem::Pem;

use crate::{Error, Issued};

/// How the file is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// AES-256 and HMAC-SHA-256 (PBES2, RFC 8018).
    Modern,
    /// Triple DES and HMAC-SHA-1: what Windows before 10, macOS before 15 and old Java read. The
    /// file is only as safe as its password.
    Old,
}

impl Protection {
    /// The one of this name: `modern` or `old`.
    pub fn read(name: &str) -> Option<Self> {
        match name {
            "modern" => Some(Self::Modern),
            "old" => Some(Self::Old),
            _ => None,
        }
    }
}

/// Rounds of the key derivation: what a browser opens within a second.
const ROUNDS: u32 = 100_000;
/// What old programs accept.
const OLD_ROUNDS: u32 = 2_048;
/// A password has at least so many characters: fewer are guessed.
pub const SHORTEST: usize = 8;

/// The key, certificate and chain of what was issued as a PKCS#12 file under a password.
///
/// # Errors
/// [`Error::Key`] when there is no key in it, or the password is too short.
pub fn pkcs12(issued: &Issued, password: &str, protection: Protection) -> Result<Vec<u8>, Error> {
    if password.chars().count() < SHORTEST {
        return Err(Error::Key("the password of the file has at least 8 characters"));
    }
    let unfit = |_| Error::Key("it cannot be packed into PKCS#12");
    let key = issued.key.as_deref().ok_or(Error::Key("the key is with its owner, not with us"))?;
    let key = contents(key).first().cloned().unwrap_or_default();
    let key = PrivateKey::from_der(&key).map_err(unfit)?;
    let chain: Result<Vec<_>, _> = contents(&format!("{}{}", issued.certificate, issued.chain))
        .iter()
        .map(|der| Certificate::from_der(der))
        .collect();
    let chain = PrivateKeyChain::new(issued.serial.bytes().to_vec(), key, chain.map_err(unfit)?);
    let mut store = KeyStore::new();
    store.add_entry(&issued.serial.to_string(), KeyStoreEntry::PrivateKeyChain(chain));
    let (cipher, mac, rounds) = match protection {
        Protection::Modern => {
            (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256, ROUNDS)
        }
        Protection::Old => {
            (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1, OLD_ROUNDS)
        }
    };
    let writer = store.writer(password).encryption_algorithm(cipher).encryption_iterations(rounds);
    writer.mac_algorithm(mac).mac_iterations(rounds).write().map_err(unfit)
}

/// The contents of each part of a PEM text.
fn contents(pem: &str) -> Vec<Vec<u8>> {
    Pem::iter_from_buffer(pem.as_bytes()).flatten().map(|part| part.contents).collect()
}
