//! Packets of every kind, honest and not.

use std::net::IpAddr;

use ets_dataplane::account::trial::Merged;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A packet to be built.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) own: IpAddr,
    pub(crate) remote: IpAddr,
    pub(crate) protocol: u8,
    pub(crate) ports: (u16, u16),
    /// Words of IPv4 options; IPv6 extension headers.
    pub(crate) options: usize,
    pub(crate) extensions: Vec<(u8, u8)>,
    pub(crate) fragment: Fragment,
    /// Words of TCP options.
    pub(crate) tcp_options: usize,
    pub(crate) payload: usize,
    pub(crate) told: Told,
    /// Bytes after the packet that are not part of it.
    pub(crate) padding: usize,
    /// Keeps this share (of 1,000) of the frame; more than 1,000: all of it.
    pub(crate) cut: usize,
    pub(crate) merged: Merged,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fragment {
    None,
    First,
    Later,
}

/// What the length field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Truth,
    Zero,
    Number(u16),
}

/// Any packet between addresses of two lists (of both families, at the same places).
pub(crate) fn packet(own: Vec<IpAddr>, remote: Vec<IpAddr>) -> impl Strategy<Value = Packet> {
    let ports = prop_oneof![select(vec![80u16, 443, 53, 10_000, 60_000, 50_050, 0]), any::<u16>()];
    let protocol = prop_oneof![8 => select(vec![6u8, 17]), 2 => select(vec![1, 58, 132, 47]), 1 => any::<u8>()];
    let extension = (select(vec![0u8, 43, 60, 51, 135]), 0u8..4);
    let fragment = select(vec![Fragment::None, Fragment::None, Fragment::First, Fragment::Later]);
    let told = prop_oneof![6 => Just(Told::Truth), 1 => Just(Told::Zero), 1 => any::<u16>().prop_map(Told::Number)];
    let payload = prop_oneof![0usize..20, 0usize..3000];
    let merged =
        prop_oneof![3 => Just((0, 0)), 1 => (1u32..1500, 0u32..50), 1 => (1u32..1500, Just(0))];
    let merged = merged.prop_map(|(size, packets)| Merged { size, packets });
    let first = (select(own), select(remote), protocol, (ports.clone(), ports), 0usize..11);
    let second = (vec(extension, 0..10), fragment, 0usize..11, payload, told);
    let third = (0usize..40, prop_oneof![6 => Just(1001usize), 1 => 0usize..1000], merged);
    (first, second, third).prop_map(|(first, second, third)| Packet {
        own: first.0,
        remote: first.1,
        protocol: first.2,
        ports: first.3,
        options: first.4,
        extensions: second.0,
        fragment: second.1,
        tcp_options: second.2,
        payload: second.3,
        told: second.4,
        padding: third.0,
        cut: third.1,
        merged: third.2,
    })
}

impl Packet {
    /// The whole frame; `up` goes from own to remote.
    pub(crate) fn frame(&self, up: bool) -> Vec<u8> {
        let (source, destination) =
            if up { (self.own, self.remote) } else { (self.remote, self.own) };
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                frame.extend_from_slice(&[0x08, 0x00]);
                frame.extend(self.four(&source.octets(), &destination.octets()));
            }
            (source, destination) => {
                frame.extend_from_slice(&[0x86, 0xdd]);
                frame.extend(self.six(&octets(source), &octets(destination)));
            }
        }
        frame.resize(frame.len() + self.padding, 0xee);
        // The kernel's test runs take no frame that ends within its IP header.
        let least = if self.own.is_ipv4() { 34 } else { 54 };
        let kept = (frame.len() * self.cut / 1000).clamp(least, frame.len());
        frame.truncate(kept);
        frame
    }

    /// Whether the layer-3 length is [`honest_length`](Self::honest_length) for certain.
    pub(crate) fn is_honest(&self) -> bool {
        self.told == Told::Truth && self.cut > 1000 && self.merged.size == 0
    }

    /// Layer-3 bytes, by construction.
    pub(crate) fn honest_length(&self) -> usize {
        let header = if self.own.is_ipv4() { 20 + 4 * self.options } else { 40 };
        let inner = self.upper().len();
        if self.own.is_ipv4() { header + inner } else { header + self.chain().1.len() + inner }
    }

    fn told(&self, truth: usize) -> [u8; 2] {
        match self.told {
            Told::Truth => (truth as u16).to_be_bytes(),
            Told::Zero => [0, 0],
            Told::Number(number) => number.to_be_bytes(),
        }
    }

    fn four(&self, source: &[u8], destination: &[u8]) -> Vec<u8> {
        let upper = self.upper();
        let header = 20 + 4 * self.options;
        let mut packet = vec![0x40 | (header / 4) as u8, 0];
        packet.extend(self.told(header + upper.len()));
        packet.extend([0, 1]);
        packet.extend(match self.fragment {
            Fragment::None => [0x40, 0],
            Fragment::First => [0x20, 0],
            Fragment::Later => [0x00, 0x07],
        });
        packet.extend([64, self.protocol, 0, 0]);
        packet.extend(source);
        packet.extend(destination);
        packet.resize(header, 1);
        packet.extend(upper);
        packet
    }

    fn six(&self, source: &[u8], destination: &[u8]) -> Vec<u8> {
        let (first, chain) = self.chain();
        let upper = self.upper();
        let mut packet = vec![0x60, 0, 0, 0];
        packet.extend(self.told(chain.len() + upper.len()));
        packet.extend([first, 64]);
        packet.extend(source);
        packet.extend(destination);
        packet.extend(chain);
        packet.extend(upper);
        packet
    }

    /// The extension headers, and the kind of the first.
    fn chain(&self) -> (u8, Vec<u8>) {
        let mut kinds = self.extensions.clone();
        if self.fragment != Fragment::None {
            kinds.push((44, 0));
        }
        let mut bytes = Vec::new();
        for (at, (kind, length)) in kinds.iter().enumerate() {
            let next = kinds.get(at + 1).map_or(self.protocol, |(kind, _)| *kind);
            let begin = bytes.len();
            bytes.extend([next, *length]);
            let size = match kind {
                44 => 8,
                51 => (usize::from(*length) + 2) * 4,
                _ => (usize::from(*length) + 1) * 8,
            };
            // A jumbo payload option (RFC 2675), so that BIG TCP is among them.
            bytes.extend([0xc2, 4]);
            if *kind == 44 {
                let later = self.fragment == Fragment::Later;
                bytes.truncate(begin + 2);
                bytes.extend(if later { [0x00, 0x38] } else { [0x00, 0x01] });
            }
            bytes.resize(begin + size, 0);
        }
        (kinds.first().map_or(self.protocol, |(kind, _)| *kind), bytes)
    }

    fn upper(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(self.ports.0.to_be_bytes());
        bytes.extend(self.ports.1.to_be_bytes());
        bytes.extend([0; 8]);
        bytes.extend([((5 + self.tcp_options) << 4) as u8, 0x10]);
        bytes.resize(self.payload, 0x55);
        bytes
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(four) => four.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    }
}
