//! What an address is to the gateway, whatever the rules say: ours, nobody's, private or public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Addresses that no packet leaves the hub for: this host, this link, everybody (RFC 6890; RFC
/// 4291, section 2.4; RFC 3927, where clouds put their metadata; RFC 5771).
const NOBODYS: [&str; 14] = [
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "192.0.0.0/24",
    "::/128",
    "::1/128",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "100::/64",
    // Who translates these knows alone which address stands inside (RFC 8215; RFC 4380).
    "64:ff9b:1::/48",
    "2001::/32",
];
/// Networks of one's own (RFC 1918, RFC 6598, RFC 4193) and the bench's (RFC 2544).
const PRIVATE: [&str; 6] =
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "198.18.0.0/15"];

/// What an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The hub's own, a segment's, or of another of the hub's inner networks.
    Ours,
    /// No single host's beyond this one and its links.
    Nobodys,
    /// Private, and none of ours: reached where a rule names its network.
    Private,
    /// Anybody else's.
    Public,
}

/// Which networks are whose.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    /// The hub's own networks and the segments', sorted, apart from one another.
    ours: Vec<IpNet>,
    /// Those of them that no relay leads to either: the hub's own addresses and the segments'.
    closed: Vec<IpNet>,
    nobodys: Vec<IpNet>,
    private: Vec<IpNet>,
}

/// Networks of which no address is a host's outside.
pub fn nobodys() -> impl Iterator<Item = IpNet> {
    NOBODYS.iter().filter_map(|text| text.parse().ok())
}

impl Ground {
    /// With the hub's inner networks, its own addresses and the segments' prefixes.
    pub fn new(ours: impl IntoIterator<Item = IpNet>) -> Self {
        let read = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect();
        let ours = IpNet::aggregate(&ours.into_iter().collect());
        Self { ours, closed: Vec::new(), nobodys: read(&NOBODYS), private: read(&PRIVATE) }
    }

    /// With the networks that not even a relay leads to.
    #[must_use]
    pub fn closing(self, closed: impl IntoIterator<Item = IpNet>) -> Self {
        Self { closed: IpNet::aggregate(&closed.into_iter().collect()), ..self }
    }

    /// Whether a relay may lead to an address: to one of an inner network or outside, never to the
    /// hub itself, to a segment, or to nobody's.
    pub fn may_be_relayed(&self, address: IpAddr) -> bool {
        let address = bare(address);
        !within(&self.closed, address) && !self.nobodys.iter().any(|net| net.contains(&address))
    }

    /// What an address is. One that carries another inside (RFC 4291, section 2.5.5; RFC 6052; RFC
    /// 3056) is what that is.
    pub fn kind(&self, address: IpAddr) -> Kind {
        let address = bare(address);
        let any = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&address));
        if within(&self.ours, address) {
            Kind::Ours
        } else if any(&self.nobodys) {
            Kind::Nobodys
        } else if any(&self.private) {
            Kind::Private
        } else {
            Kind::Public
        }
    }
}

/// Whether one of these networks, sorted and apart from one another, has the address.
fn within(nets: &[IpNet], address: IpAddr) -> bool {
    let after = nets.partition_point(|net| net.network() <= address);
    after.checked_sub(1).is_some_and(|at| nets[at].contains(&address))
}

/// The address that one stands for in the end.
pub fn bare(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(outer) => inner(outer).map_or(address, IpAddr::V4),
    }
}

fn inner(outer: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = outer.octets();
    let at = |first: usize| {
        Ipv4Addr::new(octets[first], octets[first + 1], octets[first + 2], octets[first + 3])
    };
    match outer.segments() {
        // The unspecified and the loopback address look like compatible ones.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Some(at(12)),
        [0x2002, ..] => Some(at(2)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N6.1
    #[test]
    fn an_address_is_ours_nobodys_private_or_public_also_inside_another() {
        let ours = ["10.10.0.0/16", "fd10::/16", "203.0.113.1/32"].map(|net| net.parse().unwrap());
        let ground = Ground::new(ours);
        for (address, kind) in [
            ("10.10.7.2", Kind::Ours),
            ("203.0.113.1", Kind::Ours),
            ("203.0.113.2", Kind::Public),
            ("fd10:7::2", Kind::Ours),
            ("fd11::1", Kind::Private),
            ("10.11.0.1", Kind::Private),
            ("127.0.0.1", Kind::Nobodys),
            ("0.0.0.0", Kind::Nobodys),
            ("169.254.169.254", Kind::Nobodys),
            ("224.0.0.1", Kind::Nobodys),
            ("255.255.255.255", Kind::Nobodys),
            ("::", Kind::Nobodys),
            ("::1", Kind::Nobodys),
            ("fe80::1", Kind::Nobodys),
            ("::ffff:127.0.0.1", Kind::Nobodys),
            ("::ffff:10.10.7.2", Kind::Ours),
            ("64:ff9b::a0a:702", Kind::Ours),
            ("2002:7f00:1::", Kind::Nobodys),
            ("::127.0.0.2", Kind::Nobodys),
            ("64:ff9b:1::a0a:702", Kind::Nobodys),
            ("2001:0:a0a:702::1", Kind::Nobodys),
            ("2001:db8::1", Kind::Public),
        ] {
            assert_eq!(ground.kind(address.parse().unwrap()), kind, "{address}");
        }
    }

    /// covers: N6.1, G6
    #[test]
    fn every_network_that_is_written_here_is_read() {
        let ground = Ground::new([]);
        assert_eq!(ground.nobodys.len(), NOBODYS.len());
        assert_eq!(ground.private.len(), PRIVATE.len());
    }
}
