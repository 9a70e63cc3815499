//! Asking the kernel by rtnetlink: one request, all its answers.

use std::io;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::message::{split, u32_at};

const HEAD: usize = 16;
const DATAGRAM: usize = 64 << 10;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const REQUEST: u16 = 0x1;
const ACK: u16 = 0x4;
const DUMP: u16 = 0x300;
const DUMP_INTERRUPTED: u16 = 0x10;
/// So often a list is read that changed while it was.
const ATTEMPTS: usize = 5;

/// Makes what is not there.
pub(crate) const CREATE: u16 = 0x400;
/// Refuses what is there.
pub(crate) const EXCLUSIVE: u16 = 0x200;
/// In the place of what is there.
pub(crate) const REPLACE: u16 = 0x100;

/// A message's kind and body.
pub(crate) type Message = (u16, Vec<u8>);

/// A socket for requests about the network namespace that it was opened in.
pub(crate) struct Rtnetlink {
    socket: Socket,
    buffer: Vec<u8>,
    sequence: u32,
}

/// The answers so far.
#[derive(Default)]
struct Answers {
    messages: Vec<Message>,
    /// The table changed while it was listed.
    interrupted: bool,
}

impl Rtnetlink {
    /// # Errors
    /// What was tried, and what the kernel answered.
    pub(crate) fn open() -> Result<Self, (&'static str, io::Error)> {
        let fault = |what| move |cause| (what, cause);
        let mut socket = Socket::new(NETLINK_ROUTE).map_err(fault("opening a socket"))?;
        socket.bind_auto().map_err(fault("binding a socket"))?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(fault("connecting to the kernel"))?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::seconds(2))
            .map_err(|cause| ("setting a deadline", cause.into()))?;
        Ok(Self { socket, buffer: vec![0; DATAGRAM], sequence: 0 })
    }

    /// Has the kernel list what a request names, and not everything of its family. Before Linux 4.20 it
    /// cannot: whoever asks looks at what is listed in any case.
    pub(crate) fn be_strict(&self) {
        let _ = self.socket.set_netlink_get_strict_chk(true);
    }

    /// One request and what the kernel answers until it says that it is done.
    pub(crate) fn ask(&mut self, kind: u16, flags: u16, body: &[u8]) -> io::Result<Vec<Message>> {
        Ok(self.request(kind, ACK | flags, body)?.messages)
    }

    /// A list. `None` when it changed while it was read, each time.
    pub(crate) fn list(&mut self, kind: u16, body: &[u8]) -> io::Result<Option<Vec<Message>>> {
        for _ in 0..ATTEMPTS {
            let answers = self.request(kind, DUMP, body)?;
            if !answers.interrupted {
                return Ok(Some(answers.messages));
            }
        }
        Ok(None)
    }

    fn request(&mut self, kind: u16, flags: u16, body: &[u8]) -> io::Result<Answers> {
        self.sequence = self.sequence.wrapping_add(1);
        let length = u32::try_from(HEAD + body.len()).unwrap_or(u32::MAX);
        let mut message = Vec::with_capacity(HEAD + body.len());
        message.extend_from_slice(&length.to_ne_bytes());
        message.extend_from_slice(&kind.to_ne_bytes());
        message.extend_from_slice(&(REQUEST | flags).to_ne_bytes());
        message.extend_from_slice(&self.sequence.to_ne_bytes());
        message.extend_from_slice(&[0; 4]);
        message.extend_from_slice(body);
        self.socket.send(&message, 0)?;
        let mut answers = Answers::default();
        while !self.receive(&mut answers)? {}
        Ok(answers)
    }

    /// `true` when the request is done. Answers to earlier requests (that ran into the deadline) are
    /// passed over.
    fn receive(&mut self, answers: &mut Answers) -> io::Result<bool> {
        let length = self.socket.recv(&mut &mut self.buffer[..], 0)?;
        let mut rest = &self.buffer[..length.min(DATAGRAM)];
        while let Some((kind, flags, body, after)) = split(rest) {
            let ours = u32_at(rest, 8) == Some(self.sequence);
            rest = after;
            match kind {
                _ if !ours => {}
                NLMSG_DONE => return Ok(true),
                NLMSG_ERROR => return acknowledged(body),
                kind => {
                    answers.interrupted |= flags & DUMP_INTERRUPTED != 0;
                    answers.messages.push((kind, body.to_vec()));
                }
            }
        }
        Ok(false)
    }
}

fn acknowledged(body: &[u8]) -> io::Result<bool> {
    match u32_at(body, 0).map(u32::cast_signed) {
        Some(0) => Ok(true),
        Some(code) => Err(io::Error::from_raw_os_error(code.saturating_neg())),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}
