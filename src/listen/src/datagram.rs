//! Datagrams with the address of ours that they came to, and answers from it (ip(7), `IP_PKTINFO`;
//! RFC 3542, section 6): the hub has an address on every link.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd};

use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt,
    sockopt,
};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Who sent a datagram, and to which address of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Between {
    /// The sender.
    pub client: SocketAddr,
    /// Our address; none where the kernel does not tell it.
    pub ours: Option<IpAddr>,
    /// The link that our address is meant on; 0 where it is the same on all of them.
    link: u32,
}

/// Asks the kernel to say to which address datagrams came.
///
/// # Errors
/// When the socket is not one of this version of IP.
pub fn tell_address(socket: &std::net::UdpSocket, v6: bool) -> io::Result<()> {
    let fd = socket.as_fd();
    let set = if v6 {
        setsockopt(&fd, sockopt::Ipv6RecvPacketInfo, &true)
    } else {
        setsockopt(&fd, sockopt::Ipv4PacketInfo, &true)
    };
    set.map_err(io::Error::from)
}

/// Waits for a datagram: its length, and between whom.
///
/// # Errors
/// The socket's, also that an earlier answer met nobody.
pub async fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, Between)> {
    socket.async_io(Interest::READABLE, || read(socket, buffer)).await
}

/// As [`receive`], without waiting.
///
/// # Errors
/// The same, and [`io::ErrorKind::WouldBlock`] where there is none.
pub fn try_receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, Between)> {
    socket.try_io(Interest::READABLE, || read(socket, buffer))
}

fn read(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, Between)> {
    let mut control = nix::cmsg_space!(in_pktinfo, in6_pktinfo);
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::MSG_DONTWAIT;
    let received =
        recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let client = received.address.as_ref().and_then(address).ok_or(io::ErrorKind::InvalidData)?;
    let told = received.cmsgs()?.find_map(|message| match message {
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            Some((IpAddr::V4(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes())), 0))
        }
        ControlMessageOwned::Ipv6PacketInfo(info) => {
            let ours = Ipv6Addr::from(info.ipi6_addr.s6_addr);
            let link = if ours.is_unicast_link_local() { info.ipi6_ifindex } else { 0 };
            Some((IpAddr::V6(ours), link))
        }
        _ => None,
    });
    let (ours, link) = told.map_or((None, 0), |(ours, link)| (Some(ours), link));
    Ok((received.bytes, Between { client, ours, link }))
}

/// Sends one datagram to the client, from the address that he spoke to, at once or not at all. The
/// source is given; the way is the kernel's to choose.
///
/// # Errors
/// When the kernel does not take it.
pub fn answer(socket: &UdpSocket, octets: &[u8], between: &Between) -> io::Result<usize> {
    let send = |control: &[ControlMessage<'_>]| {
        let (parts, to) = ([IoSlice::new(octets)], SockaddrStorage::from(between.client));
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        sendmsg(socket.as_raw_fd(), &parts, control, flags, Some(&to)).map_err(io::Error::from)
    };
    match between.ours {
        None => send(&[]),
        Some(IpAddr::V4(ours)) => {
            let ours = in_addr { s_addr: u32::from_ne_bytes(ours.octets()) };
            let info = in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: ours, ipi_addr: ours };
            send(&[ControlMessage::Ipv4PacketInfo(&info)])
        }
        Some(IpAddr::V6(ours)) => {
            let ours = in6_addr { s6_addr: ours.octets() };
            let info = in6_pktinfo { ipi6_addr: ours, ipi6_ifindex: between.link };
            send(&[ControlMessage::Ipv6PacketInfo(&info)])
        }
    }
}

/// An address of the kernel's as one of the internet, with the link that it is meant on.
pub fn address(of: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = of.as_sockaddr_in().map(|at| SocketAddr::V4(SocketAddrV4::from(*at)));
    v4.or_else(|| of.as_sockaddr_in6().map(|at| SocketAddr::V6(SocketAddrV6::from(*at))))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn exchange(at: &str, to: &str, is_told: bool) -> (Between, SocketAddr) {
        let ours = std::net::UdpSocket::bind(at).unwrap();
        ours.set_nonblocking(true).unwrap();
        if is_told {
            tell_address(&ours, ours.local_addr().unwrap().is_ipv6()).unwrap();
        }
        let ours = UdpSocket::from_std(ours).unwrap();
        let mut buffer = [0; 16];
        let empty = try_receive(&ours, &mut buffer).map_err(|error| error.kind());
        assert_eq!(empty, Err(io::ErrorKind::WouldBlock));
        let client = UdpSocket::bind(at).await.unwrap();
        client.send_to(b"ask", (to, ours.local_addr().unwrap().port())).await.unwrap();
        let (length, between) = receive(&ours, &mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"ask");
        assert_eq!(between.client.port(), client.local_addr().unwrap().port());
        assert_eq!(answer(&ours, b"said", &between).unwrap(), 4);
        let (length, from) = client.recv_from(&mut buffer).await.unwrap();
        assert_eq!(
            (&buffer[..length], from.port()),
            (&b"said"[..], ours.local_addr().unwrap().port())
        );
        (between, from)
    }

    /// covers: N6.1 (who has several addresses answers from the one that was asked)
    #[tokio::test]
    async fn an_answer_leaves_from_the_address_that_was_asked() {
        for (at, to) in [("0.0.0.0:0", "127.0.0.7"), ("[::]:0", "::1")] {
            let (between, from) = exchange(at, to, true).await;
            assert_eq!((between.ours, from.ip()), (to.parse().ok(), to.parse().unwrap()));
        }
        let (between, _) = exchange("127.0.0.1:0", "127.0.0.1", false).await;
        assert_eq!(between.ours, None, "the kernel was not asked to tell it");
    }
}
