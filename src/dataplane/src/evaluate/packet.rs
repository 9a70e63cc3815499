//! Packets to be evaluated, and a way to make them.

use std::net::IpAddr;

use ets_model::Hardware;

/// A packet, as the kernel has it at the first hook: fragments are put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Its Ethernet header; empty where the interface has none.
    pub link: Vec<u8>,
    /// From the network header on.
    pub network: Vec<u8>,
    /// Number of the interface by which it came in; 0: the hub's own.
    pub input: u32,
    /// `PACKET_HOST` 0, broadcast 1, multicast 2, another's 3, the hub's own multicast 5.
    pub kind: u8,
    /// The mark that it comes with.
    pub mark: u32,
    /// What connection tracking says of it, unless a rule keeps it from there.
    pub connection: Connection,
}

/// What connection tracking knows of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The first of a connection.
    New,
    /// Of a connection in which packets went both ways.
    Established(Flow),
    /// An error about a connection.
    Related(Flow),
    /// Of none, and it cannot begin one.
    Invalid,
}

/// A connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Whether the packet goes back to who began it.
    pub back: bool,
    /// The connection's mark.
    pub mark: u32,
}

/// Where a packet goes by the routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the hub itself.
    Here,
    /// Out by the interface of this number.
    Out(u32),
    /// Nowhere.
    Nowhere,
}

/// What a packet carries; ports of who sends and of who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// TCP, opening a connection.
    Tcp(u16, u16),
    /// UDP.
    Udp(u16, u16),
    /// Echo request.
    Ping,
    /// Echo reply.
    Pong,
}

impl Carries {
    /// The protocol's number and the transport header.
    fn header(self, four: bool) -> (u8, Vec<u8>) {
        let ports = |from: u16, to: u16| [from.to_be_bytes(), to.to_be_bytes()].concat();
        let icmp = if four { 1 } else { 58 };
        match self {
            Self::Tcp(from, to) => {
                let mut header = ports(from, to);
                header.extend([0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0]);
                (6, header)
            }
            Self::Udp(from, to) => (17, [ports(from, to), vec![0, 8, 0, 0]].concat()),
            Self::Ping => (icmp, vec![if four { 8 } else { 128 }, 0, 0, 0, 0, 1, 0, 1]),
            Self::Pong => (icmp, vec![if four { 0 } else { 129 }, 0, 0, 0, 0, 1, 0, 1]),
        }
    }
}

impl Packet {
    /// The first packet of a flow. Both addresses are of one family.
    pub fn opening(
        input: u32,
        hardware: Hardware,
        (source, destination): (IpAddr, IpAddr),
        carries: Carries,
    ) -> Self {
        let (protocol, transport) = carries.header(source.is_ipv4());
        let kind = if source.is_ipv4() { [8, 0] } else { [0x86, 0xdd] };
        Self {
            link: [&[2, 0, 0, 0, 0, 0xfe], &hardware.0[..], &kind].concat(),
            network: network(source, destination, protocol, &transport),
            input,
            kind: 0,
            mark: 0,
            connection: Connection::New,
        }
    }
}

/// A packet with a plain header (RFC 791, RFC 8200); checksums are left at zero.
pub(crate) fn network(
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    transport: &[u8],
) -> Vec<u8> {
    let length = |header: usize| u16::try_from(header + transport.len()).unwrap_or(u16::MAX);
    match (source, destination) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let [high, low] = length(20).to_be_bytes();
            let head = [0x45, 0, high, low, 0, 1, 0, 0, 64, protocol, 0, 0];
            [&head, &from.octets()[..], &to.octets(), transport].concat()
        }
        (from, to) => {
            let six = |at: IpAddr| match at {
                IpAddr::V6(six) => six.octets(),
                IpAddr::V4(four) => four.to_ipv6_mapped().octets(),
            };
            let [high, low] = length(0).to_be_bytes();
            let head = [0x60, 0, 0, 0, high, low, protocol, 64];
            [&head, &six(from)[..], &six(to), transport].concat()
        }
    }
}
