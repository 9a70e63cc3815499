//! Samples of packets that the rules refused: the first bytes of each, with the reason, as the
//! packet filter's log statement sends them (NFLOG, `linux/netfilter/nfnetlink_log.h`).
//!
//! Only addresses, protocol and ports are read from the bytes; they come from strangers.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};
use nix::sys::socket::{setsockopt, sockopt};

use crate::Error;
use crate::message::{attributes, put_attribute, split, text};

/// The group to which our rules log.
pub(crate) const GROUP: u16 = 69;
/// Bytes of a packet that are sent: an IPv6 header, an extension header and ports.
pub(crate) const SNAPLEN: u32 = 72;

/// Bytes of the queue: a flood that is logged within its limits fits.
const QUEUE: usize = 1 << 20;
const DATAGRAM: usize = 64 << 10;
/// The most datagrams read in one go, so that a flood cannot hold up the caller.
const MOST: usize = 64;

const NFNL_SUBSYS_ULOG: u16 = 4;
const NFULNL_MSG_PACKET: u16 = NFNL_SUBSYS_ULOG << 8;
const NFULNL_MSG_CONFIG: u16 = NFNL_SUBSYS_ULOG << 8 | 1;
const NFULA_CFG_CMD: u16 = 1;
const NFULA_CFG_MODE: u16 = 2;
const NFULA_CFG_TIMEOUT: u16 = 4;
const NFULA_CFG_QTHRESH: u16 = 5;
const NFULNL_CFG_CMD_BIND: u8 = 1;
const NFULNL_COPY_PACKET: u8 = 2;
const NFULA_MARK: u16 = 2;
const NFULA_IFINDEX_INDEV: u16 = 4;
const NFULA_PAYLOAD: u16 = 9;
const NFULA_PREFIX: u16 = 10;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const HEAD: usize = 16;
const FAMILY_HEAD: usize = 4;

/// One refused packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why, as the rule's log prefix says.
    pub reason: String,
    /// Number of the interface it came in by; 0 when it came from the hub itself.
    pub interface: u32,
    /// The mark: the segment's number, 0 when it was not known yet; with the bit
    /// [`TAKEN`](crate::compile::TAKEN) where the gateway was to have the packet.
    pub mark: u32,
    /// From whom it claims to be.
    pub source: IpAddr,
    /// For whom it was.
    pub destination: IpAddr,
    /// The layer-4 protocol's number.
    pub protocol: u8,
    /// The port it was for; for ICMP its type. 0 where there is none.
    pub port: u16,
}

/// The kernel's samples for our group. Never blocks: poll for readability, then read.
pub struct Refusals {
    socket: Socket,
    buffer: Vec<u8>,
}

