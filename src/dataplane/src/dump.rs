//! Asking the kernel for its whole tables.

use crate::Error;
use crate::message::{self, Message, put_attribute};
use crate::rtnetlink::Rtnetlink;

/// Gathering the counters of every link is most of the work of listing them.
const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;

/// A socket for lists, apart from the one for events so that they never mix.
pub(crate) struct Lister(Rtnetlink);

impl Lister {
    /// For the network namespace of the calling thread.
    pub(crate) fn open() -> Result<Self, Error> {
        Rtnetlink::open().map(Self).map_err(|(what, cause)| Error::Socket(what, cause))
    }

    /// All links and all neighbour entries.
    pub(crate) fn everything(&mut self) -> Result<Vec<Message>, Error> {
        let mut listed = self.links()?;
        listed.extend(self.list(libc::RTM_GETNEIGH, &HEADER, "neighbours")?);
        Ok(listed)
    }

    /// All links. Their carrier is what the driver says now, also where the kernel's own event
    /// of it is held back (it tells of ordinary links once a second at most).
    pub(crate) fn links(&mut self) -> Result<Vec<Message>, Error> {
        let mut body = HEADER.to_vec();
        put_attribute(&mut body, libc::IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
        self.list(libc::RTM_GETLINK, &body, "links")
    }

    fn list(&mut self, kind: u16, body: &[u8], what: &'static str) -> Result<Vec<Message>, Error> {
        let listed = self.0.list(kind, body, message::one);
        listed.map_err(|cause| Error::Refused(what, cause))?.ok_or(Error::Unsteady(what))
    }
}

/// One zeroed family header, which asks for every family.
const HEADER: [u8; 16] = [0; 16];
