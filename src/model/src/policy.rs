//! Who may reach what: the whole wish from which the packet filter's rules are made
//! (requirements N2.1 to N2.3, N8.1). Plain and complete: two equal policies give equal rules.

mod change;
mod check;

use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{PortRange, SegmentId, SegmentNo, ServiceId, ServiceNo, ServicePlace};

pub use change::PolicyChange;
pub use check::PolicyFault;

/// Everything that the rules are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The segments, ordered by number.
    pub arms: Vec<Arm>,
    /// The services, ordered by number.
    pub services: Vec<Served>,
    /// The hub's networks that are no segments, as configured.
    pub networks: Vec<Network>,
    /// Limits of the segments that have none of their own.
    pub limits: Limits,
}

/// One segment, as the rules see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// Its number.
    pub no: SegmentNo,
    /// Its identifier, for messages.
    pub id: SegmentId,
    /// The hub's interface towards it; shared by the segments of one link.
    pub interface: String,
    /// Its addresses.
    pub prefixes: Vec<IpNet>,
    /// The hardware address of its router, where it is bound to it. Neighbours on one link can
    /// take each other's addresses unless they are bound.
    pub hardware: Option<Hardware>,
    /// The services that it may reach besides those open to everyone, ordered.
    pub may: Vec<ServiceNo>,
    /// Limits of its own.
    pub limits: Option<Limits>,
    /// The rates to which its traffic is shaped; `None`: not shaped.
    pub rate: Option<Rate>,
}

/// One service, as the rules see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Its number.
    pub no: ServiceNo,
    /// Its identifier, for messages.
    pub id: ServiceId,
    /// Where it runs.
    pub place: ServicePlace,
    /// Its servers' addresses; none on the hub itself.
    pub addresses: Vec<std::net::IpAddr>,
    /// Its ports.
    pub ports: Vec<PortRange>,
    /// Whether every segment may reach it.
    pub everyone: bool,
}

/// A network of the hub that is no segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The hub's interfaces to it, by full name.
    pub interfaces: Vec<String>,
    /// Its addresses; none: any address that no segment and no other network has.
    pub prefixes: Vec<IpNet>,
}

impl Network {
    /// The name of the network of ports that led to segments which are retired. It is no name that
    /// a configuration can give.
    pub const RETIRED: &str = "(retired)";

    /// Ports that lead to nobody any more: whoever is there is a stranger.
    pub fn retired(interfaces: Vec<String>) -> Self {
        let (name, role) = (Self::RETIRED.to_owned(), Role::Outside);
        Self { name, role, interfaces, prefixes: Vec::new() }
    }
}

/// What a network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The state's own servers: segments reach what they may.
    Services,
    /// Everybody else's network: reached through the gateway only.
    Outside,
    /// Where the administrators sit: reaches the hub, is forwarded nowhere.
    Management,
}

/// What one segment may use of the hub; 0 stands for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Connections open at once.
    pub connections: u32,
    /// New connections a second.
    pub new_connections: u32,
    /// Packets a second, whatever they are.
    pub packets: u32,
}

/// Contracted rates, in kbit/s; 0 stands for no limit in that direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rate {
    /// Towards the segment.
    pub down_kbps: u64,
    /// From the segment.
    pub up_kbps: u64,
}

/// A hardware address (IEEE 802 MAC), written `02:45:54:00:00:01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hardware(pub [u8; 6]);

/// The text is no hardware address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no hardware address: write six pairs of hexadecimal digits, 02:45:54:00:00:01")]
pub struct InvalidHardware(pub String);

impl Policy {
    /// The segment with this number.
    pub fn arm(&self, no: SegmentNo) -> Option<&Arm> {
        let at = self.arms.binary_search_by_key(&no, |arm| arm.no).ok()?;
        self.arms.get(at)
    }

    /// The service with this number.
    pub fn service(&self, no: ServiceNo) -> Option<&Served> {
        let at = self.services.binary_search_by_key(&no, |service| service.no).ok()?;
        self.services.get(at)
    }

    /// Whether a segment may reach a service. The wish: what the kernel does is proved elsewhere.
    pub fn may(&self, segment: SegmentNo, service: ServiceNo) -> bool {
        let (Some(arm), Some(service)) = (self.arm(segment), self.service(service)) else {
            return false;
        };
        service.everyone || arm.may.binary_search(&service.no).is_ok()
    }

    /// The limits in force for a segment.
    pub fn limits_of(&self, arm: &Arm) -> Limits {
        arm.limits.unwrap_or(self.limits)
    }
}

impl FromStr for Hardware {
    type Err = InvalidHardware;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || InvalidHardware(text.to_owned());
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().filter(|part| part.len() == 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| wrong())?;
        }
        if parts.next().is_some() { Err(wrong()) } else { Ok(Self(bytes)) }
    }
}

impl fmt::Display for Hardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl TryFrom<String> for Hardware {
    type Error = InvalidHardware;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Hardware> for String {
    fn from(hardware: Hardware) -> Self {
        hardware.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hardware_address_reads_what_it_writes() {
        let text = "02:45:54:00:0a:ff";
        assert_eq!(text.parse::<Hardware>().unwrap().to_string(), text);
        for bad in ["", "02:45:54:00:0a", "02:45:54:00:0a:ff:00", "2:45:54:00:0a:ff", "02-45"] {
            assert!(bad.parse::<Hardware>().is_err(), "{bad}");
        }
    }
}
