//! Packets with another segment's address: what a hub must notice and refuse.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::worker::{Stop, Worker};
use crate::error::{Context, Result};
use crate::star::Star;

const PAUSE: Duration = Duration::from_millis(100);

/// Who lies about whom.
pub(super) struct Spoof {
    /// The liar's namespace.
    pub(super) place: String,
    /// In whose name datagrams go to the services.
    pub(super) claimed_host: Ipv4Addr,
    /// In whose name echo replies go to the hub.
    pub(super) claimed_router: Ipv4Addr,
    /// The services' address.
    pub(super) server: Ipv4Addr,
    /// The hub's address.
    pub(super) hub: Ipv4Addr,
}

impl Spoof {
    /// Starts sending ten false datagrams and ten false echo replies a second.
    pub(super) fn start(self, star: &Star) -> Result<Worker> {
        // Protocol 255 (IPPROTO_RAW): the header is ours.
        let open = || Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(255)));
        let socket = star.namespace(&self.place)?.within(open)?;
        let socket = socket.context(|| "cannot open a raw socket".to_owned())?;
        Worker::start(move |stop| self.lie(&socket, stop))
    }

    fn lie(&self, socket: &Socket, stop: &Stop) {
        for turn in 0_u16.. {
            if stop.is_set() {
                return;
            }
            let reply = checksummed(vec![0, 0, 0, 0, 0x45, 0x54, (turn >> 8) as u8, turn as u8], 2);
            // A datagram to port 9 (discard), without a checksum, which IPv4 allows.
            let datagram = vec![0x30, 0x39, 0, 9, 0, 8, 0, 0];
            send(socket, &packet(self.claimed_router, self.hub, 1, &reply), self.hub);
            send(socket, &packet(self.claimed_host, self.server, 17, &datagram), self.server);
            std::thread::sleep(PAUSE);
        }
    }
}

fn send(socket: &Socket, packet: &[u8], to: Ipv4Addr) {
    // A link that is down refuses; the next packet follows soon.
    let _ = socket.send_to(packet, &SocketAddr::V4(SocketAddrV4::new(to, 0)).into());
}

/// An IPv4 packet (RFC 791); the kernel fills in length, identification and checksum.
fn packet(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0];
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend(payload);
    packet
}

/// Fills in the Internet checksum (RFC 1071) at `at`.
fn checksummed(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    let words =
        bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let [_, _, high, low] = (!sum).to_be_bytes();
    bytes[at] = high;
    bytes[at + 1] = low;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_a_checksummed_message_is_zero() {
        let message = checksummed(vec![0, 0, 0, 0, 0x45, 0x54, 1, 2], 2);
        assert_eq!(checksummed(message, 2)[2..4], [0, 0]);
    }
}
