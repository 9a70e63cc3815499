//! The codec against `pnet_packet`, which knows nothing of ours.

use pnet_packet::icmp::{IcmpPacket, IcmpTypes, MutableIcmpPacket, echo_request};
use pnet_packet::icmpv6::{Icmpv6Types, MutableIcmpv6Packet};
use pnet_packet::ip::IpNextHeaderProtocols;
use pnet_packet::ipv4::MutableIpv4Packet;
use pnet_packet::ipv6::MutableIpv6Packet;
use pnet_packet::{MutablePacket, Packet};
use proptest::prelude::*;

use super::*;

const HUB: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const TARGET: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 9, 9, 9);
const HUB6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1);
const TARGET6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2);
const ECHO: EchoId = EchoId { id: 0xabc8, seq: 0x1234 };
const MARK: Mark = Mark { tag: 0xdead_beef, number: 77, cookie: 0x0123_4567_89ab_cdef };

/// An IPv4 packet around an ICMP message, with `options` words of IP options.
fn in_v4(from: Ipv4Addr, to: Ipv4Addr, options: u8, icmp: &[u8]) -> Vec<u8> {
    let header = 20 + usize::from(options) * 4;
    let mut bytes = vec![1; header + icmp.len()];
    let mut packet = MutableIpv4Packet::new(&mut bytes).unwrap();
    packet.set_version(4);
    packet.set_header_length(5 + options);
    packet.set_total_length(u16::try_from(header + icmp.len()).unwrap());
    packet.set_ttl(60);
    packet.set_next_level_protocol(IpNextHeaderProtocols::Icmp);
    packet.set_source(from);
    packet.set_destination(to);
    packet.set_payload(icmp);
    bytes
}

/// The reply that a target makes of a request.
fn reply_to(request: &[u8]) -> Vec<u8> {
    let mut bytes = request.to_vec();
    let mut packet = MutableIcmpPacket::new(&mut bytes).unwrap();
    packet.set_icmp_type(IcmpTypes::EchoReply);
    let sum = pnet_packet::icmp::checksum(&packet.to_immutable());
    packet.set_checksum(sum);
    bytes
}

/// An ICMP error that quotes `quote`.
fn error_about(kind: u8, code: u8, quote: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 8 + quote.len()];
    let mut packet = MutableIcmpPacket::new(&mut bytes).unwrap();
    packet.set_icmp_type(pnet_packet::icmp::IcmpType(kind));
    packet.set_icmp_code(pnet_packet::icmp::IcmpCode(code));
    packet.packet_mut()[8..].copy_from_slice(quote);
    let sum = pnet_packet::icmp::checksum(&packet.to_immutable());
    packet.set_checksum(sum);
    bytes
}

fn request() -> [u8; PROBE_LEN] {
    write_probe(Family::V4, ECHO, MARK)
}

fn request6() -> [u8; PROBE_LEN] {
    write_probe(Family::V6, ECHO, MARK)
}

/// covers: N3.1
#[test]
fn a_request_reads_the_same_to_another_implementation() {
    let bytes = request();
    let packet = echo_request::EchoRequestPacket::new(&bytes).unwrap();
    assert_eq!(packet.get_icmp_type(), IcmpTypes::EchoRequest);
    assert_eq!(packet.get_identifier(), ECHO.id);
    assert_eq!(packet.get_sequence_number(), ECHO.seq);
    assert_eq!(packet.payload().len(), MARK_LEN);
    let sum = pnet_packet::icmp::checksum(&IcmpPacket::new(&bytes).unwrap());
    assert_eq!(packet.get_checksum(), sum);
    assert_eq!(probe_checksum(ECHO, MARK), sum);
}

/// covers: N3.1
#[test]
fn a_reply_is_read_whatever_options_its_header_has() {
    for options in [0, 1, 10] {
        let packet = in_v4(TARGET, HUB, options, &reply_to(&request()));
        assert_eq!(parse(Family::V4, &packet), Some(Heard::Reply { echo: ECHO, mark: MARK }));
    }
}

