//! Datagrams with the address of the hub that they came to, and answers from it (ip(7),
//! `IP_PKTINFO`; RFC 3542, section 6): the hub has one on every link.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd};

use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, SockaddrIn6, SockaddrStorage,
    recvmsg, sendmsg, setsockopt, sockopt,
};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Who sent a datagram, and to which address of the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Between {
    pub(super) client: SocketAddr,
    pub(super) hub: IpAddr,
}

/// Asks the kernel to say to which address datagrams came.
pub(super) fn tell_address(socket: &std::net::UdpSocket, v6: bool) -> io::Result<()> {
    let fd = socket.as_fd();
    let set = if v6 {
        setsockopt(&fd, sockopt::Ipv6RecvPacketInfo, &true)
    } else {
        setsockopt(&fd, sockopt::Ipv4PacketInfo, &true)
    };
    set.map_err(io::Error::from)
}

/// Takes one datagram: its length, and between whom; none for one that does not say it.
pub(super) fn receive(
    socket: &UdpSocket,
    buffer: &mut [u8],
) -> io::Result<(usize, Option<Between>)> {
    socket.try_io(Interest::READABLE, || {
        let mut control = nix::cmsg_space!(in6_pktinfo);
        let mut slices = [IoSliceMut::new(buffer)];
        let received = recvmsg::<SockaddrStorage>(
            socket.as_raw_fd(),
            &mut slices,
            Some(&mut control),
            MsgFlags::empty(),
        )?;
        let hub = received.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                Some(IpAddr::V4(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes())))
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                Some(IpAddr::V6(Ipv6Addr::from(info.ipi6_addr.s6_addr)))
            }
            _ => None,
        });
        let client = received.address.as_ref().and_then(socket_address);
        let between = client.zip(hub).map(|(client, hub)| Between { client, hub });
        Ok((received.bytes, between))
    })
}

/// Sends one datagram to the client, from the address that he spoke to, at once or not at all.
pub(super) fn answer(socket: &UdpSocket, octets: &[u8], between: Between) -> io::Result<usize> {
    let (slices, fd, none) = ([IoSlice::new(octets)], socket.as_raw_fd(), MsgFlags::empty());
    let sent = match (between.client, between.hub) {
        (SocketAddr::V4(client), IpAddr::V4(hub)) => {
            let hub = in_addr { s_addr: u32::from_ne_bytes(hub.octets()) };
            let info = in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: hub, ipi_addr: hub };
            let control = [ControlMessage::Ipv4PacketInfo(&info)];
            sendmsg(fd, &slices, &control, none, Some(&SockaddrIn::from(client)))
        }
        (SocketAddr::V6(client), IpAddr::V6(hub)) => {
            let hub = in6_addr { s6_addr: hub.octets() };
            let info = in6_pktinfo { ipi6_addr: hub, ipi6_ifindex: client.scope_id() };
            let control = [ControlMessage::Ipv6PacketInfo(&info)];
            sendmsg(fd, &slices, &control, none, Some(&SockaddrIn6::from(client)))
        }
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    sent.map_err(io::Error::from)
}

fn socket_address(from: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = from.as_sockaddr_in().map(|at| SocketAddr::V4(SocketAddrV4::from(*at)));
    v4.or_else(|| from.as_sockaddr_in6().map(|at| SocketAddr::V6(SocketAddrV6::from(*at))))
}
