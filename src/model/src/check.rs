//! Health checks of a service: how the hub asks whether it answers (requirement N7.1). A check has
//! one line of text, `http/8080 /health status=200-299 every=10`, for forms and for people.

mod fault;
mod text;

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{PortRange, Protocol, Service};

pub use fault::CheckFault;
pub use text::Unread;

/// How it is asked.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum CheckKind {
    /// A TCP connection is opened and closed again (RFC 9293). Of a service that speaks TLS this
    /// is all that is asked.
    #[default]
    Tcp,
    /// `GET` over HTTP/1.1 (RFC 9112) in the clear.
    Http,
    /// A question for addresses over UDP (RFC 1035).
    Dns,
}

/// Which status codes of HTTP are good, written `200` or `200-399`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StatusRange {
    /// The first.
    pub first: u16,
    /// The last, not below the first.
    pub last: u16,
}

/// One health check.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Check {
    /// How it is asked.
    pub kind: CheckKind,
    /// On which port; `None`: the first that the service has of the protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// HTTP: the path, with its query; empty for `/`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// HTTP: which status codes are good.
    pub status: StatusRange,
    /// HTTP: what stands in the body, in its first 64 KiB; empty: anything.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// DNS: the name that is asked for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// How often, in seconds.
    pub every_s: u32,
    /// How long it may take in all, in seconds.
    pub timeout_s: u32,
    /// Failures in a row after which it counts as down.
    pub fall: u32,
    /// Answers in a row after which it counts as up again.
    pub rise: u32,
}

impl Check {
    /// How often it may be asked, in seconds.
    pub const EVERY: RangeInclusive<u32> = 1..=3_600;
    /// How long it may take, in seconds; not longer than how often it is asked.
    pub const TIMEOUT: RangeInclusive<u32> = 1..=30;
    /// Failures, or answers, in a row.
    pub const IN_A_ROW: RangeInclusive<u32> = 1..=20;
    /// Checks of one service.
    pub const MOST: usize = 8;
    /// Letters of a path, a text or a name.
    pub const LONGEST: usize = 200;

    /// A check of this kind with nothing said about it.
    pub fn new(kind: CheckKind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// The port that is asked of a service; `None` where it has none of the protocol.
    pub fn port_of(&self, service: &Service) -> Option<u16> {
        let of_kind = |range: &&PortRange| range.protocol == self.kind.protocol();
        let first = || service.ports.iter().find(of_kind).map(|range| range.first);
        self.port.or_else(first)
    }

    /// All that is wrong with it as a check of this service.
    pub fn faults(&self, service: &Service) -> Vec<CheckFault> {
        fault::faults(self, service)
    }
}

impl Default for Check {
    fn default() -> Self {
        Self {
            kind: CheckKind::default(),
            port: None,
            path: String::new(),
            status: StatusRange::default(),
            text: String::new(),
            name: String::new(),
            every_s: 30,
            timeout_s: 2,
            fall: 3,
            rise: 2,
        }
    }
}

impl CheckKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Tcp, Self::Http, Self::Dns];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Http => "http",
            Self::Dns => "dns",
        }
    }

    /// What it is carried by.
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Tcp | Self::Http => Protocol::Tcp,
            Self::Dns => Protocol::Udp,
        }
    }
}

impl StatusRange {
    /// Whether a code is good.
    pub fn has(self, code: u16) -> bool {
        (self.first..=self.last).contains(&code)
    }
}

impl Default for StatusRange {
    /// All that tell of no error: 200 to 399.
    fn default() -> Self {
        Self { first: 200, last: 399 }
    }
}

impl FromStr for StatusRange {
    type Err = CheckFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || CheckFault::Status(text.to_owned());
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let code = |text: &str| text.parse().ok().filter(|code| (100..600).contains(code));
        let first = code(first).ok_or_else(wrong)?;
        let last = code(last).ok_or_else(wrong)?;
        if first > last { Err(wrong()) } else { Ok(Self { first, last }) }
    }
}

impl fmt::Display for StatusRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

impl TryFrom<String> for StatusRange {
    type Error = CheckFault;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<StatusRange> for String {
    fn from(range: StatusRange) -> Self {
        range.to_string()
    }
}
