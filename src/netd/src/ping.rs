//! The ping on demand, by surge-ping: independent of our own engine, and so a check on it.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::time::Duration;

use ets_model::{IcmpErrorKind, Outcome};
use ets_netd_api::PingLine;
use surge_ping::{
    Client, Config, ICMP, IcmpPacket, Icmpv4Packet, Icmpv6Packet, PingIdentifier, PingSequence,
    SurgeError,
};

/// What may be asked for.
const MOST: u16 = 1_000;
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(60);

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The usual 56 bytes.
const PAYLOAD: [u8; 56] = [0x5a; 56];

/// Why such a ping is refused.
pub(crate) fn fault(address: IpAddr, count: u16, interval: Duration) -> Option<String> {
    if !(1..=MOST).contains(&count) {
        return Some(format!("a ping sends 1 to {MOST} requests, not {count}"));
    }
    if !(SHORTEST..=LONGEST).contains(&interval) {
        return Some("requests of a ping are 100 ms to 60 s apart".to_owned());
    }
    let broadcast = matches!(address, IpAddr::V4(four) if four.is_broadcast());
    if address.is_unspecified() || address.is_multicast() || broadcast {
        return Some(format!("{address} is no address of one machine: give one"));
    }
    None
}

/// One pinged address.
#[derive(Clone)]
pub(crate) struct Ping {
    client: Client,
    address: IpAddr,
    identifier: PingIdentifier,
}

impl Ping {
    /// Opens a raw socket. Must be called in a tokio runtime.
    pub(crate) fn open(address: IpAddr) -> std::io::Result<Self> {
        let kind = if address.is_ipv4() { ICMP::V4 } else { ICMP::V6 };
        let config = Config::builder().kind(kind).sock_type_hint(socket2::Type::RAW).build();
        let random = RandomState::new().build_hasher().finish();
        let identifier = PingIdentifier((random & 0xffff) as u16);
        Ok(Self { client: Client::new(&config)?, address, identifier })
    }

    /// Sends the request `number`, from 1, and waits for what comes of it.
    pub(crate) async fn once(self, number: u16) -> PingLine {
        let mut pinger = self.client.pinger(self.address, self.identifier).await;
        pinger.timeout(TIMEOUT);
        let (outcome, error) = match pinger.ping(PingSequence(number), &PAYLOAD).await {
            Ok((packet, rtt)) => match error_of(&packet) {
                None => (Outcome::Answered(rtt), None),
                error => (Outcome::Lost, error),
            },
            Err(SurgeError::IOError(error)) => (Outcome::Lost, refused(&error)),
            Err(_) => (Outcome::Lost, None),
        };
        PingLine { number, outcome, error }
    }
}

/// The kernel refused to send: our own side says why.
fn refused(error: &std::io::Error) -> Option<(IpAddr, IcmpErrorKind)> {
    let kind = match error.raw_os_error()? {
        libc::ENETUNREACH => IcmpErrorKind::NetUnreachable,
        libc::EHOSTUNREACH => IcmpErrorKind::HostUnreachable,
        libc::EPERM | libc::EACCES => IcmpErrorKind::Prohibited,
        libc::EMSGSIZE => IcmpErrorKind::TooBig,
        _ => return None,
    };
    Some((IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), kind))
}

/// Who sent which error; `None` for an echo reply.
fn error_of(packet: &IcmpPacket) -> Option<(IpAddr, IcmpErrorKind)> {
    match packet {
        IcmpPacket::V4(packet) => error_v4(packet),
        IcmpPacket::V6(packet) => error_v6(packet),
    }
}

fn error_v4(packet: &Icmpv4Packet) -> Option<(IpAddr, IcmpErrorKind)> {
    let kind = kind_v4(packet.get_icmp_type().0, packet.get_icmp_code().0)?;
    let own = packet.get_source() == packet.get_destination();
    Some((packet.get_source().into(), of_our_own(kind, own)))
}

fn error_v6(packet: &Icmpv6Packet) -> Option<(IpAddr, IcmpErrorKind)> {
    let kind = kind_v6(packet.get_icmpv6_type().0, packet.get_icmpv6_code().0)?;
    Some((packet.get_source().into(), kind))
}

/// An error that the hub sent to itself: its own neighbour table gave up.
fn of_our_own(kind: IcmpErrorKind, own: bool) -> IcmpErrorKind {
    match kind {
        IcmpErrorKind::HostUnreachable if own => IcmpErrorKind::NeighbourSilent,
        other => other,
    }
}

/// RFC 792 and RFC 1812, section 5.2.7.1.
fn kind_v4(kind: u8, code: u8) -> Option<IcmpErrorKind> {
    Some(match (kind, code) {
        (0, _) => return None,
        (3, 0 | 6 | 11) => IcmpErrorKind::NetUnreachable,
        (3, 1 | 7 | 12) => IcmpErrorKind::HostUnreachable,
        (3, 2) => IcmpErrorKind::ProtocolUnreachable,
        (3, 3) => IcmpErrorKind::PortUnreachable,
        (3, 4) => IcmpErrorKind::TooBig,
        (3, 9 | 10 | 13) => IcmpErrorKind::Prohibited,
        (11, _) => IcmpErrorKind::TimeExceeded,
        (kind, code) => IcmpErrorKind::Other { kind, code },
    })
}

/// RFC 4443, section 3.
fn kind_v6(kind: u8, code: u8) -> Option<IcmpErrorKind> {
    Some(match (kind, code) {
        (129, _) => return None,
        (1, 0) => IcmpErrorKind::NetUnreachable,
        (1, 1 | 5 | 6) => IcmpErrorKind::Prohibited,
        (1, 3) => IcmpErrorKind::HostUnreachable,
        (1, 4) => IcmpErrorKind::PortUnreachable,
        (2, _) => IcmpErrorKind::TooBig,
        (3, _) => IcmpErrorKind::TimeExceeded,
        (kind, code) => IcmpErrorKind::Other { kind, code },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N3.1
    #[test]
    fn errors_of_both_families_are_decoded_by_their_meaning() {
        assert_eq!(kind_v4(0, 0), None);
        assert_eq!(kind_v6(129, 0), None);
        assert_eq!(kind_v4(3, 13), Some(IcmpErrorKind::Prohibited));
        assert_eq!(kind_v4(3, 4), Some(IcmpErrorKind::TooBig));
        assert_eq!(kind_v6(1, 3), Some(IcmpErrorKind::HostUnreachable));
        assert_eq!(kind_v6(3, 0), Some(IcmpErrorKind::TimeExceeded));
        assert_eq!(kind_v4(12, 1), Some(IcmpErrorKind::Other { kind: 12, code: 1 }));
    }

    #[test]
    fn a_ping_that_is_too_long_or_too_fast_is_refused() {
        let home = "127.0.0.1".parse().unwrap();
        assert_eq!(fault(home, 1_000, SHORTEST), None);
        assert!(fault(home, 0, SHORTEST).unwrap().contains("1 to 1000"));
        assert!(fault(home, 1_001, SHORTEST).unwrap().contains("1 to 1000"));
        assert!(fault(home, 1, Duration::from_millis(99)).unwrap().contains("100 ms"));
        assert!(fault("255.255.255.255".parse().unwrap(), 1, SHORTEST).is_some());
    }
}
