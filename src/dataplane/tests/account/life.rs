//! What outlives what: restarts, strangers, upgrades, changes under load.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use caps::{CapSet, Capability};
use ets_dataplane::account::{Disturbance, Error, Meters, Outcome, Restored, Setup, setup, trial};
use ets_model::SegmentNo;
use ets_netd_api::{Class, Counter, Direction};
use nix::net::if_::if_nametoindex;

use crate::bed::{Bed, sh};
use crate::star::{Offloads, SERVICE, Star, configure};

const DATAGRAM: usize = 100;
const LENGTH: u64 = DATAGRAM as u64 + 28;

/// Datagrams from the segment to the service until told to stop; then says how many there were.
struct Flow {
    stop: Arc<AtomicBool>,
    sent: std::sync::mpsc::Receiver<u64>,
}

impl Flow {
    fn start(star: &Star) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        // Without a listener there would be an ICMP error for each.
        star.server.sh("nft 'table ip quiet { chain c { type filter hook input priority 0; \
             udp dport 7000 drop; }; }'");
        let sent = star.segment.start(move || {
            let socket = UdpSocket::bind("10.10.1.1:0").unwrap();
            let mut sent = 0;
            while !told.load(Ordering::Relaxed) {
                socket.send_to(&[7; DATAGRAM], "10.1.0.10:7000").unwrap();
                sent += 1;
                std::thread::sleep(Duration::from_micros(30));
            }
            sent
        });
        Self { stop, sent }
    }

    fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.sent.recv().unwrap()
    }
}

/// Bytes and packets of all counters that the flow may move.
fn sum(counters: &[Counter], wanted: impl Fn(&Counter) -> bool) -> (u64, u64) {
    let these = counters.iter().filter(|counter| counter.direction == Direction::Up);
    let these = these.filter(|counter| wanted(counter));
    these.fold((0, 0), |sum, counter| (sum.0 + counter.bytes, sum.1 + counter.packets))
}

fn read(meters: &mut Meters) -> Vec<Counter> {
    let mut counters = Vec::new();
    assert_eq!(meters.read(&mut counters), None);
    counters
}

/// What was missing, none of which could not be put back.
#[track_caller]
fn restored(meters: &mut Meters) -> Vec<(u32, Direction)> {
    let Restored { missing, faults } = meters.restore();
    assert!(faults.is_empty(), "{faults:?}");
    missing.iter().map(|one| (one.interface, one.direction)).collect()
}

fn p0() -> u32 {
    if_nametoindex("p0").unwrap()
}

/// covers: N5.1
#[test]
fn a_change_of_prefixes_in_mid_flow_loses_no_packet() {
    let Some(bed) = Bed::with_accounting(64) else { return };
    let mut star = Star::new(&bed, Offloads::On);
    let own = |counter: &Counter| counter.segment != SegmentNo(0);
    let before = sum(&read(&mut star.meters), own);
    let flow = Flow::start(&star);
    let sets = [
        ["10.10.1.0/24", "10.20.0.0/16"],
        ["10.10.0.0/16", "10.20.1.0/24"],
        ["10.10.1.1/32", "10.10.1.0/25"],
        ["10.0.0.0/8", "10.10.2.0/23"],
    ];
    for round in 0..200u32 {
        let nets = sets[round as usize % 4].map(|net| net.parse().unwrap()).to_vec();
        let places = [("10.1.0.0/16".parse().unwrap(), Class::Hub)];
        let places = &places[..(round / 2 % 2) as usize];
        star.meters.configure(&[(SegmentNo(1 + round % 50), nets)], &[], places).unwrap();
    }
    let sent = flow.stop();
    std::thread::sleep(Duration::from_millis(200));
    let counters = read(&mut star.meters);
    let after = sum(&counters, own);
    let counted = (after.0 - before.0, after.1 - before.1);
    println!("200 changes, {sent} packets, counted {counted:?}");
    assert_eq!(counted, (sent * LENGTH, sent));
    assert!(sent > 1000);
    assert!(counters.iter().filter(|c| c.direction == Direction::Up).count() > 40);
}

