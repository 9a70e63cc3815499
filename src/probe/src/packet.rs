//! The packets: echo requests out, echo replies and ICMP errors in (RFC 792, RFC 4443).
//!
//! An IPv4 raw socket delivers packets from the IP header on, an IPv6 one from the `ICMPv6` header
//! on and with the checksum already verified by the kernel.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ets_model::IcmpErrorKind;

/// Length of a probe: the ICMP header and a [`Mark`].
pub(crate) const PROBE_LEN: usize = 8 + MARK_LEN;

const MARK_LEN: usize = 20;
const ECHO_HEADER: usize = 8;
const ERROR_HEADER: usize = 8;

/// Which of the two protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    fn echo_request(self) -> u8 {
        match self {
            Self::V4 => 8,
            Self::V6 => 128,
        }
    }

    fn echo_reply(self) -> u8 {
        match self {
            Self::V4 => 0,
            Self::V6 => 129,
        }
    }

    fn protocol(self) -> u8 {
        match self {
            Self::V4 => 1,
            Self::V6 => 58,
        }
    }
}

/// Identifier and sequence number of an echo message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EchoId {
    pub(crate) id: u16,
    pub(crate) seq: u16,
}

/// What we put into each probe: the secret tag of this engine, the probe's number and its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) tag: u32,
    pub(crate) number: u64,
    pub(crate) cookie: u64,
}

/// What proves that an error quotes a probe of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The quote reaches over the whole mark.
    Mark(Mark),
    /// The quote is short, as RFC 792 allows: only the ICMP checksum, which covers the cookie.
    Checksum(u16),
}

/// A packet that concerns us, still to be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Reply { echo: EchoId, mark: Mark },
    Error { kind: IcmpErrorKind, origin: IpAddr, destination: IpAddr, echo: EchoId, proof: Proof },
}

/// Writes an echo request. The checksum of an IPv6 one is left to the kernel.
pub(crate) fn write_probe(family: Family, echo: EchoId, mark: Mark) -> [u8; PROBE_LEN] {
    let mut out = [0; PROBE_LEN];
    out[0] = family.echo_request();
    out[4..6].copy_from_slice(&echo.id.to_be_bytes());
    out[6..8].copy_from_slice(&echo.seq.to_be_bytes());
    out[8..12].copy_from_slice(&mark.tag.to_be_bytes());
    out[12..20].copy_from_slice(&mark.number.to_be_bytes());
    out[20..28].copy_from_slice(&mark.cookie.to_be_bytes());
    if family == Family::V4 {
        let sum = checksum(&out);
        out[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    out
}

/// The checksum that an IPv4 probe with these contents carries.
pub(crate) fn probe_checksum(echo: EchoId, mark: Mark) -> u16 {
    let bytes = write_probe(Family::V4, echo, mark);
    u16::from_be_bytes([bytes[2], bytes[3]])
}

/// Reads a packet as the raw socket delivers it; `None` when it is damaged or not for us.
pub(crate) fn parse(family: Family, bytes: &[u8]) -> Option<Heard> {
    let icmp = match family {
        Family::V4 => verified_v4(bytes)?,
        Family::V6 => bytes,
    };
    let (kind, code) = (*icmp.first()?, *icmp.get(1)?);
    if kind == family.echo_reply() {
        return (code == 0).then(|| read_reply(icmp)).flatten();
    }
    let error = error_kind(family, kind, code)?;
    read_error(family, error, icmp.get(ERROR_HEADER..)?)
}

/// The ICMP part of an IPv4 packet with a right checksum.
fn verified_v4(bytes: &[u8]) -> Option<&[u8]> {
    let icmp = after_v4_header(bytes)?;
    (checksum(icmp) == 0).then_some(icmp)
}

fn after_v4_header(bytes: &[u8]) -> Option<&[u8]> {
    let first = *bytes.first()?;
    let header = usize::from(first & 0x0f) * 4;
    if first >> 4 != 4 || header < 20 || *bytes.get(9)? != Family::V4.protocol() {
        return None;
    }
    bytes.get(header..)
}

fn read_reply(icmp: &[u8]) -> Option<Heard> {
    Some(Heard::Reply { echo: read_echo(icmp)?, mark: read_mark(icmp)? })
}

fn read_echo(icmp: &[u8]) -> Option<EchoId> {
    Some(EchoId { id: be16(icmp, 4)?, seq: be16(icmp, 6)? })
}

fn read_mark(icmp: &[u8]) -> Option<Mark> {
    let mark = icmp.get(ECHO_HEADER..ECHO_HEADER + MARK_LEN)?;
    Some(Mark {
        tag: u32::from_be_bytes(mark[0..4].try_into().ok()?),
        number: u64::from_be_bytes(mark[4..12].try_into().ok()?),
        cookie: u64::from_be_bytes(mark[12..20].try_into().ok()?),
    })
}

fn read_error(family: Family, kind: IcmpErrorKind, quote: &[u8]) -> Option<Heard> {
    let ((origin, destination), icmp) = match family {
        Family::V4 => quoted_v4(quote)?,
        Family::V6 => quoted_v6(quote)?,
    };
    if *icmp.first()? != family.echo_request() {
        return None;
    }
    let proof = match (read_mark(icmp), family) {
        (Some(mark), _) => Proof::Mark(mark),
        (None, Family::V4) => Proof::Checksum(be16(icmp, 2)?),
        (None, Family::V6) => return None,
    };
    Some(Heard::Error { kind, origin, destination, echo: read_echo(icmp)?, proof })
}

/// From where and where to the quoted packet went, and what it carried.
type Quoted<'a> = ((IpAddr, IpAddr), &'a [u8]);

fn quoted_v4(quote: &[u8]) -> Option<Quoted<'_>> {
    let icmp = after_v4_header(quote)?;
    let address = |at: usize| {
        let octets: [u8; 4] = quote.get(at..at + 4)?.try_into().ok()?;
        Some(IpAddr::V4(Ipv4Addr::from(octets)))
    };
    Some(((address(12)?, address(16)?), icmp))
}

