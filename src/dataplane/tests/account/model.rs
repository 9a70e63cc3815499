//! What should be counted, said again in other words than the program's: from the bytes of a frame
//! and the lists as they were given.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ets_dataplane::account::ServiceAt;
use ets_dataplane::account::trial::Merged;
use ets_model::{PortRange, Protocol, SegmentNo};
use ets_netd_api::{Class, Counter, Direction};
use ipnet::IpNet;

/// The lists that [`ets_dataplane::account::Meters::configure`] is given.
pub(crate) struct World {
    pub(crate) segments: Vec<(SegmentNo, Vec<IpNet>)>,
    pub(crate) services: Vec<ServiceAt>,
    pub(crate) places: Vec<(IpNet, Class)>,
}

/// What the headers of a frame say.
struct Headers {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    /// Source and destination port; `None` where nothing tells them.
    ports: Option<(u16, u16)>,
    bytes: u64,
    /// Where layer 4 begins.
    upper: usize,
    /// What the kernel takes out before the wire.
    surplus: u64,
}

impl World {
    /// The counter that the frame moves, and by how much; `None` when it is not counted.
    pub(crate) fn count(
        &self,
        frame: &[u8],
        merged: Merged,
        direction: Direction,
    ) -> Option<Counter> {
        let (kind, packet) = (u16_at(frame, 12)?, frame.get(14..)?);
        if kind != 0x0800 && kind != 0x86dd {
            return None;
        }
        let there = packet.len() as u64;
        let read = if kind == 0x0800 { four(packet) } else { six(packet) };
        let Some(headers) = read else {
            let (segment, class) = (SegmentNo(0), Class::Other);
            return Some(Counter { segment, class, direction, bytes: there, packets: 1 });
        };
        let (bytes, packets) = headers.on_the_wire(packet, merged);
        let (own, remote, port) = match direction {
            Direction::Up => (headers.source, headers.destination, headers.ports.map(|p| p.1)),
            Direction::Down => (headers.destination, headers.source, headers.ports.map(|p| p.0)),
        };
        let segment = self.segment(own).unwrap_or_default();
        let class = self.class(remote, headers.protocol, port);
        Some(Counter { segment, class, direction, bytes, packets })
    }

    fn segment(&self, address: IpAddr) -> Option<SegmentNo> {
        let all = self.segments.iter().flat_map(|(no, nets)| nets.iter().map(move |net| (net, no)));
        let holding = all.filter(|(net, _)| net.contains(&address));
        holding.max_by_key(|(net, _)| net.prefix_len()).map(|(_, no)| *no)
    }

    fn class(&self, remote: IpAddr, protocol: u8, port: Option<u16>) -> Class {
        self.service(remote, protocol, port)
            .or_else(|| self.whatever_is_at(remote))
            .or_else(|| self.place(remote))
            .unwrap_or(Class::Other)
    }

    fn service(&self, remote: IpAddr, protocol: u8, port: Option<u16>) -> Option<Class> {
        let port = port?;
        let answers = |ports: PortRange| {
            let number = match ports.protocol {
                Protocol::Tcp => 6,
                Protocol::Udp => 17,
                Protocol::Icmp if remote.is_ipv4() => 1,
                Protocol::Icmp => 58,
            };
            number == protocol && (ports.first..=ports.last).contains(&port)
        };
        let mut services = self.services.iter();
        services.find(|s| s.address == remote && s.ports.is_some_and(answers)).map(|s| s.class)
    }

    fn whatever_is_at(&self, remote: IpAddr) -> Option<Class> {
        let here: Vec<&ServiceAt> = self.services.iter().filter(|s| s.address == remote).collect();
        let explicit = here.iter().find(|service| service.ports.is_none());
        let only = here.first().filter(|first| here.iter().all(|s| s.class == first.class));
        explicit.or(only).map(|service| service.class)
    }

