//! The patrol: asks for the carrier of all links many times a second.
//!
//! The kernel tells of a lost carrier at once only for some links (stacked ones, the ends of a
//! pair); of ordinary network cards it tells at most once a second for the whole machine
//! (`net/core/link_watch.c`). A failure of the second port within a second would be heard of a
//! second late, and a trunk's ports one by one. So they are asked for as well, by a thread of its
//! own: the kernel may keep it waiting behind other changes of its tables.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::Error;
use crate::dump::Lister;
use crate::message::Message;

/// Time between two rounds.
const APART: Duration = Duration::from_millis(70);

/// What the patrol found. Dropping it ends the patrol.
pub(crate) struct Patrol {
    findings: Arc<Findings>,
}

struct Findings {
    latest: Mutex<Vec<Message>>,
    bell: EventFd,
}

impl Patrol {
    /// Starts a patrol in the network namespace of the calling thread.
    pub(crate) fn start() -> Result<Self, Error> {
        let flags = EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC;
        let bell = EventFd::from_value_and_flags(0, flags)
            .map_err(|errno| Error::Socket("making an eventfd", errno.into()))?;
        let findings = Arc::new(Findings { latest: Mutex::new(Vec::new()), bell });
        let lister = Lister::open()?;
        let report = Arc::downgrade(&findings);
        std::thread::Builder::new()
            .name("carrier".into())
            .spawn(move || walk(lister, &report))
            .map_err(|error| Error::Socket("starting a thread", error))?;
        Ok(Self { findings })
    }

    /// Links as of the last round, if something differed from the round before.
    pub(crate) fn take(&self) -> Vec<Message> {
        let _ = self.findings.bell.read();
        let mut latest = self.findings.latest.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *latest)
    }
}

impl AsFd for Patrol {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.findings.bell.as_fd()
    }
}

fn walk(mut lister: Lister, report: &Weak<Findings>) {
    let mut before = Vec::new();
    while report.strong_count() > 0 {
        match lister.links() {
            Ok(links) if links != before => {
                let Some(findings) = report.upgrade() else { return };
                before.clone_from(&links);
                *findings.latest.lock().unwrap_or_else(PoisonError::into_inner) = links;
                let _ = findings.bell.write(1);
            }
            Ok(_) => {}
            // Events still come; the next round may fare better.
            Err(error) => tracing::debug!(%error, "links cannot be listed"),
        }
        std::thread::sleep(APART);
    }
}
