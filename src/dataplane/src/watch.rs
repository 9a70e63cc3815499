//! The watch: events as they come, everything anew when some were lost.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::sys::socket::{setsockopt, sockopt};

use crate::dump::Lister;
use crate::message::Message;
use crate::patrol::Patrol;
use crate::rtnetlink::DATAGRAM;
use crate::table::Table;
use crate::{Change, Error, Link, message};

const RTNLGRP_LINK: u32 = 1;
const RTNLGRP_NEIGH: u32 = 3;

/// Bytes of the event queue: a storm of neighbour events for 10,000 segments fits.
const QUEUE: usize = 4 << 20;

/// The most datagrams read in one go, so that a storm cannot hold up the caller.
const MOST: usize = 2_000;

/// More datagrams than the queue holds.
const MOST_QUEUED: usize = 100_000;

/// Watches links and neighbours of the network namespace in which it was opened. Never blocks:
/// poll [`fds`](Self::fds) for readability, then [`read`](Self::read).
pub struct Watch {
    socket: Socket,
    lister: Lister,
    patrol: Patrol,
    table: Table,
    buffer: Vec<u8>,
    resyncs: u64,
}

impl Watch {
    /// Subscribes and reads the tables as they are now.
    ///
    /// # Errors
    /// When the kernel refuses the socket or a list.
    pub fn open() -> Result<Self, Error> {
        let socket = subscribe()?;
        let mut table = Table::default();
        let mut lister = Lister::open()?;
        table.replace(lister.everything()?, &mut Vec::new());
        Ok(Self {
            socket,
            lister,
            patrol: Patrol::start()?,
            table,
            buffer: vec![0; DATAGRAM],
            resyncs: 0,
        })
    }

    /// The links as last heard.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.table.links()
    }

    /// Whether the link has carrier; `None` when there is no such link.
    pub fn carrier(&self, interface: &str) -> Option<bool> {
        self.links().find(|link| link.name == interface).map(|link| link.carrier)
    }

    /// What to poll for readability.
    pub fn fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.socket.as_fd(), self.patrol.as_fd()]
    }

    /// How often events were lost and everything was read anew.
    pub fn resyncs(&self) -> u64 {
        self.resyncs
    }

    /// Appends what changed since the last call. A call that finds more than it reads in one go
    /// leaves a descriptor readable.
    ///
    /// # Errors
    /// When the socket fails or, after lost events, the tables cannot be read anew.
    pub fn read(&mut self, out: &mut Vec<Change>) -> Result<(), Error> {
        // What the patrol saw first: an event that is newer than it has the last word.
        self.patrol.take().into_iter().for_each(|link| self.table.apply(link, out));
        for _ in 0..MOST {
            match self.receive() {
                Ok(found) => found.into_iter().for_each(|message| self.table.apply(message, out)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => self.resync(out)?,
                Err(error) => return Err(Error::Socket("reading events", error)),
            }
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<Vec<Message>> {
        let flags = libc::MSG_DONTWAIT;
        let (length, sender) = self.socket.recv_from(&mut &mut self.buffer[..], flags)?;
        if sender.port_number() != 0 {
            // Not the kernel: nobody else has anything to tell us.
            return Ok(Vec::new());
        }
        Ok(message::messages(&self.buffer[..length.min(DATAGRAM)]))
    }

    /// Reads everything anew and tells the differences. What is still queued is older than the list,
    /// and the event that would follow it may be among those that were lost: it is left aside. What
    /// is queued from then on ends with the newest event of each subject.
    fn resync(&mut self, out: &mut Vec<Change>) -> Result<(), Error> {
        self.resyncs += 1;
        tracing::warn!(resyncs = self.resyncs, "link events were lost, reading everything anew");
        self.leave_queued_aside()?;
        let listed = self.lister.everything()?;
        self.table.replace(listed, out);
        Ok(())
    }

    fn leave_queued_aside(&mut self) -> Result<(), Error> {
        for _ in 0..MOST_QUEUED {
            match self.receive() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error)
                    if error.kind() == io::ErrorKind::Interrupted
                        || error.raw_os_error() == Some(libc::ENOBUFS) => {}
                Err(error) => return Err(Error::Socket("reading events", error)),
                Ok(_) => {}
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("resyncs", &self.resyncs).finish_non_exhaustive()
    }
}

fn subscribe() -> Result<Socket, Error> {
    let mut socket =
        Socket::new(NETLINK_ROUTE).map_err(|cause| Error::Socket("opening a socket", cause))?;
    // The larger queue needs CAP_NET_ADMIN on the host; in a user namespace the limit holds.
    if setsockopt(&socket, sockopt::RcvBufForce, &QUEUE).is_err() {
        let _ = setsockopt(&socket, sockopt::RcvBuf, &QUEUE);
    }
    socket
        .bind(&SocketAddr::new(0, 0))
        .map_err(|cause| Error::Socket("binding a socket", cause))?;
    for group in [RTNLGRP_LINK, RTNLGRP_NEIGH] {
        socket
            .add_membership(group)
            .map_err(|cause| Error::Socket("subscribing to events", cause))?;
    }
    Ok(socket)
}
