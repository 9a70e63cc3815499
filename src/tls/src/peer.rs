//! What is kept of a client's verified certificate.

use std::time::{Duration, SystemTime};

use ets_model::PersonId;
use rustls::pki_types::CertificateDer;
use x509_parser::oid_registry::OID_X509_SERIALNUMBER;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::CertId;

/// A client certificate that was verified in this connection's handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    /// The common name, or the whole subject where there is none.
    pub subject: String,
    /// Whose it is: rights are given to the person.
    pub person: PersonId,
    /// The institution that the subject names.
    pub institution: Option<String>,
    /// The serial number, lower-case hexadecimal.
    pub serial_hex: String,
    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub fingerprint: String,
    /// By which it is revoked.
    pub id: CertId,
    /// From then on it is no longer valid.
    pub not_after: SystemTime,
}

impl PeerCertificate {
    /// Reads a certificate that rustls has verified; `None` when it cannot be parsed.
    pub(crate) fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let subject = certificate.subject();
        let common_name = subject.iter_common_name().next().and_then(|name| name.as_str().ok());
        let name = common_name.map_or_else(|| subject.to_string(), str::to_owned);
        let institution = subject.iter_organization().next().and_then(|one| one.as_str().ok());
        let number = subject.iter_by_oid(&OID_X509_SERIALNUMBER).next();
        let number = number.and_then(|one| one.as_str().ok());
        Some(Self {
            person: PersonId::of_subject(number, &name, institution),
            institution: institution.map(str::to_owned),
            subject: name,
            serial_hex: hex::encode(certificate.raw_serial()),
            id: CertId::new(certificate.issuer().as_raw(), certificate.raw_serial()),
            not_after: moment(certificate.validity().not_after.timestamp()),
            fingerprint: hex::encode(
                aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der).as_ref(),
            ),
        })
    }
}

/// Seconds since 1970 as a moment; what lies before is long over.
fn moment(seconds: i64) -> SystemTime {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds))
        .unwrap_or(SystemTime::UNIX_EPOCH)
}
