//! What a request (PKCS#10, RFC 2986) says beside its key. It is compared and never copied.

use std::collections::BTreeSet;
use std::net::IpAddr;

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;

use ets_ca::is_dns;

use crate::identifier::Identifier;
use crate::jwk::Key;

/// A request, as far as it is compared.
#[derive(Debug)]
pub(crate) struct Csr {
    /// Attributes of the subject: object identifier and text.
    pub(crate) subject: Vec<(String, String)>,
    /// The names of the extension, each once.
    pub(crate) names: BTreeSet<Identifier>,
    /// The key, where accounts could have one like it.
    pub(crate) key: Option<Key>,
    /// The same in DER (RFC 5280, `SubjectPublicKeyInfo`).
    info: Vec<u8>,
}

const COMMON_NAME: &str = "2.5.4.3";

impl Csr {
    /// Reads a request in DER.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(der: &[u8]) -> Result<Self, &'static str> {
        let (rest, request) =
            X509CertificationRequest::from_der(der).map_err(|_| "it is no PKCS#10")?;
        if !rest.is_empty() {
            return Err("something follows the request");
        }
        let info = &request.certification_request_info;
        let mut names = BTreeSet::new();
        for extension in request.requested_extensions().into_iter().flatten() {
            match extension {
                ParsedExtension::SubjectAlternativeName(all) => {
                    for name in &all.general_names {
                        names.insert(identifier(name)?);
                    }
                }
                ParsedExtension::BasicConstraints(wanted) if wanted.ca => {
                    return Err("it asks for an authority's certificate");
                }
                ParsedExtension::ParseError { .. } => return Err("an extension cannot be read"),
                _ => {}
            }
        }
        let mut subject = Vec::new();
        for attribute in info.subject.iter_attributes() {
            let text = attribute.as_str().map_err(|_| "the subject cannot be read")?;
            subject.push((attribute.attr_type().to_id_string(), text.to_owned()));
        }
        let (key, info) = (Key::of_info(&info.subject_pki), info.subject_pki.raw.to_vec());
        Ok(Self { subject, names, key, info })
    }

    /// Whether a certificate in PEM is for the same key.
    pub(crate) fn is_for(&self, certificate: &str) -> bool {
        let Ok((_, parsed)) = parse_x509_pem(certificate.as_bytes()) else { return false };
        parsed.parse_x509().is_ok_and(|certificate| certificate.public_key().raw == self.info)
    }

    /// The common names.
    pub(crate) fn common_names(&self) -> impl Iterator<Item = &str> {
        let common = self.subject.iter().filter(|(oid, _)| oid == COMMON_NAME);
        common.map(|(_, text)| text.as_str())
    }

    /// Everything that it asks to be named: the extension's names and the common name (RFC 8555,
    /// section 7.4).
    ///
    /// # Errors
    /// Where a common name is neither a name nor an address.
    pub(crate) fn asked(&self) -> Result<BTreeSet<Identifier>, &'static str> {
        let mut all = self.names.clone();
        for name in self.common_names() {
            let is_name = is_dns(name.strip_prefix("*.").unwrap_or(name));
            all.insert(match name.parse() {
                Ok(address) => Identifier::Ip(address),
                Err(_) if is_name => Identifier::Dns(name.to_ascii_lowercase()),
                Err(_) => return Err("the common name is none of the names of the order"),
            });
        }
        Ok(all)
    }
}

fn identifier(name: &GeneralName<'_>) -> Result<Identifier, &'static str> {
    match name {
        GeneralName::DNSName(name) => Ok(Identifier::Dns(name.to_ascii_lowercase())),
        GeneralName::IPAddress(octets) => address(octets).ok_or("an address cannot be read"),
        _ => Err("it asks for names that are neither DNS names nor addresses"),
    }
}

fn address(octets: &[u8]) -> Option<Identifier> {
    let four = |octets: [u8; 4]| IpAddr::from(octets);
    let sixteen = |octets: [u8; 16]| IpAddr::from(octets);
    let address = octets.try_into().map(four).or_else(|_| octets.try_into().map(sixteen));
    address.ok().map(Identifier::Ip)
}
