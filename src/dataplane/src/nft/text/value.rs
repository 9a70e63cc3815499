//! Values in words.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Names;
use crate::nft::ir::{KeyPart, MetaKey, Verdict};

/// How a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// As a part of a key.
    Part(KeyPart),
    /// IPv4 or IPv6.
    NfProto,
    /// Traffic class.
    Priority,
    /// To whom.
    PacketType,
    /// State of the connection, bits.
    State,
    /// Original or reply.
    Direction,
    /// Whether something is there.
    Exists,
    /// A number in network byte order.
    Number,
}

/// What something about the packet is.
pub(super) fn meta(key: MetaKey) -> (&'static str, Kind) {
    match key {
        MetaKey::InputInterface => ("iif", Kind::Part(KeyPart::Interface)),
        MetaKey::OutputInterface => ("oif", Kind::Part(KeyPart::Interface)),
        MetaKey::NfProto => ("meta nfproto", Kind::NfProto),
        MetaKey::L4Proto => ("meta l4proto", Kind::Part(KeyPart::Protocol)),
        MetaKey::Mark => ("meta mark", Kind::Part(KeyPart::Mark)),
        MetaKey::Priority => ("meta priority", Kind::Priority),
        MetaKey::PacketType => ("meta pkttype", Kind::PacketType),
    }
}

/// A value in words; one of an unexpected length in hexadecimal digits.
pub(super) fn value(kind: Kind, bytes: &[u8], names: &Names) -> String {
    known(kind, bytes, names).unwrap_or_else(|| hex(bytes))
}

fn known(kind: Kind, bytes: &[u8], names: &Names) -> Option<String> {
    let host = || bytes.try_into().ok().map(u32::from_ne_bytes);
    let small = || bytes.first().copied().filter(|_| bytes.len() == 1);
    match kind {
        Kind::Part(part) => self::part(part, bytes, names),
        Kind::Priority => host().map(|class| format!("{:x}:{:x}", class >> 16, class & 0xffff)),
        Kind::State => host().and_then(state),
        Kind::NfProto => named(small()?, &[(2, "ipv4"), (10, "ipv6")]),
        Kind::PacketType => {
            named(small()?, &[(0, "host"), (1, "broadcast"), (2, "multicast"), (3, "other")])
        }
        Kind::Direction => named(small()?, &[(0, "original"), (1, "reply")]),
        Kind::Exists => named(small()?, &[(0, "missing"), (1, "exists")]),
        Kind::Number => (1..=8).contains(&bytes.len()).then(|| number(bytes).to_string()),
    }
}

/// A part of a key, padded or not.
pub(super) fn part(part: KeyPart, bytes: &[u8], names: &Names) -> Option<String> {
    let bytes = bytes.get(..part.length())?;
    let host = || bytes.try_into().ok().map(u32::from_ne_bytes);
    match part {
        KeyPart::Ip4 => <[u8; 4]>::try_from(bytes).ok().map(|raw| Ipv4Addr::from(raw).to_string()),
        KeyPart::Ip6 => <[u8; 16]>::try_from(bytes).ok().map(|raw| Ipv6Addr::from(raw).to_string()),
        KeyPart::Interface => host().map(|number| names.of(number)),
        KeyPart::Mark => host().map(|mark| format!("{mark:#010x}")),
        KeyPart::Hardware => {
            Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"))
        }
        KeyPart::Protocol => Some(protocol(*bytes.first()?)),
        KeyPart::Port => Some(number(bytes).to_string()),
        KeyPart::Unknown { .. } => None,
    }
}

fn protocol(number: u8) -> String {
    let names = [(1, "icmp"), (6, "tcp"), (17, "udp"), (58, "ipv6-icmp"), (132, "sctp")];
    named(number, &names).unwrap_or_else(|| number.to_string())
}

fn named(value: u8, names: &[(u8, &str)]) -> Option<String> {
    names.iter().find(|(number, _)| *number == value).map(|(_, name)| (*name).to_owned())
}

/// The states of a connection whose bits are set.
pub(super) fn state(bits: u32) -> Option<String> {
    let all = [(1, "invalid"), (2, "established"), (4, "related"), (8, "new"), (64, "untracked")];
    let known = all.iter().fold(0, |sum, (bit, _)| sum | bit);
    let names = all.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name);
    (bits != 0 && bits & !known == 0).then(|| names.collect::<Vec<_>>().join(","))
}

/// A verdict.
pub(super) fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Accept => "accept".to_owned(),
        Verdict::Drop => "drop".to_owned(),
        Verdict::Continue => "continue".to_owned(),
        Verdict::Return => "return".to_owned(),
        Verdict::Jump(chain) => format!("jump {chain}"),
        Verdict::Goto(chain) => format!("goto {chain}"),
    }
}

/// Hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
