//! From a request's octets to who asks for what: size, type, address, signature, nonce.

use axum::extract::Request;
use http::{StatusCode, header};

use super::rows::{self, Account};
use super::{ACCOUNT, NEW_NONCE};
use crate::jwk::Key;
use crate::jws::Jws;
use crate::problem::{Kind, Problem};
use crate::{Enrol, body};

const JOSE: &str = "application/jose+json";

/// A request that is addressed to us, with a fresh nonce, signed by the key beside it.
pub(crate) struct Signed {
    pub(crate) jws: Jws,
    pub(crate) url: String,
    pub(crate) by: Signer,
}

/// What a request names as its signer.
pub(crate) enum Signer {
    /// An account that may ask.
    Account(Box<Account>),
    /// A key that no account was named for.
    Key(Key),
}

impl Signed {
    /// Reads and checks a request.
    ///
    /// # Errors
    /// The problem that the client is told.
    pub(crate) async fn read(enrol: &Enrol, request: Request) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).cloned();
        let url = enrol.at(request.uri().path());
        let body = body::read(request).await?;
        if kind.is_none_or(|kind| kind.as_bytes() != JOSE.as_bytes()) {
            let detail = "the body must be of type application/jose+json";
            return Err(Problem::malformed(detail).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let jws = Jws::read(&body)?;
        if jws.header.url.as_ref() != Some(&url) {
            let detail = format!("the header's url must be {url}");
            return Err(Problem::new(Kind::Unauthorized, detail));
        }
        let by = match (&jws.header.kid, &jws.header.jwk) {
            (Some(kid), None) => Signer::Account(Box::new(account(enrol, kid).await?)),
            (None, Some(jwk)) => Signer::Key(Key::read(jwk)?),
            _ => return Err(Problem::malformed("name either kid or jwk in the header")),
        };
        jws.verify(by.key())?;
        let fresh = jws.header.nonce.as_ref().is_some_and(|nonce| enrol.0.nonces.take(nonce));
        if !fresh {
            let detail = format!("use a fresh nonce, this answer has one; {NEW_NONCE} too");
            return Err(Problem::new(Kind::BadNonce, detail));
        }
        Ok(Self { jws, url, by })
    }

    /// Reads a request that only an account may make.
    ///
    /// # Errors
    /// As [`Signed::read`].
    pub(crate) async fn by_account(
        enrol: &Enrol,
        request: Request,
    ) -> Result<(Account, Jws, String), Problem> {
        let Self { jws, url, by } = Self::read(enrol, request).await?;
        match by {
            Signer::Account(account) => Ok((*account, jws, url)),
            Signer::Key(_) => Err(Problem::malformed("sign as an account: name it by kid")),
        }
    }

    /// Reads a POST-as-GET (RFC 8555, section 6.3).
    ///
    /// # Errors
    /// As [`Signed::read`].
    pub(crate) async fn get(enrol: &Enrol, request: Request) -> Result<Account, Problem> {
        let (account, jws, _) = Self::by_account(enrol, request).await?;
        if jws.payload.is_empty() {
            return Ok(account);
        }
        Err(Problem::malformed("there is nothing to change here: send an empty payload"))
    }
}

impl Signer {
    fn key(&self) -> &Key {
        match self {
            Self::Account(account) => &account.key,
            Self::Key(key) => key,
        }
    }
}

async fn account(enrol: &Enrol, kid: &str) -> Result<Account, Problem> {
    let unknown = || Problem::new(Kind::AccountDoesNotExist, "there is no account of this kid");
    let id = kid.strip_prefix(&enrol.at(ACCOUNT)).ok_or_else(unknown)?;
    let account = rows::account(enrol.store(), id).await?.ok_or_else(unknown)?;
    account.must_be_valid()?;
    Ok(account)
}
