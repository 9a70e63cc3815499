//! Reading rtnetlink messages (rtnetlink(7)): only the few fields that matter here, so that a
//! newer kernel's attributes cannot make a message unreadable.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const HEAD: usize = 16;
const LINK_HEAD: usize = 16;
const NEIGHBOUR_HEAD: usize = 12;

/// A hardware address, as far as it matters: told apart from another one.
pub(crate) type Hardware = [u8; 8];

/// What one message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A link is there.
    Link { index: u32, name: String, carrier: bool },
    /// A link is gone.
    LinkGone { index: u32 },
    /// A neighbour entry is there.
    Neighbour { index: u32, address: IpAddr, state: u16, hardware: Option<Hardware> },
    /// A neighbour entry is gone.
    NeighbourGone { index: u32, address: IpAddr },
}

/// The messages in one datagram; what is not understood is left out.
pub(crate) fn messages(mut datagram: &[u8]) -> Vec<Message> {
    let mut found = Vec::new();
    while let Some((kind, _, body, rest)) = split(datagram) {
        found.extend(one(kind, body));
        datagram = rest;
    }
    found
}

/// Kind, flags and body of the first message, and what follows it.
pub(crate) fn split(datagram: &[u8]) -> Option<(u16, u16, &[u8], &[u8])> {
    let length = usize::try_from(u32_at(datagram, 0)?).ok()?;
    let (kind, flags) = (u16_at(datagram, 4)?, u16_at(datagram, 6)?);
    let body = datagram.get(HEAD..length)?;
    let rest = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((kind, flags, body, rest))
}

/// What a message of this kind says.
pub(crate) fn one(kind: u16, body: &[u8]) -> Option<Message> {
    match kind {
        libc::RTM_NEWLINK => link(body),
        libc::RTM_DELLINK if is_bridge_port(body) => None,
        libc::RTM_DELLINK => Some(Message::LinkGone { index: u32_at(body, 4)? }),
        libc::RTM_NEWNEIGH => neighbour(body),
        libc::RTM_DELNEIGH => {
            let (index, address, ..) = neighbour_parts(body)?;
            Some(Message::NeighbourGone { index, address })
        }
        _ => None,
    }
}

/// Messages of family `AF_BRIDGE` speak of a link as a port of its bridge, not of the link.
fn is_bridge_port(body: &[u8]) -> bool {
    body.first().is_some_and(|family| i32::from(*family) == libc::AF_BRIDGE)
}

fn link(body: &[u8]) -> Option<Message> {
    if is_bridge_port(body) {
        return None;
    }
    let index = u32_at(body, 4)?;
    let flags = u32_at(body, 8)?;
    let wanted = (libc::IFF_UP | libc::IFF_LOWER_UP).cast_unsigned();
    let name = attributes(body, LINK_HEAD)
        .find(|(kind, _)| *kind == libc::IFLA_IFNAME)
        .map(|(_, value)| text(value))?;
    Some(Message::Link { index, name, carrier: flags & wanted == wanted })
}

fn neighbour(body: &[u8]) -> Option<Message> {
    let (index, address, state, hardware) = neighbour_parts(body)?;
    Some(Message::Neighbour { index, address, state, hardware })
}

fn neighbour_parts(body: &[u8]) -> Option<(u32, IpAddr, u16, Option<Hardware>)> {
    let index = u32_at(body, 4)?;
    let state = u16_at(body, 8)?;
    let mut address = None;
    let mut hardware = None;
    for (kind, value) in attributes(body, NEIGHBOUR_HEAD) {
        match kind {
            libc::NDA_DST => address = ip(value),
            libc::NDA_LLADDR => hardware = Some(short(value)),
            _ => {}
        }
    }
    Some((index, address?, state, hardware))
}

/// The attributes after a family header: length, kind, value, padding to four bytes. The two
/// highest bits of a kind are flags.
pub(crate) fn attributes(body: &[u8], from: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = body.get(from..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(rest, 0)?);
        let kind = u16_at(rest, 2)? & 0x3fff;
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// Appends an attribute, padded.
pub(crate) fn put_attribute(to: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
    to.extend(length.to_ne_bytes());
    to.extend(kind.to_ne_bytes());
    to.extend(value);
    to.resize(to.len().next_multiple_of(4), 0);
}

/// An address as rtnetlink writes it: four or sixteen bytes.
pub(crate) fn ip(value: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(value) {
        return Some(IpAddr::V4(Ipv4Addr::from(four)));
    }
    <[u8; 16]>::try_from(value).ok().map(|sixteen| IpAddr::V6(Ipv6Addr::from(sixteen)))
}

fn short(value: &[u8]) -> Hardware {
    let mut hardware = Hardware::default();
    let length = value.len().min(hardware.len());
    hardware[..length].copy_from_slice(&value[..length]);
    hardware
}

pub(crate) fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|raw| u16::from_ne_bytes(*raw))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|raw| u32::from_ne_bytes(*raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_cut_anywhere_gives_fewer_messages_and_never_a_panic() {
        let mut datagram = Vec::new();
        for name in ["p0", "p1"] {
            let mut body = vec![0u8; LINK_HEAD];
            body[4..8].copy_from_slice(&7u32.to_ne_bytes());
            body[8..12].copy_from_slice(&0x1_0001u32.to_ne_bytes());
            body.extend_from_slice(&7u16.to_ne_bytes());
            body.extend_from_slice(&libc::IFLA_IFNAME.to_ne_bytes());
            body.extend_from_slice(name.as_bytes());
            body.extend_from_slice(&[0, 0]);
            let length = u32::try_from(HEAD + body.len()).unwrap();
            datagram.extend_from_slice(&length.to_ne_bytes());
            datagram.extend_from_slice(&libc::RTM_NEWLINK.to_ne_bytes());
            datagram.extend_from_slice(&[0; 10]);
            datagram.extend_from_slice(&body);
        }
        let whole = messages(&datagram);
        let expected = Message::Link { index: 7, name: "p0".into(), carrier: true };
        assert_eq!((whole.len(), &whole[0]), (2, &expected));
        for end in 0..datagram.len() {
            assert!(messages(&datagram[..end]).len() < 2);
        }
    }
}
