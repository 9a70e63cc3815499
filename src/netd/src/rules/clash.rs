//! What a policy must keep to on this very machine: nobody is given what the hub has itself, its
//! addresses, its routers, its networks. The policy cannot know of them, and a route that it brings
//! would lead them away, the administrator's way to the hub among them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ets_dataplane::{Route, Ways};
use ets_model::{Arm, Network, Policy, ServicePlace, overlap};
use ipnet::IpNet;

/// Each clash with both sides named.
pub(super) fn clashes(policy: &Policy, ways: &Ways) -> Vec<String> {
    let held = Held::new(ways);
    let mut clashes = Vec::new();
    for arm in &policy.arms {
        for prefix in &arm.prefixes {
            clashes.extend(held.within(*prefix, arm));
            clashes.extend(networks(*prefix, arm, policy, ways));
        }
    }
    for service in policy.services.iter().filter(|one| one.place == ServicePlace::Behind) {
        let own = service.addresses.iter().filter_map(|at| Some((at, held.own.get(at)?)));
        clashes.extend(own.map(|(at, interface)| {
            let id = &service.id;
            format!(
                "service {id} has the address {at}, which is the hub's own on {interface}: \
                 give its server's, or let it run on the hub"
            )
        }));
    }
    clashes
}

/// Single addresses that nobody else can have.
struct Held<'a> {
    own: BTreeMap<IpAddr, &'a str>,
    routers: BTreeMap<IpAddr, Vec<&'a Route>>,
    ways: &'a Ways,
}

impl<'a> Held<'a> {
    fn new(ways: &'a Ways) -> Self {
        let own = ways.interfaces.values();
        let own = own.flat_map(|one| one.addresses.iter().map(|at| (*at, one.name.as_str())));
        let mut routers: BTreeMap<IpAddr, Vec<&Route>> = BTreeMap::new();
        for route in &ways.routes {
            if let Some(gateway) = route.gateway {
                routers.entry(gateway).or_default().push(route);
            }
        }
        Self { own: own.collect(), routers, ways }
    }

    /// The first that lies in a segment's network and on another interface than the segment.
    fn within(&self, prefix: IpNet, arm: &Arm) -> Option<String> {
        let range = prefix.network()..=prefix.broadcast();
        let mut own = self.own.range(range.clone());
        let own = own.find(|(_, interface)| **interface != arm.interface);
        let own = own.map(|(at, interface)| (at, "the hub's own address", *interface));
        let router = || {
            let mut routers = self.routers.range(range);
            routers.find_map(|(at, routes)| {
                let interface = self.elsewhere(routes, prefix, arm)?;
                Some((at, "a router", interface))
            })
        };
        own.or_else(router).map(|(at, what, interface)| {
            let id = &arm.id;
            format!("{prefix} of {id} holds {at}, {what} on {interface}: correct one of them")
        })
    }

    /// The interface of a router that leads to others than this segment; the route to its own
    /// network may be left from before it was moved.
    fn elsewhere(&self, routes: &[&Route], prefix: IpNet, arm: &Arm) -> Option<&'a str> {
        let mut others =
            routes.iter().filter(|route| !overlap(&route.to, &prefix) || is_default(route));
        let named = |route: &&Route| self.ways.interfaces.get(&route.interface);
        let interface = others.find_map(named)?;
        (interface.name != arm.interface).then_some(interface.name.as_str())
    }
}

/// The networks of which the hub itself is a part, whether the configuration lists them or not.
fn networks(prefix: IpNet, arm: &Arm, policy: &Policy, ways: &Ways) -> Option<String> {
    policy.networks.iter().find_map(|network| {
        let to = connected(network, ways).find(|to| overlap(to, &prefix))?;
        let (id, name, ports) = (&arm.id, &network.name, network.interfaces.join(", "));
        Some(format!(
            "{prefix} of {id} and {to} of the hub's network {name} ({ports}) have addresses in \
             common: correct one of them"
        ))
    })
}

fn connected<'a>(network: &'a Network, ways: &'a Ways) -> impl Iterator<Item = IpNet> + 'a {
    let ports = network.interfaces.iter().filter_map(|name| ways.number(name));
    ports.flat_map(|port| {
        let here = ways.routes.iter().filter(move |route| route.interface == port);
        here.filter(|route| route.gateway.is_none() && !is_default(route)).map(|route| route.to)
    })
}

