//! The plan of a star: which segments, on which links, in which namespaces, under which
//! addresses. Pure and deterministic; nothing here touches the machine.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::error::{Error, Result};

/// Up to here every segment has a namespace of its own.
pub(crate) const OWN_NAMESPACE_LIMIT: u32 = 200;

/// How segments hang on the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Each on a port of its own.
    Ports,
    /// Several on one link whose bridge keeps them apart; a namespace each.
    Shared,
    /// Several behind one router a link, in the link's namespace.
    Routed,
}

/// The size and form of a star.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How many segments.
    pub(crate) segments: u32,
    /// How many links they share; `None` when each has its own.
    pub(crate) links: Option<u32>,
}

impl Shape {
    /// Checks the numbers; above 200 segments links are needed and one per 200 is taken.
    pub(crate) fn new(segments: u32, links: Option<u32>) -> Result<Self> {
        let crowded = segments > OWN_NAMESPACE_LIMIT;
        let links = links.or(crowded.then(|| segments.div_ceil(OWN_NAMESPACE_LIMIT)));
        if links.is_some_and(|links| links > segments) {
            return Err(Error::Usage(
                "--links: there are more links than segments; give fewer".to_owned(),
            ));
        }
        Ok(Self { segments, links })
    }

    /// A name for folders: `49`, `10000x50`.
    pub(crate) fn name(self) -> String {
        match self.links {
            None => self.segments.to_string(),
            Some(links) => format!("{}x{links}", self.segments),
        }
    }

    /// How its segments hang on the hub.
    pub(crate) fn mode(self) -> Mode {
        match self.links {
            None => Mode::Ports,
            Some(_) if self.segments <= OWN_NAMESPACE_LIMIT => Mode::Shared,
            Some(_) => Mode::Routed,
        }
    }
}

/// A whole star.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Its form.
    pub(crate) shape: Shape,
    /// What the names of its namespaces begin with: `ets`, or `ets2` beside another lab.
    pub(crate) prefix: String,
    /// The segments, ordered by number.
    pub(crate) segments: Vec<SegmentPlan>,
    /// The links or ports of the hub, ordered.
    pub(crate) links: Vec<LinkPlan>,
}

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentPlan {
    /// Its number, from 1.
    pub(crate) number: u32,
    /// Its identifier: `s001`.
    pub(crate) id: String,
    /// Index of its link in [`Plan::links`].
    pub(crate) link: usize,
    /// Its namespace.
    pub(crate) netns: String,
    /// Its own port at the provider point (`c001`), where it has one.
    pub(crate) port: Option<String>,
    /// The hardware address of its router on the link.
    pub(crate) hardware: String,
    /// Its networks.
    pub(crate) net4: Ipv4Net,
    /// See `net4`.
    pub(crate) net6: Ipv6Net,
    /// The router, which is probed.
    pub(crate) router4: Ipv4Addr,
    /// See `router4`.
    pub(crate) router6: Ipv6Addr,
    /// A computer behind the router; the router itself where there is none.
    pub(crate) host4: Ipv4Addr,
    /// See `host4`.
    pub(crate) host6: Ipv6Addr,
}

impl SegmentPlan {
    /// Both networks.
    pub(crate) fn nets(&self) -> [IpNet; 2] {
        [self.net4.into(), self.net6.into()]
    }
}

/// One port of the hub and what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkPlan {
    /// The hub's interface: `s001` or `l01`.
    pub(crate) interface: String,
    /// Its other end in the trunk: `h001`.
    pub(crate) trunk_port: String,
    /// The provider point's bridge in the trunk: `b001`.
    pub(crate) bridge: String,
    /// The hub's address on it.
    pub(crate) hub4: Ipv4Addr,
    /// See `hub4`.
    pub(crate) hub6: Ipv6Addr,
    /// The link's router, its namespace and its port at the bridge, where segments are routed.
    pub(crate) router: Option<LinkRouter>,
}

/// The one router of a link with many segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkRouter {
    /// Its namespace.
    pub(crate) netns: String,
    /// Its port at the bridge.
    pub(crate) port: String,
    /// Its address on the link.
    pub(crate) at4: Ipv4Addr,
    /// See `at4`.
    pub(crate) at6: Ipv6Addr,
}

/// A network of servers behind the hub.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerNet {
    /// The end of its namespace's name.
    pub(crate) place: &'static str,
    /// The hub's interface.
    pub(crate) interface: &'static str,
    /// The hub's address.
    pub(crate) hub4: Ipv4Addr,
    /// See `hub4`.
    pub(crate) hub6: Ipv6Addr,
    /// The server's address.
    pub(crate) server4: Ipv4Addr,
    /// See `server4`.
    pub(crate) server6: Ipv6Addr,
}

/// The hub's address on every link, beside the link's own: what is the same for all segments, the
/// way out say, has one address to write down.
pub(crate) const COMMON4: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// See [`COMMON4`].
pub(crate) const COMMON6: Ipv6Addr = Ipv6Addr::new(0xfd10, 0, 0, 0, 0, 0, 0, 1);