/// covers: N3.1
#[test]
fn an_ipv6_reply_is_read_from_its_own_header_on() {
    let mut bytes = request6();
    MutableIcmpv6Packet::new(&mut bytes).unwrap().set_icmpv6_type(Icmpv6Types::EchoReply);
    assert_eq!(parse(Family::V6, &bytes), Some(Heard::Reply { echo: ECHO, mark: MARK }));
}

/// covers: N3.1
#[test]
fn a_damaged_reply_is_refused() {
    let packet = in_v4(TARGET, HUB, 0, &reply_to(&request()));
    for index in 20..packet.len() {
        let mut damaged = packet.clone();
        damaged[index] ^= 0x10;
        assert_eq!(parse(Family::V4, &damaged), None, "byte {index}");
    }
}

/// covers: N3.1
#[test]
fn an_error_is_traced_to_the_probe_it_quotes() {
    for options in [0, 1, 10] {
        let quote = in_v4(HUB, TARGET, options, &request());
        let packet = in_v4(ROUTER, HUB, 0, &error_about(3, 1, &quote));
        let expected = Heard::Error {
            kind: IcmpErrorKind::HostUnreachable,
            origin: HUB.into(),
            destination: TARGET.into(),
            echo: ECHO,
            proof: Proof::Mark(MARK),
        };
        assert_eq!(parse(Family::V4, &packet), Some(expected), "{options} words of options");
    }
}

/// covers: N3.1
#[test]
fn a_quote_of_eight_bytes_is_proven_by_its_checksum() {
    let quote = in_v4(HUB, TARGET, 0, &request());
    let packet = in_v4(ROUTER, HUB, 0, &error_about(11, 0, &quote[..28]));
    let expected = Heard::Error {
        kind: IcmpErrorKind::TimeExceeded,
        origin: HUB.into(),
        destination: TARGET.into(),
        echo: ECHO,
        proof: Proof::Checksum(probe_checksum(ECHO, MARK)),
    };
    assert_eq!(parse(Family::V4, &packet), Some(expected));
}

/// A quoted IPv6 packet with the given chain of extension headers before the probe.
fn quote6(extensions: &[u8]) -> Vec<u8> {
    let mut chain = Vec::new();
    for (index, _) in extensions.iter().enumerate() {
        let next = extensions.get(index + 1).copied().unwrap_or(58);
        match extensions[index] {
            51 => chain.extend([[next, 4].as_slice(), &[0; 22]].concat()),
            44 => chain.extend([next, 0, 0, 0, 0, 0, 0, 0]),
            _ => chain.extend([[next, 1].as_slice(), &[0; 14]].concat()),
        }
    }
    chain.extend(request6());
    let mut bytes = vec![0; 40 + chain.len()];
    let mut packet = MutableIpv6Packet::new(&mut bytes).unwrap();
    packet.set_version(6);
    packet.set_payload_length(u16::try_from(chain.len()).unwrap());
    let first = extensions.first().copied().unwrap_or(58);
    packet.set_next_header(pnet_packet::ip::IpNextHeaderProtocol(first));
    packet.set_source(HUB6);
    packet.set_destination(TARGET6);
    packet.set_payload(&chain);
    bytes
}

/// covers: N3.1
#[test]
fn extension_headers_in_an_ipv6_quote_are_walked() {
    let chains: [&[u8]; 6] = [&[], &[0], &[44], &[60, 43], &[0, 51, 60], &[0, 43, 44, 51, 60]];
    for chain in chains {
        let packet = [[1, 3, 0, 0, 0, 0, 0, 0].as_slice(), &quote6(chain)].concat();
        let expected = Heard::Error {
            kind: IcmpErrorKind::HostUnreachable,
            origin: HUB6.into(),
            destination: TARGET6.into(),
            echo: ECHO,
            proof: Proof::Mark(MARK),
        };
        assert_eq!(parse(Family::V6, &packet), Some(expected), "{chain:?}");
    }
}

