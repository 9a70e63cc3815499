//! What is kept of a client's verified certificate.

use std::time::{Duration, SystemTime};

use ets_model::PersonId;
use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
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
    /// Whether it is a server's or a router's, whose subject is nobody that rights are given to.
    pub is_machine: bool,
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
            is_machine: is_machine(&certificate),
            fingerprint: hex::encode(
                aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der).as_ref(),
            ),
        })
    }
}

/// Whether it says where its owner answers (RFC 5280, section 4.2.1.6), or that he serves TLS
/// (section 4.2.1.12): people do neither. What cannot be read is no person's either.
fn is_machine(certificate: &X509Certificate<'_>) -> bool {
    let is_place = |name: &GeneralName<'_>| {
        matches!(name, GeneralName::DNSName(_) | GeneralName::IPAddress(_))
    };
    let answers = certificate
        .subject_alternative_name()
        .map(|names| names.is_some_and(|names| names.value.general_names.iter().any(is_place)));
    let serves = certificate
        .extended_key_usage()
        .map(|usage| usage.is_some_and(|usage| usage.value.server_auth));
    answers.unwrap_or(true) || serves.unwrap_or(true)
}

/// Seconds since 1970 as a moment; what lies before is long over.
fn moment(seconds: i64) -> SystemTime {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds))
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use rcgen::ExtendedKeyUsagePurpose::{self as Purpose, ClientAuth, ServerAuth};
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    fn is_machine_with(names: Vec<SanType>, purposes: &[Purpose]) -> bool {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.extended_key_usages = purposes.to_vec();
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        PeerCertificate::read(certificate.der()).unwrap().is_machine
    }

    /// covers: T1.2, T1.3, T-8
    #[test]
    fn what_answers_at_a_name_or_serves_is_a_machine_and_no_person() {
        let name = || SanType::DnsName("router-7.segments.test".try_into().unwrap());
        let address = || SanType::IpAddress([10, 9, 0, 1].into());
        let mail = || SanType::Rfc822Name("a.omarova@akimat.test".try_into().unwrap());
        assert!(is_machine_with(vec![name()], &[ClientAuth, ServerAuth]), "a router's");
        assert!(is_machine_with(vec![name()], &[ClientAuth]));
        assert!(is_machine_with(vec![mail(), address()], &[ClientAuth]));
        assert!(is_machine_with(vec![], &[ClientAuth, ServerAuth]));
        assert!(!is_machine_with(vec![], &[ClientAuth]), "a person's, and an administrator's");
        assert!(!is_machine_with(vec![mail()], &[ClientAuth]));
        assert!(!is_machine_with(vec![], &[]));
    }
}
