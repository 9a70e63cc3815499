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

/// All links and all neighbour entries.
pub(crate) fn everything() -> Result<Vec<Message>, Error> {
    let mut listed = steady(libc::RTM_GETLINK, "links")?;
    listed.extend(steady(libc::RTM_GETNEIGH, "neighbours")?);
    Ok(listed)
}

fn steady(kind: u16, what: &'static str) -> Result<Vec<Message>, Error> {
    for _ in 0..ATTEMPTS {
        let listed = dump(kind, what)?;
        if !listed.contains(&Message::Interrupted) {
            return Ok(listed);
        }
    }
    Err(Error::Unsteady(what))
}

fn dump(kind: u16, what: &'static str) -> Result<Vec<Message>, Error> {
    let socket = open()?;
    socket
        .send(&request(kind), 0)
        .map_err(|cause| Error::Socket("asking", cause))?;
    let mut listed = Vec::new();
    let mut buffer = vec![0u8; DATAGRAM];
    loop {
        let length = socket
            .recv(&mut &mut buffer[..], 0)
            .map_err(|cause| Error::Socket("reading a list", cause))?;
        for message in message::messages(&buffer[..length.min(DATAGRAM)]) {
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

/// A socket of its own for each list, so that events never mix with it.
fn open() -> Result<Socket, Error> {
    let mut socket =
        Socket::new(NETLINK_ROUTE).map_err(|cause| Error::Socket("opening a socket", cause))?;
    socket
        .bind_auto()
        .map_err(|cause| Error::Socket("binding a socket", cause))?;
    socket
        .connect(&SocketAddr::new(0, 0))
        .map_err(|cause| Error::Socket("connecting to the kernel", cause))?;
    setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::seconds(2))
        .map_err(|cause| Error::Socket("setting a deadline", cause.into()))?;
    Ok(socket)
}

/// A dump request: nlmsghdr and one zeroed family header, which asks for every family.
fn request(kind: u16) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    bytes[..4].copy_from_slice(&32u32.to_ne_bytes());
    bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
    bytes[6..8].copy_from_slice(&(NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    bytes
}
