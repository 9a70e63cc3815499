//! Secrets that open the dashboard: drawn from the kernel, known to their holder alone. The
//! database keeps their SHA-256, so that a stolen copy of it opens nothing.

use std::fmt;

use sha2::{Digest, Sha256};

/// Random bytes in a token: 256 bits.
const BYTES: usize = 32;

/// A secret in the form in which its holder carries it: 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// What is kept of a [`Token`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash([u8; 32]);

impl Token {
    /// Draws a new one.
    ///
    /// # Errors
    /// When the kernel gives no random bytes.
    pub(crate) fn draw() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(hex::encode(bytes)))
    }

    /// Reads what a client sent; `None` when it cannot be a token of ours.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let shaped = text.len() == BYTES * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        shaped.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The secret itself, to hand to its holder.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(secret)")
    }
}

impl TokenHash {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// A short public name of the session for lists and the journal.
    pub(crate) fn short(self) -> String {
        hex::encode(&self.0[..6])
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenHash({})", self.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_never_printed() {
        let token = Token::draw().unwrap();
        assert_eq!(Token::read(token.as_str()).unwrap().hash(), token.hash());
        assert!(!format!("{token:?}").contains(token.as_str()));
    }

    #[test]
    fn what_cannot_be_a_token_is_not_looked_up() {
        for bad in ["", "00", &"g".repeat(64), &"a".repeat(65)] {
            assert!(Token::read(bad).is_none(), "{bad}");
        }
    }
}
