//! Asking the kernel for its whole tables.

use std::io;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::Error;
use crate::message::{self, Message};

/// Large enough for every datagram that the kernel makes (it uses at most 32 KiB in dumps).
pub(crate) const DATAGRAM: usize = 64 << 10;

const ATTEMPTS: usize = 5;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
/// Gathering the counters of every link is most of the work of listing them.
const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;

/// A socket for lists, apart from the one for events so that they never mix.
pub(crate) struct Lister {
    socket: Socket,
    buffer: Vec<u8>,
}

impl Lister {
    /// For the network namespace of the calling thread.
    pub(crate) fn open() -> Result<Self, Error> {
        let mut socket =
            Socket::new(NETLINK_ROUTE).map_err(|cause| Error::Socket("opening a socket", cause))?;
        socket.bind_auto().map_err(|cause| Error::Socket("binding a socket", cause))?;
        socket
            .connect(&SocketAddr::new(0, 0))
            .map_err(|cause| Error::Socket("connecting to the kernel", cause))?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::seconds(2))
            .map_err(|cause| Error::Socket("setting a deadline", cause.into()))?;
        Ok(Self { socket, buffer: vec![0; DATAGRAM] })
    }

    /// All links and all neighbour entries.
    pub(crate) fn everything(&mut self) -> Result<Vec<Message>, Error> {
        let mut listed = self.links()?;
        listed.extend(self.steady(libc::RTM_GETNEIGH, "neighbours")?);
        Ok(listed)
    }

    /// All links. Their carrier is what the driver says now, also where the kernel's own event
    /// of it is held back (it tells of ordinary links once a second at most).
    pub(crate) fn links(&mut self) -> Result<Vec<Message>, Error> {
        self.steady(libc::RTM_GETLINK, "links")
    }

    fn steady(&mut self, kind: u16, what: &'static str) -> Result<Vec<Message>, Error> {
        for _ in 0..ATTEMPTS {
            let listed = self.list(kind, what)?;
            if !listed.contains(&Message::Interrupted) {
                return Ok(listed);
            }
        }
        Err(Error::Unsteady(what))
    }

    fn list(&mut self, kind: u16, what: &'static str) -> Result<Vec<Message>, Error> {
        self.socket.send(&request(kind), 0).map_err(|cause| Error::Socket("asking", cause))?;
        let mut listed = Vec::new();
        loop {
            let length = self
                .socket
                .recv(&mut &mut self.buffer[..], 0)
                .map_err(|cause| Error::Socket("reading a list", cause))?;
            for message in message::messages(&self.buffer[..length.min(DATAGRAM)]) {
                match message {
                    Message::Done => return Ok(listed),
                    Message::Error(code) => {
                        return Err(Error::Refused(what, io::Error::from_raw_os_error(-code)));
                    }
                    other => listed.push(other),
                }
            }
        }
    }
}

/// A dump request: nlmsghdr and one zeroed family header, which asks for every family. Links are
/// asked for without their counters.
fn request(kind: u16) -> Vec<u8> {
    let mut bytes = vec![0u8; 32];
    if kind == libc::RTM_GETLINK {
        bytes.extend_from_slice(&8u16.to_ne_bytes());
        bytes.extend_from_slice(&libc::IFLA_EXT_MASK.to_ne_bytes());
        bytes.extend_from_slice(&RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
    }
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    bytes[..4].copy_from_slice(&length.to_ne_bytes());
    bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
    bytes[6..8].copy_from_slice(&(NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    bytes
}
