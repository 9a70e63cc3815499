//! Whether whoever asks for a name has it: the three ways of RFC 8555 section 8 and RFC 8737.

mod address;
mod alpn;
mod dns;
mod http;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Config;
use crate::identifier::Identifier;
use crate::problem::Problem;

/// A way to prove a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file on the name's web server.
    Http,
    /// A record beside the name in DNS.
    Dns,
    /// A certificate shown by the name's TLS server.
    Alpn,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Http, Self::Dns, Self::Alpn];

    /// As it is registered.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Http => "http-01",
            Self::Dns => "dns-01",
            Self::Alpn => "tls-alpn-01",
        }
    }

    pub(crate) fn read(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// The ways that a name can be proved. A server of one name says nothing about all its
    /// neighbours, and an address has no record (RFC 8555, section 7.1.3; RFC 8738, section 7).
    pub(crate) fn of(name: &Identifier) -> &'static [Self] {
        match name {
            _ if name.is_wildcard() => &[Self::Dns],
            Identifier::Dns(_) => &[Self::Http, Self::Dns, Self::Alpn],
            Identifier::Ip(_) => &[Self::Http, Self::Alpn],
        }
    }

    /// The token of this way under a seed that nobody outside knows: 256 bits in base64url.
    pub(crate) fn token(self, seed: &str) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("{seed} {}", self.code()).as_bytes()))
    }
}

/// What is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    /// Without `*.` in front.
    pub(crate) name: Identifier,
    pub(crate) token: String,
    /// Of the account's key.
    pub(crate) thumbprint: String,
}

impl Proof {
    /// RFC 8555, section 8.1.
    fn key_authorization(&self) -> String {
        format!("{}.{}", self.token, self.thumbprint)
    }

    fn hashed(&self) -> Vec<u8> {
        digest(&SHA256, self.key_authorization().as_bytes()).as_ref().to_vec()
    }
}

/// Looks once.
///
/// # Errors
/// What the client is told: dns, connection, tls, incorrectResponse.
pub(crate) async fn look(config: &Config, way: Kind, proof: &Proof) -> Result<(), Problem> {
    match way {
        Kind::Http => http::look(config, proof).await,
        Kind::Dns => dns::look(config, proof).await,
        Kind::Alpn => alpn::look(config, proof).await,
    }
}
