//! An OCSP answer in DER (RFC 6960, section 4.2).

use rcgen::KeyPair;

use super::crl::extension;
use super::index::Standing;
use super::request::NONCE_ID;
use crate::der::{ENUMERATED, OCTETS, OID, SEQUENCE, around, general_moment, tlv};
use crate::{Error, sign};

/// `id-pkix-ocsp-basic` without tag.
const BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];

/// Why there is no answer (RFC 6960, section 4.2.1); it is not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Malformed = 1,
    Internal = 2,
    Later = 3,
    Unauthorized = 6,
}

impl Refusal {
    /// In DER.
    pub(crate) fn octets(self) -> Vec<u8> {
        tlv(SEQUENCE, &tlv(ENUMERATED, &[self as u8]))
    }
}

/// For how long an answer holds, seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) until: i64,
}

/// Who signs answers.
pub(crate) struct Signer<'a> {
    pub(crate) key: &'a KeyPair,
    /// SHA-1 of its public key, as `ResponderID` has it.
    pub(crate) key_hash: &'a [u8],
    /// Its certificate in DER.
    pub(crate) certificate: &'a [u8],
}

/// About one certificate; none of a standing stands for one that is not known.
pub(crate) fn single(id: &[u8], standing: Option<Standing>, span: Span) -> Vec<u8> {
    let status = match standing {
        Some(one) if one.is_good() => vec![0x80, 0],
        Some(one) => match one.dead() {
            Some((since, why)) => revoked(since, why),
            None => vec![0x82, 0],
        },
        None => vec![0x82, 0],
    };
    let until = tlv(around(0), &general_moment(span.until));
    tlv(SEQUENCE, &[id, &status, &general_moment(span.from), &until].concat())
}

fn revoked(since: i64, why: u8) -> Vec<u8> {
    let reason = match why {
        0 => Vec::new(),
        why => tlv(around(0), &tlv(ENUMERATED, &[why])),
    };
    tlv(around(1), &[general_moment(since), reason].concat())
}

/// A signed answer.
///
/// # Errors
/// When the key does not sign.
pub(crate) fn whole(
    signer: &Signer<'_>,
    singles: &[u8],
    nonce: Option<&[u8]>,
    at: i64,
) -> Result<Vec<u8>, Error> {
    let by = tlv(around(2), &tlv(OCTETS, signer.key_hash));
    let nonce = match nonce {
        None => Vec::new(),
        Some(nonce) => {
            let all = tlv(SEQUENCE, &extension(NONCE_ID, false, &tlv(OCTETS, nonce)));
            tlv(around(1), &all)
        }
    };
    let singles = tlv(SEQUENCE, singles);
    let content = tlv(SEQUENCE, &[by, general_moment(at), singles, nonce].concat());
    let certificates = tlv(around(0), &tlv(SEQUENCE, signer.certificate));
    let basic = sign::signed(&content, signer.key, &certificates)?;
    let bytes = tlv(SEQUENCE, &[tlv(OID, BASIC), tlv(OCTETS, &basic)].concat());
    Ok(tlv(SEQUENCE, &[tlv(ENUMERATED, &[0]), tlv(around(0), &bytes)].concat()))
}
