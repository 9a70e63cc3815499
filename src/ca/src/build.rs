//! From a profile to what is signed. Of a request nothing is copied but the public key.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, IsCa, SanType,
    SerialNumber,
};

use crate::der::{OID, SEQUENCE, URI, tlv};
use crate::profile::{Names, Profile};
use crate::subject::Subject;
use crate::{Error, Serial};

/// Clocks of those who look at a certificate may be behind by this much.
const SLACK: Duration = Duration::from_secs(300);
/// Authority information access and its methods (RFC 5280, section 4.2.2.1).
const ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
const OCSP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1];
const ISSUERS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 2];
/// The responder's own certificate is not asked about (RFC 6960, section 4.2.2.2.1).
const NO_CHECK: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 5];

/// The issuing authority's lists: this many, so that one is small and signed at once. The number
/// stands in every certificate and never changes.
pub(crate) const SHARDS: usize = 128;

/// Where relying parties ask about certificates: plain HTTP, so that asking needs no certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses(String);

impl Addresses {
    /// Below this address, for example `http://pki.ets.localhost:8480`.
    ///
    /// # Errors
    /// [`Error::Base`] when it is no plain HTTP address.
    pub fn new(base: &str) -> Result<Self, Error> {
        let base = base.trim_end_matches('/');
        let host = base.strip_prefix("http://").unwrap_or_default();
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}?#@".contains(&byte);
        let is_host =
            host.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'[');
        if !is_host || !host.bytes().all(is_plain) || base.len() > 200 {
            return Err(Error::Base { base: base.to_owned() });
        }
        Ok(Self(base.to_owned()))
    }

    /// Where the revocation list lies that has this certificate, once it is revoked.
    pub fn list_of(&self, serial: Serial) -> String {
        self.shard(serial.shard())
    }

    pub(crate) fn shard(&self, number: usize) -> String {
        format!("{}/crl/{number:03}.crl", self.0)
    }

    fn ocsp(&self) -> String {
        format!("{}/ocsp", self.0)
    }

    fn issuer(&self) -> String {
        format!("{}/issuing.cer", self.0)
    }

    fn root(&self) -> String {
        format!("{}/root.cer", self.0)
    }

    fn root_list(&self) -> String {
        format!("{}/root.crl", self.0)
    }
}

/// A certificate that is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The name of its profile.
    pub profile: String,
    /// Whom it is for.
    pub subject: Subject,
    /// DNS names and addresses at which its owner answers.
    pub names: Vec<String>,
    /// Its last moment, where that is to be sooner than the profile says.
    pub until: Option<SystemTime>,
}

/// What is to be signed below an authority whose own certificate ends at `ceiling`.
pub(crate) fn params(
    wanted: &Wanted,
    serial: Serial,
    now: SystemTime,
    ceiling: SystemTime,
    addresses: Option<&Addresses>,
) -> Result<CertificateParams, Error> {
    let profile = Profile::named(&wanted.profile)?;
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(serial.bytes()));
    params.distinguished_name = wanted.subject.fitted(profile)?;
    params.subject_alt_names = names(profile, &wanted.names)?;
    params.not_before = (now - SLACK).into();
    let last = wanted.until.unwrap_or(now + profile.life()).min(now + profile.life()).min(ceiling);
    params.not_after = last.into();
    params.key_usages = profile.key_usages();
    params.extended_key_usages = profile.extended_key_usages();
    params.use_authority_key_identifier_extension = true;
    params.is_ca = match wanted.profile.as_str() {
        "root" => IsCa::Ca(BasicConstraints::Constrained(1)),
        _ if profile.is_authority() => IsCa::Ca(BasicConstraints::Constrained(0)),
        _ => IsCa::ExplicitNoCa,
    };
    match (wanted.profile.as_str(), addresses) {
        // ASN.1 NULL.
        ("ocsp", _) => {
            params.custom_extensions.push(CustomExtension::from_oid_content(NO_CHECK, vec![5, 0]));
        }
        (_, None) | ("root", _) => {}
        ("issuing", Some(addresses)) => {
            let list = CrlDistributionPoint { uris: vec![addresses.root_list()] };
            params.crl_distribution_points = vec![list];
            params.custom_extensions.push(access(&[(ISSUERS, addresses.root())]));
        }
        (_, Some(addresses)) => {
            let list = CrlDistributionPoint { uris: vec![addresses.list_of(serial)] };
            params.crl_distribution_points = vec![list];
            let all = [(OCSP, addresses.ocsp()), (ISSUERS, addresses.issuer())];
            params.custom_extensions.push(access(&all));
        }
    }
    Ok(params)
}

fn names(profile: &Profile, names: &[String]) -> Result<Vec<SanType>, Error> {
    match (profile.names, names) {
        (Names::Needed, []) => Err(Error::Name {
            name: String::new(),
            why: "this kind of certificate needs the names that its owner answers at",
        }),
        (Names::None, [name, ..]) => Err(Error::Name {
            name: name.clone(),
            why: "this kind of certificate is for a person and holds no names",
        }),
        (_, names) => names.iter().map(|name| self::name(name)).collect(),
    }
}

/// A DNS name in letters, digits and hyphens (RFC 1123), one `*` in front at most, or an address.
fn name(name: &str) -> Result<SanType, Error> {
    let unfit = |why| Error::Name { name: name.to_owned(), why };
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let plain = name.strip_prefix("*.").unwrap_or(name);
    if name.len() > 253 || !is_dns(plain) {
        return Err(unfit("write it in Latin letters, digits, hyphens and dots"));
    }
    Ia5String::try_from(name.to_ascii_lowercase())
        .map(SanType::DnsName)
        .map_err(|_| unfit("write it in Latin letters"))
}

/// Letters, digits and hyphens, 63 a label and 253 in all (RFC 1123, section 2.1).
pub fn is_dns(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

fn access(all: &[(&[u8], String)]) -> CustomExtension {
    let describe = |(method, at): &(&[u8], String)| {
        tlv(SEQUENCE, &[tlv(OID, method), tlv(URI, at.as_bytes())].concat())
    };
    let all: Vec<u8> = all.iter().flat_map(describe).collect();
    CustomExtension::from_oid_content(ACCESS, tlv(SEQUENCE, &all))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.2
    #[test]
    fn names_are_those_that_can_be_resolved() {
        for good in ["mail.ets.localhost", "*.ets.localhost", "10.1.0.10", "fd00::1", "localhost"] {
            assert!(name(good).is_ok(), "{good}");
        }
        let long = "a".repeat(64);
        for bad in ["", "a..b", "-a.b", "a_b", "*.*.b", "почта", "a b", "http://a", long.as_str()]
        {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    /// covers: T-5
    #[test]
    fn an_address_to_ask_at_is_plain_http_and_names_the_certificates_own_list() {
        let addresses = Addresses::new("http://pki.ets.localhost:8480/").unwrap();
        for _ in 0..1_000 {
            let serial = Serial::draw().unwrap();
            let list = format!("http://pki.ets.localhost:8480/crl/{:03}.crl", serial.shard());
            assert!(serial.shard() < SHARDS);
            assert_eq!(addresses.list_of(serial), list);
        }
        // What stands in certificates that were handed out stays where it was.
        let known: Serial = "7f000000000000000000000000000001".parse().unwrap();
        assert_eq!(known.shard(), 40);
        for bad in ["", "https://a", "http://", "http:///a", "http://a b", "http://a?b", "ftp://a"]
        {
            assert!(Addresses::new(bad).is_err(), "{bad}");
        }
    }
}
