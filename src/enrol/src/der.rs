//! The few DER values that we write ourselves (X.690): certificates in a bag (RFC 5652), and what
//! EST tells about requests.

use ets_ca::tlv;
use x509_parser::pem::Pem;

use crate::Error;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OID: u8 = 0x06;
/// `[0]`, constructed.
const CONTEXT_0: u8 = 0xa0;

/// 1.2.840.113549.1.7.2, signedData.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// 1.2.840.113549.1.7.1, data.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
/// 1.2.840.10045.2.1, id-ecPublicKey.
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// 1.2.840.10045.3.1.7, P-256.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// 1.2.840.10045.4.3.2, ecdsa-with-SHA256.
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

/// Certificates without a signer: a certs-only message (RFC 5272, section 4.1; RFC 5652, 5.1).
pub(crate) fn certificates_only(certificates: &[Vec<u8>]) -> Vec<u8> {
    let signed = [
        tlv(INTEGER, &[1]),
        tlv(SET, &[]),
        tlv(SEQUENCE, &tlv(OID, DATA)),
        tlv(CONTEXT_0, &certificates.concat()),
        tlv(SET, &[]),
    ];
    let content = tlv(CONTEXT_0, &tlv(SEQUENCE, &signed.concat()));
    tlv(SEQUENCE, &[tlv(OID, SIGNED_DATA), content].concat())
}

/// What a request should be like (RFC 7030, section 4.5.2): a key on P-256, signed with SHA-256.
pub(crate) fn wanted_of_requests() -> Vec<u8> {
    let key = tlv(SEQUENCE, &[tlv(OID, EC), tlv(SET, &tlv(OID, P256))].concat());
    tlv(SEQUENCE, &[key, tlv(OID, ECDSA_SHA256)].concat())
}

/// The certificates of a PEM in DER, in its order.
///
/// # Errors
/// [`Error::Authorities`] where there is none, or one cannot be read.
pub(crate) fn of_pem(pem: &str) -> Result<Vec<Vec<u8>>, Error> {
    let all: Result<Vec<_>, _> = Pem::iter_from_buffer(pem.as_bytes())
        .map(|one| match one {
            Ok(pem) if pem.label == "CERTIFICATE" => Ok(pem.contents),
            _ => Err(Error::Authorities),
        })
        .collect();
    all.and_then(|all| if all.is_empty() { Err(Error::Authorities) } else { Ok(all) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.2
    #[test]
    fn a_length_is_written_in_as_few_octets_as_it_needs() {
        assert_eq!(tlv(SEQUENCE, &[0; 127])[..2], [0x30, 127]);
        assert_eq!(tlv(SEQUENCE, &[0; 300])[..4], [0x30, 0x82, 1, 44]);
        assert!(of_pem("").is_err() && of_pem("-----BEGIN CERTIFICATE-----\n!").is_err());
    }
}
