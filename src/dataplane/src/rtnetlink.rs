//! Asking the kernel by rtnetlink: one request, all its answers.

use std::io;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::message::{split, u32_at};

const HEAD: usize = 16;
/// Large enough for every datagram that the kernel makes (it uses at most 32 KiB in dumps).
pub(crate) const DATAGRAM: usize = 64 << 10;
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
    port: u32,
}

impl Rtnetlink {
    /// # Errors
    /// What was tried, and what the kernel answered.
    pub(crate) fn open() -> Result<Self, (&'static str, io::Error)> {
        let fault = |what| move |cause| (what, cause);
        let mut socket = Socket::new(NETLINK_ROUTE).map_err(fault("opening a socket"))?;
        let own = socket.bind_auto().map_err(fault("binding a socket"))?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(fault("connecting to the kernel"))?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::seconds(2))
            .map_err(|cause| ("setting a deadline", cause.into()))?;
        Ok(Self { socket, buffer: vec![0; DATAGRAM], sequence: 0, port: own.port_number() })
    }

    /// The socket's own number, by which an event says that it came of a request made here.
    pub(crate) fn port(&self) -> u32 {
        self.port
    }

    /// Has the kernel list what a request names, and not everything of its family. Before Linux 4.20 it
    /// cannot: whoever asks looks at what is listed in any case.
    pub(crate) fn be_strict(&self) {
        let _ = self.socket.set_netlink_get_strict_chk(true);
    }

    /// One request and what the kernel answers until it says that it is done.
    pub(crate) fn ask(&mut self, kind: u16, flags: u16, body: &[u8]) -> io::Result<Vec<Message>> {
        let mut answers = Vec::new();
        let mut keep = |kind, body: &[u8]| answers.push((kind, body.to_vec()));
        self.request(kind, ACK | flags, body, &mut keep)?;
        Ok(answers)
    }

    /// A list: what `read` makes of the kind and the body of each message. `None` when it changed while
    /// it was read, each time.
    pub(crate) fn list<T>(
        &mut self,
        kind: u16,
        body: &[u8],
        read: impl Fn(u16, &[u8]) -> Option<T>,
    ) -> io::Result<Option<Vec<T>>> {
        for _ in 0..ATTEMPTS {
            let mut listed = Vec::new();
            let mut keep = |kind, body: &[u8]| listed.extend(read(kind, body));
            if self.request(kind, DUMP, body, &mut keep)? {
                return Ok(Some(listed));
            }
        }
        Ok(None)
    }

    /// Whether the table was the same from the first answer to the last one.
    fn request(
        &mut self,
        kind: u16,
        flags: u16,
        body: &[u8],
        each: &mut dyn FnMut(u16, &[u8]),
    ) -> io::Result<bool> {
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
        let mut is_whole = true;
        loop {
            let length = self.socket.recv(&mut &mut self.buffer[..], 0)?;
            let datagram = &self.buffer[..length.min(DATAGRAM)];
            if take(datagram, self.sequence, &mut is_whole, each)? {
                return Ok(is_whole);
            }
        }
    }
}

/// Takes in one datagram; `true` when the request of this number is done. Answers to earlier ones (that
/// ran into the deadline) are passed over.
fn take(
    datagram: &[u8],
    sequence: u32,
    is_whole: &mut bool,
    each: &mut dyn FnMut(u16, &[u8]),
) -> io::Result<bool> {
    let mut rest = datagram;
    while let Some((kind, flags, body, after)) = split(rest) {
        let ours = u32_at(rest, 8) == Some(sequence);
        rest = after;
        if !ours {
            continue;
        }
        // Also at the end of a list: what changed may lie behind the last message.
        *is_whole &= flags & DUMP_INTERRUPTED == 0;
        match kind {
            // A list that ends with an error is not whole either.
            NLMSG_DONE | NLMSG_ERROR => return acknowledged(body),
            kind => each(kind, body),
        }
    }
    Ok(false)
}

fn acknowledged(body: &[u8]) -> io::Result<bool> {
    match u32_at(body, 0).map(u32::cast_signed) {
        Some(0) => Ok(true),
        Some(code) => Err(io::Error::from_raw_os_error(code.saturating_neg())),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEAD + body.len()).unwrap();
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(sequence.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(body);
        bytes
    }

    /// covers: N3.1: a list that is not whole is not believed: what it lacks would be taken for gone
    #[test]
    fn a_list_ends_whole_or_it_is_known_that_it_does_not() {
        let told = |last: Vec<u8>| {
            let datagram = [message(16, 0, 6, &[1; 4]), message(16, 0, 7, &[2; 4]), last].concat();
            let (mut is_whole, mut found) = (true, Vec::new());
            let done = take(&datagram, 7, &mut is_whole, &mut |_, body| found.push(body[0]));
            assert_eq!(found, [2], "answers to an earlier request are passed over");
            (done.map_err(|cause| cause.raw_os_error()), is_whole)
        };
        let end = |flags, code: i32| message(NLMSG_DONE, flags, 7, &code.to_ne_bytes());
        assert_eq!(told(Vec::new()), (Ok(false), true));
        assert_eq!(told(end(0, 0)), (Ok(true), true));
        assert_eq!(told(end(DUMP_INTERRUPTED, 0)), (Ok(true), false));
        assert_eq!(told(end(0, -libc::EMSGSIZE)), (Err(Some(libc::EMSGSIZE)), true));
    }
}
