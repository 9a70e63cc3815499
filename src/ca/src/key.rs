//! Public keys that we certify: taken from a request, or made here.

use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm, SubjectPublicKeyInfo,
};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo as Parsed;

use crate::Error;

/// RSA keys have at least and at most so many bits (NIST SP 800-57: 2048 until 2030).
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;
/// Named curves in DER: P-256 and P-384 (RFC 5480, section 2.1.1.1).
const CURVES: [&str; 2] = ["1.2.840.10045.3.1.7", "1.3.132.0.34"];
const EC: &str = "1.2.840.10045.2.1";
const RSA: &str = "1.2.840.113549.1.1.1";
const ED25519: &str = "1.3.101.112";

/// A new key of the kind that every client knows: P-256.
pub(crate) fn make() -> Result<KeyPair, Error> {
    make_for(&PKCS_ECDSA_P256_SHA256)
}

/// A new key that signs by this algorithm.
pub(crate) fn make_for(algorithm: &'static SignatureAlgorithm) -> Result<KeyPair, Error> {
    Ok(KeyPair::generate_for(algorithm)?)
}

/// Whether a certificate and a private key, both in PEM, are of one pair.
pub fn is_pair(certificate: &str, key: &str) -> bool {
    let Ok(key) = KeyPair::from_pem(key) else { return false };
    let Ok((_, parsed)) = parse_x509_pem(certificate.as_bytes()) else { return false };
    parsed
        .parse_x509()
        .is_ok_and(|certificate| certificate.public_key().raw == key.subject_public_key_info())
}

/// SHA-256 over the public key of a certificate in PEM (RFC 5280, `SubjectPublicKeyInfo` in DER):
/// pairs of hexadecimal digits, parted by colons. None where it cannot be read.
pub fn fingerprint(certificate: &str) -> Option<String> {
    let (_, parsed) = parse_x509_pem(certificate.as_bytes()).ok()?;
    let key = parsed.parse_x509().ok()?.public_key().raw.to_vec();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key);
    Some(digest.as_ref().iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(":"))
}

/// The public key of a request (PKCS#10, RFC 2986) in PEM or DER, whose signature proves that who
/// asks has the private key. Everything else in the request is ignored.
///
/// # Errors
/// [`Error::Request`] and [`Error::Key`].
pub(crate) fn of_request(request: &[u8]) -> Result<SubjectPublicKeyInfo, Error> {
    let unusable = |why: &str| Error::Request(why.to_owned());
    let pem;
    let der = if request.trim_ascii_start().starts_with(b"-----") {
        let (_, parsed) = parse_x509_pem(request).map_err(|_| unusable("it is no PEM"))?;
        if !parsed.label.ends_with("CERTIFICATE REQUEST") {
            return Err(unusable("the PEM holds something else than a CERTIFICATE REQUEST"));
        }
        pem = parsed.contents;
        pem.as_slice()
    } else {
        request
    };
    let (rest, request) =
        X509CertificationRequest::from_der(der).map_err(|_| unusable("it is no PKCS#10"))?;
    if !rest.is_empty() {
        return Err(unusable("there is something behind it"));
    }
    let key = &request.certification_request_info.subject_pki;
    check(key)?;
    request
        .verify_signature()
        .map_err(|_| unusable("it is not signed by the key that it is for"))?;
    Ok(SubjectPublicKeyInfo::from_der(key.raw)?)
}

/// Whether a key is strong enough and of a kind that everybody can verify.
pub(crate) fn check(key: &Parsed<'_>) -> Result<(), Error> {
    let parsed = key.parsed().map_err(|_| Error::Key("it cannot be read"))?;
    match (key.algorithm.algorithm.to_id_string().as_str(), parsed) {
        (RSA, PublicKey::RSA(rsa)) => {
            if !RSA_BITS.contains(&(rsa.key_size())) {
                return Err(Error::Key("an RSA key has 2048 to 4096 bits"));
            }
            let exponent = rsa.try_exponent().unwrap_or(0);
            if exponent < 65_537 || exponent % 2 == 0 {
                return Err(Error::Key("the exponent of an RSA key is odd and at least 65537"));
            }
            Ok(())
        }
        (EC, PublicKey::EC(_)) => {
            let curve = key.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
            let known = curve.is_some_and(|oid| CURVES.contains(&oid.to_id_string().as_str()));
            if known { Ok(()) } else { Err(Error::Key("an EC key is on P-256 or P-384")) }
        }
        (ED25519, _) => Ok(()),
        _ => Err(Error::Key("use EC on P-256 or P-384, RSA, or Ed25519")),
    }
}
