//! Random policies: what the rules do to a packet is what the policy says, for whoever sends it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ets_model::{Limits, Network, PortRange, Protocol, Rate, Served, ServicePlace};
use proptest::prelude::*;

use super::*;
use crate::compile::Port;
use crate::evaluate::{Connection, Flow, Way};
use crate::sample::at;

const DC: u32 = 2;
const EXT: u32 = 3;

/// What a segment is made from: its port, prefix lengths, whether it has IPv6, is bound, its rights,
/// its limits.
type Seed = (u8, u8, bool, bool, u16, Option<u32>);

fn arm(at: usize, (port, longer, six, bound, may, limit): Seed, services: &[Served]) -> Arm {
    let no = at as u32 * 3 + 1;
    let mut prefixes = vec![format!("10.{}.0.0/{}", 16 + at, 22 + longer % 9).parse().unwrap()];
    if longer % 3 == 0 {
        prefixes.push(format!("10.{}.128.0/{}", 16 + at, 20 + longer % 7).parse().unwrap());
    }
    if six {
        prefixes.push(format!("fd10:{:x}::/{}", at + 1, 48 + longer % 24).parse().unwrap());
    }
    let granted = services.iter().filter(|service| may >> service.no.0 & 1 == 1);
    Arm {
        no: SegmentNo(no),
        id: format!("s{no}").parse().unwrap(),
        // About half of the segments share a port.
        interface: if port % 2 == 0 { format!("k{at}") } else { format!("l{}", port % 8) },
        prefixes,
        hardware: bound.then(|| Hardware([2, 0, 0, 0, 0, at as u8 + 1])),
        may: granted.map(|service| service.no).collect(),
        limits: limit.map(|packets| Limits {
            packets,
            new_connections: packets / 2,
            connections: 3,
        }),
        rate: limit.map(|rate| Rate { down_kbps: u64::from(rate), up_kbps: 0 }),
    }
}

fn served(no: u16, (place, server, icmp, everyone, width): (bool, u8, bool, bool, u16)) -> Served {
    let first = no * 1_000;
    let range = |protocol, first, last| PortRange { protocol, first, last };
    let mut ports = vec![
        range(Protocol::Tcp, first, first + width),
        range(Protocol::Udp, first + 500, first + 500 + width),
        range(Protocol::Tcp, first + width / 2, first + width + 3),
    ];
    ports.extend(icmp.then_some(PortRange::ICMP));
    let addresses = vec![
        format!("10.1.0.{}", server % 4 + 10).parse().unwrap(),
        format!("fd10:0:1::{}", server % 4 + 10).parse().unwrap(),
    ];
    Served {
        no: ServiceNo(no),
        id: format!("v{no}").parse().unwrap(),
        place: if place { ServicePlace::Hub } else { ServicePlace::Behind },
        addresses: if place { vec![] } else { addresses },
        ports,
        everyone,
    }
}

prop_compose! {
    fn star()(
        services in prop::collection::vec(
            (prop::bool::weighted(0.2), any::<u8>(), any::<bool>(), prop::bool::weighted(0.3), 0u16..90),
            0..9,
        ),
        seeds in prop::collection::vec(
            (any::<u8>(), any::<u8>(), any::<bool>(), any::<bool>(), any::<u16>(),
             prop::option::weighted(0.2, 0u32..5)),
            2..60,
        ),
        limit in 0u32..3,
        hub_inside in any::<bool>(),
        metered in prop::bool::weighted(0.2),
    ) -> (Policy, Links) {
        let services: Vec<Served> = (1..).zip(services).map(|(no, one)| served(no, one)).collect();
        let arms: Vec<Arm> =
            seeds.into_iter().enumerate().map(|(at, seed)| arm(at, seed, &services)).collect();
        let net = |name: &str, role, prefixes: &[&str]| Network {
            name: name.into(),
            role,
            interfaces: vec![format!("{name}0")],
            prefixes: prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect(),
        };
        let networks = vec![
            net("dc", Role::Services, &["10.1.0.0/24", "fd10:0:1::/64"]),
            net("ext", Role::Outside, &[]),
        ];
        let links = links_of(&arms, hub_inside, metered);
        let limits = Limits { packets: limit, new_connections: limit, connections: limit };
        (Policy { arms, services, networks, limits }, links)
    }
}