/// covers: N5.1
#[test]
fn counting_goes_on_while_nobody_reads_and_a_new_reader_finds_it_all() {
    let Some(bed) = Bed::with_accounting(64) else { return };
    let star = Star::new(&bed, Offloads::On);
    let flow = Flow::start(&star);
    let life = star.meters.life();
    let Star { segment, server, meters } = star;
    drop(meters);
    for round in 0..50 {
        let mut meters = Meters::open(bed.pins()).unwrap();
        assert_eq!(meters.life(), life);
        if round % 2 == 0 {
            configure(&mut meters);
        }
        assert!(meters.attach(&[p0()]).is_empty());
        assert_eq!(restored(&mut meters), []);
    }
    let sent = flow.stop();
    let mut meters = Meters::open(bed.pins()).unwrap();
    let counted = sum(&read(&mut meters), |counter| counter.class == SERVICE);
    assert_eq!(counted, (sent * LENGTH, sent));
    drop((segment, server));
}

/// covers: N5.1
#[test]
fn a_set_up_under_load_keeps_renews_and_grows_without_missing_a_packet() {
    let Some(bed) = Bed::with_accounting(64) else { return };
    let mut star = Star::new(&bed, Offloads::On);
    let life = star.meters.life();
    let flow = Flow::start(&star);
    let wanted = |segments| Setup { segments, owner: Some((0, 0)) };
    for (segments, break_it, outcome) in [
        (64, false, Outcome::Kept),
        (10, false, Outcome::Kept),
        (64, true, Outcome::ProgramsRenewed),
        (128, false, Outcome::Grown),
        (128, true, Outcome::ProgramsRenewed),
        (1024, false, Outcome::Grown),
        (1024, false, Outcome::Kept),
    ] {
        if break_it {
            let newest = std::fs::read_dir(bed.pins()).unwrap().map(|e| e.unwrap().path()).max();
            std::fs::remove_file(newest.unwrap().join("up")).unwrap();
        }
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(setup(bed.pins(), &wanted(segments)).unwrap(), outcome);
        std::thread::sleep(Duration::from_millis(50));
        star.meters = Meters::open(bed.pins()).unwrap();
        configure(&mut star.meters);
        assert!(star.meters.attach(&[p0()]).is_empty());
        assert_eq!(star.meters.life(), life);
    }
    let sent = flow.stop();
    let counted = sum(&read(&mut star.meters), |counter| counter.class == SERVICE);
    assert_eq!(counted, (sent * LENGTH, sent));
    assert_eq!(star.meters.capacity(), 1024);
}

/// covers: N5.1, design 1 (netd never holds `CAP_BPF`)
#[test]
fn the_reader_needs_no_right_but_that_to_administer_networks() {
    let Some(bed) = Bed::with_accounting(64) else { return };
    sh("ip link add p0 type veth peer name e0");
    for set in [CapSet::Effective, CapSet::Permitted] {
        let kept = Capability::CAP_NET_ADMIN;
        caps::set(None, set, &[kept].into_iter().collect()).unwrap();
    }
    assert!(!caps::has_cap(None, CapSet::Effective, Capability::CAP_BPF).unwrap());
    let mut meters = Meters::open(bed.pins()).unwrap();
    configure(&mut meters);
    assert!(meters.attach(&[p0()]).is_empty());
    assert_eq!(restored(&mut meters), []);
    assert_eq!(read(&mut meters), []);
    assert!(matches!(
        setup(bed.pins(), &Setup { segments: 128, owner: None }),
        Err(Error::Map(..))
    ));
}

/// covers: N5.1
#[test]
fn a_filter_that_a_stranger_takes_away_is_missed_and_put_back() {
    let Some(bed) = Bed::with_accounting(64) else { return };
    sh("for i in 0 1 2; do ip link add p$i type veth peer name e$i; done");
    let ports = ["p0", "p1", "p2"].map(|name| if_nametoindex(name).unwrap());
    let mut meters = Meters::open(bed.pins()).unwrap();
    assert!(meters.attach(&ports).is_empty());
    assert_eq!(restored(&mut meters), []);
    sh("tc filter del dev p0 ingress; tc qdisc del dev p1 clsact");
    let (up, down) = (Direction::Up, Direction::Down);
    let gone = [(ports[0], up), (ports[1], up), (ports[1], down)];
    assert_eq!(restored(&mut meters), gone);
    assert_eq!(restored(&mut meters), []);
    // One in the place of ours is no better than none.
    sh(
        "tc filter replace dev p0 egress prio 1 handle 0xe75 protocol all bpf bytecode '1,6 0 0 0,'",
    );
    assert_eq!(restored(&mut meters), [(ports[0], down)]);
    // What others attached stays; ours leaves where it is not wanted any more.
    sh("tc filter add dev p2 ingress prio 7 protocol ip bpf bytecode '1,6 0 0 0,'");
    assert!(meters.attach(&ports[..2]).is_empty());
    let left = sh("tc filter show dev p2 ingress; tc filter show dev p2 egress");
    assert!(left.contains("bytecode") && !left.contains("ets"), "{left}");
    let there = sh("tc filter show dev p0 ingress; tc filter show dev p0 egress");
    assert_eq!(there.matches("direct-action").count(), 2, "{there}");
    // One that is gone does not keep the others from being counted.
    sh("ip link del p0; tc filter del dev p1 egress");
    let faults = meters.attach(&ports[..2]);
    assert!(matches!(faults[..], [Error::Interface { interface, .. }] if interface == ports[0]));
    assert_eq!(restored(&mut meters), []);
    assert!(sh("tc filter show dev p1 egress").contains("ets-account-down"));
}

