//! The OCSP responder: what is asked, looked up in memory, and signed with a certificate of its own.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use bytes::Bytes;
use rcgen::{KeyPair, PublicKeyData};

use super::answer::{self, Refusal, Signer, Span};
use super::index::{Index, Key, Ready};
use super::request::{self, Asked, Hash, Request};
use crate::{Authority, Error, Serial};

/// A key that answers, with its certificate. The key is in memory alone: each start has another.
#[derive(Debug)]
pub(crate) struct Delegate {
    key: KeyPair,
    key_hash: Vec<u8>,
    certificate: Vec<u8>,
    /// Of its certificate.
    pub(crate) serial: Serial,
    /// Its span, seconds since 1970.
    pub(crate) from: i64,
    pub(crate) until: i64,
}

impl Delegate {
    /// Of a key and its certificate in DER.
    pub(crate) fn new(key: KeyPair, serial: Serial, certificate: Vec<u8>, span: Span) -> Self {
        let key_hash = hashed(&SHA1_FOR_LEGACY_USE_ONLY, key.der_bytes());
        Self { key, key_hash, certificate, serial, from: span.from, until: span.until }
    }

    /// Whether another should take its place: two thirds are over, or the clock is not in it.
    pub(crate) fn is_due(&self, now: i64) -> bool {
        !(self.from..self.until - (self.until - self.from) / 3).contains(&now)
    }

    fn is_valid(&self, now: i64) -> bool {
        (self.from..self.until).contains(&now)
    }
}

/// An answer, and for how long others may keep it; nothing is to be kept without.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) body: Bytes,
    pub(crate) span: Option<(i64, i64)>,
}

/// The responder.
#[derive(Debug)]
pub(crate) struct Responder {
    sha_1: [Vec<u8>; 2],
    sha_256: [Vec<u8>; 2],
    life: i64,
    delegate: RwLock<Option<Arc<Delegate>>>,
}

impl Responder {
    /// For an authority; it answers once it has a delegate.
    pub(crate) fn new(authority: &Authority) -> Self {
        let signer = authority.signer();
        let both = |by| [hashed(by, signer.name), hashed(by, signer.key.der_bytes())];
        Self {
            sha_1: both(&SHA1_FOR_LEGACY_USE_ONLY),
            sha_256: both(&SHA256),
            life: i64::try_from(authority.times().answer.as_secs()).unwrap_or(i64::MAX).max(2),
            delegate: RwLock::default(),
        }
    }

    /// Who answers at present.
    pub(crate) fn delegate(&self) -> Option<Arc<Delegate>> {
        self.delegate.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether somebody answers.
    pub(crate) fn can_answer(&self, now: i64) -> bool {
        self.delegate().is_some_and(|delegate| delegate.is_valid(now))
    }

    /// From now on this one answers.
    pub(crate) fn appoint(&self, delegate: Option<Delegate>) {
        let mut place = self.delegate.write().unwrap_or_else(PoisonError::into_inner);
        *place = delegate.map(Arc::new);
    }

    /// Answers a request at `now`, seconds since 1970.
    pub(crate) fn answer(&self, octets: &[u8], now: i64, index: &Index) -> Answer {
        let refused = |why: Refusal| Answer { body: why.octets().into(), span: None };
        let Some(request) = request::read(octets) else { return refused(Refusal::Malformed) };
        // Our signature says nothing about other authorities' certificates: whoever asks for those
        // alone is told that he is wrong here, unsigned, which costs us nothing.
        if !request.asked.iter().any(|asked| self.is_ours(asked)) {
            return refused(Refusal::Unauthorized);
        }
        let Some(delegate) = self.delegate().filter(|one| one.is_valid(now)) else {
            return refused(Refusal::Later);
        };
        self.signed(&request, now, (&delegate, index)).unwrap_or_else(|error| {
            tracing::error!(%error, "an OCSP answer could not be signed");
            refused(Refusal::Internal)
        })
    }

    fn signed(
        &self,
        request: &Request<'_>,
        now: i64,
        (delegate, index): (&Delegate, &Index),
    ) -> Result<Answer, Error> {
        let key = key(request);
        if let Some((serial, key)) = &key
            && let Some(ready) = index.ready(*serial, key)
            && (ready.from..ready.from + self.life / 2).contains(&now)
            && now < ready.until
        {
            return Ok(Answer { body: ready.body, span: Some((ready.from, ready.until)) });
        }
        let span = Span { from: now, until: (now + self.life).min(delegate.until) };
        let mut singles = Vec::new();
        let mut standing = None;
        for asked in &request.asked {
            let ours = asked.serial.filter(|_| self.is_ours(asked));
            standing = ours.and_then(|serial| index.standing(serial));
            singles.extend_from_slice(&answer::single(asked.whole, standing, span));
        }
        let Delegate { key: pair, key_hash, certificate, .. } = delegate;
        let signer = Signer { key: pair, key_hash, certificate };
        let body: Bytes = answer::whole(&signer, &singles, request.nonce, now)?.into();
        if let (Some((serial, key)), Some(standing)) = (key, standing) {
            let ready = Ready { body: body.clone(), from: span.from, until: span.until };
            index.keep(serial, key, standing, ready);
            return Ok(Answer { body, span: Some((span.from, span.until)) });
        }
        Ok(Answer { body, span: None })
    }

    fn is_ours(&self, asked: &Asked<'_>) -> bool {
        let [name, key] = match asked.hash {
            Hash::Sha1 => &self.sha_1,
            Hash::Sha256 => &self.sha_256,
            Hash::Other => return false,
        };
        name == asked.name && key == asked.key
    }
}

/// By what the answer to a request is kept: it asks about one certificate, and without a nonce.
fn key(request: &Request<'_>) -> Option<(Serial, Key)> {
    let [asked] = request.asked.as_slice() else { return None };
    let serial = asked.serial.filter(|_| request.nonce.is_none())?;
    let form = u8::from(asked.hash == Hash::Sha256) << 1 | u8::from(asked.has_parameters);
    Some((serial, (*serial.bytes(), form)))
}

fn hashed(by: &'static Algorithm, octets: &[u8]) -> Vec<u8> {
    digest(by, octets).as_ref().to_vec()
}
