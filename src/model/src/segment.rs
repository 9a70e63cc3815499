//! Institutions and segments: the register of the star (requirement N1.1).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{Channel, Names, Router, WallTime};

/// The text is no identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no identifier: use 1 to 48 of a-z, 0-9 and '-', starting with a letter or digit")]
pub struct InvalidId(pub String);

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if is_slug(text) { Ok(Self(text.to_owned())) } else { Err(InvalidId(text.to_owned())) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier! {
    /// The name of a segment in addresses, files and metrics. Stable for its life.
    SegmentId
}

identifier! {
    /// The name of an institution in addresses and files.
    InstitutionId
}

identifier! {
    /// The name of a service in addresses, files and metrics. Stable for its life.
    ServiceId
}

fn is_slug(text: &str) -> bool {
    let ok = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    (1..=48).contains(&bytes.len())
        && ok(bytes[0])
        && bytes.iter().all(|byte| ok(*byte) || *byte == b'-')
}

/// The short number of a segment: the key of its measurements and of the protocol with `netd`.
/// Given once by the registry and never used again.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SegmentNo(pub u32);

impl SegmentNo {
    /// The largest number: the packet filter marks packets with it, and needs the bits above itself.
    pub const MOST: u32 = (1 << 30) - 1;
}

impl fmt::Display for SegmentNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// An institution of the region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Institution {
    /// Its identifier.
    pub id: InstitutionId,
    /// Its full name.
    pub name: Names,
    /// What it is: `akimat`, `department`, `archive`, `school`, … free text.
    #[serde(default)]
    pub kind: String,
    /// Which budget pays for it: `republic`, `region`, `district`; free text.
    #[serde(default)]
    pub budget_level: String,
    /// The district or city.
    #[serde(default)]
    pub district: String,
    /// The postal address.
    #[serde(default)]
    pub address: String,
    /// Who heads it.
    #[serde(default)]
    pub head: String,
    /// Whom to call: name and telephone of the person on duty.
    #[serde(default)]
    pub duty: String,
    /// Counts the changes; an update names the version it saw.
    #[serde(default)]
    pub version: i64,
}

/// One arm of the star: an institution's network and its channel to the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Its identifier.
    pub id: SegmentId,
    /// Its short number; 0 before the registry has given one.
    #[serde(default)]
    pub no: SegmentNo,
    /// Whose network it is.
    pub institution: InstitutionId,
    /// A short name where the institution's is too long or it has several segments; may be empty.
    #[serde(default)]
    pub label: Names,
    /// The addresses behind it. No two segments overlap.
    pub prefixes: Vec<IpNet>,
    /// The hub's interface or tunnel that leads to it.
    pub interface: String,
    /// How it is probed.
    pub probing: Probing,
    /// The channel.
    #[serde(default)]
    pub channel: Channel,
    /// The router at the far end.
    #[serde(default)]
    pub router: Router,
    /// The provider point or uplink that it shares with others; empty when none is known.
    #[serde(default)]
    pub parent: String,
    /// Whether it is probed five times a second instead of once.
    #[serde(default)]
    pub criticality: Criticality,
    /// Under maintenance until this moment.
    #[serde(default)]
    pub maintenance_until: Option<WallTime>,
    /// Free notes.
    #[serde(default)]
    pub notes: String,
    /// When it was retired; it keeps its history and is no longer watched.
    #[serde(default)]
    pub retired: Option<WallTime>,
    /// Counts the changes; an update names the version it saw.
    #[serde(default)]
    pub version: i64,
}

/// How a segment is probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probing {
    /// The address that answers, usually the segment's router.
    pub address: IpAddr,
    /// By what.
    #[serde(default)]
    pub method: Method,
}

/// What is sent to learn whether a segment answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// ICMP echo (RFC 792, RFC 4443).
    #[default]
    Icmp,
    /// A TCP connection to this port; a reset counts as an answer.
    Tcp(u16),
}

/// How much depends on a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Criticality {
    /// One probe a second.
    #[default]
    Normal,
    /// Five probes a second.
    Critical,
}

impl Segment {
    /// Whether it is watched at all.
    pub fn is_active(&self) -> bool {
        self.retired.is_none()
    }

    /// Whether it is under maintenance at `now`.
    pub fn in_maintenance(&self, now: WallTime) -> bool {
        self.maintenance_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_a_short_slug() {
        for good in ["s001", "a", "akimat-of-abai", "7"] {
            assert!(good.parse::<SegmentId>().is_ok(), "{good}");
        }
        let long = "x".repeat(49);
        for bad in ["", "-a", "A", "а", "a b", "a/b", long.as_str()] {
            assert!(bad.parse::<SegmentId>().is_err(), "{bad}");
        }
    }
}
