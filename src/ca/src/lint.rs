//! What would be signed, looked at before it is: signed by a key that nobody trusts, read back by
//! another parser, and held against the profile. What is signed afterwards is the same, octet by
//! octet, or it is not handed out.

use std::time::{Duration, SystemTime};

use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};

use crate::Error;
use crate::authority::seconds;
use crate::key;
use crate::profile::{Names, Profile};

/// The longest life that a certificate may have beyond its profile: the slack before now.
const SLACK: Duration = Duration::from_secs(600);

/// What a certificate is held against.
pub(crate) struct Expected<'a> {
    pub(crate) profile: &'a Profile,
    /// Where it is to say that its revocation list lies, where it is asked about.
    pub(crate) list: Option<String>,
    /// The authority's distinguished name in DER.
    pub(crate) issuer: &'a [u8],
    /// The authority's own last moment.
    pub(crate) ceiling: SystemTime,
}

/// Everything that is wrong with a certificate; nothing when it may be signed.
pub(crate) fn faults(der: &[u8], expected: &Expected<'_>) -> Vec<String> {
    let Ok((rest, certificate)) = X509Certificate::from_der(der) else {
        return vec!["it cannot be parsed".to_owned()];
    };
    let mut faults = Vec::new();
    let mut hold = |is_kept: bool, rule: &str| {
        if !is_kept {
            faults.push(rule.to_owned());
        }
    };
    hold(rest.is_empty(), "something follows the certificate");
    hold(certificate.version() == X509Version::V3, "it is not of version 3");
    let serial = certificate.raw_serial();
    hold((8..=20).contains(&serial.len()), "the serial number has not 8 to 20 octets");
    hold(serial.first().is_some_and(|octet| *octet < 0x80), "the serial number is negative");
    hold(certificate.issuer().as_raw() == expected.issuer, "the issuer is not this authority");
    hold(certificate.subject().iter().next().is_some(), "the subject is empty");
    let (from, to) = (certificate.validity().not_before, certificate.validity().not_after);
    let life = u64::try_from(to.timestamp() - from.timestamp()).unwrap_or(u64::MAX);
    hold(
        Duration::from_secs(life) <= expected.profile.life() + SLACK,
        "it is valid for longer than its profile says",
    );
    hold(seconds(expected.ceiling) >= to.timestamp(), "it outlives the authority");
    hold(from.timestamp() < to.timestamp(), "it ends before it begins");
    hold(certificate.is_ca() == expected.profile.is_authority(), "whether it is an authority");
    hold(key::check(certificate.public_key()).is_ok(), "the key is not one that is certified");
    extensions(&certificate, expected, &mut hold);
    faults
}

fn extensions(
    certificate: &X509Certificate<'_>,
    expected: &Expected<'_>,
    hold: &mut impl FnMut(bool, &str),
) {
    let profile = expected.profile;
    let usage = certificate.key_usage().ok().flatten();
    let wanted = |is_there: bool, what: rcgen::KeyUsagePurpose| {
        is_there == profile.key_usages().contains(&what)
    };
    use rcgen::KeyUsagePurpose as Usage;
    hold(usage.as_ref().is_some_and(|one| one.critical), "the key usage is not there and critical");
    hold(
        usage.is_some_and(|one| {
            wanted(one.value.digital_signature(), Usage::DigitalSignature)
                && wanted(one.value.key_cert_sign(), Usage::KeyCertSign)
                && wanted(one.value.crl_sign(), Usage::CrlSign)
                && !one.value.key_encipherment()
                && !one.value.non_repudiation()
        }),
        "the key usage is not the profile's",
    );
    let extended = certificate.extended_key_usage().ok().flatten();
    let purposes = profile.extended_key_usages();
    use rcgen::ExtendedKeyUsagePurpose as Purpose;
    hold(
        match extended {
            None => purposes.is_empty(),
            Some(one) => {
                one.value.client_auth == purposes.contains(&Purpose::ClientAuth)
                    && one.value.server_auth == purposes.contains(&Purpose::ServerAuth)
                    && one.value.ocsp_signing == purposes.contains(&Purpose::OcspSigning)
                    && !one.value.any
                    && one.value.other.is_empty()
            }
        },
        "the extended key usage is not the profile's",
    );
    let names = certificate.subject_alternative_name().ok().flatten();
    let plain = |name: &GeneralName<'_>| {
        matches!(name, GeneralName::DNSName(_) | GeneralName::IPAddress(_))
    };
    hold(
        match (profile.names, names) {
            (Names::None, None) => true,
            (Names::Needed, Some(names)) => {
                !names.value.general_names.is_empty() && names.value.general_names.iter().all(plain)
            }
            _ => false,
        },
        "the names are not those that the profile has",
    );
    let has = |wanted: fn(&ParsedExtension<'_>) -> bool| {
        certificate.extensions().iter().any(|one| wanted(one.parsed_extension()))
    };
    hold(
        has(|one| matches!(one, ParsedExtension::AuthorityKeyIdentifier(_))),
        "the authority's key identifier is missing",
    );
    hold(
        has(|one| matches!(one, ParsedExtension::SubjectKeyIdentifier(_))),
        "the key identifier is missing",
    );
    if let Some(list) = &expected.list {
        hold(lists(certificate) == [list], "it does not say where its revocation list lies");
        hold(
            has(|one| matches!(one, ParsedExtension::AuthorityInfoAccess(_))),
            "it does not say where its OCSP responder answers",
        );
    }
}

/// Where a certificate says that its revocation lists lie.
fn lists<'a>(certificate: &'a X509Certificate<'_>) -> Vec<&'a str> {
    let points = certificate.extensions().iter().filter_map(|one| match one.parsed_extension() {
        ParsedExtension::CRLDistributionPoints(points) => Some(points),
        _ => None,
    });
    let names = points.flat_map(|points| &points.points).flat_map(|point| {
        match &point.distribution_point {
            Some(DistributionPointName::FullName(names)) => names.as_slice(),
            _ => &[],
        }
    });
    names
        .filter_map(|name| match name {
            GeneralName::URI(at) => Some(*at),
            _ => None,
        })
        .collect()
}

/// What is signed of a certificate, without the signature.
///
/// # Errors
/// [`Error::Lint`] when it cannot be parsed.
pub(crate) fn signed_part(der: &[u8]) -> Result<Vec<u8>, Error> {
    let (_, certificate) = X509Certificate::from_der(der)
        .map_err(|_| Error::Lint("it cannot be parsed".to_owned()))?;
    Ok(certificate.tbs_certificate.as_ref().to_vec())
}