/// The hub's address on each port: within the first prefix behind it, or in a network between.
fn links_of(arms: &[Arm], inside_prefix: bool, metered: bool) -> Links {
    let mut ports: BTreeMap<String, Port> = BTreeMap::new();
    for arm in arms {
        let index = 10 + ports.len() as u32;
        ports.entry(arm.interface.clone()).or_insert_with(|| {
            let addresses = if inside_prefix {
                let six = arm.prefixes.iter().filter(|prefix| prefix.addr().is_ipv6());
                let mut addresses = vec![inside(arm.prefixes[0], 1)];
                addresses.extend(six.map(|prefix| inside(*prefix, 1)));
                addresses
            } else {
                vec![at(&format!("10.9.{index}.254")), at(&format!("fd10:0:9:{index}::254"))]
            };
            Port { index, addresses, next_hops: vec![at(&format!("10.9.{index}.1"))] }
        });
    }
    let port = |index, addresses: &[&str]| {
        let addresses = addresses.iter().map(|one| at(one)).collect();
        Port { index, addresses, next_hops: vec![] }
    };
    ports.insert("dc0".into(), port(DC, &["10.1.0.254", "fd10:0:1::254"]));
    ports.insert("ext0".into(), port(EXT, &["203.0.113.254"]));
    Links { ports, metered, published: Vec::new(), intercept: None }
}

/// One question: who sends, in whose name, with which hardware, to whom, what.
#[derive(Clone, Copy, Debug)]
struct Question {
    sender: prop::sample::Index,
    name: (u8, prop::sample::Index),
    own_hardware: bool,
    to: (u8, prop::sample::Index),
    what: (u8, prop::sample::Index, u16),
}

fn question() -> impl Strategy<Value = Question> {
    let index = any::<prop::sample::Index>;
    (
        index(),
        (0u8..12, index()),
        prop::bool::weighted(0.9),
        (0u8..8, index()),
        (0u8..8, index(), 0u16..120),
    )
        .prop_map(|(sender, name, own_hardware, to, what)| Question {
            sender,
            name,
            own_hardware,
            to,
            what,
        })
}

/// A policy's own view of packets, without any rules.
struct Wish<'a> {
    policy: &'a Policy,
    links: &'a Links,
    star: Star<'a>,
}

impl Wish<'_> {
    fn packet(&self, question: Question) -> (u32, Hardware, IpAddr, IpAddr, Carries) {
        let arms = &self.policy.arms;
        let sender = question.sender.get(arms);
        let port = self.links.ports[&sender.interface].index;
        let hardware =
            if question.own_hardware { hardware(sender) } else { Hardware([2, 9, 9, 9, 9, 9]) };
        let source = match question.name.0 {
            0 => self.star.speaker(question.name.1.get(arms).prefixes[0]),
            1 => self.links.ports[&sender.interface].addresses[0],
            2 => at("10.1.0.10"),
            3 => at("198.51.100.9"),
            4 => at("169.254.3.3"),
            5 => self.links.ports[&sender.interface].next_hops[0],
            _ => self.star.speaker(*question.name.1.get(&sender.prefixes)),
        };
        let four = source.is_ipv4();
        let all_own: Vec<IpAddr> =
            self.links.ports.values().flat_map(|port| port.addresses.clone()).collect();
        let own = &self.links.ports[&sender.interface].addresses;
        let to = match question.to.0 {
            0 => self.star.speaker(*question.to.1.get(&question.name.1.get(arms).prefixes)),
            1 => *question.to.1.get(&all_own),
            2 => at("198.51.100.77"),
            3 => *question.to.1.get(own),
            _ => at(&format!("10.1.0.{}", 10 + question.to.1.index(5))),
        };
        let to = if to.is_ipv4() == four { to } else { self.same_family(to, four) };
        (port, hardware, source, to, self.what(question))
    }

    fn same_family(&self, to: IpAddr, four: bool) -> IpAddr {
        match (to, four) {
            (IpAddr::V4(v4), false) => at(&format!("fd10:0:1::{}", v4.octets()[3])),
            (_, true) => at("10.1.0.11"),
            (six, false) => six,
        }
    }

    fn what(&self, question: Question) -> Carries {
        let (kind, which, offset) = question.what;
        let base = 1_000 * (1 + which.index(9) as u16);
        match kind {
            0 => Carries::Ping,
            1 | 2 => Carries::Udp(9, base + 500 + offset),
            3 => Carries::Udp(9, base + offset),
            _ => Carries::Tcp(9, base + offset),
        }
    }

    /// Whose packet it is by its port, source and hardware.
    fn who(&self, port: u32, hardware: Hardware, source: IpAddr) -> Option<&Arm> {
        if self.star.way(source) == Way::Here {
            return None;
        }
        self.policy.arms.iter().find(|arm| {
            self.links.ports[&arm.interface].index == port
                && arm.prefixes.iter().any(|prefix| prefix.contains(&source))
                && arm.hardware.is_none_or(|bound| bound == hardware)
        })
    }

    fn may(
        &self,
        (port, hardware, source, to, carries): (u32, Hardware, IpAddr, IpAddr, Carries),
    ) -> bool {
        let here = self.star.way(to) == Way::Here;
        let at_port = self.links.ports.values().find(|one| one.index == port).unwrap();
        let answers = at_port.addresses.contains(&to);
        if at_port.next_hops.contains(&source) {
            return answers && carries == Carries::Ping;
        }
        let Some(arm) = self.who(port, hardware, source) else { return false };
        if here && !answers {
            return false;
        }
        let fits = |service: &&Served| match service.place {
            ServicePlace::Hub => here && answers,
            ServicePlace::Behind => service.addresses.contains(&to),
        };
        let there: Vec<&Served> = self.policy.services.iter().filter(fits).collect();
        let pinged = |service: &&&Served| service.ports.contains(&PortRange::ICMP);
        if here && carries == Carries::Ping && !there.iter().any(|one| pinged(&one)) {
            return true;
        }
        there.iter().any(|one| answers_on(one, carries) && self.policy.may(arm.no, one.no))
    }
}

