//! Replies that only look like ours: a forger that sees every probe and knows everything but the
//! key.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use ets_probe::EngineConfig;
use socket2::{Domain, Protocol, Socket, Type};

use crate::link::{Link, count, engine, icmp, is_answered, turn_for};

const TARGETS: u32 = 100;

/// Sends every kind of wrong reply to each probe that it hears; returns how many.
fn forge(until: Instant) -> u64 {
    let ear = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).expect("root may");
    let mouth = Socket::new(Domain::IPV4, Type::RAW, Some(255.into())).expect("root may");
    ear.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout can be set");
    let mut sent = 0;
    let mut buffer = [MaybeUninit::uninit(); 256];
    while Instant::now() < until {
        let Ok(length) = ear.recv(&mut buffer) else { continue };
        let packet: Vec<u8> = buffer[..length]
            .iter()
            // SAFETY: `recv` has written this many bytes.
            .map(|byte| unsafe { byte.assume_init() })
            .collect();
        if packet[20] == 8 {
            for forged in forgeries(&packet) {
                let to: SocketAddr = ([10, 77, 0, 1], 0).into();
                sent += u64::from(mouth.send_to(&forged, &to.into()).is_ok());
            }
        }
    }
    sent
}

/// Each bit of the payload turned, the sequence number changed, strangers as senders.
fn forgeries(probe: &[u8]) -> Vec<Vec<u8>> {
    let target = Ipv4Addr::new(probe[16], probe[17], probe[18], probe[19]);
    let stranger = Ipv4Addr::new(10, 78, 200, 1);
    let icmp = &probe[20..];
    let mut all = vec![reply(stranger, icmp, None), reply(Ipv4Addr::new(10, 77, 0, 2), icmp, None)];
    all.extend((4 * 8..icmp.len() * 8).map(|bit| reply(target, icmp, Some(bit))));
    all
}

fn reply(from: Ipv4Addr, icmp: &[u8], flip: Option<usize>) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0];
    packet.extend(from.octets());
    packet.extend([10, 77, 0, 1]);
    let mut icmp = icmp.to_vec();
    icmp[..4].fill(0);
    if let Some(bit) = flip {
        icmp[bit / 8] ^= 1 << (bit % 8);
    }
    let sum = pnet_packet::util::checksum(&icmp, 1);
    icmp[2..4].copy_from_slice(&sum.to_be_bytes());
    packet.extend(icmp);
    packet
}

/// covers: N3.1
#[test]
fn of_all_forged_replies_none_is_accepted_and_none_of_ours_is_lost() {
    let Some(link) = Link::raise() else { return };
    let mut engine = engine(EngineConfig::default(), &[]);
    for slot in 0..TARGETS {
        let address = Ipv4Addr::from(0x0a4e_0001 + slot).into();
        engine.set_target(icmp(slot, address, Duration::from_millis(200)));
    }
    let until = Instant::now() + Duration::from_millis(3_500);
    let forger = link.in_far(move || forge(until));
    let ends = turn_for(&mut engine, Duration::from_secs(4));
    let forged = forger.join().expect("the forger ends");
    let counters = engine.counters();
    assert!(forged > 20_000, "only {forged} were forged");
    assert!(counters.forged > 10_000, "{counters:?}");
    assert_eq!((counters.lost, counters.overflowed, counters.void), (0, 0, 0), "{counters:?}");
    assert_eq!(count(&ends, is_answered) as u64, counters.answered);
    assert!(counters.sent - counters.answered <= 10, "the rest is under way: {counters:?}");
}

/// covers: N3.1
#[test]
fn damaged_ipv6_replies_cannot_make_the_engine_believe_that_it_was_blind() {
    let Some(link) = Link::raise() else { return };
    let mut engine = engine(EngineConfig::default(), &["fd64:78::1"]);
    let flood = link.in_far(|| {
        let mouth = Socket::new(Domain::IPV6, Type::RAW, Some(255.into())).expect("root may");
        let mut packet = vec![0x60, 0, 0, 0, 0, 28, 58, 64];
        packet.extend("fd64:78::1".parse::<std::net::Ipv6Addr>().expect("literal").octets());
        packet.extend("fd77::1".parse::<std::net::Ipv6Addr>().expect("literal").octets());
        packet.extend([129, 0, 0xbe, 0xef]);
        packet.extend([0x55; 24]);
        let to: SocketAddr = ("fd77::1".parse::<std::net::Ipv6Addr>().expect("literal"), 0).into();
        (0..20_000).filter(|_| mouth.send_to(&packet, &to.into()).is_ok()).count()
    });
    turn_for(&mut engine, Duration::from_secs(2));
    assert!(flood.join().expect("the flood ends") > 10_000);
    turn_for(&mut engine, Duration::from_millis(500));
    let counters = engine.counters();
    assert!(counters.forged > 10_000, "the kernel counts them as drops: {counters:?}");
    assert_eq!((counters.overflowed, counters.lost, counters.blind_ns), (0, 0, 0), "{counters:?}");
}