/// The state's own servers: mail and document flow.
pub(crate) const SERVICES: ServerNet = ServerNet {
    place: "services",
    interface: "dc0",
    hub4: Ipv4Addr::new(10, 1, 0, 1),
    hub6: Ipv6Addr::new(0xfd10, 1, 0, 0, 0, 0, 0, 1),
    server4: Ipv4Addr::new(10, 1, 0, 10),
    server6: Ipv6Addr::new(0xfd10, 1, 0, 0, 0, 0, 0, 0x10),
};

/// The outside network (RFC 5737 and RFC 3849 documentation addresses).
pub(crate) const EXTERNAL: ServerNet = ServerNet {
    place: "external",
    interface: "ext0",
    hub4: Ipv4Addr::new(203, 0, 113, 1),
    hub6: Ipv6Addr::new(0x2001, 0xdb8, 0x113, 0, 0, 0, 0, 1),
    server4: Ipv4Addr::new(203, 0, 113, 10),
    server6: Ipv6Addr::new(0x2001, 0xdb8, 0x113, 0, 0, 0, 0, 0x10),
};

impl ServerNet {
    /// Its network.
    pub(crate) fn net4(self) -> Ipv4Net {
        Ipv4Net::new(self.hub4, 24).expect("the length is at most 32").trunc()
    }

    /// See [`net4`](Self::net4).
    pub(crate) fn net6(self) -> Ipv6Net {
        Ipv6Net::new(self.hub6, 64).expect("the length is at most 128").trunc()
    }
}

impl Plan {
    /// The plan of a star of this shape.
    pub(crate) fn new(shape: Shape, prefix: &str) -> Self {
        let mode = shape.mode();
        let count = shape.links.unwrap_or(shape.segments);
        let links: Vec<_> = (1..=count).map(|number| link(number, count, mode, prefix)).collect();
        let per_link = u64::from(shape.segments);
        let segments = (1..=shape.segments)
            .map(|number| {
                // Segments are spread evenly: link k takes one run of numbers.
                let index = u64::from(number - 1) * u64::from(count) / per_link;
                let at = usize::try_from(index).unwrap_or(0);
                segment(number, at, &links[at], shape, prefix)
            })
            .collect();
        Self { shape, prefix: prefix.to_owned(), segments, links }
    }

    /// The full name of a place: `ets-hub`.
    pub(crate) fn place(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// The names of all namespaces: hub, trunk, services, external, then segments or links.
    pub(crate) fn namespaces(&self) -> Vec<String> {
        let fixed = ["hub", "trunk", SERVICES.place, EXTERNAL.place].map(|name| self.place(name));
        let routers =
            self.links.iter().filter_map(|link| link.router.as_ref()).map(|router| &router.netns);
        let own = self
            .segments
            .iter()
            .filter(|segment| segment.port.is_some())
            .map(|segment| &segment.netns);
        fixed.into_iter().chain(routers.cloned()).chain(own.cloned()).collect()
    }

    /// The link of a segment.
    pub(crate) fn link_of(&self, segment: &SegmentPlan) -> &LinkPlan {
        &self.links[segment.link]
    }
}

fn link(number: u32, count: u32, mode: Mode, prefix: &str) -> LinkPlan {
    let letter = if mode == Mode::Ports { "s" } else { "l" };
    let digits = width(count, if mode == Mode::Ports { 3 } else { 2 });
    let tail = format!("{number:0digits$}");
    let octet = u8::try_from(number).unwrap_or(u8::MAX);
    let group = decimal_group(number);
    let (hub4, hub6) = if mode == Mode::Ports {
        (Ipv4Addr::new(10, 10, octet, 254), Ipv6Addr::new(0xfd10, 0x10, group, 0, 0, 0, 0, 0xfe))
    } else {
        (Ipv4Addr::new(10, 9, octet, 254), Ipv6Addr::new(0xfd10, 9, group, 0, 0, 0, 0, 0xfe))
    };
    let router = (mode == Mode::Routed).then(|| LinkRouter {
        netns: format!("{prefix}-l{tail}"),
        port: format!("c{tail}"),
        at4: Ipv4Addr::new(10, 9, octet, 1),
        at6: Ipv6Addr::new(0xfd10, 9, group, 0, 0, 0, 0, 1),
    });
    LinkPlan {
        interface: format!("{letter}{tail}"),
        trunk_port: format!("h{tail}"),
        bridge: format!("b{tail}"),
        hub4,
        hub6,
        router,
    }
}

fn segment(number: u32, index: usize, link: &LinkPlan, shape: Shape, prefix: &str) -> SegmentPlan {
    let tail = format!("{number:0digits$}", digits = width(shape.segments, 3));
    let id = format!("s{tail}");
    let (net4, net6) = networks(number, shape.mode());
    let (router4, router6) = (nth4(net4, 1), nth6(net6, 1));
    let own = link.router.is_none();
    SegmentPlan {
        number,
        link: index,
        netns: link
            .router
            .as_ref()
            .map_or_else(|| format!("{prefix}-{id}"), |router| router.netns.clone()),
        port: own.then(|| format!("c{tail}")),
        hardware: hardware(number),
        net4,
        net6,
        router4,
        router6,
        host4: if own { nth4(net4, 10) } else { router4 },
        host6: if own { nth6(net6, 0x10) } else { router6 },
        id,
    }
}

/// `10.10.i.0/24` and `fd10:10:i::/64` while every segment has a namespace, else the i-th /28 of
/// `10.16.0.0/12` and the i-th /64 of `fd10:16::/32`.
fn networks(number: u32, mode: Mode) -> (Ipv4Net, Ipv6Net) {
    let (base, length, group, site) = if mode == Mode::Routed {
        let base = u32::from(Ipv4Addr::new(10, 16, 0, 0)) + (number - 1) * 16;
        (base, 28, u16::try_from(number).unwrap_or(u16::MAX), 0x16)
    } else {
        let base = u32::from(Ipv4Addr::new(10, 10, 0, 0)) + number * 256;
        (base, 24, decimal_group(number), 0x10)
    };
    let net4 = Ipv4Net::new(Ipv4Addr::from(base), length).expect("the length is at most 32");
    let net6 = Ipv6Net::new(Ipv6Addr::new(0xfd10, site, group, 0, 0, 0, 0, 0), 64);
    (net4, net6.expect("the length is at most 128"))
}

/// A locally administered address: `02:45:54` and the number.
fn hardware(number: u32) -> String {
    let [_, a, b, c] = number.to_be_bytes();
    format!("02:45:54:{a:02x}:{b:02x}:{c:02x}")
}

fn nth4(net: Ipv4Net, number: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(net.addr()) + number)
}