fn answers_on(service: &Served, carries: Carries) -> bool {
    service.ports.iter().any(|range| match (range.protocol, carries) {
        (Protocol::Tcp, Carries::Tcp(_, port)) | (Protocol::Udp, Carries::Udp(_, port)) => {
            (range.first..=range.last).contains(&port)
        }
        (protocol, carries) => protocol == Protocol::Icmp && carries == Carries::Ping,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// covers: N2.1, D2
    #[test]
    fn every_packet_fares_as_the_policy_says(
        (policy, links) in star(),
        questions in prop::collection::vec(question(), 120),
    ) {
        prop_assert_eq!(policy.faults(), []);
        let rules = compile(&policy, &links, 7);
        prop_assert_eq!(&compile(&policy, &links, 7), &rules);
        let evaluator = Evaluator::new(&rules).unwrap();
        let wish = Wish { policy: &policy, links: &links, star: Star::new(&policy, &links) };
        for question in questions {
            let asked = wish.packet(question);
            let (port, hardware, source, to, carries) = asked;
            let expected = wish.may(asked);
            let mut packet = Packet::opening(port, hardware, (source, to), carries);
            let outcome = evaluator.receive(&packet, |at| wish.star.way(at)).unwrap();
            prop_assert_eq!(outcome.passed, expected, "{:?} by {:?}", asked, outcome);
            // A flow that older rules accepted has the same right, no more and no less.
            packet.connection = Connection::Established(Flow { back: false, mark: 6 });
            let again = evaluator.receive(&packet, |at| wish.star.way(at)).unwrap();
            prop_assert_eq!(again.passed, expected, "again: {:?} by {:?}", asked, again);
            if wish.star.way(to) == Way::Out(DC) && wish.star.way(source) != Way::Here {
                let whose = wish.star.way(source);
                let back = answer((to, source), carries);
                let back = evaluator.receive(&back, |at| wish.star.way(at)).unwrap();
                // Who asked with another's hardware has no flow whose answers could come back.
                if whose == Way::Out(port) && question.own_hardware && question.name.0 >= 6 {
                    prop_assert_eq!(back.passed, expected, "back: {:?} by {:?}", asked, back);
                }
            }
        }
    }

    /// covers: N2.1, D2
    #[test]
    fn the_table_is_the_policy((policy, links) in star()) {
        let rules = compile(&policy, &links, 7);
        let asker = Asker { evaluator: Evaluator::new(&rules).unwrap(), star: Star::new(&policy, &links) };
        let table = reach(&rules, &policy, &links, 9).unwrap();
        prop_assert_eq!(&table.neighbours, &[]);
        prop_assert!(neighbours::by_classes(&asker).unwrap().is_empty());
        let beside = |arm: &Arm, other: &Arm| arm.interface == other.interface && arm.no != other.no;
        for (row, arm) in table.segments.iter().zip(&policy.arms) {
            prop_assert!(!row.outside);
            let open = policy.arms.iter().any(|other| beside(arm, other) && other.hardware.is_none());
            prop_assert!(open || !row.spoofs, "{:?}", arm);
            for (column, service) in policy.services.iter().enumerate() {
                let granted = policy.may(arm.no, service.no);
                prop_assert_eq!(row.reaches(column), granted, "{:?} {:?}", arm, service);
            }
        }
    }
}

/// The answer of a server in a flow that older rules accepted.
fn answer(ends: (IpAddr, IpAddr), carries: Carries) -> Packet {
    let carries = match carries {
        Carries::Tcp(from, to) => Carries::Tcp(to, from),
        Carries::Udp(from, to) => Carries::Udp(to, from),
        Carries::Ping | Carries::Pong => Carries::Pong,
    };
    let connection = Connection::Established(Flow { back: true, mark: 6 });
    Packet { connection, ..Packet::opening(DC, ANY_HARDWARE, ends, carries) }
}
