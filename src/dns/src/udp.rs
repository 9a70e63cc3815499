//! Questions over UDP. Each answer leaves from the address that was asked.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use ets_runtime::Shutdown;
use nix::cmsg_space;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg,
};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;

use crate::Error;
use crate::message::{LONGEST, Way};
use crate::resolver::{Resolver, Turn};

/// Questions of one socket for which somebody outside is being asked; those above get no answer.
const MOST: usize = 4_096;
/// How long to wait after the socket failed.
const PAUSE: Duration = Duration::from_millis(50);

/// A datagram's way: who sent it, and to which address of ours.
#[derive(Clone, Debug)]
struct From {
    client: SockaddrStorage,
    address: SocketAddr,
    info: Option<ControlMessageOwned>,
}

/// Answers what comes on a socket until shutdown. The socket says of each datagram where it was
/// sent to (`IP_PKTINFO`, `IPV6_RECVPKTINFO`), as those of `netd` do.
///
/// # Errors
/// When it cannot be used at all.
pub async fn serve_udp(
    resolver: Resolver,
    socket: std::net::UdpSocket,
    shutdown: Shutdown,
) -> Result<(), Error> {
    socket.set_nonblocking(true)?;
    let socket = Arc::new(UdpSocket::from_std(socket)?);
    let places = Arc::new(Semaphore::new(MOST));
    let bound = socket.local_addr()?.ip();
    let mut buffer = vec![0; LONGEST];
    loop {
        let received = tokio::select! {
            () = shutdown.requested() => return Ok(()),
            received = receive(&socket, &mut buffer) => received,
        };
        let (length, from) = match received {
            Ok(received) => received,
            Err(error) => {
                tracing::warn!(%error, "the resolver cannot read a question");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let at = from.at().unwrap_or(bound);
        match resolver.turn(from.address.ip(), at, &buffer[..length], Way::Udp) {
            Turn::Done(None) => {}
            Turn::Done(Some(answer)) => send(&socket, &answer, &from),
            Turn::Later(later) => {
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
                let (resolver, socket) = (resolver.clone(), Arc::clone(&socket));
                tokio::spawn(async move {
                    if let Some(answer) = resolver.later(later).await {
                        send(&socket, &answer, &from);
                    }
                    drop(place);
                });
            }
        }
    }
}

impl From {
    /// Our address that it was sent to.
    fn at(&self) -> Option<IpAddr> {
        match self.info.as_ref()? {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                Some(IpAddr::from(info.ipi_addr.s_addr.to_ne_bytes()))
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => Some(IpAddr::from(info.ipi6_addr.s6_addr)),
            _ => None,
        }
    }
}

async fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, From)> {
    socket
        .async_io(Interest::READABLE, || {
            let mut space = cmsg_space!([u8; 64]);
            let mut parts = [IoSliceMut::new(buffer)];
            let flags = MsgFlags::MSG_DONTWAIT;
            let message = recvmsg::<SockaddrStorage>(
                socket.as_raw_fd(),
                &mut parts,
                Some(&mut space),
                flags,
            )?;
            let client = message.address.ok_or(io::ErrorKind::InvalidData)?;
            let address = plain(&client).ok_or(io::ErrorKind::InvalidData)?;
            let info = message.cmsgs()?.find(|control| {
                matches!(
                    control,
                    ControlMessageOwned::Ipv4PacketInfo(_) | ControlMessageOwned::Ipv6PacketInfo(_)
                )
            });
            Ok((message.bytes, From { client, address, info }))
        })
        .await
}

fn plain(client: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = client.as_sockaddr_in().map(|one| SocketAddr::from((one.ip(), one.port())));
    v4.or_else(|| client.as_sockaddr_in6().map(|one| SocketAddr::from((one.ip(), one.port()))))
}

/// An answer that does not fit into the socket's queue is lost, as on the way: the client asks again.
fn send(socket: &UdpSocket, answer: &[u8], from: &From) {
    let parts = [IoSlice::new(answer)];
    let (mut v4, mut v6) = (None, None);
    match from.info {
        Some(ControlMessageOwned::Ipv4PacketInfo(mut info)) => {
            // The source is given; the way is the kernel's to choose.
            info.ipi_ifindex = 0;
            info.ipi_spec_dst = info.ipi_addr;
            v4 = Some(info);
        }
        Some(ControlMessageOwned::Ipv6PacketInfo(info)) => v6 = Some(info),
        _ => {}
    }
    let controls: Vec<ControlMessage<'_>> = v4
        .iter()
        .map(ControlMessage::Ipv4PacketInfo)
        .chain(v6.iter().map(ControlMessage::Ipv6PacketInfo))
        .collect();
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    let sent = sendmsg(socket.as_raw_fd(), &parts, &controls, flags, Some(&from.client));
    if let Err(error) = sent {
        tracing::debug!(client = %from.address, %error, "an answer cannot be sent");
    }
}
