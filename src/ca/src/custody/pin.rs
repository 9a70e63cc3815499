//! A PIN that a token refused: remembered beside the key, so that neither the next signature nor the
//! next start tries it again and locks the token.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::hmac;

use super::Passphrase;
use crate::authority::publish;

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

    /// Whether the token refused this one. What could not be written comes first: the file may be
    /// about an older one then.
    pub(super) fn knows(&self, pin: &Passphrase) -> bool {
        let digest = self.digest(pin);
        let is_it = |known: &str| known.trim() == digest;
        self.unwritten().as_deref().is_some_and(is_it)
            || fs::read_to_string(&self.path).is_ok_and(|known| is_it(&known))
    }

    /// The token refused it.
    pub(super) fn remember(&self, pin: &Passphrase) {
        let digest = self.digest(pin);
        let written = publish(&self.path, format!("{digest}\n").as_bytes());
        if let Err(error) = &written {
            tracing::error!(%error, "it is known until the end of the process alone which PIN was refused");
        }
        *self.unwritten() = written.is_err().then_some(digest);
    }

    /// The token took one.
    pub(super) fn forget(&self) {
        drop(fs::remove_file(&self.path));
        *self.unwritten() = None;
    }

    fn unwritten(&self) -> MutexGuard<'_, Option<String>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn digest(&self, pin: &Passphrase) -> String {
        hex::encode(hmac::sign(&self.key, pin.bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.1, T-7
    #[test]
    fn a_refused_pin_is_known_also_where_its_mark_cannot_be_written_and_until_a_person_removes_it()
    {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pin-refused");
        let of = || Refused::new(path.clone(), hmac::Key::new(hmac::HMAC_SHA256, b"of this hub"));
        let (refused, [old, new]) = (of(), ["111111", "222222"].map(Passphrase::new));
        refused.remember(&old);
        assert!(of().knows(&old) && !of().knows(&new), "also after a start");
        // Neither is an older mark any good, nor is it spoilt.
        let in_the_way = path.with_extension("new");
        fs::create_dir(&in_the_way).unwrap();
        refused.remember(&new);
        assert!(refused.knows(&new), "the mark is about another one");
        assert!(of().knows(&old));
        fs::remove_dir(&in_the_way).unwrap();
        refused.remember(&new);
        assert!(refused.knows(&new) && of().knows(&new) && !of().knows(&old));
        fs::remove_file(&path).unwrap();
        assert!(!refused.knows(&new), "a person says that it is to be tried again");
    }
}
