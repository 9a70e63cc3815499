//! The authority's private keys at rest: PKCS#8, encrypted (RFC 5958, PBES2 with
//! PBKDF2 and AES-256), readable by openssl.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use pkcs8::der::zeroize::Zeroizing;
use pkcs8::pkcs5::pbes2::Parameters;
use pkcs8::{EncryptedPrivateKeyInfo, LineEnding, PrivateKeyInfo, SecretDocument};
use rcgen::KeyPair;

use crate::Error;

/// Rounds of PBKDF2 with HMAC-SHA-256: what OWASP recommends in 2023, a third of a second.
const ROUNDS: u32 = 600_000;

/// What opens a key; wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Of a text without the line's end that a file may have.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.trim_end_matches(['\r', '\n']).as_bytes().to_vec()))
    }

    /// Whether there is anything in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// Writes a key, encrypted; an older file of that name is kept from being overwritten.
pub(crate) fn write(path: &Path, key: &KeyPair, passphrase: &Passphrase) -> Result<(), Error> {
    let der = Zeroizing::new(key.serialize_der());
    let unfit = |_| Error::Key("it cannot be encrypted");
    let info = PrivateKeyInfo::try_from(der.as_slice()).map_err(unfit)?;
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    let drawn = getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut iv));
    drawn.map_err(|_| Error::Key("the system gives no random bytes"))?;
    let scheme = Parameters::pbkdf2_sha256_aes256cbc(ROUNDS, &salt, &iv)
        .map_err(|_| Error::Key("it cannot be encrypted"))?;
    let sealed = info.encrypt_with_params(scheme, &*passphrase.0).map_err(unfit)?;
    let pem = sealed
        .to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF)
        .map_err(|_| Error::Key("it cannot be written as PEM"))?;
    let fail = |source| Error::File { path: path.to_owned(), source };
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(fail)?;
    file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)
}

/// Reads a key back.
pub(crate) fn read(path: &Path, passphrase: &Passphrase) -> Result<KeyPair, Error> {
    let fail = |source| Error::File { path: path.to_owned(), source };
    let pem = Zeroizing::new(std::fs::read_to_string(path).map_err(fail)?);
    let locked = || Error::Locked { path: path.to_owned() };
    let (_, sealed) = SecretDocument::from_pem(&pem).map_err(|_| locked())?;
    let info = EncryptedPrivateKeyInfo::try_from(sealed.as_bytes()).map_err(|_| locked())?;
    let der = info.decrypt(&*passphrase.0).map_err(|_| locked())?;
    KeyPair::try_from(der.as_bytes()).map_err(|_| locked())
}
