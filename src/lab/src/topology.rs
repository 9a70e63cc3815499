//! Turns a plan into `ip` commands, one script a namespace. Pure; [`crate::star`] runs them.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::plan::{
    COMMON4, COMMON6, EXTERNAL, LinkPlan, LinkRouter, Mode, Plan, SERVICES, SegmentPlan, ServerNet,
};

/// Appends one line to a script.
macro_rules! line {
    ($script:expr, $($text:tt)*) => {
        // Writing into a String cannot fail.
        let _ = writeln!($script, $($text)*);
    };
}

/// Interface number of the hub's first port; far from those in the trunk.
const FIRST_PORT_INDEX: usize = 10_001;

/// The hub's ports: cables to the trunk and to the servers.
pub(crate) fn hub_cables(plan: &Plan) -> String {
    let trunk = plan.place("trunk");
    let mut script = String::new();
    for (number, link) in plan.links.iter().enumerate() {
        // The kernel tells a lost carrier at once only where the two ends of a cable have
        // different numbers (net/core/link_watch.c); else up to a second later.
        line!(
            script,
            "link add {} index {} type veth peer name {} netns {trunk}",
            link.interface,
            FIRST_PORT_INDEX + number,
            link.trunk_port
        );
    }
    for net in [SERVICES, EXTERNAL] {
        line!(
            script,
            "link add {} type veth peer name eth0 netns {}",
            net.interface,
            plan.place(net.place)
        );
    }
    script
}

/// The trunk: a bridge for each provider point, cables to the segments, all of it up.
pub(crate) fn trunk(plan: &Plan) -> String {
    let mut script = String::new();
    for link in &plan.links {
        line!(
            script,
            "link add {} type bridge mcast_snooping 0 stp_state 0 forward_delay 0",
            link.bridge
        );
        line!(script, "link set {} master {} up", link.trunk_port, link.bridge);
        line!(script, "link set {} up", link.bridge);
        if let Some(LinkRouter { netns, port, .. }) = &link.router {
            segment_cable(&mut script, port, (netns, None), link, false);
        }
    }
    let apart = plan.shape.mode() == Mode::Shared;
    for segment in &plan.segments {
        if let Some(port) = &segment.port {
            let end = (segment.netns.as_str(), Some(segment.hardware.as_str()));
            segment_cable(&mut script, port, end, plan.link_of(segment), apart);
        }
    }
    script
}

fn segment_cable(
    script: &mut String,
    port: &str,
    (netns, hardware): (&str, Option<&str>),
    link: &LinkPlan,
    apart: bool,
) {
    let address = hardware.map(|hardware| format!(" address {hardware}")).unwrap_or_default();
    line!(script, "link add {port} type veth peer name up0{address} netns {netns}");
    line!(script, "link set {port} master {} up", link.bridge);
    if apart {
        line!(script, "link set {port} type bridge_slave isolated on");
    }
}

/// The hub's addresses and its routes to every segment.
pub(crate) fn hub_addresses(plan: &Plan) -> String {
    let mut script = String::from("link set lo up\n");
    for link in &plan.links {
        let (port, hub4, hub6) = (&link.interface, link.hub4, link.hub6);
        line!(script, "link set {port} up");
        line!(script, "addr add {hub4}/32 dev {port}");
        line!(script, "addr add {hub6}/128 dev {port} nodad");
        line!(script, "addr add {COMMON4}/32 dev {port}");
        line!(script, "addr add {COMMON6}/128 dev {port} nodad preferred_lft 0");
        if let Some(router) = &link.router {
            hub_neighbour(&mut script, link, router.at4, router.at6);
        }
    }
    for segment in &plan.segments {
        hub_route(&mut script, plan.link_of(segment), segment);
    }
    for net in [SERVICES, EXTERNAL] {
        let port = net.interface;
        line!(script, "link set {port} up");
        line!(script, "addr add {}/24 dev {port}", net.hub4);
        line!(script, "addr add {}/64 dev {port} nodad", net.hub6);
    }
    script
}

/// A router at the other end of a link. The IPv6 route names no source: the kernel takes the only
/// address of the link that is not deprecated.
fn hub_neighbour(script: &mut String, link: &LinkPlan, router4: Ipv4Addr, router6: Ipv6Addr) {
    line!(script, "route add {router4} dev {} src {}", link.interface, link.hub4);
    line!(script, "route add {router6} dev {}", link.interface);
}