/// covers: N5.1
#[test]
fn a_filter_that_is_taken_away_while_events_are_lost_is_put_back_too() {
    let Some(bed) = Bed::with_accounting(64) else { return };
    sh("ip link add p0 type veth peer name e0");
    let mut meters = Meters::open(bed.pins()).unwrap();
    assert!(meters.attach(&[p0()]).is_empty());
    // More than the queue of events holds.
    sh("for i in $(seq 20000); do echo qdisc replace dev lo root pfifo limit 9; done | tc -b -");
    sh("tc filter del dev p0 ingress");
    assert_eq!(restored(&mut meters), [(p0(), Direction::Up)]);
}

/// covers: N5.1
#[test]
fn what_cannot_be_put_back_is_told_once_and_is_there_once_it_can_be() {
    let Some(bed) = Bed::with_accounting(64) else { return };
    sh("for i in 0 1; do ip link add p$i type veth peer name e$i; done");
    let mut meters = Meters::open(bed.pins()).unwrap();
    let ports = [p0(), if_nametoindex("p1").unwrap()];
    assert!(meters.attach(&ports).is_empty());
    // The older kind of qdisc has the place, and knows one direction only.
    sh("tc qdisc del dev p0 clsact; tc qdisc add dev p0 ingress");
    let Restored { missing, faults } = meters.restore();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(matches!(faults[..], [Error::Interface { interface, .. }] if interface == ports[0]));
    assert_eq!(restored(&mut meters), []);
    sh("tc qdisc del dev p0 ingress");
    let whole = [Direction::Up, Direction::Down].map(|direction| (ports[0], direction));
    assert_eq!(restored(&mut meters), whole);
    // One that is gone is nothing to put back.
    sh("tc qdisc del dev p1 clsact; ip link del p1");
    assert_eq!(restored(&mut meters), []);
}

/// covers: N5.1
#[test]
fn what_a_stranger_writes_to_totals_and_life_is_told_once() {
    let Some(bed) = Bed::with_accounting(64) else { return };
    let counter = |bytes, packets| Counter {
        segment: SegmentNo(7),
        class: Class::Outside,
        direction: Direction::Down,
        bytes,
        packets,
    };
    let mut meters = Meters::open(bed.pins()).unwrap();
    trial::overwrite(bed.pins(), &[counter(1000, 10)]).unwrap();
    assert_eq!(read(&mut meters), [counter(1000, 10)]);
    trial::overwrite(bed.pins(), &[counter(0, 0)]).unwrap();
    let mut out = Vec::new();
    let told = meters.read_changed(&mut out);
    let (was, is) = (counter(1000, 10), counter(0, 0));
    assert_eq!(told, Some(Disturbance::WentBack { was, is }));
    out.clear();
    assert_eq!((meters.read_changed(&mut out), out.len()), (None, 0));
    let (life, new) = (meters.life(), meters.life().wrapping_add(1));
    trial::overwrite_life(bed.pins(), new).unwrap();
    assert_eq!(meters.read(&mut out), Some(Disturbance::LifeChanged { was: life, is: new }));
    assert_eq!((meters.read(&mut out), meters.life()), (None, new));
}

/// covers: N5.1
#[test]
fn a_place_that_is_no_bpffs_is_refused_with_the_remedy() {
    let Some(bed) = Bed::new() else { return };
    let elsewhere = tempfile::tempdir().unwrap();
    let refused = setup(elsewhere.path(), &Setup::default()).unwrap_err();
    assert!(refused.to_string().contains("mount -t bpf bpf /sys/fs/bpf"), "{refused}");
    let missing = Meters::open(bed.pins()).unwrap_err();
    assert!(missing.to_string().contains("ets-hub netd setup"), "{missing}");
    assert!(matches!(
        setup(bed.pins(), &Setup { segments: 0, owner: None }),
        Err(Error::Capacity(0))
    ));
}
