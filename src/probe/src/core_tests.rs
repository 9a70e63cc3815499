//! The engine without sockets: what is answered, lost, late, doubled, forged and void.

use std::net::Ipv4Addr;

use super::*;
use crate::ProbeTarget;

const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLI;
const START: u64 = 1_000 * SECOND;

struct Bench {
    core: Core,
    out: Vec<Ended>,
}

/// A probe on the wire.
struct Flying {
    staged: Staged,
    packet: [u8; PROBE_LEN],
}

impl Bench {
    fn new(targets: u32) -> Self {
        let secret = Secret::from_bytes([3; 22]);
        let mut core = Core::new(&EngineConfig::default(), secret, START);
        for slot in 0..targets {
            core.targets.set(target(slot), Duration::from_secs(1), START);
        }
        Self { core, out: Vec::new() }
    }

    /// Sends what is due until `now`.
    fn send(&mut self, now: u64) -> Vec<Flying> {
        let staged: Vec<Staged> = std::iter::from_fn(|| self.core.stage(now)).collect();
        let flying = staged
            .into_iter()
            .map(|staged| Flying { staged, packet: self.core.packet(staged) })
            .collect::<Vec<Flying>>();
        for probe in &flying {
            self.core.left(probe.staged.number, now, now);
        }
        flying
    }

    /// Sends one round of all targets.
    fn send_round(&mut self) -> Vec<Flying> {
        self.send(START + SECOND + 2 * MILLI)
    }

    fn hear(&mut self, packet: &[u8], source: IpAddr, at: u64) {
        let received = Received { stamp: BootTime(at), seen: BootTime(at) };
        self.core.hear(Family::V4, packet, source, received, &mut self.out);
    }

    fn expire(&mut self, at: u64) -> Vec<Ended> {
        self.core.expire(at, &mut self.out);
        std::mem::take(&mut self.out)
    }
}

fn target(slot: u32) -> ProbeTarget {
    let address = address(slot);
    ProbeTarget { slot, address, method: Method::Icmp, interval: Duration::from_secs(1) }
}

fn address(slot: u32) -> IpAddr {
    Ipv4Addr::from(0x0a00_0001 + slot).into()
}

fn with_checksum(mut icmp: Vec<u8>) -> Vec<u8> {
    icmp[2..4].fill(0);
    let packet = pnet_packet::icmp::IcmpPacket::new(&icmp).unwrap();
    let sum = pnet_packet::icmp::checksum(&packet);
    icmp[2..4].copy_from_slice(&sum.to_be_bytes());
    icmp
}

fn in_ip(icmp: Vec<u8>, to: IpAddr) -> Vec<u8> {
    let mut header = vec![0; 20];
    (header[0], header[9]) = (0x45, 1);
    if let IpAddr::V4(to) = to {
        header[16..20].copy_from_slice(&to.octets());
    }
    [header, icmp].concat()
}

fn reply(probe: &Flying) -> Vec<u8> {
    let mut icmp = probe.packet.to_vec();
    icmp[0] = 0;
    in_ip(with_checksum(icmp), address(0))
}

/// A host-unreachable error that quotes `length` bytes of the probe.
fn unreachable(probe: &Flying, length: usize) -> Vec<u8> {
    let quote = in_ip(probe.packet[..length].to_vec(), probe.staged.address);
    in_ip(with_checksum([vec![3, 1, 0, 0, 0, 0, 0, 0], quote].concat()), address(0))
}

fn losses(ends: &[Ended]) -> usize {
    ends.iter().filter(|ended| matches!(ended, Ended::Lost { .. })).count()
}

/// covers: N3.1
#[test]
fn an_answer_gives_the_time_between_its_stamps() {
    let mut bench = Bench::new(1);
    let probes = bench.send_round();
    let sent = START + SECOND + 2 * MILLI;
    bench.hear(&reply(&probes[0]), address(0), sent + 17 * MILLI);
    let rtt = Duration::from_millis(17);
    assert_eq!(bench.out, [Ended::Answered { slot: 0, sent: BootTime(sent), rtt }]);
    assert_eq!(losses(&bench.expire(sent + 3 * SECOND)), 0);
}

/// covers: N3.1
#[test]
fn a_probe_is_lost_at_its_targets_own_timeout() {
    let mut bench = Bench::new(1);
    bench.core.targets.set_timeout(0, Duration::from_millis(150));
    bench.send_round();
    let sent = START + SECOND + 2 * MILLI;
    assert_eq!(bench.expire(sent + 149 * MILLI), []);
    assert_eq!(bench.expire(sent + 152 * MILLI), [Ended::Lost { slot: 0, sent: BootTime(sent) }]);
    assert_eq!(bench.expire(sent + 10 * SECOND), []);
}

