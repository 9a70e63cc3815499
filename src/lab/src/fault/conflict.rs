//! An address conflict: a second device claims the router's address again and again.

use std::net::Ipv4Addr;
use std::time::Duration;

use socket2::Socket;

use super::frame::{self, PacketSocket};
use super::worker::{Stop, Worker};
use crate::error::Result;
use crate::star::Star;

const PAUSE: Duration = Duration::from_millis(100);
/// Pauses between two claims: one claim a second.
const PAUSES: u32 = 10;

/// Who claims what.
pub(super) struct Conflict {
    /// The trunk's namespace.
    pub(super) place: String,
    /// The bridge that answers for the address.
    pub(super) device: String,
    /// The address.
    pub(super) address: Ipv4Addr,
}

impl Conflict {
    /// Starts claiming.
    pub(super) fn start(self, star: &Star) -> Result<Worker> {
        let place = star.namespace(&self.place)?;
        let device = self.device.clone();
        let open = move || {
            let socket = frame::open(&device, PacketSocket::SendOnly)?;
            Ok((socket, frame::hardware_address(&device)?))
        };
        Worker::start(place, open, move |(socket, own), stop| {
            claim(&socket, own, self.address, stop)
        })
    }
}

fn claim(socket: &Socket, own: [u8; 6], address: Ipv4Addr, stop: &Stop) {
    let frame = announcement(own, address);
    for turn in 0_u32.. {
        if stop.is_set() {
            return;
        }
        if turn.is_multiple_of(PAUSES) {
            // The bridge may be down for a while; the next claim comes in a second.
            let _ = socket.send(&frame);
        }
        std::thread::sleep(PAUSE);
    }
}

/// An ARP announcement (RFC 5227, section 3) in an Ethernet frame.
fn announcement(own: [u8; 6], address: Ipv4Addr) -> Vec<u8> {
    let mut frame = Vec::with_capacity(42);
    frame.extend([0xff; 6]);
    frame.extend(own);
    frame.extend([0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1]);
    frame.extend(own);
    frame.extend(address.octets());
    frame.extend([0; 6]);
    frame.extend(address.octets());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_has_sender_and_target_alike() {
        let frame = announcement([2, 0, 0, 0, 0, 1], Ipv4Addr::new(10, 10, 7, 1));
        assert_eq!(frame.len(), 42);
        assert_eq!(frame[28..32], [10, 10, 7, 1]);
        assert_eq!(frame[38..42], [10, 10, 7, 1]);
    }
}