fn hub_route(script: &mut String, link: &LinkPlan, segment: &SegmentPlan) {
    let (via4, via6) = match &link.router {
        Some(router) => (router.at4, router.at6),
        None => {
            hub_neighbour(script, link, segment.router4, segment.router6);
            (segment.router4, segment.router6)
        }
    };
    line!(script, "route add {} via {via4} dev {}", segment.net4, link.interface);
    line!(script, "route add {} via {via6} dev {}", segment.net6, link.interface);
}

/// A segment with a namespace of its own: its router and a computer behind it.
pub(crate) fn segment(plan: &Plan, segment: &SegmentPlan) -> String {
    let mut script = String::from("link set lo up\nlink add lan0 type bridge mcast_snooping 0\n");
    line!(script, "link set lan0 up");
    line!(script, "addr add {}/{} dev lan0", segment.host4, segment.net4.prefix_len());
    line!(script, "addr add {}/{} dev lan0 nodad", segment.host6, segment.net6.prefix_len());
    script.push_str(&uplink(plan, segment));
    script
}

/// The segment's side of its link, also used to bring a router back: every line may be repeated.
pub(crate) fn uplink(plan: &Plan, segment: &SegmentPlan) -> String {
    let link = plan.link_of(segment);
    let (hub4, hub6) = (link.hub4, link.hub6);
    let mut script = String::from("link set up0 up\n");
    line!(script, "addr replace {}/32 dev up0", segment.router4);
    line!(script, "addr replace {}/128 dev up0 nodad", segment.router6);
    line!(script, "route replace {hub4} dev up0 src {}", segment.router4);
    line!(script, "route replace {hub6} dev up0 src {}", segment.router6);
    line!(script, "route replace default via {hub4} dev up0 src {}", segment.router4);
    line!(script, "route replace default via {hub6} dev up0 src {}", segment.router6);
    script
}

/// The namespace of a link: its router, which holds the addresses of all its segments.
pub(crate) fn link_router(plan: &Plan, index: usize) -> String {
    let link = &plan.links[index];
    let Some(router) = &link.router else {
        return String::new();
    };
    let mut script = String::from("link set lo up\nlink set up0 up\n");
    line!(script, "addr add {}/32 dev up0", router.at4);
    line!(script, "addr add {}/128 dev up0 nodad", router.at6);
    line!(script, "route add {} dev up0 src {}", link.hub4, router.at4);
    line!(script, "route add {} dev up0", link.hub6);
    line!(script, "route add default via {} dev up0", link.hub4);
    line!(script, "route add default via {} dev up0", link.hub6);
    for segment in plan.segments.iter().filter(|segment| segment.link == index) {
        line!(script, "addr add {}/32 dev lo", segment.router4);
        line!(script, "addr add {}/128 dev lo nodad", segment.router6);
    }
    script
}

/// A network of servers.
pub(crate) fn servers(net: ServerNet) -> String {
    let mut script = String::from("link set lo up\nlink set eth0 up\n");
    line!(script, "addr add {}/24 dev eth0", net.server4);
    line!(script, "addr add {}/64 dev eth0 nodad", net.server6);
    line!(script, "route add default via {} dev eth0", net.hub4);
    line!(script, "route add default via {} dev eth0", net.hub6);
    script
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Shape;

    #[test]
    fn ports_of_a_shared_link_are_kept_apart_and_the_hubs_is_not() {
        let plan = Plan::new(Shape::new(4, Some(2)).unwrap(), "ets");
        let script = trunk(&plan);
        assert_eq!(script.matches("isolated on").count(), 4);
        assert!(!script.contains("h01 type bridge_slave"));
        assert!(script.contains("link set c001 master b01 up"));
        assert!(script.contains("link set c004 master b02 up"));
    }

    #[test]
    fn the_hub_has_a_route_to_each_segment_in_both_families() {
        for (segments, links) in [(3, None), (6, Some(2)), (300, Some(3))] {
            let plan = Plan::new(Shape::new(segments, links).unwrap(), "ets");
            let script = hub_addresses(&plan);
            for segment in &plan.segments {
                assert!(script.contains(&format!("route add {} via", segment.net4)));
                assert!(script.contains(&format!("route add {} via", segment.net6)));
            }
        }
    }
}
