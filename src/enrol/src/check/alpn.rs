//! tls-alpn-01 (RFC 8737): a certificate made for this proof, shown to who speaks `acme-tls/1`.

use std::net::IpAddr;

use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Proof, address};
use crate::Config;
use crate::identifier::Identifier;
use crate::problem::{Kind, Problem};

const PROTOCOL: &[u8] = b"acme-tls/1";
/// id-pe-acmeIdentifier.
const ACME_IDENTIFIER: &str = "1.3.6.1.5.5.7.1.31";
/// OCTET STRING of 32 octets.
const OCTETS_32: [u8; 2] = [4, 32];

/// Shakes hands and compares what is shown.
pub(super) async fn look(config: &Config, proof: &Proof) -> Result<(), Problem> {
    let stream = address::connect(config, &proof.name, config.tls_port).await?;
    let shown = ets_tls::shown_certificate(stream, &sni(&proof.name), PROTOCOL).await;
    let leaf = shown.map_err(|error| {
        let detail = format!("{}: the handshake failed: {error}", proof.name.value());
        Problem::new(Kind::Tls, crate::identifier::shown(&detail))
    })?;
    compare(&leaf, proof).map_err(|why| Problem::new(Kind::Unauthorized, why))
}

/// An address is asked for by the name that it has in reverse (RFC 8738, section 6).
fn sni(name: &Identifier) -> String {
    match name {
        Identifier::Dns(name) => name.clone(),
        Identifier::Ip(IpAddr::V4(address)) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        Identifier::Ip(IpAddr::V6(address)) => {
            let octets = address.octets();
            let nibbles =
                octets.iter().rev().map(|octet| format!("{:x}.{:x}.", octet & 15, octet >> 4));
            nibbles.collect::<String>() + "ip6.arpa"
        }
    }
}

/// One name, the one to be proved, and the hash of the key authorization in a critical extension.
fn compare(leaf: &[u8], proof: &Proof) -> Result<(), &'static str> {
    let (_, leaf) = X509Certificate::from_der(leaf).map_err(|_| "the certificate is broken")?;
    let names = leaf.extensions().iter().find_map(|one| match one.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
        _ => None,
    });
    let is_named = names.is_some_and(|names| match (names.as_slice(), &proof.name) {
        ([GeneralName::DNSName(name)], Identifier::Dns(wanted)) => {
            name.eq_ignore_ascii_case(wanted)
        }
        ([GeneralName::IPAddress(octets)], Identifier::Ip(IpAddr::V4(wanted))) => {
            *octets == wanted.octets()
        }
        ([GeneralName::IPAddress(octets)], Identifier::Ip(IpAddr::V6(wanted))) => {
            *octets == wanted.octets()
        }
        _ => false,
    });
    if !is_named {
        return Err("the certificate is not for this name and no other");
    }
    let wanted = [&OCTETS_32[..], &proof.hashed()].concat();
    let mut all = leaf.extensions().iter();
    let own = all.find(|one| one.oid.to_id_string() == ACME_IDENTIFIER);
    match own {
        Some(own) if own.critical && own.value == wanted => Ok(()),
        Some(own) if !own.critical => Err("the acmeIdentifier is not critical"),
        Some(_) => Err("the acmeIdentifier holds something else"),
        None => Err("the certificate has no acmeIdentifier"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.2
    #[test]
    fn an_address_is_asked_for_in_reverse() {
        let ip = |text: &str| sni(&Identifier::Ip(text.parse().unwrap()));
        assert_eq!(ip("10.1.2.3"), "3.2.1.10.in-addr.arpa");
        let six = ip("2001:db8::1");
        assert!(six.starts_with("1.0.0.0.") && six.ends_with("8.b.d.0.1.0.0.2.ip6.arpa"), "{six}");
    }
}
