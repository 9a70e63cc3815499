//! Where the authority's keys are kept: in an encrypted file, or on a token behind a PKCS #11 module.

mod file;
mod link;
mod module;
mod pin;
mod pkcs11;
mod scheme;

use aws_lc_rs::hmac;
use pkcs8::der::zeroize::Zeroizing;
use rcgen::{KeyPair, PublicKeyData, SignatureAlgorithm, SubjectPublicKeyInfo};

pub(crate) use file::{read, write};
use pin::Refused;
pub(crate) use pkcs11::TokenKey;
pub use pkcs11::{Token, TokenError};

use crate::authority::Files;
use crate::sign::Signing;
use crate::{Error, key};

/// What opens a key; wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Of a text without the line's end that a file may have.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.trim_end_matches(['\r', '\n']).as_bytes().to_vec()))
    }

    fn bytes(&self) -> &[u8] {
        &self.0
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

/// What opens the keys of an authority, and where its issuing key is.
#[derive(Clone, Debug)]
pub struct KeyStore {
    passphrase: Passphrase,
    token: Option<Token>,
}

impl From<&Passphrase> for KeyStore {
    fn from(passphrase: &Passphrase) -> Self {
        Self { passphrase: passphrase.clone(), token: None }
    }
}

impl From<&Self> for KeyStore {
    fn from(store: &Self) -> Self {
        store.clone()
    }
}

/// The keys of an authority, opened.
pub(crate) struct Opened {
    pub(crate) issuing: IssuingKey,
    /// What the authority's log is sealed with: who writes one must have the file and what opens it.
    pub(crate) log: hmac::Key,
}

impl KeyStore {
    /// With the issuing key on a token, where one is named. A secret stays in the file even so: what
    /// the log is sealed with must be at hand while the token is not.
    pub fn new(passphrase: Passphrase, token: Option<Token>) -> Self {
        Self { passphrase, token }
    }

    /// Whether the issuing key is on a token.
    pub(crate) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Opens the keys whose public one a certificate says.
    ///
    /// # Errors
    /// [`Error::Mismatch`]; when the file cannot be read or opened. A token is not asked.
    pub(crate) fn open(&self, files: &Files, public: &[u8]) -> Result<Opened, Error> {
        let secret = read(&files.key, &self.passphrase)?;
        let log = log_key(&secret);
        let issuing = match &self.token {
            None if public != secret.subject_public_key_info() => return Err(Error::Mismatch),
            None => IssuingKey::File(Box::new(secret)),
            Some(token) => {
                let public = SubjectPublicKeyInfo::from_der(public)?;
                let refused = refused(files, &secret);
                IssuingKey::Token(TokenKey::new(token.clone(), public, refused)?)
            }
        };
        Ok(Opened { issuing, log })
    }

    /// The issuing key; what is not there is made.
    ///
    /// # Errors
    /// When the file cannot be read, opened or written; the token's.
    pub(crate) fn find_or_make(&self, files: &Files) -> Result<IssuingKey, Error> {
        if !files.key.exists() {
            write(&files.key, &key::make()?, &self.passphrase)?;
        }
        let secret = read(&files.key, &self.passphrase)?;
        let Some(token) = &self.token else { return Ok(IssuingKey::File(Box::new(secret))) };
        let public = module::find_or_make(token, &refused(files, &secret))?;
        let key = TokenKey::new(token.clone(), public, refused(files, &secret))?;
        key.ready()?;
        Ok(IssuingKey::Token(key))
    }
}

/// What the log is sealed with.
fn log_key(secret: &KeyPair) -> hmac::Key {
    derived(secret, b"the log of a certification authority, 1")
}

fn refused(files: &Files, secret: &KeyPair) -> Refused {
    let key = derived(secret, b"a PIN that a token refused, 1");
    Refused::new(files.key.with_file_name("pin-refused"), key)
}

fn derived(secret: &KeyPair, of: &[u8]) -> hmac::Key {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.serialized_der());
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, of).as_ref())
}

/// The issuing key.
pub(crate) enum IssuingKey {
    File(Box<KeyPair>),
    Token(TokenKey),
}

impl IssuingKey {
    fn public(&self) -> &dyn PublicKeyData {
        match self {
            Self::File(key) => &**key,
            Self::Token(key) => key,
        }
    }
}

impl PublicKeyData for IssuingKey {
    fn der_bytes(&self) -> &[u8] {
        self.public().der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.public().algorithm()
    }
}

impl Signing for IssuingKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::File(key) => Signing::sign(&**key, message),
            Self::Token(key) => Ok(key.sign(message)?),
        }
    }
}

/// For requests, which rcgen writes; it has no word for what a token says.
impl rcgen::SigningKey for IssuingKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Signing::sign(self, message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