    fn place(&self, remote: IpAddr) -> Option<Class> {
        let neighbours = self.segments.iter().flat_map(|(_, nets)| nets);
        let neighbours = neighbours.map(|net| (*net, Class::Neighbour));
        // Of equal lengths the last wins: places after neighbours.
        let all = neighbours.chain(self.places.iter().copied());
        let holding = all.filter(|(net, _)| net.contains(&remote));
        holding.max_by_key(|(net, _)| net.prefix_len()).map(|(_, class)| class)
    }
}

impl Headers {
    fn on_the_wire(&self, packet: &[u8], merged: Merged) -> (u64, u64) {
        if merged.size == 0 {
            return (self.bytes, 1);
        }
        let there = packet.len() as u64 - self.surplus;
        let upper = match self.protocol {
            6 => packet.get(self.upper + 12).map_or(0, |byte| u64::from(byte >> 4) * 4),
            17 => 8,
            132 => 12,
            _ => 0,
        };
        let headers = self.upper as u64 - self.surplus + upper;
        let by_size = there.saturating_sub(headers).div_ceil(u64::from(merged.size)).max(1);
        let packets = if merged.packets > 0 { u64::from(merged.packets) } else { by_size };
        (there + (packets - 1) * headers, packets)
    }
}

fn four(packet: &[u8]) -> Option<Headers> {
    let header = packet.get(..20)?;
    let address = |at| u32_at(header, at).map(|raw| IpAddr::V4(Ipv4Addr::from(raw)));
    let (told, there) = (u64::from(u16_at(header, 2)?), packet.len() as u64);
    let upper = usize::from(header[0] & 15).max(5) * 4;
    let later = u16_at(header, 6)? & 0x1fff != 0;
    Some(Headers {
        source: address(12)?,
        destination: address(16)?,
        protocol: header[9],
        ports: if later { None } else { ports(packet, header[9], upper) },
        bytes: if told < 20 || told > there { there } else { told },
        upper,
        surplus: 0,
    })
}

fn six(packet: &[u8]) -> Option<Headers> {
    let header = packet.get(..40)?;
    let address = |at: usize| {
        header[at..].first_chunk().map(|raw: &[u8; 16]| IpAddr::V6(Ipv6Addr::from(*raw)))
    };
    let (payload, there) = (u64::from(u16_at(header, 4)?), packet.len() as u64);
    let jumbo = payload == 0 && header[6] == 0;
    let bytes = if jumbo { there } else { there.min(40 + payload) };
    let (protocol, upper, told) = extensions(packet, header[6]);
    let big_tcp = jumbo && packet.get(40..43) == Some(&[6, 0, 0xc2]) && packet.len() >= 44;
    Some(Headers {
        source: address(8)?,
        destination: address(24)?,
        protocol,
        ports: if told { ports(packet, protocol, upper) } else { None },
        bytes,
        upper,
        surplus: if big_tcp { 8 } else { 0 },
    })
}

/// Protocol and place of layer 4, and whether it is there.
fn extensions(packet: &[u8], first: u8) -> (u8, usize, bool) {
    let (mut protocol, mut at) = (first, 40);
    for walked in 0.. {
        if ![0, 43, 44, 51, 60, 135].contains(&protocol) {
            return (protocol, at, true);
        }
        let Some(start) = packet.get(at..at + 4).filter(|_| walked < 8) else { break };
        let length = match protocol {
            44 => 8,
            51 => (usize::from(start[1]) + 2) * 4,
            _ => (usize::from(start[1]) + 1) * 8,
        };
        let later = protocol == 44 && u16_at(start, 2).is_some_and(|field| field & 0xfff8 != 0);
        (protocol, at) = (start[0], at + length);
        if later {
            break;
        }
    }
    (protocol, at, false)
}

fn ports(packet: &[u8], protocol: u8, upper: usize) -> Option<(u16, u16)> {
    match protocol {
        6 | 17 => {
            packet.get(upper..upper + 4)?;
            Some((u16_at(packet, upper)?, u16_at(packet, upper + 2)?))
        }
        _ => Some((0, 0)),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|raw| u16::from_be_bytes(*raw))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|raw| u32::from_be_bytes(*raw))
}