/// Walks the extension headers of a quoted IPv6 packet (RFC 8200, section 4).
fn quoted_v6(quote: &[u8]) -> Option<Quoted<'_>> {
    const HOP_BY_HOP: u8 = 0;
    const ROUTING: u8 = 43;
    const FRAGMENT: u8 = 44;
    const AUTHENTICATION: u8 = 51;
    const DESTINATION: u8 = 60;
    if quote.first()? >> 4 != 6 {
        return None;
    }
    let address = |at: usize| {
        let octets: [u8; 16] = quote.get(at..at + 16)?.try_into().ok()?;
        Some(IpAddr::V6(Ipv6Addr::from(octets)))
    };
    let (mut next, mut rest) = (*quote.get(6)?, quote.get(40..)?);
    while next != Family::V6.protocol() {
        let length = match next {
            HOP_BY_HOP | ROUTING | DESTINATION => (usize::from(*rest.get(1)?) + 1) * 8,
            AUTHENTICATION => (usize::from(*rest.get(1)?) + 2) * 4,
            FRAGMENT => 8,
            _ => return None,
        };
        next = *rest.first()?;
        rest = rest.get(length..)?;
    }
    Some(((address(8)?, address(24)?), rest))
}

/// The error that a type and code stand for; `None` for messages that are no errors.
pub(crate) fn error_kind(family: Family, kind: u8, code: u8) -> Option<IcmpErrorKind> {
    use IcmpErrorKind as Kind;
    let other = Kind::Other { kind, code };
    Some(match family {
        Family::V4 => match (kind, code) {
            (3, 0) => Kind::NetUnreachable,
            (3, 1) => Kind::HostUnreachable,
            (3, 2) => Kind::ProtocolUnreachable,
            (3, 3) => Kind::PortUnreachable,
            (3, 4) => Kind::TooBig,
            (3, 9 | 10 | 13) => Kind::Prohibited,
            (11, _) => Kind::TimeExceeded,
            (3 | 12, _) => other,
            _ => return None,
        },
        Family::V6 => match (kind, code) {
            (1, 0) => Kind::NetUnreachable,
            (1, 1 | 5 | 6) => Kind::Prohibited,
            (1, 3) => Kind::HostUnreachable,
            (1, 4) => Kind::PortUnreachable,
            (2, _) => Kind::TooBig,
            (3, _) => Kind::TimeExceeded,
            (1 | 4, _) => other,
            _ => return None,
        },
    })
}

/// The internet checksum (RFC 1071). Over a message that carries its own it is 0.
fn checksum(bytes: &[u8]) -> u16 {
    let mut words = bytes.chunks_exact(2);
    let mut sum: u32 =
        words.by_ref().map(|word| u32::from(u16::from_be_bytes([word[0], word[1]]))).sum();
    if let [last] = words.remainder() {
        sum += u32::from(*last) << 8;
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("folded to 16 bits")
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
#[path = "packet_tests.rs"]
mod tests;
