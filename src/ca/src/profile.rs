//! What a kind of certificate is: read from `certs/profiles.toml`, compiled in.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};
use serde::Deserialize;

use crate::Error;
use crate::subject::Attribute;

const FILE: &str = include_str!("../../../certs/profiles.toml");

static PROFILES: LazyLock<BTreeMap<String, Profile>> =
    LazyLock::new(|| toml::from_str(FILE).expect("a test reads the file that is compiled in"));

/// One kind of certificate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    days: u64,
    pub(crate) key: Custody,
    usage: Vec<Usage>,
    #[serde(default)]
    extended: Vec<Extended>,
    pub(crate) subject: Vec<Slot>,
    pub(crate) names: Names,
    #[serde(default)]
    pub(crate) renewal: Renewal,
}

/// Who makes the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Custody {
    /// We, with the certificate.
    Made,
    /// Its owner, who asks with a request.
    Requested,
}

/// Whether the owner answers at names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Names {
    /// It answers nowhere.
    None,
    /// At least one is needed.
    Needed,
}

/// Whether its owner may renew it with the key of the present one, and who must agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Renewal {
    /// He may not: an officer orders a new one.
    #[default]
    Never,
    /// A second person where orders need one.
    AsOrdered,
    /// A second person, always.
    Confirmed,
}

/// A place of the subject for one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Slot {
    pub(crate) attribute: Attribute,
    pub(crate) is_required: bool,
}

impl TryFrom<String> for Slot {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        let (name, is_required) = match text.strip_suffix('!') {
            Some(name) => (name, true),
            None => (text.as_str(), false),
        };
        Ok(Self { attribute: Attribute::from_str(name)?, is_required })
    }
}

/// Key usages that we use (RFC 5280, section 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Usage {
    DigitalSignature,
    KeyCertSign,
    #[serde(rename = "cRLSign")]
    CrlSign,
}

/// Extended key usages that we use (RFC 5280, section 4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Extended {
    ClientAuth,
    ServerAuth,
    #[serde(rename = "OCSPSigning")]
    OcspSigning,
}

impl Profile {
    /// The profile of this name.
    ///
    /// # Errors
    /// [`Error::NoProfile`].
    pub(crate) fn named(name: &str) -> Result<&'static Self, Error> {
        PROFILES.get(name).ok_or_else(|| Error::NoProfile {
            name: name.to_owned(),
            known: PROFILES.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    }

    pub(crate) fn life(&self) -> Duration {
        Duration::from_secs(self.days * 86_400)
    }

    pub(crate) fn key_usages(&self) -> Vec<KeyUsagePurpose> {
        let usage = |usage: &Usage| match usage {
            Usage::DigitalSignature => KeyUsagePurpose::DigitalSignature,
            Usage::KeyCertSign => KeyUsagePurpose::KeyCertSign,
            Usage::CrlSign => KeyUsagePurpose::CrlSign,
        };
        self.usage.iter().map(usage).collect()
    }

    pub(crate) fn extended_key_usages(&self) -> Vec<ExtendedKeyUsagePurpose> {
        let usage = |usage: &Extended| match usage {
            Extended::ClientAuth => ExtendedKeyUsagePurpose::ClientAuth,
            Extended::ServerAuth => ExtendedKeyUsagePurpose::ServerAuth,
            Extended::OcspSigning => ExtendedKeyUsagePurpose::OcspSigning,
        };
        self.extended.iter().map(usage).collect()
    }

    /// Whether it signs other certificates.
    pub(crate) fn is_authority(&self) -> bool {
        self.usage.contains(&Usage::KeyCertSign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.1
    #[test]
    fn every_profile_of_the_file_is_read_and_an_unknown_one_is_named() {
        for name in ["root", "issuing", "civil-servant", "civil-servant-file", "server", "router"] {
            let profile = Profile::named(name).unwrap();
            assert!(profile.subject.iter().any(|slot| slot.is_required), "{name}");
            assert_eq!(profile.is_authority(), ["root", "issuing"].contains(&name), "{name}");
        }
        let error = Profile::named("clerk").unwrap_err().to_string();
        assert!(error.contains("clerk") && error.contains("civil-servant"), "{error}");
    }
}