fn nth6(net: Ipv6Net, number: u128) -> Ipv6Addr {
    Ipv6Addr::from(u128::from(net.addr()) + number)
}

fn width(count: u32, least: usize) -> usize {
    count.to_string().len().max(least)
}

/// The group of an IPv6 address that reads like the decimal number: 49 is written `49`.
fn decimal_group(number: u32) -> u16 {
    u16::from_str_radix(&number.to_string(), 16).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn plan(segments: u32, links: Option<u32>) -> Plan {
        Plan::new(Shape::new(segments, links).unwrap(), "ets")
    }

    #[test]
    fn a_small_star_gives_each_segment_a_port_and_readable_addresses() {
        let plan = plan(49, None);
        let last = &plan.segments[48];
        assert_eq!((last.id.as_str(), last.netns.as_str()), ("s049", "ets-s049"));
        assert_eq!(last.net4.to_string(), "10.10.49.0/24");
        assert_eq!(last.net6.to_string(), "fd10:10:49::/64");
        assert_eq!(last.router6.to_string(), "fd10:10:49::1");
        assert_eq!(plan.link_of(last).interface, "s049");
        assert_eq!(plan.namespaces().len(), 4 + 49);
    }

    #[test]
    fn ten_thousand_segments_share_fifty_links_evenly() {
        let plan = plan(10_000, Some(50));
        assert_eq!(plan.namespaces().len(), 4 + 50);
        for (index, link) in plan.links.iter().enumerate() {
            assert_eq!(plan.segments.iter().filter(|segment| segment.link == index).count(), 200);
            assert!(link.router.is_some());
        }
        assert_eq!(plan.segments[9_999].netns, "ets-l50");
    }

    #[test]
    fn no_address_is_given_twice() {
        for (segments, links) in [(200, None), (200, Some(7)), (20_000, Some(99))] {
            let plan = plan(segments, links);
            let nets: BTreeSet<_> = plan.segments.iter().flat_map(SegmentPlan::nets).collect();
            assert_eq!(nets.len(), plan.segments.len() * 2);
            let ids: BTreeSet<_> = plan.segments.iter().map(|segment| &segment.id).collect();
            assert_eq!(ids.len(), plan.segments.len());
            for segment in &plan.segments {
                assert!(
                    segment.net4.contains(&segment.host4) && segment.net6.contains(&segment.host6)
                );
            }
        }
    }

    #[test]
    fn names_fit_into_the_kernels_fifteen_characters() {
        let plan = plan(20_000, Some(99));
        assert!(
            plan.links.iter().all(|link| link.interface.len() <= 15 && link.trunk_port.len() <= 15)
        );
    }

    #[test]
    fn many_segments_get_links_without_asking_and_too_many_links_are_refused() {
        assert_eq!(Shape::new(1_000, None).unwrap().links, Some(5));
        assert_eq!(Shape::new(200, None).unwrap().links, None);
        assert!(Shape::new(3, Some(4)).is_err());
        assert_eq!(Shape::new(10_000, Some(50)).unwrap().name(), "10000x50");
    }
}
