//! An address conflict: a second device claims the router's address again and again.

use std::net::Ipv4Addr;
use std::time::Duration;

use socket2::Socket;

use super::frame::{self, PacketSocket};
use super::worker::{Stop, Worker};
use crate::error::Result;
use crate::star::Star;

const PAUSE: Duration = Duration::from_millis(100);
/// Pauses between two claims; the two devices take turns.
const PAUSES: u32 = 5;

/// Who claims what.
pub(super) struct Conflict {
    /// The trunk's namespace and the bridge in it that answers for the address.
    pub(super) rogue: (String, String),
    /// The segment's namespace and its end of the cable.
    pub(super) rightful: (String, String),
    /// The address.
    pub(super) address: Ipv4Addr,
}

impl Conflict {
    /// Starts the quarrel. When it is stopped, the rightful device has the last word.
    pub(super) fn start(self, star: &Star) -> Result<Worker> {
        let rogue = Claimant::open(star, &self.rogue, self.address)?;
        let rightful = Claimant::open(star, &self.rightful, self.address)?;
        Worker::start(move |stop| {
            quarrel([&rogue, &rightful], stop);
            rightful.claim();
        })
    }
}

struct Claimant {
    socket: Socket,
    announcement: Vec<u8>,
}

impl Claimant {
    fn open(star: &Star, (place, device): &(String, String), address: Ipv4Addr) -> Result<Self> {
        star.namespace(place)?.within(|| {
            let socket = frame::open(device, PacketSocket::SendOnly)?;
            let own = frame::hardware_address(device)?;
            Ok(Self { socket, announcement: announcement(own, address) })
        })?
    }

    fn claim(&self) {
        // A device may be down for a while; its next turn comes.
        let _ = self.socket.send(&self.announcement);
    }
}

fn quarrel(claimants: [&Claimant; 2], stop: &Stop) {
    let turns = (0..PAUSES).map(|pause| pause == 0);
    for (who, speaks) in
        claimants.iter().flat_map(|who| turns.clone().map(move |speaks| (who, speaks))).cycle()
    {
        if stop.is_set() {
            return;
        }
        if speaks {
            who.claim();
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
