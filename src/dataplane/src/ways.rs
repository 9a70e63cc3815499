//! The ways out of the hub: its interfaces, their addresses, and the routes (rtnetlink(7)), as the
//! rules need them; and the routes to segments that are missing.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::Error;
use crate::message::{attributes, ip, put_attribute, text, u32_at};
use crate::rtnetlink::{CREATE, EXCLUSIVE, Rtnetlink};

/// Ours in `ip route`'s protocol column; unassigned in rtnetlink.h.
const PROTOCOL: u8 = 69;

/// One interface of the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// The hub's own addresses on it.
    pub addresses: Vec<IpAddr>,
}

/// One route of the main table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// To where.
    pub to: IpNet,
    /// By which interface.
    pub interface: u32,
    /// By which next hop; `None` where the destination is on the link.
    pub gateway: Option<IpAddr>,
}

/// All of it at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// The interfaces by their numbers.
    pub interfaces: BTreeMap<u32, Interface>,
    /// The routes, as the kernel lists them.
    pub routes: Vec<Route>,
}

/// Reads and adds ways, in the network namespace of the thread that opened it.
pub struct WayFinder(Rtnetlink);

impl Ways {
    /// The number of the interface with this name.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.interfaces.iter().find(|(_, one)| one.name == name).map(|(number, _)| *number)
    }

    /// The route that holds a whole network: the longest that contains it.
    pub fn route(&self, to: IpNet) -> Option<&Route> {
        let holds = self.routes.iter().filter(|route| route.to.contains(&to));
        holds.max_by_key(|route| route.to.prefix_len())
    }
}

impl WayFinder {
    /// # Errors
    /// When the kernel refuses a socket.
    pub fn open() -> Result<Self, Error> {
        Rtnetlink::open().map(Self).map_err(|(what, cause)| Error::Socket(what, cause))
    }

    /// Interfaces alone.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn links(&mut self) -> Result<Ways, Error> {
        let interfaces = self.list(libc::RTM_GETLINK, "links", link)?.into_iter().collect();
        Ok(Ways { interfaces, routes: Vec::new() })
    }

    /// Interfaces, addresses and routes of the main table.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn read(&mut self) -> Result<Ways, Error> {
        let mut ways = self.links()?;
        for (number, own) in self.list(libc::RTM_GETADDR, "addresses", address)? {
            if let Some(interface) = ways.interfaces.get_mut(&number) {
                interface.addresses.push(own);
            }
        }
        ways.routes = self.list(libc::RTM_GETROUTE, "routes", route)?;
        Ok(ways)
    }

    /// Adds a route to the main table. One that is there already is no error.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn add(&mut self, route: &Route) -> Result<(), Error> {
        match self.0.ask(libc::RTM_NEWROUTE, CREATE | EXCLUSIVE, &new_route(route)) {
            Err(cause) if cause.raw_os_error() == Some(libc::EEXIST) => Ok(()),
            done => done.map(drop).map_err(|cause| Error::Unchanged("routes", cause)),
        }
    }

    fn list<T>(
        &mut self,
        kind: u16,
        what: &'static str,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Vec<T>, Error> {
        let listed = self.0.list(kind, &[0; 16], |_, body| read(body));
        listed.map_err(|cause| Error::Refused(what, cause))?.ok_or(Error::Unsteady(what))
    }
}

impl std::fmt::Debug for WayFinder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WayFinder")
    }
}

fn link(body: &[u8]) -> Option<(u32, Interface)> {
    let number = u32_at(body, 4)?;
    let (_, name) = attributes(body, 16).find(|(kind, _)| *kind == libc::IFLA_IFNAME)?;
    Some((number, Interface { name: text(name), addresses: Vec::new() }))
}

/// struct ifaddrmsg: family, prefix length, flags, scope, interface. The local address is ours; on
/// links with two different ends the other one is the far end.
fn address(body: &[u8]) -> Option<(u32, IpAddr)> {
    let number = u32_at(body, 4)?;
    let found = |wanted| attributes(body, 8).find(|(kind, _)| *kind == wanted);
    let (_, own) = found(libc::IFA_LOCAL).or_else(|| found(libc::IFA_ADDRESS))?;
    Some((number, ip(own)?))
}

/// struct rtmsg: family, destination length, source length, tos, table, protocol, scope, type.
fn route(body: &[u8]) -> Option<Route> {
    let [family, length, _, _, table, _, _, kind] = *body.first_chunk()?;
    if table != libc::RT_TABLE_MAIN || kind != libc::RTN_UNICAST {
        return None;
    }
    let (mut to, mut interface, mut gateway) = (None, None, None);
    for (kind, value) in attributes(body, 12) {
        match kind {
            libc::RTA_DST => to = ip(value),
            libc::RTA_OIF => interface = u32_at(value, 0),
            libc::RTA_GATEWAY => gateway = ip(value),
            libc::RTA_MULTIPATH => {
                interface = interface.or_else(|| u32_at(value, 4));
            }
            _ => {}
        }
    }
    let nowhere = match i32::from(family) {
        libc::AF_INET => IpAddr::from([0; 4]),
        libc::AF_INET6 => IpAddr::from([0; 16]),
        _ => return None,
    };
    let to = IpNet::new(to.unwrap_or(nowhere), length).ok()?;
    Some(Route { to, interface: interface?, gateway })
}

fn new_route(route: &Route) -> Vec<u8> {
    let family = if route.to.addr().is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let scope = if route.gateway.is_some() { libc::RT_SCOPE_UNIVERSE } else { libc::RT_SCOPE_LINK };
    let mut body = vec![
        u8::try_from(family).unwrap_or(0),
        route.to.prefix_len(),
        0,
        0,
        libc::RT_TABLE_MAIN,
        PROTOCOL,
        scope,
        libc::RTN_UNICAST,
    ];
    body.extend([0; 4]);
    put_attribute(&mut body, libc::RTA_DST, &octets(route.to.network()));
    put_attribute(&mut body, libc::RTA_OIF, &route.interface.to_ne_bytes());
    if let Some(gateway) = route.gateway {
        put_attribute(&mut body, libc::RTA_GATEWAY, &octets(gateway));
    }
    body
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(four) => four.octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_reads_as_it_was_written_and_a_cut_one_is_none() {
        let wanted = Route {
            to: "10.10.1.0/24".parse().unwrap(),
            interface: 7,
            gateway: Some("10.10.1.1".parse().unwrap()),
        };
        let body = new_route(&wanted);
        assert_eq!(route(&body), Some(wanted));
        for end in 0..body.len() {
            let _ = route(&body[..end]);
        }
        assert_eq!(body.len() % 4, 0);
    }

    #[test]
    fn the_longest_route_that_holds_a_whole_network_is_its_way() {
        let to =
            |text: &str, interface| Route { to: text.parse().unwrap(), interface, gateway: None };
        let routes = vec![to("0.0.0.0/0", 1), to("10.10.0.0/16", 2), to("10.10.1.0/25", 3)];
        let ways = Ways { routes, ..Ways::default() };
        let by = |net: &str| ways.route(net.parse().unwrap()).map(|route| route.interface);
        assert_eq!(by("10.10.1.0/24"), Some(2));
        assert_eq!(by("10.10.1.0/26"), Some(3));
        assert_eq!(by("192.0.2.0/24"), Some(1));
        assert_eq!(by("fd00::/64"), None);
    }
}
