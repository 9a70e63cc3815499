//! Whereto somebody wants, as he writes it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::policy::ascii;

/// A host: by name, or by address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// In small letters and ASCII.
    Name(Box<str>),
    /// As it stands.
    Address(IpAddr),
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Which host.
    pub host: Host,
    /// Which port; never 0.
    pub port: u16,
}

impl Host {
    /// A name, an IPv4 address in its one usual form, or an IPv6 address with or without brackets.
    /// None for anything else, also for numbers that some resolvers take for addresses (`127.1`,
    /// `0x7f000001`): what is judged must be what is connected to.
    pub fn read(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(address.into()));
        }
        if let Ok(address) = text.parse() {
            return Some(Self::Address(address));
        }
        let name = ascii(text)?;
        let last = name.rsplit('.').next().unwrap_or_default();
        let number = last.bytes().all(|byte| byte.is_ascii_digit())
            || last
                .strip_prefix("0x")
                .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        (!number).then(|| Self::Name(name.into()))
    }
}

impl Target {
    /// Of `host:port` (RFC 9110, section 9.3.6).
    pub fn read(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        // An IPv6 address beside a port has brackets, or its last part would be the port.
        if host.contains(':') && !host.starts_with('[') {
            return None;
        }
        Self::new(Host::read(host)?, port.parse().ok()?)
    }

    /// None for port 0.
    pub fn new(host: Host, port: u16) -> Option<Self> {
        (port != 0).then_some(Self { host, port })
    }

    /// The name, where it was asked for by name.
    pub fn name(&self) -> Option<&str> {
        match &self.host {
            Host::Name(name) => Some(name),
            Host::Address(_) => None,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Name(name) => write!(f, "{name}:{}", self.port),
            Host::Address(IpAddr::V4(address)) => write!(f, "{address}:{}", self.port),
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: G6: what looks like a name and is an address for some resolver is neither here
    #[test]
    fn a_target_is_a_name_or_an_address_in_its_usual_form() {
        for (text, told) in [
            ("example.kz:443", Some("example.kz:443")),
            ("EXAMPLE.kz.:443", Some("example.kz:443")),
            ("203.0.113.9:80", Some("203.0.113.9:80")),
            ("[2001:DB8::1]:80", Some("[2001:db8::1]:80")),
            ("2001:db8::1:80", None),
            ("127.1:80", None),
            ("0x7f000001:80", None),
            ("2130706433:80", None),
            ("0177.0.0.1:80", None),
            ("a.0x7f:80", None),
            ("example.kz:0", None),
            ("example.kz:65536", None),
            ("example.kz", None),
            (":443", None),
            ("exa mple.kz:443", None),
            ("user@example.kz:443", None),
            ("[::1:80", None),
        ] {
            let read = Target::read(text).map(|target| target.to_string());
            assert_eq!(read.as_deref(), told, "{text}");
        }
    }
}