/// covers: N3.1
#[test]
fn the_longest_timeout_fires_before_its_probe_is_given_up() {
    let mut bench = Bench::new(500);
    for slot in 0..500 {
        bench.core.targets.set_timeout(slot, Duration::from_secs(60));
    }
    let (mut sent, mut lost) = (0, 0);
    for round in 0..2_000 {
        let now = START + round * 4 * MILLI;
        sent += bench.send(now).len();
        lost += losses(&bench.expire(now));
    }
    for slot in 0..500 {
        bench.core.targets.remove(slot);
    }
    // Those under way at the end, 2 s long, belong to removed targets.
    assert!((sent - lost).abs_diff(1_000) < 10, "{sent} {lost}");
}

/// covers: N3.1
#[test]
fn a_late_answer_within_the_window_still_counts() {
    let mut bench = Bench::new(1);
    let probes = bench.send_round();
    let sent = START + SECOND + 2 * MILLI;
    assert_eq!(losses(&bench.expire(sent + 1_002 * MILLI)), 1);
    bench.hear(&reply(&probes[0]), address(0), sent + 1_900 * MILLI);
    assert!(matches!(bench.out[..], [Ended::Answered { slot: 0, .. }]), "{:?}", bench.out);
    assert_eq!(bench.core.counters.answered, 1);
}

/// covers: N3.1
#[test]
fn doubled_and_too_late_answers_are_counted_and_not_reported() {
    let mut bench = Bench::new(2);
    let probes = bench.send_round();
    let sent = START + SECOND + 2 * MILLI;
    let slot = if probes[0].staged.address == address(0) { 0 } else { 1 };
    bench.hear(&reply(&probes[0]), address(slot), sent + MILLI);
    bench.hear(&reply(&probes[0]), address(slot), sent + 2 * MILLI);
    assert_eq!((bench.out.len(), bench.core.counters.duplicate), (1, 1));
    bench.expire(sent + 3 * SECOND);
    bench.hear(&reply(&probes[1]), address(1 - slot), sent + 3 * SECOND);
    assert_eq!((bench.out.len(), bench.core.counters.late), (0, 1));
}

/// covers: N3.1
#[test]
fn an_answer_from_another_address_or_with_a_changed_bit_is_forged() {
    let mut bench = Bench::new(2);
    let probes = bench.send_round();
    let probe = probes.iter().find(|probe| probe.staged.address == address(0)).unwrap();
    let at = START + SECOND + 3 * MILLI;
    bench.hear(&reply(probe), address(1), at);
    bench.hear(&reply(probe), "203.0.113.9".parse().unwrap(), at);
    for bit in 4 * 8..PROBE_LEN * 8 {
        let mut icmp = probe.packet.to_vec();
        icmp[0] = 0;
        icmp[bit / 8] ^= 1 << (bit % 8);
        bench.hear(&in_ip(with_checksum(icmp), address(0)), address(0), at);
    }
    assert_eq!(bench.out, []);
    assert_eq!(bench.core.counters.forged, 2 + (PROBE_LEN as u64 - 4) * 8);
    assert_eq!(bench.core.counters.answered, 0);
}

/// covers: N3.1
#[test]
fn an_error_names_who_sent_it_and_does_not_end_the_probe() {
    for length in [PROBE_LEN, 8] {
        let mut bench = Bench::new(1);
        let probes = bench.send_round();
        let router: IpAddr = "10.9.9.9".parse().unwrap();
        let sent = START + SECOND + 2 * MILLI;
        bench.hear(&unreachable(&probes[0], length), router, sent + MILLI);
        bench.hear(&unreachable(&probes[0], length), router, sent + 2 * MILLI);
        let kind = IcmpErrorKind::HostUnreachable;
        let expected = Ended::Error { slot: 0, sent: BootTime(sent), from: router, kind };
        assert_eq!(bench.out, [expected], "{length} bytes quoted");
        bench.out.clear();
        assert_eq!(losses(&bench.expire(sent + 1_002 * MILLI)), 1);
    }
}

/// covers: N3.1
#[test]
fn an_error_that_the_hub_sent_to_itself_means_that_its_neighbour_is_silent() {
    let (own, router) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 9, 9, 9]));
    let of = |origin| of_our_own(IcmpErrorKind::HostUnreachable, own == origin);
    assert_eq!(of(own), IcmpErrorKind::NeighbourSilent);
    assert_eq!(of(router), IcmpErrorKind::HostUnreachable);
    assert_eq!(of_our_own(IcmpErrorKind::Prohibited, true), IcmpErrorKind::Prohibited);
}

