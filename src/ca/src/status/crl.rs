//! One revocation list in DER (RFC 5280, section 5), from entries that are octets already: an entry
//! is 35 or 49 octets, so that a list of a million is made at the speed of copying.

use crate::Error;
use crate::der::{self, OCTETS, OID, SEQUENCE, TRUE, URI, around, moment, tlv};
use crate::sign::{self, Signing};

/// Extensions of a list (RFC 5280, sections 5.2.1, 5.2.3 and 5.2.5), in DER without tag.
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
const NUMBER: &[u8] = &[0x55, 0x1d, 0x14];
const SCOPE: &[u8] = &[0x55, 0x1d, 0x1c];

/// Who signs a list.
pub(crate) struct Signer<'a> {
    /// Its distinguished name in DER.
    pub(crate) name: &'a [u8],
    /// Its key identifier, as its certificate has it.
    pub(crate) key_id: &'a [u8],
    pub(crate) key: &'a dyn Signing,
}

/// What a list says of itself.
pub(crate) struct Listed {
    /// Higher than that of any list before.
    pub(crate) number: u64,
    /// Its `thisUpdate`, seconds since 1970.
    pub(crate) from: i64,
    /// Its `nextUpdate`.
    pub(crate) until: i64,
}

/// Which certificates a list is about.
pub(crate) enum Scope {
    /// Of authorities, all that the root signed: the root's list.
    Authorities,
    /// Of owners, all of them.
    Owners,
    /// Of owners, those that name this address.
    Shard(String),
}

impl Scope {
    /// The issuing distribution point (RFC 5280, section 5.2.5): critical, as it says that others
    /// are not on the list. A list of all that its issuer signed has none: it need not, and NSS and
    /// gnutls, which do not know this extension, read it so.
    fn extension(&self) -> Vec<u8> {
        const USERS: &[u8] = &[0x81, 1, 0xff];
        match self {
            Self::Authorities | Self::Owners => Vec::new(),
            Self::Shard(at) => {
                let point = tlv(around(0), &tlv(around(0), &tlv(URI, at.as_bytes())));
                extension(SCOPE, true, &tlv(SEQUENCE, &[&point, USERS].concat()))
            }
        }
    }
}

/// Adds an entry: since when, and why as a number (RFC 5280, section 5.3.1). Nought is not
/// written, as the RFC asks.
pub(crate) fn enter(out: &mut Vec<u8>, serial: &[u8; 16], since: i64, reason: u8) {
    let since = moment(since);
    // extensions { extension { reasonCode, OCTET STRING { ENUMERATED } } }
    let why = [0x30, 0x0c, 0x30, 0x0a, 6, 3, 0x55, 0x1d, 0x15, 4, 3, 0x0a, 1, reason];
    let why: &[u8] = if reason == 0 { &[] } else { &why };
    der::head(out, SEQUENCE, 2 + serial.len() + since.len() + why.len());
    out.extend_from_slice(&[der::INTEGER, serial.len() as u8]);
    out.extend_from_slice(serial);
    out.extend_from_slice(&since);
    out.extend_from_slice(why);
}

/// Signs a list with these entries.
///
/// # Errors
/// When the key does not sign.
pub(crate) fn sign(
    signer: &Signer<'_>,
    listed: &Listed,
    scope: &Scope,
    entries: &[u8],
) -> Result<Vec<u8>, Error> {
    let before = [
        &der::integer(1)[..],
        sign::algorithm(signer.key)?,
        signer.name,
        &moment(listed.from),
        &moment(listed.until),
    ]
    .concat();
    let extensions = [
        extension(AUTHORITY_KEY_ID, false, &tlv(SEQUENCE, &tlv(0x80, signer.key_id))),
        extension(NUMBER, false, &der::integer(listed.number)),
        scope.extension(),
    ]
    .concat();
    let extensions = tlv(around(0), &tlv(SEQUENCE, &extensions));
    let mut middle = Vec::new();
    if !entries.is_empty() {
        der::head(&mut middle, SEQUENCE, entries.len());
    }
    let length = before.len() + middle.len() + entries.len() + extensions.len();
    let mut content = Vec::with_capacity(length + 8);
    der::head(&mut content, SEQUENCE, length);
    for part in [&before, &middle, entries, &extensions] {
        content.extend_from_slice(part);
    }
    sign::signed(&content, signer.key, &[])
}

/// One extension.
pub(crate) fn extension(id: &[u8], is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if is_critical { TRUE } else { &[] };
    tlv(SEQUENCE, &[&tlv(OID, id)[..], critical, &tlv(OCTETS, value)].concat())
}
