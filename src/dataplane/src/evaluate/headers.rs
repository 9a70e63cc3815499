//! Where a packet's headers begin (`nf_tables_ipv4.h`, `nf_tables_ipv6.h`,
//! `net/ipv6/exthdrs_core.c`).

use std::net::IpAddr;

use super::error::Unproved;

/// Extension headers of IPv6 that are walked over (`ipv6_ext_hdr`).
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const NONE: u8 = 59;
const DESTINATION: u8 = 60;

/// What is known of a packet's headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Headers {
    /// 4 or 6; 0 for ARP.
    pub(super) version: u8,
    /// The layer-4 protocol; `None` where the kernel found none.
    pub(super) protocol: Option<u8>,
    /// Where the transport header begins; `None` in a later fragment.
    pub(super) transport: Option<usize>,
    pub(super) destination: IpAddr,
}

impl Headers {
    pub(super) fn of(packet: &[u8]) -> Result<Self, Unproved> {
        match packet.first().map(|byte| byte >> 4) {
            Some(4) => four(packet),
            Some(6) => six(packet),
            _ => None,
        }
        .ok_or(Unproved::Packet)
    }

    /// `NFPROTO_IPV4`, `NFPROTO_IPV6` or `NFPROTO_ARP`.
    pub(super) fn nfproto(&self) -> u8 {
        match self.version {
            4 => 2,
            6 => 10,
            _ => 3,
        }
    }

    /// ARP has neither.
    pub(super) fn arp() -> Self {
        let destination = IpAddr::from([0, 0, 0, 0]);
        Self { version: 0, protocol: None, transport: None, destination }
    }
}

fn four(packet: &[u8]) -> Option<Headers> {
    let length = usize::from(packet.first()? & 0xf) * 4;
    let fragment = u16::from_be_bytes(*packet.get(6..)?.first_chunk()?) & 0x1fff;
    Some(Headers {
        version: 4,
        protocol: Some(*packet.get(9)?),
        transport: (fragment == 0).then_some(length),
        destination: IpAddr::from(*packet.get(16..)?.first_chunk::<4>()?),
    })
}

fn six(packet: &[u8]) -> Option<Headers> {
    let destination = IpAddr::from(*packet.get(24..)?.first_chunk::<16>()?);
    let found = last_header(packet);
    Some(Headers {
        version: 6,
        protocol: found.map(|(protocol, _, _)| protocol),
        transport: found.filter(|(_, _, later)| !later).map(|(_, at, _)| at),
        destination,
    })
}

/// The first header that is no extension: its type, where it begins, whether in a later fragment.
fn last_header(packet: &[u8]) -> Option<(u8, usize, bool)> {
    let (mut kind, mut at) = (*packet.get(6)?, 40);
    loop {
        if !is_extension(kind) || kind == NONE {
            return Some((kind, at, false));
        }
        let next = *packet.get(at)?;
        if kind == FRAGMENT {
            let offset = u16::from_be_bytes(*packet.get(at + 2..)?.first_chunk()?) & !7;
            if offset != 0 {
                let plain = !is_extension(next) || next == NONE;
                return plain.then_some((next, at + 8, true));
            }
        }
        at += extension_length(kind, *packet.get(at + 1)?);
        kind = next;
    }
}

fn is_extension(kind: u8) -> bool {
    matches!(kind, HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | NONE | DESTINATION)
}

fn extension_length(kind: u8, length: u8) -> usize {
    match kind {
        FRAGMENT => 8,
        AUTHENTICATION => (usize::from(length) + 2) * 4,
        _ => (usize::from(length) + 1) * 8,
    }
}

/// Whether an IPv6 packet has a header of this type (`ipv6_find_hdr`).
pub(super) fn has_header(packet: &[u8], wanted: u8) -> Option<bool> {
    let (mut kind, mut at) = (*packet.get(6)?, 40);
    loop {
        if kind == wanted {
            return Some(true);
        }
        if !is_extension(kind) || kind == NONE {
            return Some(false);
        }
        let Some(&[next, length]) = packet.get(at..at + 2) else { return Some(false) };
        at += extension_length(kind, length);
        kind = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extension_headers_are_walked_over_and_later_fragments_have_no_transport_header() {
        let mut packet = vec![0x60, 0, 0, 0, 0, 0, ROUTING, 64];
        packet.resize(40, 0);
        packet.extend([FRAGMENT, 0, 0, 0, 0, 0, 0, 0]);
        packet.extend([6, 0, 0, 1, 0, 0, 0, 0]);
        packet.extend([0; 20]);
        let headers = Headers::of(&packet).unwrap();
        assert_eq!((headers.protocol, headers.transport), (Some(6), Some(56)));
        assert_eq!(
            (has_header(&packet, ROUTING), has_header(&packet, 60)),
            (Some(true), Some(false))
        );
        packet[51] = 8;
        let headers = Headers::of(&packet).unwrap();
        assert_eq!((headers.protocol, headers.transport), (Some(6), None));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for first in [0x45, 0x60, 0x10] {
            for kind in [0, 43, 44, 51, 59, 60, 6] {
                for length in 0..80 {
                    let mut packet = vec![first, 0, 0, 0, 0, 0, kind, 255, kind];
                    packet.resize(80, kind);
                    packet.truncate(length);
                    let _ = Headers::of(&packet);
                    let _ = has_header(&packet, 43);
                }
            }
        }
    }
}
