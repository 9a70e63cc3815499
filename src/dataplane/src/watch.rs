//! The watch: events as they come, everything anew when some were lost.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use crate::dump::Lister;
use crate::message::Message;
use crate::patrol::Patrol;
use crate::subscription::{Group, Subscription};
use crate::table::Table;
use crate::{Change, Error, Link, message};

/// The most datagrams read in one go, so that a storm cannot hold up the caller.
const MOST: usize = 2_000;

/// More datagrams than the queue holds.
const MOST_QUEUED: usize = 100_000;

/// Watches links and neighbours of the network namespace in which it was opened. Never blocks:
/// poll [`fds`](Self::fds) for readability, then [`read`](Self::read).
pub struct Watch {
    events: Subscription,
    lister: Lister,
    patrol: Patrol,
    table: Table,
    resyncs: u64,
}

impl Watch {
    /// Subscribes and reads the tables as they are now.
    ///
    /// # Errors
    /// When the kernel refuses the socket or a list.
    pub fn open() -> Result<Self, Error> {
        let events = Subscription::open(&[Group::Links, Group::Neighbours])
            .map_err(|(what, cause)| Error::Socket(what, cause))?;
        let mut table = Table::default();
        let mut lister = Lister::open()?;
        table.replace(lister.everything()?, &mut Vec::new());
        Ok(Self { events, lister, patrol: Patrol::start()?, table, resyncs: 0 })
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
        [self.events.as_fd(), self.patrol.as_fd()]
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
        self.events.receive().map(message::messages)
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
