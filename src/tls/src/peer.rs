//! What is kept of a client's verified certificate.

use std::fmt::Write;

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A client certificate that was verified in this connection's handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    /// The common name, or the whole subject where there is none.
    pub subject: String,
    /// The serial number, lower-case hexadecimal.
    pub serial_hex: String,
    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub fingerprint: String,
}

impl PeerCertificate {
    /// Reads a certificate that rustls has verified; `None` when it cannot be parsed.
    pub(crate) fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let subject = certificate.subject();
        let common_name = subject.iter_common_name().next().and_then(|name| name.as_str().ok());
        Some(Self {
            subject: common_name.map_or_else(|| subject.to_string(), str::to_owned),
            serial_hex: hex(certificate.raw_serial()),
            fingerprint: hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der).as_ref()),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}