fn is_default(route: &Route) -> bool {
    route.to.prefix_len() == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use ets_dataplane::Interface;
    use ets_model::{PortRange, Role, SegmentNo, Served, ServiceNo};

    fn arm(no: u32, interface: &str, prefix: &str) -> Arm {
        Arm {
            no: SegmentNo(no),
            id: format!("s{no}").parse().unwrap(),
            interface: interface.into(),
            prefixes: vec![prefix.parse().unwrap()],
            hardware: None,
            may: Vec::new(),
            limits: None,
            rate: None,
        }
    }

    fn policy(interface: &str, prefix: &str) -> Policy {
        let outside = Network {
            name: "outside".into(),
            role: Role::Outside,
            interfaces: vec!["ext0".into()],
            prefixes: Vec::new(),
        };
        let arms = vec![arm(1, "p1", "10.10.1.0/24"), arm(2, interface, prefix)];
        Policy { arms, networks: vec![outside], ..Policy::default() }
    }

    /// Two ports, one with a router to a third network, and the way outside.
    fn ways() -> Ways {
        let interfaces =
            [(1, "p1", "10.10.1.254"), (2, "p2", "10.9.2.254"), (3, "ext0", "192.0.2.1")];
        let interfaces = interfaces.map(|(number, name, at)| {
            let addresses = vec![at.parse().unwrap()];
            (number, Interface { name: name.into(), addresses })
        });
        let routes = [
            ("10.10.1.0/24", 1, None),
            ("10.9.2.0/24", 2, None),
            ("10.20.0.0/16", 2, Some("10.9.2.1")),
            ("192.0.2.0/24", 3, None),
            ("0.0.0.0/0", 3, Some("192.0.2.254")),
            ("10.10.7.0/24", 1, Some("10.10.7.1")),
        ];
        let route = |(to, interface, gateway): (&str, u32, Option<&str>)| Route {
            to: to.parse().unwrap(),
            interface,
            gateway: gateway.map(|gateway| gateway.parse().unwrap()),
        };
        Ways { interfaces: interfaces.into(), routes: routes.map(route).to_vec() }
    }

    #[track_caller]
    fn said(interface: &str, prefix: &str) -> String {
        clashes(&policy(interface, prefix), &ways()).join("; ")
    }

    /// covers: D3, D10
    #[test]
    fn nobody_is_given_an_address_a_router_or_a_network_of_the_hub() {
        assert_eq!(said("p2", "10.20.0.0/24"), "");
        assert_eq!(said("p2", "10.9.2.0/24"), "", "its own link");
        assert_eq!(said("p2", "10.10.7.0/24"), "", "its route is left from where it was");
        assert_eq!(
            said("p1", "10.9.2.0/24"),
            "10.9.2.0/24 of s2 holds 10.9.2.254, the hub's own address on p2: correct one of them"
        );
        assert_eq!(
            said("p1", "10.9.2.0/30"),
            "10.9.2.0/30 of s2 holds 10.9.2.1, a router on p2: correct one of them"
        );
        assert_eq!(
            said("p2", "192.0.2.128/26"),
            "192.0.2.128/26 of s2 and 192.0.2.0/24 of the hub's network outside (ext0) have \
             addresses in common: correct one of them"
        );
        assert!(said("p2", "192.0.2.192/26").contains("192.0.2.254, a router on ext0"));
    }

    /// covers: D10
    #[test]
    fn a_server_behind_the_hub_has_no_address_of_the_hub() {
        let service = |at: &str, place| Served {
            no: ServiceNo(1),
            id: "mail".parse().unwrap(),
            place,
            addresses: vec![at.parse().unwrap()],
            ports: vec![PortRange::tcp(25)],
            everyone: true,
        };
        let said =
            |one| clashes(&Policy { services: vec![one], ..Policy::default() }, &ways()).join("; ");
        assert_eq!(said(service("192.0.2.9", ServicePlace::Behind)), "");
        let own = said(service("192.0.2.1", ServicePlace::Behind));
        assert!(own.contains("service mail has the address 192.0.2.1"), "{own}");
        assert!(own.contains("the hub's own on ext0"), "{own}");
    }
}
