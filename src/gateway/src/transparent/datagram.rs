//! One datagram with both its ends: who sent it, and to whom it was sent before it was taken.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

use ets_listen::datagram::address;
use nix::cmsg_space;
use nix::libc::sockaddr_in6;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// The next one, where there is one: its length, its sender and its receiver; none where the kernel
/// does not tell them.
pub(super) fn try_receive(
    socket: &UdpSocket,
    buffer: &mut [u8],
) -> io::Result<Option<(usize, (SocketAddr, SocketAddr))>> {
    socket.try_io(Interest::READABLE, || read(socket, buffer))
}

fn read(
    socket: &UdpSocket,
    buffer: &mut [u8],
) -> io::Result<Option<(usize, (SocketAddr, SocketAddr))>> {
    let mut told = cmsg_space!(sockaddr_in6);
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::empty();
    let message =
        recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut told), flags)?;
    let far = message.cmsgs()?.find_map(|one| match one {
        ControlMessageOwned::Ipv4OrigDstAddr(at) => {
            let ip = Ipv4Addr::from(at.sin_addr.s_addr.to_ne_bytes());
            Some((IpAddr::V4(ip), u16::from_be(at.sin_port)))
        }
        ControlMessageOwned::Ipv6OrigDstAddr(at) => {
            let ip = Ipv6Addr::from(at.sin6_addr.s6_addr);
            Some((IpAddr::V6(ip), u16::from_be(at.sin6_port)))
        }
        _ => None,
    });
    let client = message.address.as_ref().and_then(address);
    let ends = client.zip(far.map(SocketAddr::from));
    Ok(ends.map(|ends| (message.bytes, ends)))
}
