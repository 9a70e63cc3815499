//! Events of the kernel's tables (rtnetlink(7)), as they come.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::sys::socket::{setsockopt, sockopt};

use crate::rtnetlink::DATAGRAM;

/// `RTNLGRP_LINK`, `RTNLGRP_NEIGH`, `RTNLGRP_TC` (linux/rtnetlink.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Group {
    Links = 1,
    Neighbours = 3,
    TrafficControl = 4,
}

/// Bytes of the event queue: a storm of neighbour events for 10,000 segments fits.
const QUEUE: usize = 4 << 20;

/// A socket for events of the network namespace in which it was opened.
pub(crate) struct Subscription {
    socket: Socket,
    buffer: Vec<u8>,
}

impl Subscription {
    /// # Errors
    /// What was tried, and what the kernel answered.
    pub(crate) fn open(groups: &[Group]) -> Result<Self, (&'static str, io::Error)> {
        let fault = |what| move |cause| (what, cause);
        let mut socket = Socket::new(NETLINK_ROUTE).map_err(fault("opening a socket"))?;
        // The larger queue needs CAP_NET_ADMIN on the host; in a user namespace the limit holds.
        if setsockopt(&socket, sockopt::RcvBufForce, &QUEUE).is_err() {
            let _ = setsockopt(&socket, sockopt::RcvBuf, &QUEUE);
        }
        socket.bind(&SocketAddr::new(0, 0)).map_err(fault("binding a socket"))?;
        for group in groups {
            socket.add_membership(*group as u32).map_err(fault("subscribing to events"))?;
        }
        Ok(Self { socket, buffer: vec![0; DATAGRAM] })
    }

    /// The next datagram, without waiting; an empty one where it is not the kernel's.
    ///
    /// # Errors
    /// `WouldBlock` where there is none; `ENOBUFS` where some were lost.
    pub(crate) fn receive(&mut self) -> io::Result<&[u8]> {
        let flags = libc::MSG_DONTWAIT;
        let (length, sender) = self.socket.recv_from(&mut &mut self.buffer[..], flags)?;
        if sender.port_number() != 0 {
            // Not the kernel: nobody else has anything to tell us.
            return Ok(&[]);
        }
        Ok(&self.buffer[..length.min(DATAGRAM)])
    }
}

impl AsFd for Subscription {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