/// covers: N3.1
#[test]
fn a_forged_error_is_not_believed() {
    let mut bench = Bench::new(1);
    let probes = bench.send_round();
    let at = START + SECOND + 3 * MILLI;
    for (length, byte) in [(PROBE_LEN, 25), (8, 2), (8, 7)] {
        let mut packet = unreachable(&probes[0], length);
        packet[20 + 8 + 20 + byte] ^= 1;
        let packet = in_ip(with_checksum(packet[20..].to_vec()), address(0));
        bench.hear(&packet, address(0), at);
    }
    assert_eq!(bench.out, []);
    assert_eq!(bench.core.counters.forged, 3);
}

/// covers: N3.1
#[test]
fn what_was_under_way_while_the_hub_was_blind_is_void_and_not_lost() {
    let mut bench = Bench::new(10);
    let probes = bench.send_round();
    bench.core.void_under_way();
    let sent = START + SECOND + 2 * MILLI;
    let answered = probes[0].staged.address;
    bench.hear(&reply(&probes[0]), answered, sent + 500 * MILLI);
    let ends = bench.expire(sent + 1_002 * MILLI);
    let void = ends.iter().filter(|ended| matches!(ended, Ended::Void { .. })).count();
    assert_eq!((void, losses(&ends)), (9, 0));
    bench.send(sent + 1_100 * MILLI);
    let ends = bench.expire(sent + 3 * SECOND);
    assert_eq!(losses(&ends), 10, "probes sent afterwards count again");
}

/// covers: N3.1
#[test]
fn probes_of_a_removed_or_moved_target_come_to_nothing() {
    let mut bench = Bench::new(2);
    let probes = bench.send_round();
    bench.core.targets.remove(0);
    let moved = ProbeTarget { address: address(77), ..target(1) };
    bench.core.targets.set(moved, Duration::from_secs(1), START + SECOND);
    for probe in &probes {
        bench.hear(&reply(probe), probe.staged.address, START + SECOND + 10 * MILLI);
    }
    assert_eq!(bench.out, []);
    assert_eq!(bench.core.counters.late, 2);
    assert_eq!(bench.expire(START + 5 * SECOND), []);
}

/// covers: N3.1
#[test]
fn a_round_trip_is_never_longer_than_the_time_that_has_passed() {
    let mut bench = Bench::new(1);
    let probes = bench.send_round();
    let sent = START + SECOND + 2 * MILLI;
    let received =
        Received { stamp: BootTime(sent + 3_600 * SECOND), seen: BootTime(sent + 30 * MILLI) };
    let packet = reply(&probes[0]);
    bench.core.hear(Family::V4, &packet, address(0), received, &mut bench.out);
    let Ended::Answered { rtt, .. } = bench.out[0] else { panic!("{:?}", bench.out) };
    assert_eq!(rtt, Duration::from_millis(30));
}

/// covers: N3.1
#[test]
fn of_two_possible_moments_of_sending_the_answer_tells_which() {
    let mut bench = Bench::new(2);
    let staged: Vec<Staged> =
        std::iter::from_fn(|| bench.core.stage(START + SECOND + 2 * MILLI)).collect();
    let (early, late) = (START + 2 * SECOND, START + 2 * SECOND + 5 * MILLI);
    for probe in &staged {
        bench.core.left(probe.number, early, late);
    }
    for (probe, at) in staged.iter().zip([early + MILLI, late + MILLI]) {
        let flying = Flying { staged: *probe, packet: bench.core.packet(*probe) };
        bench.hear(&reply(&flying), probe.address, at);
    }
    for ended in &bench.out {
        let Ended::Answered { rtt, .. } = ended else { panic!("{ended:?}") };
        assert_eq!(*rtt, Duration::from_millis(1));
    }
}

/// covers: N3.1
#[test]
fn half_a_million_probes_can_be_under_way() {
    let mut bench = Bench::new(20_000);
    for slot in 0..20_000 {
        bench.core.targets.set_interval(slot, Duration::from_millis(100), START);
    }
    let mut now = START;
    let mut sent = 0;
    while now < START + SECOND {
        now += 4 * MILLI;
        sent += bench.send(now).len();
        assert_eq!(losses(&bench.expire(now)), 0);
    }
    assert!(sent > 180_000, "{sent}");
    assert!(bench.core.bytes() < 40 << 20, "{} bytes", bench.core.bytes());
}
