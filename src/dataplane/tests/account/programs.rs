//! The programs on frames of every kind, against the model.

use std::net::IpAddr;

use ets_dataplane::account::trial::{Merged, Trial};
use ets_dataplane::account::{Meters, ServiceAt};
use ets_model::{PortRange, Protocol, SegmentNo, ServiceNo};
use ets_netd_api::{Class, Counter, Direction};
use ipnet::IpNet;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::bed::Bed;
use crate::model::World;
use crate::packet::{Packet, packet};

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn service(no: u16, address: &str, ports: Option<PortRange>) -> ServiceAt {
    ServiceAt { class: Class::Service(ServiceNo(no)), address: ip(address), ports }
}

fn udp(first: u16, last: u16) -> Option<PortRange> {
    Some(PortRange { protocol: Protocol::Udp, first, last })
}

/// Prefixes within prefixes, services that share an address and such that do not, long ranges.
fn world() -> World {
    let segment = |no, nets: &[&str]| (SegmentNo(no), nets.iter().map(|n| net(n)).collect());
    let mut services = Vec::new();
    for (shared, alone, ranges) in
        [("10.1.0.10", "10.1.0.20", "10.1.0.30"), ("fd10:1::10", "fd10:1::20", "fd10:1::30")]
    {
        services.push(service(1, shared, Some(PortRange::tcp(80))));
        services.push(service(1, shared, Some(PortRange::tcp(443))));
        services.push(service(2, shared, udp(53, 53)));
        services.push(service(2, shared, Some(PortRange::ICMP)));
        services.push(service(3, alone, udp(50_000, 50_099)));
        services.push(service(4, ranges, udp(10_000, 60_000)));
        services.push(service(5, ranges, None));
    }
    World {
        segments: vec![
            segment(1, &["10.10.1.0/24", "fd10:10:1::/64"]),
            segment(2, &["10.10.2.0/25", "10.20.0.0/16", "fd10:10:2::/48"]),
            segment(3, &["10.20.5.0/24", "fd10:10:2:8000::/49"]),
            segment(4, &["10.20.5.7/32", "fd10:10:2:8000::7/128", "fd10:10:9::/66"]),
        ],
        services,
        places: vec![
            (net("10.10.1.254/32"), Class::Hub),
            (net("fd10:10:1::fe/128"), Class::Hub),
            (net("10.1.0.0/24"), Class::Other),
            (net("203.0.113.0/24"), Class::Outside),
            (net("::/0"), Class::Outside),
        ],
    }
}

const OWN: [&str; 16] = [
    "10.10.1.1",
    "fd10:10:1::1",
    "10.10.2.127",
    "fd10:10:2::1",
    "10.10.2.128",
    "fd10:10:3::1",
    "10.20.0.0",
    "fd10:10:2:7fff:ffff:ffff:ffff:ffff",
    "10.20.5.6",
    "fd10:10:2:8000::",
    "10.20.5.7",
    "fd10:10:2:8000::7",
    "0.0.0.0",
    "fe80::1",
    "10.10.1.255",
    "fd10:10:9:0:3fff::",
];

const REMOTE: [&str; 16] = [
    "10.1.0.10",
    "fd10:1::10",
    "10.1.0.20",
    "fd10:1::20",
    "10.1.0.30",
    "fd10:1::30",
    "10.1.0.40",
    "fd10:1::40",
    "10.10.1.254",
    "fd10:10:1::fe",
    "10.20.5.1",
    "fd10:10:2::1",
    "203.0.113.7",
    "fd10:10:9:0:4000::",
    "192.0.2.1",
    "ff02::1",
];

/// Addresses of one family.
fn of(list: &[&str], four: bool) -> Vec<IpAddr> {
    list.iter().map(|text| ip(text)).filter(|address| address.is_ipv4() == four).collect()
}

struct Bench {
    meters: Meters,
    programs: [Trial; 2],
    world: World,
}

const DIRECTIONS: [Direction; 2] = [Direction::Up, Direction::Down];

impl Bench {
    fn new(bed: &Bed) -> Self {
        let world = world();
        let mut meters = Meters::open(bed.pins()).unwrap();
        meters.configure(&world.segments, &world.services, &world.places).unwrap();
        let programs = DIRECTIONS.map(|way| Trial::open(bed.pins(), way).unwrap());
        Self { meters, programs, world }
    }

    /// Which counter moved, and by how much.
    fn counted(&mut self, frame: &[u8], merged: Merged, direction: Direction) -> Option<Counter> {
        let mut before = Vec::new();
        self.meters.read(&mut before);
        let program = &self.programs[usize::from(direction == Direction::Down)];
        let (answer, _) = program.run(frame, merged, 1).unwrap();
        assert_eq!(answer, -1, "the packet must go on");
        let mut after = Vec::new();
        assert_eq!(self.meters.read_changed(&mut after), None);
        assert!(after.len() < 2, "{after:?}");
        let mut now = after.pop()?;
        let same = |old: &&Counter| {
            (old.segment, old.class, old.direction) == (now.segment, now.class, now.direction)
        };
        let old = before.iter().find(same).map_or((0, 0), |old| (old.bytes, old.packets));
        (now.bytes, now.packets) = (now.bytes - old.0, now.packets - old.1);
        Some(now)
    }

    fn check(&mut self, packet: &Packet) -> Result<(), TestCaseError> {
        for direction in DIRECTIONS {
            let frame = packet.frame(direction == Direction::Up);
            let wanted = self.world.count(&frame, packet.merged, direction);
            let counted = self.counted(&frame, packet.merged, direction);
            proptest::prop_assert_eq!(counted, wanted);
            let bytes = counted.map(|counter| counter.bytes);
            if packet.is_honest() {
                proptest::prop_assert_eq!(bytes, Some(packet.honest_length() as u64));
            }
        }
        Ok(())
    }
}

fn against_the_model(four: bool) {
    let Some(bed) = Bed::with_accounting(16) else { return };
    let bench = std::cell::RefCell::new(Bench::new(&bed));
    let config = Config { cases: 6_000, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&packet(of(&OWN, four), of(&REMOTE, four)), |packet| bench.borrow_mut().check(&packet))
        .unwrap();
}

/// covers: N5.1, N5.2
#[test]
fn thousands_of_packets_of_ipv4_count_as_the_model_says() {
    against_the_model(true);
}

/// covers: N5.1, N5.2
#[test]
fn thousands_of_packets_of_ipv6_count_as_the_model_says() {
    against_the_model(false);
}

/// covers: N5.1
#[test]
fn what_is_no_ip_is_not_counted() {
    let Some(bed) = Bed::with_accounting(16) else { return };
    let mut bench = Bench::new(&bed);
    for kind in [0x0806u16, 0x88cc, 0x8100, 0x0026] {
        let mut frame = vec![0xff; 60];
        frame[12..14].copy_from_slice(&kind.to_be_bytes());
        assert_eq!(bench.counted(&frame, Merged::default(), Direction::Up), None);
    }
}
