//! Attaching programs to interfaces: `clsact` and `cls_bpf` in direct-action mode, by rtnetlink
//! (`linux/rtnetlink.h`, `linux/pkt_cls.h`; `net/sched/cls_api.c` and `cls_bpf.c`).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use ets_netd_api::Direction;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use super::Error;
use crate::message::{attributes, put_attribute, u16_at, u32_at};

const CLSACT: u32 = 0xffff_fff1;
const CLSACT_HANDLE: u32 = 0xffff_0000;
const INGRESS: u32 = 0xffff_fff2;
const EGRESS: u32 = 0xffff_fff3;

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

const REQUEST: u16 = 0x1;
const ACK: u16 = 0x4;
const DUMP: u16 = 0x300;
const EXCLUSIVE: u16 = 0x200;
const CREATE: u16 = 0x400;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const HEAD: usize = 16;
const TC_HEAD: usize = 20;
const DATAGRAM: usize = 64 << 10;

/// A socket for requests about interfaces of the network namespace it was opened in.
pub(super) struct Tc {
    socket: Socket,
    buffer: Vec<u8>,
    sequence: u32,
}

/// A message's kind and body.
type Message = (u16, Vec<u8>);

impl Tc {
    pub(super) fn open() -> Result<Self, Error> {
        let fault = |what| move |cause| Error::Socket(what, cause);
        let mut socket = Socket::new(NETLINK_ROUTE).map_err(fault("opening a socket"))?;
        socket.bind_auto().map_err(fault("binding a socket"))?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(fault("connecting to the kernel"))?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::seconds(2))
            .map_err(|cause| Error::Socket("setting a deadline", cause.into()))?;
        Ok(Self { socket, buffer: vec![0; DATAGRAM], sequence: 0 })
    }

    /// The kind of the link layer: `ARPHRD_*`.
    pub(super) fn link_kind(&mut self, interface: u32) -> Result<u16, Error> {
        let mut body = vec![0; 16];
        body[4..8].copy_from_slice(&interface.to_ne_bytes());
        let answer = self.ask(libc::RTM_GETLINK, 0, &body);
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
        let done = self.ask(libc::RTM_NEWTFILTER, CREATE, &body);
        done.map(drop).map_err(refused(interface, "attaching the program"))
    }

    /// The place where programs are attached; one that is there stays.
    fn clsact(&mut self, interface: u32) -> Result<(), Error> {
        let mut body = head(interface, CLSACT_HANDLE, CLSACT, 0);
        put_attribute(&mut body, TCA_KIND, b"clsact\0");
        match self.ask(libc::RTM_NEWQDISC, CREATE | EXCLUSIVE, &body) {
            Err(cause) if cause.raw_os_error() == Some(libc::EEXIST) => Ok(()),
            done => done.map(drop).map_err(refused(interface, "making the clsact qdisc")),
        }
    }

    /// Takes our filter off; one that is not there is off already.
    pub(super) fn detach(&mut self, interface: u32, direction: Direction) -> Result<(), Error> {
        let mut body = filter(interface, direction);
        put_attribute(&mut body, TCA_KIND, b"bpf\0");
        match self.ask(libc::RTM_DELTFILTER, 0, &body) {
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
        match self.ask(libc::RTM_GETTFILTER, 0, &body) {
            Err(cause) if is_absent(&cause) => Ok(None),
            Err(cause) => Err(refused(interface, "asking for the filter")(cause)),
            Ok(answer) => Ok(answer.first().and_then(|(_, body)| program_id(body))),
        }
    }

    /// Interfaces with a `clsact` qdisc.
    pub(super) fn prepared(&mut self) -> Result<Vec<u32>, Error> {
        let listed = self.ask(libc::RTM_GETQDISC, DUMP, &head(0, 0, 0, 0));
        let listed = listed.map_err(|cause| Error::Socket("listing the qdiscs", cause))?;
        let clsact =
            |(_, body): &Message| (u32_at(body, 12)? == CLSACT).then(|| u32_at(body, 4)).flatten();
        Ok(listed.iter().filter_map(clsact).collect())
    }

    /// Sends one request and gathers the answers until the kernel says that it is done.
    fn ask(&mut self, kind: u16, flags: u16, body: &[u8]) -> io::Result<Vec<Message>> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut message = Vec::with_capacity(HEAD + body.len());
        message.extend_from_slice(&((HEAD + body.len()) as u32).to_ne_bytes());
        message.extend_from_slice(&kind.to_ne_bytes());
        let ack = if flags & DUMP == DUMP { 0 } else { ACK };
        message.extend_from_slice(&(REQUEST | ack | flags).to_ne_bytes());
        message.extend_from_slice(&self.sequence.to_ne_bytes());
        message.extend_from_slice(&[0; 4]);
        message.extend_from_slice(body);
        self.socket.send(&message, 0)?;
        let mut answers = Vec::new();
        while !self.receive(&mut answers)? {}
        Ok(answers)
    }

    /// `true` when the request is done. Answers to earlier requests (that ran into the deadline) are
    /// passed over.
    fn receive(&mut self, answers: &mut Vec<Message>) -> io::Result<bool> {
        let length = self.socket.recv(&mut &mut self.buffer[..], 0)?;
        let mut rest = &self.buffer[..length.min(DATAGRAM)];
        while let Some((kind, sequence, body, next)) = split(rest) {
            rest = next;
            match kind {
                _ if sequence != self.sequence => {}
                NLMSG_DONE => return Ok(true),
                NLMSG_ERROR => return acknowledged(body),
                kind => answers.push((kind, body.to_vec())),
            }
        }
        Ok(false)
    }
}

fn acknowledged(body: &[u8]) -> io::Result<bool> {
    match u32_at(body, 0).map(u32::cast_signed) {
        Some(0) => Ok(true),
        Some(code) => Err(io::Error::from_raw_os_error(code.saturating_neg())),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn split(bytes: &[u8]) -> Option<(u16, u32, &[u8], &[u8])> {
    let length = u32_at(bytes, 0)? as usize;
    let (kind, sequence) = (u16_at(bytes, 4)?, u32_at(bytes, 8)?);
    let body = bytes.get(HEAD..length)?;
    Some((kind, sequence, body, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
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
