//! The programs, run by the kernel: attached to a Unix datagram socket, which any user may do.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;

use socket2::Socket;

use super::*;
use crate::packet::{EchoId, Family, write_probe};
use crate::socket::attach;

fn secret() -> Secret {
    Secret::from_bytes([0x5a; 22])
}

/// Whether the kernel lets a packet through a program.
fn passes(program: &[sock_filter], packet: &[u8]) -> bool {
    let (near, far) = UnixDatagram::pair().unwrap();
    let far = Socket::from(std::os::fd::OwnedFd::from(far));
    attach(&far, program).unwrap();
    far.set_nonblocking(true).unwrap();
    let _ = near.send(packet);
    let mut buffer = [std::mem::MaybeUninit::uninit(); 2048];
    match far.recv(&mut buffer) {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::WouldBlock => false,
        Err(error) => panic!("{error}"),
    }
}

fn v4_header(options: u8) -> Vec<u8> {
    let mut header = vec![0; 20 + usize::from(options) * 4];
    (header[0], header[9]) = (0x45 + options, 1);
    header
}

fn v4_reply(options: u8, echo: EchoId, tag: u32) -> Vec<u8> {
    let mut mark = secret().mark(9, "10.0.0.1".parse().unwrap());
    mark.tag = tag;
    let mut icmp = write_probe(Family::V4, echo, mark);
    icmp[0] = 0;
    [v4_header(options), icmp.to_vec()].concat()
}

fn v4_error(kind: u8, options: u8, echo: EchoId) -> Vec<u8> {
    let mark = secret().mark(9, "10.0.0.1".parse().unwrap());
    let quoted = write_probe(Family::V4, echo, mark);
    let mut outer = vec![0; 8];
    outer[0] = kind;
    [v4_header(options), outer, v4_header(options), quoted.to_vec()].concat()
}

fn v6_error(next: u8, echo: EchoId) -> Vec<u8> {
    let mark = secret().mark(9, "fd00::1".parse().unwrap());
    let mut quote = vec![0; 40];
    (quote[0], quote[6]) = (0x60, next);
    let quoted = write_probe(Family::V6, echo, mark);
    [vec![1, 3, 0, 0, 0, 0, 0, 0], quote, quoted.to_vec()].concat()
}

/// covers: N3.1
#[test]
fn only_replies_with_our_identifier_and_tag_pass() {
    let (secret, program) = (secret(), v4(&secret()));
    let ours = secret.echo(70_000);
    for options in [0, 3, 10] {
        assert!(passes(&program, &v4_reply(options, ours, secret.tag)), "{options}");
    }
    assert!(!passes(&program, &v4_reply(0, ours, secret.tag ^ 1)));
    let stranger = EchoId { id: ours.id ^ IDS, ..ours };
    assert!(!passes(&program, &v4_reply(0, stranger, secret.tag)));
    let mut request = v4_reply(0, ours, secret.tag);
    request[20] = 8;
    assert!(!passes(&program, &request));
}

/// covers: N3.1
#[test]
fn only_errors_that_quote_a_probe_with_our_identifier_pass() {
    let (secret, program) = (secret(), v4(&secret()));
    let ours = secret.echo(1);
    for kind in [3, 11, 12] {
        for options in [0, 3, 10] {
            assert!(passes(&program, &v4_error(kind, options, ours)), "{kind} {options}");
        }
    }
    assert!(!passes(&program, &v4_error(5, 0, ours)), "a redirect");
    assert!(!passes(&program, &v4_error(3, 0, EchoId { id: ours.id ^ IDS, ..ours })));
    let mut udp = v4_error(3, 0, ours);
    udp[20 + 8 + 9] = 17;
    assert!(!passes(&program, &udp));
}

/// covers: N3.1
#[test]
fn the_same_holds_for_ipv6() {
    let (secret, program) = (secret(), v6(&secret()));
    let ours = secret.echo(3);
    let stranger = EchoId { id: ours.id ^ IDS, ..ours };
    let reply = |echo, tag| {
        let mut mark = secret.mark(9, "fd00::1".parse().unwrap());
        mark.tag = tag;
        let mut icmp = write_probe(Family::V6, echo, mark);
        icmp[0] = 129;
        icmp
    };
    assert!(passes(&program, &reply(ours, secret.tag)));
    assert!(!passes(&program, &reply(ours, secret.tag ^ 1)));
    assert!(!passes(&program, &reply(stranger, secret.tag)));
    assert!(passes(&program, &v6_error(58, ours)));
    assert!(!passes(&program, &v6_error(58, stranger)));
    assert!(!passes(&program, &v6_error(17, ours)), "a quoted UDP packet");
    for extension in [0, 43, 44, 51, 60] {
        assert!(passes(&program, &v6_error(extension, ours)), "extension {extension} is parsed");
    }
}

/// covers: N3.1
#[test]
fn long_packets_do_not_pass() {
    let secret = secret();
    let mut reply = v4_reply(0, secret.echo(3), secret.tag);
    reply.resize(LONGEST, 0);
    assert!(passes(&v4(&secret), &reply));
    reply.resize(LONGEST + 1, 0);
    assert!(!passes(&v4(&secret), &reply));
}

/// covers: N3.1
#[test]
fn short_packets_do_not_pass() {
    let secret = secret();
    let packet = v4_error(3, 0, secret.echo(3));
    for length in 1..20 + 8 + 20 + 6 {
        assert!(!passes(&v4(&secret), &packet[..length]), "{length} bytes");
    }
}