/// covers: N3.1
#[test]
fn every_error_has_its_kind() {
    use IcmpErrorKind as Kind;
    let v4 = [
        (3, 0, Some(Kind::NetUnreachable)),
        (3, 1, Some(Kind::HostUnreachable)),
        (3, 2, Some(Kind::ProtocolUnreachable)),
        (3, 3, Some(Kind::PortUnreachable)),
        (3, 4, Some(Kind::TooBig)),
        (3, 5, Some(Kind::Other { kind: 3, code: 5 })),
        (3, 9, Some(Kind::Prohibited)),
        (3, 10, Some(Kind::Prohibited)),
        (3, 13, Some(Kind::Prohibited)),
        (11, 0, Some(Kind::TimeExceeded)),
        (11, 1, Some(Kind::TimeExceeded)),
        (12, 0, Some(Kind::Other { kind: 12, code: 0 })),
        (5, 0, None),
        (8, 0, None),
    ];
    for (kind, code, expected) in v4 {
        assert_eq!(error_kind(Family::V4, kind, code), expected, "v4 {kind} {code}");
    }
    let v6 = [
        (1, 0, Some(Kind::NetUnreachable)),
        (1, 1, Some(Kind::Prohibited)),
        (1, 2, Some(Kind::Other { kind: 1, code: 2 })),
        (1, 3, Some(Kind::HostUnreachable)),
        (1, 4, Some(Kind::PortUnreachable)),
        (1, 5, Some(Kind::Prohibited)),
        (1, 6, Some(Kind::Prohibited)),
        (2, 0, Some(Kind::TooBig)),
        (3, 0, Some(Kind::TimeExceeded)),
        (4, 1, Some(Kind::Other { kind: 4, code: 1 })),
        (128, 0, None),
        (135, 0, None),
    ];
    for (kind, code, expected) in v6 {
        assert_eq!(error_kind(Family::V6, kind, code), expected, "v6 {kind} {code}");
    }
}

/// covers: N3.1
#[test]
fn an_error_about_a_strangers_packet_is_not_ours() {
    let mut udp = in_v4(HUB, TARGET, 0, &request());
    udp[9] = 17;
    let packet = in_v4(ROUTER, HUB, 0, &error_about(3, 3, &udp));
    assert_eq!(parse(Family::V4, &packet), None);
    let reply = in_v4(HUB, TARGET, 0, &reply_to(&request()));
    let packet = in_v4(ROUTER, HUB, 0, &error_about(3, 1, &reply));
    assert_eq!(parse(Family::V4, &packet), None);
}

proptest! {
    /// covers: N3.1
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(Family::V4, &bytes);
        let _ = parse(Family::V6, &bytes);
    }

    /// covers: N3.1
    #[test]
    fn damaged_errors_are_read_without_a_panic(
        damage in prop::collection::vec((0_usize..200, any::<u8>()), 0..6),
        length in 0_usize..200,
        chain in prop::collection::vec(prop::sample::select(vec![0_u8, 43, 44, 51, 60]), 0..4),
    ) {
        let quote = in_v4(HUB, TARGET, 2, &request());
        let v4 = in_v4(ROUTER, HUB, 1, &error_about(3, 1, &quote));
        let v6 = [[1, 3, 0, 0, 0, 0, 0, 0].as_slice(), &quote6(&chain)].concat();
        for (family, mut bytes) in [(Family::V4, v4), (Family::V6, v6)] {
            for (at, value) in &damage {
                if let Some(byte) = bytes.get_mut(*at) {
                    *byte = *value;
                }
            }
            bytes.truncate(length);
            let _ = parse(family, &bytes);
        }
    }

    /// covers: N3.1
    #[test]
    fn what_is_written_is_read_back(id: u16, seq: u16, tag: u32, number: u64, cookie: u64) {
        let (echo, mark) = (EchoId { id, seq }, Mark { tag, number, cookie });
        let packet = in_v4(TARGET, HUB, 0, &reply_to(&write_probe(Family::V4, echo, mark)));
        prop_assert_eq!(parse(Family::V4, &packet), Some(Heard::Reply { echo, mark }));
    }
}
