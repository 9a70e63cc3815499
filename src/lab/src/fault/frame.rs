//! Packet sockets: whole Ethernet frames on one interface (packet(7)).
#![allow(unsafe_code)] // One block: neither std, nix nor socket2 knows these two options.

use std::os::fd::{AsFd, AsRawFd};

use nix::ifaddrs::getifaddrs;
use nix::libc;
use nix::sys::socket::LinkAddr;
use socket2::{Domain, Protocol, Socket, Type};

use crate::error::{Context, Error, Result};

/// Bytes of the offload header (`struct virtio_net_hdr`) before each frame of a relaying socket.
pub(super) const OFFLOAD_HEADER: usize = 10;

/// What a packet socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PacketSocket {
    /// Sends frames, receives nothing.
    SendOnly,
    /// Receives what arrives (not what this machine sends) and sends, each frame with its offload
    /// header, so that large segments and unfinished checksums pass unharmed. Does not block.
    Relaying,
}

/// Opens a packet socket on an interface of the calling thread's namespace.
pub(super) fn open(device: &str, purpose: PacketSocket) -> Result<Socket> {
    let relaying = purpose == PacketSocket::Relaying;
    let all = u16::try_from(libc::ETH_P_ALL).unwrap_or_default().to_be();
    let protocol = if relaying { i32::from(all) } else { 0 };
    let what = || format!("cannot open a packet socket on {device}");
    let socket =
        Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(protocol))).context(what)?;
    let address = link_address(device)?;
    nix::sys::socket::bind(socket.as_raw_fd(), &address).context(what)?;
    if relaying {
        set(&socket, libc::PACKET_VNET_HDR).context(what)?;
        set(&socket, libc::PACKET_IGNORE_OUTGOING).context(what)?;
        socket.set_nonblocking(true).context(what)?;
        drain(&socket);
    }
    Ok(socket)
}

/// The hardware address of an interface of the calling thread's namespace.
pub(super) fn hardware_address(device: &str) -> Result<[u8; 6]> {
    link_address(device)?
        .addr()
        .ok_or_else(|| Error::Bug(format!("{device} has no hardware address")))
}

fn link_address(device: &str) -> Result<LinkAddr> {
    let found =
        getifaddrs().context(|| "cannot list the interfaces".to_owned())?.find_map(|entry| {
            let address = entry.address?;
            (entry.interface_name == device).then(|| address.as_link_addr().copied()).flatten()
        });
    found.ok_or_else(|| Error::Bug(format!("no interface {device}")))
}

/// Throws away what arrived on other interfaces before the socket was bound to its own.
fn drain(socket: &Socket) {
    let mut byte = [std::mem::MaybeUninit::uninit()];
    while socket.recv(&mut byte).is_ok() {}
}

fn set(socket: &Socket, option: libc::c_int) -> std::io::Result<()> {
    let on: libc::c_int = 1;
    let size = libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap_or_default();
    // SAFETY: the descriptor is open for as long as `socket` is borrowed, and the kernel reads
    // `size` bytes of `on`, which lives on the stack until the call returns.
    let answer = unsafe {
        let fd = socket.as_fd().as_raw_fd();
        libc::setsockopt(fd, libc::SOL_PACKET, option, (&raw const on).cast(), size)
    };
    if answer == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}
