//! What the program and its reader agree on: keys, the configuration's fields, the place of a total.

use std::net::IpAddr;

use ets_model::SegmentNo;
use ets_netd_api::{Class, Direction};
use ipnet::IpNet;

/// Changes when anything in this file changes its meaning.
pub(super) const LAYOUT: u64 = 1;

/// Classes per segment: codes 0 to 31.
pub(super) const CLASSES: u32 = 32;
/// Bytes of one total: bytes, then packets, 64 bits each.
pub(super) const TOTAL: u32 = 16;
/// Bytes of a key in every hash map.
pub(super) const KEY: usize = 20;

/// The configuration: one value of one array, mapped by the reader.
pub(super) mod config {
    /// [`super::LAYOUT`] of those who made it.
    pub(in super::super) const LAYOUT: usize = 0;
    /// The life of the totals.
    pub(in super::super) const LIFE: usize = 8;
    /// How many segments the totals have room for.
    pub(in super::super) const SEGMENTS: usize = 16;
    /// The fingerprint of the programs.
    pub(in super::super) const PROGRAMS: usize = 24;
    /// Which of the two banks is in force: 0 or 1. The other one is rewritten and then put in force
    /// by this one store, so that a packet sees wholly the old or wholly the new.
    pub(in super::super) const BANK: usize = 32;
    /// Where the banks begin.
    pub(in super::super) const BANKS: usize = 64;
    /// Bytes of a bank.
    pub(in super::super) const BANK_SIZE: usize = 512;
    /// Bytes of the configuration.
    pub(in super::super) const SIZE: usize = BANKS + 2 * BANK_SIZE;

    /// A bank begins with four lists of prefix lengths, longest first, each entry one more than the
    /// length and 0 at the end: segments IPv4 and IPv6, places IPv4 and IPv6.
    pub(in super::super) const LIST: usize = 32;
    /// Where the lists of places begin in a bank.
    pub(in super::super) const PLACES: usize = 2 * LIST;
    /// Then come the long ranges of ports.
    pub(in super::super) const RANGES: usize = 4 * LIST;
    /// How many there may be.
    pub(in super::super) const MOST_RANGES: usize = 8;
    /// Bytes of a range: the key's three parts (port 0), first and last port, class. A tag of 0 ends
    /// the list.
    pub(in super::super) const RANGE: usize = 32;
}

/// A key as the program makes it: the address (IPv4 in the highest bits) and what else is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) high: u64,
    pub(super) low: u64,
    pub(super) tag: u32,
}

impl Key {
    /// Of a prefix; bits beyond its length do not matter.
    pub(super) fn prefix(net: IpNet) -> Self {
        let (high, low) = halves(net.network());
        Self { high, low, tag: family(net.network()) << 8 | u32::from(net.prefix_len()) }
    }

    /// Of a port of an address.
    pub(super) fn port(address: IpAddr, protocol: u8, port: u16) -> Self {
        let tag = family(address) << 24 | u32::from(protocol) << 16 | u32::from(port);
        let (high, low) = halves(address);
        Self { high, low, tag }
    }

    /// Of whatever else is at an address.
    pub(super) fn address(address: IpAddr) -> Self {
        Self::port(address, 0, 0)
    }

    pub(super) fn bytes(self) -> [u8; KEY] {
        let mut bytes = [0; KEY];
        bytes[..8].copy_from_slice(&self.high.to_ne_bytes());
        bytes[8..16].copy_from_slice(&self.low.to_ne_bytes());
        bytes[16..].copy_from_slice(&self.tag.to_ne_bytes());
        bytes
    }
}

/// 4 or 6.
fn family(address: IpAddr) -> u32 {
    if address.is_ipv4() { 4 } else { 6 }
}

fn halves(address: IpAddr) -> (u64, u64) {
    match address {
        IpAddr::V4(four) => (u64::from(u32::from(four)) << 32, 0),
        IpAddr::V6(six) => {
            let whole = u128::from(six);
            ((whole >> 64) as u64, whole as u64)
        }
    }
}

/// The number of a total. `class` is below [`CLASSES`].
pub(super) fn index(segment: SegmentNo, class: u8, direction: Direction) -> usize {
    let way = usize::from(direction == Direction::Down);
    (segment.0 as usize * CLASSES as usize + usize::from(class)) * 2 + way
}

/// What the total with this number counts.
pub(super) fn subject(index: usize) -> (SegmentNo, Class, Direction) {
    let direction = if index & 1 == 1 { Direction::Down } else { Direction::Up };
    let class = (index >> 1) as u32 % CLASSES;
    let segment = (index >> 1) / CLASSES as usize;
    (SegmentNo(segment as u32), Class::from_code(class as u8), direction)
}

/// How many totals so many segments have.
pub(super) fn totals(segments: u32) -> u32 {
    segments.saturating_mul(CLASSES * 2)
}
