//! Relays: services that segments reach through the hub alone, on the hub's own address. Each is an
//! exception that somebody wrote down, for its own target and its own ports.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use ets_model::{Names, PortRange, Protocol, SegmentId, SegmentNo};
use serde::{Deserialize, Serialize};

use super::check::{Fault, check_id, check_who};
use super::judge::{Ask, for_everybody, segments};
use super::rule::{Rules, Who};

/// The most ports of all relays together: each is a socket or two.
pub const MOST_RELAYED: u32 = 1_000;
/// The first port that a process without privileges may have.
const FIRST: u16 = 1_024;

/// A service that segments reach on the hub's address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Its identifier.
    pub id: String,
    /// What people call it.
    pub name: Names,
    /// Ports of the hub, and the same ones of the target; a range of UDP for media.
    pub ports: Vec<PortRange>,
    /// Where the service is: in one of the hub's inner networks, or outside.
    pub target: IpAddr,
    /// For whom; everybody where it names nobody. No persons: nothing that passes says who it is.
    #[serde(default)]
    pub who: Who,
    /// Left out of use.
    #[serde(default)]
    pub off: bool,
}

/// Which segments may by which relay.
#[derive(Debug, Default)]
pub(super) struct Relayed(HashMap<Box<str>, Whom>);

#[derive(Debug)]
struct Whom {
    place: usize,
    /// None for everybody.
    segments: Option<HashSet<SegmentNo>>,
}

impl Relay {
    /// How many ports it has.
    fn count(&self) -> u32 {
        self.ports.iter().map(|range| u32::from(range.last - range.first) + 1).sum()
    }
}

impl Relayed {
    pub(super) fn new(source: &Rules, numbers: &impl Fn(&SegmentId) -> Option<SegmentNo>) -> Self {
        let in_use = source.relays.iter().enumerate().filter(|(_, relay)| !relay.off);
        let whom = |(place, relay): (usize, &Relay)| {
            let named = || segments(source, &relay.who).filter_map(numbers).collect();
            let segments = (!for_everybody(&relay.who)).then(named);
            (relay.id.as_str().into(), Whom { place, segments })
        };
        Self(in_use.map(whom).collect())
    }

    /// Whether the relay is for the segment, and leads to what is asked for.
    pub(super) fn may(&self, source: &Rules, id: &str, segment: SegmentNo, ask: &Ask<'_>) -> bool {
        let Some(Whom { place, segments }) = self.0.get(id) else { return false };
        let relay = &source.relays[*place];
        let port = PortRange { protocol: ask.protocol, first: ask.port, last: ask.port };
        segments.as_ref().is_none_or(|all| all.contains(&segment))
            && relay.target == ask.address
            && relay.ports.iter().any(|range| range.overlaps(port))
    }
}

