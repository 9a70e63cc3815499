//! Whether an order would be signed, asked before it is written down.

use std::time::{Duration, SystemTime};

use x509_parser::pem::parse_x509_pem;

use crate::profile::{Custody, Profile};
use crate::{Error, Serial, Subject, Wanted, build, key};

/// What is wrong with an order, if anything. A request may be missing: it comes later.
///
/// # Errors
/// As [`crate::Ca::issue`], but for what only the signature shows.
pub fn check(
    profile: &str,
    subject: &Subject,
    names: &[String],
    request: Option<&str>,
) -> Result<(), Error> {
    let known = Profile::named(profile)?;
    if known.is_authority() {
        let known = "those of owners".to_owned();
        return Err(Error::NoProfile { name: profile.to_owned(), known });
    }
    let wanted = Wanted {
        profile: profile.to_owned(),
        subject: subject.clone(),
        names: names.to_vec(),
        until: None,
    };
    let serial = Serial::draw().map_err(|_| Error::Key("the system gives no random bytes"))?;
    let now = SystemTime::now();
    build::params(&wanted, serial, now, now + Duration::from_secs(1), None)?;
    match (known.key, request) {
        (Custody::Made, Some(_)) => Err(Error::NoRequest),
        (_, Some(request)) => key::of_request(request.as_bytes()).map(drop),
        (_, None) => Ok(()),
    }
}

/// SHA-256 over the public key of a certificate in PEM (RFC 5280, `SubjectPublicKeyInfo` in DER):
/// pairs of hexadecimal digits, parted by colons. None where it cannot be read.
pub fn key_fingerprint(certificate: &str) -> Option<String> {
    let (_, parsed) = parse_x509_pem(certificate.as_bytes()).ok()?;
    let key = parsed.parse_x509().ok()?.public_key().raw.to_vec();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key);
    Some(digest.as_ref().iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(":"))
}