impl Refusals {
    /// Listens in the network namespace of the calling thread. Needs `CAP_NET_ADMIN` there.
    ///
    /// # Errors
    /// When the kernel refuses, or another program listens to the group.
    pub fn open() -> Result<Self, Error> {
        let fault = |what| move |cause| Error::Log(what, cause);
        let mut socket = Socket::new(NETLINK_NETFILTER).map_err(fault("opening a socket"))?;
        socket.bind_auto().map_err(fault("binding a socket"))?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(fault("connecting to the kernel"))?;
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &QUEUE)
            .or_else(|_| setsockopt(&socket, sockopt::RcvBuf, &QUEUE));
        let mut refusals = Self { socket, buffer: vec![0; DATAGRAM] };
        let bind = attribute(NFULA_CFG_CMD, &[NFULNL_CFG_CMD_BIND]);
        refusals.configure(&bind).map_err(fault("joining group 69"))?;
        let mut mode = SNAPLEN.to_be_bytes().to_vec();
        mode.extend([NFULNL_COPY_PACKET, 0]);
        let mut settings = attribute(NFULA_CFG_MODE, &mode);
        // In hundredths of a second: what is gathered is sent ten times a second.
        settings.extend(attribute(NFULA_CFG_TIMEOUT, &10u32.to_be_bytes()));
        settings.extend(attribute(NFULA_CFG_QTHRESH, &32u32.to_be_bytes()));
        refusals.configure(&settings).map_err(fault("setting group 69"))?;
        refusals.socket.set_non_blocking(true).map_err(fault("setting a socket"))?;
        Ok(refusals)
    }

    /// Appends what was refused since the last call. Samples lost to a full queue are lost: the
    /// rules' own counters have them.
    ///
    /// # Errors
    /// When the socket cannot be read.
    pub fn read(&mut self, out: &mut Vec<Refusal>) -> Result<(), Error> {
        for _ in 0..MOST {
            match self.socket.recv(&mut &mut self.buffer[..], 0) {
                Ok(length) => packets(&self.buffer[..length.min(DATAGRAM)], out),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {}
                Err(error) => return Err(Error::Log("reading samples", error)),
            }
        }
        Ok(())
    }

    fn configure(&mut self, attributes: &[u8]) -> io::Result<()> {
        let mut message = vec![0u8; HEAD];
        // nfgenmsg: family, version, group.
        message.extend([0, 0]);
        message.extend(GROUP.to_be_bytes());
        message.extend(attributes);
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        message[..4].copy_from_slice(&length.to_ne_bytes());
        message[4..6].copy_from_slice(&NFULNL_MSG_CONFIG.to_ne_bytes());
        message[6..8].copy_from_slice(&(NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
        self.socket.send(&message, 0)?;
        let length = self.socket.recv(&mut &mut self.buffer[..], 0)?;
        match self.buffer[..length.min(DATAGRAM)].get(HEAD..HEAD + 4) {
            Some(&[a, b, c, d]) => match i32::from_ne_bytes([a, b, c, d]) {
                0 => Ok(()),
                code => Err(io::Error::from_raw_os_error(-code)),
            },
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

impl AsFd for Refusals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl std::fmt::Debug for Refusals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refusals").field("fd", &self.socket.as_raw_fd()).finish_non_exhaustive()
    }
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_attribute(&mut bytes, kind, value);
    bytes
}

/// The packets of one datagram; what is not understood is left out.
fn packets(mut datagram: &[u8], out: &mut Vec<Refusal>) {
    while let Some((kind, _, body, rest)) = split(datagram) {
        if kind == NFULNL_MSG_PACKET {
            out.extend(packet(body));
        }
        datagram = rest;
    }
}

fn packet(body: &[u8]) -> Option<Refusal> {
    let (mut reason, mut interface, mut mark, mut payload) = (String::new(), 0, 0, &[][..]);
    for (kind, value) in attributes(body, FAMILY_HEAD) {
        match kind {
            NFULA_MARK => mark = number(value)?,
            NFULA_IFINDEX_INDEV => interface = number(value)?,
            NFULA_PAYLOAD => payload = value,
            NFULA_PREFIX => reason = text(value),
            _ => {}
        }
    }
    let (source, destination, protocol, port) = read_ip(payload)?;
    Some(Refusal { reason, interface, mark, source, destination, protocol, port })
}

fn number(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// Source, destination, protocol and port of an IP packet (RFC 791, RFC 8200).
fn read_ip(packet: &[u8]) -> Option<(IpAddr, IpAddr, u8, u16)> {
    match packet.first()? >> 4 {
        4 => {
            let four = |at| Some(Ipv4Addr::from(*packet.get(at..)?.first_chunk::<4>()?));
            let first = u16::from_be_bytes(*packet.get(6..)?.first_chunk()?) & 0x1fff == 0;
            let length = usize::from(packet.first()? & 0xf) * 4;
            let protocol = *packet.get(9)?;
            let port = if first { port(protocol, packet.get(length..)) } else { 0 };
            Some((four(12)?.into(), four(16)?.into(), protocol, port))
        }
        6 => {
            let six = |at| Some(Ipv6Addr::from(*packet.get(at..)?.first_chunk::<16>()?));
            let protocol = *packet.get(6)?;
            let port = port(protocol, packet.get(40..));
            Some((six(8)?.into(), six(24)?.into(), protocol, port))
        }
        _ => None,
    }
}

/// The destination port; for ICMP the type.
fn port(protocol: u8, transport: Option<&[u8]>) -> u16 {
    let Some(transport) = transport else { return 0 };
    let pair = || transport.get(2..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
    match protocol {
        6 | 17 | 132 => pair().unwrap_or(0),
        1 | 58 => transport.first().copied().map_or(0, u16::from),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tcp_packet_over_ipv4_and_a_ping_over_ipv6_are_read() {
        let mut four = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 10, 1, 9, 10, 10, 2, 9];
        four.extend([0x30, 0x39, 0, 22]);
        let [source, destination] = ["10.10.1.9", "10.10.2.9"].map(|at| at.parse().unwrap());
        assert_eq!(read_ip(&four), Some((source, destination, 6, 22)));
        let mut six = vec![0x60, 0, 0, 0, 0, 8, 58, 64];
        six.extend([0xfd; 16]);
        six.extend([0xfe; 16]);
        six.push(128);
        assert_eq!(read_ip(&six).map(|read| (read.2, read.3)), Some((58, 128)));
    }

    #[test]
    fn a_datagram_cut_anywhere_never_panics() {
        let mut body = vec![2, 0, 0, 69];
        body.extend(attribute(NFULA_MARK, &7u32.to_be_bytes()));
        body.extend(attribute(NFULA_PREFIX, b"ets:spoof\0"));
        body.extend(attribute(NFULA_PAYLOAD, &[0x45; 40]));
        let mut whole = vec![0; HEAD];
        whole.extend(body);
        let length = u32::try_from(whole.len()).unwrap();
        whole[..4].copy_from_slice(&length.to_ne_bytes());
        whole[4..6].copy_from_slice(&NFULNL_MSG_PACKET.to_ne_bytes());
        let mut out = Vec::new();
        packets(&whole, &mut out);
        assert_eq!((out.len(), out[0].mark, out[0].reason.as_str()), (1, 7, "ets:spoof"));
        for end in 0..whole.len() {
            packets(&whole[..end], &mut Vec::new());
        }
    }
}
