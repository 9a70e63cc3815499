//! A PIN that a token refused: remembered beside the key, so that neither the next signature nor the
//! next start tries it again and locks the token.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;

use super::Passphrase;

/// What is known about the PIN that was refused last: a keyed digest, from which nobody learns it.
pub(super) struct Refused {
    path: PathBuf,
    key: hmac::Key,
    /// Where the file could not be written.
    unwritten: Mutex<Option<String>>,
}

impl Refused {
    /// In the file `path`; `key` is a secret of this hub.
    pub(super) fn new(path: PathBuf, key: hmac::Key) -> Self {
        Self { path, key, unwritten: Mutex::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the token refused this one.
    pub(super) fn knows(&self, pin: &Passphrase) -> bool {
        let known = match fs::read_to_string(&self.path) {
            Ok(known) => Some(known),
            Err(_) => self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        known.is_some_and(|known| known.trim() == self.digest(pin))
    }

    /// The token refused it.
    pub(super) fn remember(&self, pin: &Passphrase) {
        let digest = self.digest(pin);
        let written = fs::write(&self.path, format!("{digest}\n"));
        let kept = written.is_err().then_some(digest);
        *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    /// The token took one.
    pub(super) fn forget(&self) {
        drop(fs::remove_file(&self.path));
        *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn digest(&self, pin: &Passphrase) -> String {
        hex::encode(hmac::sign(&self.key, pin.bytes()))
    }
}
