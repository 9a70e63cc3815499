//! Services: what a segment may reach behind or on the hub (requirements N2.1, N7.1).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Check, Names, WallTime};

/// The short number of a service: its class in the accounting. Given once and never used again.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ServiceNo(pub u16);

impl ServiceNo {
    /// The largest number: what the accounting has room for.
    pub const MOST: u16 = 28;
}

impl fmt::Display for ServiceNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A service that segments may reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its identifier.
    pub id: crate::ServiceId,
    /// Its number; 0 before one was given.
    #[serde(default)]
    pub no: ServiceNo,
    /// Its name.
    pub name: Names,
    /// Where it runs.
    #[serde(default)]
    pub place: ServicePlace,
    /// Its servers' addresses. None where [`ServicePlace::Hub`]: every address of the hub serves.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
    /// The ports that it answers on.
    pub ports: Vec<PortRange>,
    /// Who may reach it without a grant.
    #[serde(default)]
    pub open_to: OpenTo,
    /// What it is for, in words.
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    pub about: Names,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Owner::is_empty")]
    pub owner: Owner,
    /// How the hub asks whether it answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// When it was taken out of service.
    #[serde(default)]
    pub retired: Option<WallTime>,
    /// Counts the changes; an update names the version it saw.
    #[serde(default)]
    pub version: i64,
}

/// Who answers for a service, and how he is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Owner {
    /// An institution of the registry, by its identifier; empty where it is none of them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub institution: String,
    /// A person, a unit, a company.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Whom to call.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// Whom to write to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
}

impl Owner {
    /// Whether nobody is named.
    pub fn is_empty(&self) -> bool {
        [&self.institution, &self.name, &self.phone, &self.email].iter().all(|one| one.is_empty())
    }
}

/// Where a service runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServicePlace {
    /// In the services' network behind the hub.
    #[default]
    Behind,
    /// On the hub itself.
    Hub,
}

/// Who may reach a service without a grant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OpenTo {
    /// Nobody: only segments with a grant.
    #[default]
    Granted,
    /// Every segment.
    Everyone,
}

/// What a port range is a range of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP (RFC 9293).
    Tcp,
    /// UDP (RFC 768).
    Udp,
    /// Echo request of ICMP or `ICMPv6`; has no ports.
    Icmp,
}

/// Ports of one protocol, written `tcp/25`, `udp/50000-50099` or `icmp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortRange {
    /// Of which protocol.
    pub protocol: Protocol,
    /// The first port; 0 for ICMP.
    pub first: u16,
    /// The last port, not below the first.
    pub last: u16,
}

/// The text names no port range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no port range: write tcp/25, udp/50000-50099 or icmp")]
pub struct InvalidPorts(pub String);

impl PortRange {
    /// The echo request.
    pub const ICMP: Self = Self { protocol: Protocol::Icmp, first: 0, last: 0 };

    /// One port of TCP.
    pub const fn tcp(port: u16) -> Self {
        Self { protocol: Protocol::Tcp, first: port, last: port }
    }

    /// One port of UDP.
    pub const fn udp(port: u16) -> Self {
        Self { protocol: Protocol::Udp, first: port, last: port }
    }

    /// Whether both have a port in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.protocol == other.protocol && self.first <= other.last && other.first <= self.last
    }
}

impl FromStr for PortRange {
    type Err = InvalidPorts;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || InvalidPorts(text.to_owned());
        if text == "icmp" {
            return Ok(Self::ICMP);
        }
        let (protocol, ports) = text.split_once('/').ok_or_else(wrong)?;
        let protocol = match protocol {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            _ => return Err(wrong()),
        };
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(wrong);
        let (first, last) = (port(first)?, port(last)?);
        if first > last { Err(wrong()) } else { Ok(Self { protocol, first, last }) }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Icmp => return f.write_str("icmp"),
        };
        if self.first == self.last {
            write!(f, "{protocol}/{}", self.first)
        } else {
            write!(f, "{protocol}/{}-{}", self.first, self.last)
        }
    }
}

impl TryFrom<String> for PortRange {
    type Error = InvalidPorts;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PortRange> for String {
    fn from(range: PortRange) -> Self {
        range.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N7.1
    #[test]
    fn a_port_range_reads_what_it_writes_and_refuses_nonsense() {
        for good in ["tcp/25", "udp/50000-50099", "icmp", "tcp/1-65535"] {
            assert_eq!(good.parse::<PortRange>().unwrap().to_string(), good);
        }
        for bad in ["", "tcp", "tcp/0", "tcp/2-1", "udp/70000", "sctp/1", "icmp/8", "tcp/1-"] {
            assert!(bad.parse::<PortRange>().is_err(), "{bad}");
        }
    }
}
