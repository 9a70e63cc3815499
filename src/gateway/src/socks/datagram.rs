//! The head of a datagram by SOCKS (RFC 1928, section 7).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::datagrams::Dropped;
use crate::target::{Host, Target};

/// The longest head of an answer: reserved, fragment, type, address and port.
pub(super) const HEAD: usize = 4 + 16 + 2;

/// Whereto a datagram leads, and what it carries.
///
/// # Errors
/// Why it is dropped.
pub(super) fn read(datagram: &[u8]) -> Result<(Target, &[u8]), Dropped> {
    let (head, rest) = datagram.split_first_chunk::<4>().ok_or(Dropped::Malformed)?;
    let [0, 0, fragment, kind] = *head else { return Err(Dropped::Malformed) };
    if fragment != 0 {
        return Err(Dropped::Fragment);
    }
    let (host, rest) = host(kind, rest).ok_or(Dropped::Malformed)?;
    let (port, payload) = rest.split_first_chunk().ok_or(Dropped::Malformed)?;
    let target = Target::new(host, u16::from_be_bytes(*port)).ok_or(Dropped::Malformed)?;
    Ok((target, payload))
}

fn host(kind: u8, rest: &[u8]) -> Option<(Host, &[u8])> {
    match kind {
        1 => {
            let (address, rest) = rest.split_first_chunk::<4>()?;
            Some((Host::Address(IpAddr::V4(Ipv4Addr::from(*address))), rest))
        }
        4 => {
            let (address, rest) = rest.split_first_chunk::<16>()?;
            Some((Host::Address(IpAddr::V6(Ipv6Addr::from(*address))), rest))
        }
        3 => {
            let (length, rest) = rest.split_first()?;
            let (name, rest) = rest.split_at_checked(usize::from(*length))?;
            Some((Host::read(std::str::from_utf8(name).ok()?)?, rest))
        }
        _ => None,
    }
}

/// Writes the head of an answer so that it ends where `room` ends; where it begins.
pub(super) fn write(room: &mut [u8; HEAD], from: SocketAddr) -> usize {
    let (kind, address): (u8, &[u8]) = match from.ip() {
        IpAddr::V4(address) => (1, &address.octets()),
        IpAddr::V6(address) => (4, &address.octets()),
    };
    let begin = HEAD - 2 - address.len() - 4;
    let head = &mut room[begin..];
    head[..4].copy_from_slice(&[0, 0, 0, kind]);
    head[4..4 + address.len()].copy_from_slice(address);
    head[4 + address.len()..].copy_from_slice(&from.port().to_be_bytes());
    begin
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N6.1, G6
    #[test]
    fn a_head_is_read_as_it_is_written_and_anything_else_is_dropped() {
        for at in ["203.0.113.9:53", "[2001:db8::9]:5000"] {
            let at: SocketAddr = at.parse().unwrap();
            let mut room = [0xff; HEAD];
            let begin = write(&mut room, at);
            let mut whole = room[begin..].to_vec();
            whole.extend(b"hello");
            let (target, payload) = read(&whole).unwrap();
            assert_eq!((target.host, target.port), (Host::Address(at.ip()), at.port()));
            assert_eq!(payload, b"hello");
            for length in 0..whole.len() - 5 {
                assert_eq!(read(&whole[..length]), Err(Dropped::Malformed), "{length}");
            }
            whole[2] = 1;
            assert_eq!(read(&whole), Err(Dropped::Fragment));
        }
        let named = b"\0\0\0\x03\x0bEXAMPLE.kz.\0\x35?";
        let (target, payload) = read(named).unwrap();
        assert_eq!((target.to_string().as_str(), payload), ("example.kz:53", &b"?"[..]));
        for bad in [
            &b"\0\x01\0\x01\x01\x01\x01\x01\0\x35"[..],
            b"\0\0\0\x02\x01\x01\x01\x01\0\x35",
            b"\0\0\0\x01\x01\x01\x01\x01\0\0",
            b"\0\0\0\x03\x05127.1\0\x35",
        ] {
            assert_eq!(read(bad), Err(Dropped::Malformed), "{bad:?}");
        }
    }
}
