//! Attaching programs to interfaces: `clsact` and `cls_bpf` in direct-action mode, by rtnetlink
//! (`linux/rtnetlink.h`, `linux/pkt_cls.h`; `net/sched/cls_api.c` and `cls_bpf.c`).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use ets_netd_api::Direction;

use super::Error;
use crate::message::{attributes, put_attribute, u16_at, u32_at};
use crate::rtnetlink::{CREATE, Rtnetlink};

pub(super) const CLSACT: u32 = 0xffff_fff1;
const CLSACT_HANDLE: u32 = 0xffff_0000;
pub(super) const INGRESS: u32 = 0xffff_fff2;
pub(super) const EGRESS: u32 = 0xffff_fff3;

/// Our filter's place: before all others, so that what they drop or redirect is counted too.
const PRIORITY: u32 = 1;
/// Our filter's number.
const HANDLE: u32 = 0xe75;
const ETH_P_ALL: u16 = 3;

const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const TCA_BPF_FD: u16 = 6;
const TCA_BPF_NAME: u16 = 7;
const TCA_BPF_FLAGS: u16 = 8;
const TCA_BPF_ID: u16 = 11;
const DIRECT_ACTION: u32 = 1;

const TC_HEAD: usize = 20;

/// Requests about interfaces of the network namespace it was opened in.
pub(super) struct Tc(Rtnetlink);

impl Tc {
    pub(super) fn open() -> Result<Self, Error> {
        Rtnetlink::open().map(Self).map_err(|(what, cause)| Error::Socket(what, cause))
    }

    /// The number by which events tell of what was asked for here.
    pub(super) fn port(&self) -> u32 {
        self.0.port()
    }

    /// The kind of the link layer: `ARPHRD_*`.
    pub(super) fn link_kind(&mut self, interface: u32) -> Result<u16, Error> {
        let mut body = vec![0; 16];
        body[4..8].copy_from_slice(&interface.to_ne_bytes());
        let answer = self.0.ask(libc::RTM_GETLINK, 0, &body);
        let answer = answer.map_err(refused(interface, "asking for the link"))?;
        let kind = answer.first().and_then(|(_, body)| u16_at(body, 2));
        kind.ok_or_else(|| {
            refused(interface, "asking for the link")(io::ErrorKind::NotFound.into())
        })
    }

    /// Puts the program in force for a direction, in place of a former one in one step.
    pub(super) fn attach(
        &mut self,
        interface: u32,
        direction: Direction,
        program: BorrowedFd<'_>,
    ) -> Result<(), Error> {
        self.clsact(interface)?;
        let mut options = Vec::new();
        put_attribute(&mut options, TCA_BPF_FD, &program.as_raw_fd().to_ne_bytes());
        put_attribute(&mut options, TCA_BPF_NAME, name(direction));
        put_attribute(&mut options, TCA_BPF_FLAGS, &DIRECT_ACTION.to_ne_bytes());
        let mut body = filter(interface, direction);
        put_attribute(&mut body, TCA_KIND, b"bpf\0");
        put_attribute(&mut body, TCA_OPTIONS, &options);
        let done = self.0.ask(libc::RTM_NEWTFILTER, CREATE, &body);
        done.map(drop).map_err(refused(interface, "attaching the program"))
    }

    /// The place where programs are attached; one that is there stays. Its forerunner `ingress` has the
    /// same number and is refused: it takes a filter for either direction to be one for what comes in.
    fn clsact(&mut self, interface: u32) -> Result<(), Error> {
        let mut body = head(interface, CLSACT_HANDLE, CLSACT, 0);
        put_attribute(&mut body, TCA_KIND, b"clsact\0");
        let done = self.0.ask(libc::RTM_NEWQDISC, CREATE, &body);
        done.map(drop).map_err(refused(interface, "making the clsact qdisc"))
    }

    /// Takes our filter off; one that is not there is off already.
    pub(super) fn detach(&mut self, interface: u32, direction: Direction) -> Result<(), Error> {
        let mut body = filter(interface, direction);
        put_attribute(&mut body, TCA_KIND, b"bpf\0");
        match self.0.ask(libc::RTM_DELTFILTER, 0, &body) {
            Err(cause) if is_absent(&cause) => Ok(()),
            done => done.map(drop).map_err(refused(interface, "detaching the program")),
        }
    }

    /// The kernel's number of the program that our filter runs; `None` when there is no such filter.
    pub(super) fn attached(
        &mut self,
        interface: u32,
        direction: Direction,
    ) -> Result<Option<u32>, Error> {
        let mut body = filter(interface, direction);
        put_attribute(&mut body, TCA_KIND, b"bpf\0");
        match self.0.ask(libc::RTM_GETTFILTER, 0, &body) {
            Err(cause) if is_absent(&cause) => Ok(None),
            Err(cause) => Err(refused(interface, "asking for the filter")(cause)),
            Ok(answer) => Ok(answer.first().and_then(|(_, body)| program_id(body))),
        }
    }

    /// Interfaces with a `clsact` qdisc.
    pub(super) fn prepared(&mut self) -> Result<Vec<u32>, Error> {
        let clsact =
            |_, body: &[u8]| (u32_at(body, 12)? == CLSACT).then(|| u32_at(body, 4)).flatten();
        let listed = self.0.list(libc::RTM_GETQDISC, &head(0, 0, 0, 0), clsact);
        let listed = listed.map_err(|cause| Error::Socket("listing the qdiscs", cause))?;
        Ok(listed.unwrap_or_default())
    }
}

/// No filter there, no `clsact`, or no such interface (any more).
fn is_absent(cause: &io::Error) -> bool {
    matches!(cause.raw_os_error(), Some(libc::ENOENT | libc::EINVAL | libc::ENODEV))
}

fn refused(interface: u32, action: &'static str) -> impl Fn(io::Error) -> Error {
    move |cause| Error::Interface { interface, action, cause }
}

fn name(direction: Direction) -> &'static [u8] {
    match direction {
        Direction::Up => b"ets-account-up\0",
        Direction::Down => b"ets-account-down\0",
    }
}

/// `struct tcmsg`
fn head(interface: u32, handle: u32, parent: u32, info: u32) -> Vec<u8> {
    [0, interface, handle, parent, info].iter().flat_map(|word| word.to_ne_bytes()).collect()
}

fn filter(interface: u32, direction: Direction) -> Vec<u8> {
    let parent = match direction {
        Direction::Up => INGRESS,
        Direction::Down => EGRESS,
    };
    head(interface, HANDLE, parent, PRIORITY << 16 | u32::from(ETH_P_ALL.to_be()))
}

fn program_id(body: &[u8]) -> Option<u32> {
    let options = find(body.get(TC_HEAD..)?, TCA_OPTIONS)?;
    u32_at(find(options, TCA_BPF_ID)?, 0)
}

fn find(from: &[u8], wanted: u16) -> Option<&[u8]> {
    attributes(from, 0).find(|(kind, _)| *kind == wanted).map(|(_, value)| value)
}
