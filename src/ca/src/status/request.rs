//! An OCSP request as it comes from strangers (RFC 6960, section 4.1, and RFC 9654). Nothing is
//! copied, and what is not understood is refused.
//!
//! Read by our own reader: the grammar is small, the octets that name a certificate go back as
//! they came, and a request costs no allocation but the list of what is asked.

use crate::Serial;
use crate::der::{INTEGER, OCTETS, OID, Reader, SEQUENCE, around};

/// At most so many certificates are asked about at once.
pub(crate) const MOST: usize = 64;
/// A nonce has at least one and at most so many octets (RFC 9654, section 2.1).
const NONCE: std::ops::RangeInclusive<usize> = 1..=128;
/// Object identifiers in DER without tag: the nonce, SHA-1 and SHA-256.
pub(crate) const NONCE_ID: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2];
const SHA_1: &[u8] = &[0x2b, 0x0e, 3, 2, 0x1a];
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];

/// What is asked.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) asked: Vec<Asked<'a>>,
    pub(crate) nonce: Option<&'a [u8]>,
}

/// By which digest a request names the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    /// One that names nobody here.
    Other,
}

/// One certificate that is asked about.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) hash: Hash,
    /// Whether the digest's parameters are there: they go back as they came.
    pub(crate) has_parameters: bool,
    pub(crate) name: &'a [u8],
    pub(crate) key: &'a [u8],
    /// None where it cannot be a number of ours.
    pub(crate) serial: Option<Serial>,
    /// The whole `CertID`.
    pub(crate) whole: &'a [u8],
}

/// Reads a request; none where it is malformed.
pub(crate) fn read(octets: &[u8]) -> Option<Request<'_>> {
    let mut all = Reader::new(octets);
    let mut outer = Reader::new(all.tagged(SEQUENCE)?);
    let mut inner = Reader::new(outer.tagged(SEQUENCE)?);
    // Who signs his request gets the same answer.
    outer.optional(around(0))?;
    if !all.is_done() || !outer.is_done() {
        return None;
    }
    match inner.optional(around(0))? {
        None | Some([INTEGER, 1, 0]) => {}
        Some(_) => return None,
    }
    inner.optional(around(1))?;
    let mut list = Reader::new(inner.tagged(SEQUENCE)?);
    let nonce = match inner.optional(around(2))? {
        None => None,
        Some(extensions) => nonce(extensions)?,
    };
    let mut asked = Vec::new();
    while !list.is_done() {
        if asked.len() == MOST {
            return None;
        }
        asked.push(one(list.tagged(SEQUENCE)?)?);
    }
    (inner.is_done() && !asked.is_empty()).then_some(Request { asked, nonce })
}

fn one(octets: &[u8]) -> Option<Asked<'_>> {
    let mut request = Reader::new(octets);
    let id = request.any().filter(|id| id.tag == SEQUENCE)?;
    if let Some(extensions) = request.optional(around(0))? {
        nonce(extensions)?;
    }
    let mut parts = Reader::new(id.content);
    let mut algorithm = Reader::new(parts.tagged(SEQUENCE)?);
    let hash = match algorithm.tagged(OID)? {
        SHA_1 => Hash::Sha1,
        SHA_256 => Hash::Sha256,
        _ => Hash::Other,
    };
    let has_parameters = match (algorithm.any(), hash) {
        (None, _) => false,
        (Some(_), Hash::Other) => true,
        (Some(read), _) if read.whole == [5, 0] => true,
        _ => return None,
    };
    let (name, key) = (parts.tagged(OCTETS)?, parts.tagged(OCTETS)?);
    let serial = parts.tagged(INTEGER).filter(|serial| !serial.is_empty())?;
    let is_whole = request.is_done() && parts.is_done() && algorithm.is_done();
    let asked =
        Asked { hash, has_parameters, name, key, serial: Serial::read(serial), whole: id.whole };
    is_whole.then_some(asked)
}

/// The nonce among extensions. An outer none where they are malformed, hold two, or one that must
/// be understood and is not.
fn nonce(extensions: &[u8]) -> Option<Option<&[u8]>> {
    let mut outer = Reader::new(extensions);
    let mut list = Reader::new(outer.tagged(SEQUENCE)?);
    let mut found = None;
    while !list.is_done() {
        let mut extension = Reader::new(list.tagged(SEQUENCE)?);
        let id = extension.tagged(OID)?;
        let is_critical = match extension.optional(1)? {
            None => false,
            Some([0xff]) => true,
            Some(_) => return None,
        };
        let value = extension.tagged(OCTETS)?;
        if !extension.is_done() || (is_critical && id != NONCE_ID) {
            return None;
        }
        if id == NONCE_ID {
            let mut value = Reader::new(value);
            let nonce = value.tagged(OCTETS).filter(|nonce| NONCE.contains(&nonce.len()))?;
            if found.replace(nonce).is_some() || !value.is_done() {
                return None;
            }
        }
    }
    outer.is_done().then_some(found)
}