/// The faults of relays.
pub(super) fn check(faults: &mut Vec<Fault>, rules: &Rules) {
    let mut seen = HashSet::new();
    let mut taken: Vec<(PortRange, &str)> = Vec::new();
    for relay in &rules.relays {
        check_id(faults, &mut seen, "relay", &relay.id);
        let place = format!("relay {}", relay.id);
        check_who(faults, &place, rules, &relay.who);
        let mut fault = |what: String| faults.push(Fault { place: place.clone(), what });
        if relay.name.is_empty() {
            fault("it has no name; people look for it by that".to_owned());
        }
        if !relay.who.persons.is_empty() {
            fault("a relay is for segments; leave persons out".to_owned());
        }
        if relay.ports.is_empty() {
            fault("it has no port; name some, tcp/4307 and udp/50000-50100, say".to_owned());
        }
        for range in &relay.ports {
            if range.protocol == Protocol::Icmp {
                fault("icmp is not relayed; name ports of tcp and udp".to_owned());
            } else if range.first < FIRST {
                fault(format!("{range}: the hub relays ports from {FIRST} on"));
            }
            let other = taken.iter().find(|(one, _)| one.overlaps(*range));
            if let Some((one, id)) = other.filter(|_| range.protocol != Protocol::Icmp) {
                fault(format!("{range} has ports of relay {id}, {one}; choose others"));
            }
            taken.push((*range, relay.id.as_str()));
        }
    }
    let count: u32 = rules.relays.iter().map(Relay::count).sum();
    if count > MOST_RELAYED {
        let what = format!("there are {count} ports; at most {MOST_RELAYED} can be");
        faults.push(Fault { place: "relays".to_owned(), what });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::policy::Way;
    use crate::policy::{Ground, Policy, Why, faults};

    fn rules(text: &str) -> Rules {
        serde_json::from_str(text).unwrap()
    }

    fn relay(id: &str, ports: &str, more: &str) -> String {
        format!(
            r#"{{ "id": "{id}", "name": {{ "en": "Calls" }}, "ports": [{ports}],
                "target": "10.1.0.10"{more} }}"#
        )
    }

    /// covers: N15.1, N6.3
    #[test]
    fn every_fault_of_a_relay_is_named() {
        let good = relay("calls", r#""tcp/4307", "udp/50000-50100""#, "");
        for (relays, told) in [
            (good.clone(), ""),
            (format!("{good}, {good}"), "another has the same id"),
            (format!("{good}, {}", relay("b", r#""udp/50100""#, "")), "udp/50000-50100"),
            (relay("a", "", ""), "no port"),
            (relay("a", r#""icmp""#, ""), "icmp is not relayed"),
            (relay("a", r#""tcp/443""#, ""), "from 1024 on"),
            (relay("a", r#""udp/50000-50999", "tcp/4307""#, ""), "1001 ports"),
            (relay("a", r#""tcp/4307""#, r#", "who": { "persons": ["x"] }"#), "leave persons out"),
            (relay("a", r#""tcp/4307""#, r#", "who": { "groups": ["g"] }"#), "there is no group"),
        ] {
            let found = faults(&rules(&format!(r#"{{ "relays": [{relays}] }}"#)));
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            let is_right = if told.is_empty() { found.is_empty() } else { found[0].contains(told) };
            assert!(is_right, "{relays}: {found:?}");
        }
    }

    /// covers: N15.1, N6.3, G6: a relay leads to its target for those it is for, and nowhere else
    #[test]
    fn a_relay_leads_to_its_target_alone_and_never_to_a_segment_or_the_hub() {
        let nets = |texts: &[&str]| texts.iter().map(|net| net.parse().unwrap()).collect();
        let all: Vec<ipnet::IpNet> = nets(&["10.1.0.0/24", "10.10.0.0/16", "10.1.0.1/32"]);
        let closed: Vec<ipnet::IpNet> = nets(&["10.10.0.0/16", "10.1.0.1/32"]);
        let policy = |relays: &str| {
            let text = format!(r#"{{ "relays": [{relays}] }}"#);
            let ground = Ground::new(all.clone()).closing(closed.clone());
            let numbers =
                |id: &SegmentId| id.as_str().trim_start_matches('s').parse().ok().map(SegmentNo);
            Policy::new(Arc::new(rules(&text)), ground, numbers).unwrap()
        };
        let ask = |segment: u32, address: &str, protocol, port| Ask {
            segment: (segment > 0).then_some(SegmentNo(segment)),
            person: None,
            host: None,
            address: address.parse().unwrap(),
            port,
            protocol,
            way: Way::Proxy,
        };
        let (tcp, udp) = (Protocol::Tcp, Protocol::Udp);
        let text = relay("calls", r#""tcp/4307", "udp/50000-50100""#, "");
        let one = policy(&text);
        for (ask, may) in [
            (ask(1, "10.1.0.10", tcp, 4307), Ok(())),
            (ask(9, "10.1.0.10", udp, 50_100), Ok(())),
            (ask(0, "10.1.0.10", tcp, 4307), Err(Why::Stranger)),
            (ask(1, "10.1.0.10", udp, 4307), Err(Why::NoRule)),
            (ask(1, "10.1.0.10", udp, 50_101), Err(Why::NoRule)),
            (ask(1, "10.1.0.11", tcp, 4307), Err(Why::NoRule)),
            (ask(1, "10.1.0.1", tcp, 4307), Err(Why::Ours)),
            (ask(1, "10.10.2.1", tcp, 4307), Err(Why::Ours)),
            (ask(1, "169.254.169.254", tcp, 4307), Err(Why::Ours)),
        ] {
            assert_eq!(one.may_by_relay("calls", &ask), may, "{ask:?}");
        }
        let first = ask(1, "10.1.0.10", tcp, 4307);
        assert_eq!(one.may_by_relay("other", &first), Err(Why::NoRule));
        let of_two = relay("calls", r#""tcp/4307""#, r#", "who": { "segments": ["s2"] }"#);
        assert_eq!(policy(&of_two).may_by_relay("calls", &first), Err(Why::NoRule));
        let off = relay("calls", r#""tcp/4307""#, r#", "off": true"#);
        assert_eq!(policy(&off).may_by_relay("calls", &first), Err(Why::NoRule));
        let segments = text.replace("10.1.0.10", "10.10.2.1");
        let to = ask(1, "10.10.2.1", tcp, 4307);
        assert_eq!(policy(&segments).may_by_relay("calls", &to), Err(Why::Ours));
    }
}
