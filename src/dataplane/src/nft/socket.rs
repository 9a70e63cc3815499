//! A netlink socket for netfilter: dumps, single questions, and batches.

use std::io;

use netlink_sys::{Socket as Netlink, SocketAddr, protocols::NETLINK_NETFILTER};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use super::encode::Batch;
use super::transaction::Transaction;
use super::wire::{self, HEAD, Head, NLM_F_DUMP, Writer};
use crate::Error;
use crate::message;
use crate::rtnetlink::DATAGRAM;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLMSGERR_ATTR_MSG: u16 = 1;
/// What netlink keeps of the send buffer for itself, generously.
const MARGIN: usize = 4096;
/// For the answers to one batch: one for each message that was refused.
const RECEIVE: usize = 4 << 20;

/// A socket in one network namespace.
pub(crate) struct Socket {
    socket: Netlink,
    buffer: Vec<u8>,
    sequence: u32,
    room: usize,
}

/// Whether a dump was taken while nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dump {
    Whole,
    Interrupted,
}

/// One message of an answer.
struct Answer<'a> {
    kind: u16,
    flags: u16,
    sequence: u32,
    body: &'a [u8],
}

impl Socket {
    /// For the network namespace of the calling thread.
    pub(crate) fn open() -> Result<Self, Error> {
        let mut socket = Netlink::new(NETLINK_NETFILTER).map_err(failed("opening a socket"))?;
        socket.bind_auto().map_err(failed("binding a socket"))?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(failed("connecting to the kernel"))?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::seconds(5))
            .map_err(|cause| Error::Filter("setting a deadline", cause.into()))?;
        socket.set_ext_ack(true).map_err(failed("asking for reasons"))?;
        socket.set_cap_ack(true).map_err(failed("asking for short answers"))?;
        if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE).is_err() {
            let _ = setsockopt(&socket, sockopt::RcvBuf, &RECEIVE);
        }
        Ok(Self { socket, buffer: vec![0; DATAGRAM], sequence: 0, room: 0 })
    }

    /// Asks for a list (`NFT_MSG_GET*`); `each` takes the body of each message.
    pub(crate) fn dump(
        &mut self,
        kind: u16,
        family: u8,
        fill: impl FnOnce(&mut Writer),
        each: &mut dyn FnMut(&[u8]),
    ) -> Result<Dump, Error> {
        self.list((wire::SUBSYSTEM, kind), family, fill, each)
    }

    /// The same of any subsystem.
    pub(crate) fn list(
        &mut self,
        kind: (u16, u16),
        family: u8,
        fill: impl FnOnce(&mut Writer),
        each: &mut dyn FnMut(&[u8]),
    ) -> Result<Dump, Error> {
        self.ask(kind, NLM_F_DUMP, family, fill)?;
        let mut state = Dump::Whole;
        loop {
            let wanted = self.sequence;
            for answer in answers(self.receive()?).filter(|answer| answer.sequence == wanted) {
                if answer.flags & NLM_F_DUMP_INTR != 0 {
                    state = Dump::Interrupted;
                }
                match answer.kind {
                    NLMSG_DONE => return Ok(state),
                    NLMSG_ERROR => return Err(Error::Filter("reading a list", answer.cause())),
                    _ => each(answer.body),
                }
            }
        }
    }

    /// Asks for one thing; the body of the answer.
    pub(crate) fn one(&mut self, kind: u16) -> Result<Vec<u8>, Error> {
        self.ask((wire::SUBSYSTEM, kind), 0, 0, |_| {})?;
        loop {
            let wanted = self.sequence;
            let mut answers = answers(self.receive()?);
            match answers.find(|answer| answer.sequence == wanted) {
                Some(answer) if answer.kind == NLMSG_ERROR => {
                    return Err(Error::Filter("asking", answer.cause()));
                }
                Some(answer) => return Ok(answer.body.to_vec()),
                None => {}
            }
        }
    }

    /// The sequence number at which the next batch begins.
    pub(crate) fn next_sequence(&self) -> u32 {
        self.sequence.wrapping_add(1)
    }

    /// Sends a batch; the kernel has done all of it, or nothing, when this returns.
    pub(crate) fn commit(&mut self, batch: &Batch, what: &Transaction) -> Result<(), Error> {
        self.sequence = batch.last().wrapping_add(1);
        self.make_room(batch.out.length());
        self.socket.send(batch.out.bytes(), 0).map_err(|cause| too_long(cause, batch))?;
        // The kernel works in the sender's own call: all answers are there by now. All are read, so
        // that none is left for the next batch; the first refusal is the cause of those behind it.
        let mut outcome = None;
        while let Some(datagram) = self.receive_if_any()? {
            for answer in answers(datagram).filter(|answer| answer.kind == NLMSG_ERROR) {
                match outcome {
                    Some(Err(_)) => {}
                    _ if answer.code() != 0 => outcome = Some(Err(refused(&answer, batch, what))),
                    _ if answer.sequence == batch.last() => outcome = Some(Ok(())),
                    _ => {}
                }
            }
        }
        let silent = || Error::Filter("waiting for an answer", io::ErrorKind::TimedOut.into());
        outcome.unwrap_or_else(|| Err(silent()))
    }

    /// A batch is one datagram: it must fit into the send buffer.
    fn make_room(&mut self, length: usize) {
        let wanted = length + MARGIN;
        if wanted > self.room {
            if setsockopt(&self.socket, sockopt::SndBufForce, &wanted).is_err() {
                let _ = setsockopt(&self.socket, sockopt::SndBuf, &wanted);
            }
            self.room = wanted;
        }
    }

    fn ask(
        &mut self,
        kind: (u16, u16),
        flags: u16,
        family: u8,
        fill: impl FnOnce(&mut Writer),
    ) -> Result<(), Error> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut out = Writer::default();
        out.message(Head::of(kind, flags, family, self.sequence), fill);
        self.socket.send(out.bytes(), 0).map_err(failed("asking"))?;
        Ok(())
    }

    fn receive(&mut self) -> Result<&[u8], Error> {
        let length = loop {
            match self.socket.recv(&mut &mut self.buffer[..], 0) {
                Ok(length) => break length,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(Error::Filter("reading an answer", cause)),
            }
        };
        Ok(&self.buffer[..length.min(DATAGRAM)])
    }

    fn receive_if_any(&mut self) -> Result<Option<&[u8]>, Error> {
        match self.socket.recv(&mut &mut self.buffer[..], libc::MSG_DONTWAIT) {
            Ok(length) => Ok(Some(&self.buffer[..length.min(DATAGRAM)])),
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(cause) => Err(Error::Filter("reading an answer", cause)),
        }
    }
}

fn failed(what: &'static str) -> impl Fn(io::Error) -> Error {
    move |cause| Error::Filter(what, cause)
}

fn too_long(cause: io::Error, batch: &Batch) -> Error {
    if cause.raw_os_error() == Some(libc::EMSGSIZE) {
        return Error::TooLarge(batch.out.length(), cause);
    }
    Error::Filter("sending a change", cause)
}

fn refused(answer: &Answer<'_>, batch: &Batch, what: &Transaction) -> Error {
    let cause = answer.cause();
    if cause.raw_os_error() == Some(libc::ERESTART) {
        return Error::Overtaken;
    }
    let step = batch.step(answer.sequence).and_then(|at| what.steps.get(at));
    let step = step.map_or_else(|| "the change as a whole".to_owned(), super::text::step);
    let reason = answer.reason().map(|text| format!(" ({text})")).unwrap_or_default();
    Error::Rejected { step, reason, cause }
}

fn answers(mut datagram: &[u8]) -> impl Iterator<Item = Answer<'_>> {
    std::iter::from_fn(move || {
        let sequence = message::u32_at(datagram, 8)?;
        let (kind, flags, body, rest) = message::split(datagram)?;
        datagram = rest;
        Some(Answer { kind, flags, sequence, body })
    })
}

impl Answer<'_> {
    /// 0 or a negated errno.
    fn code(&self) -> i32 {
        message::u32_at(self.body, 0).unwrap_or_default().cast_signed()
    }

    fn cause(&self) -> io::Error {
        io::Error::from_raw_os_error(self.code().saturating_neg())
    }

    /// The kernel's own words, where it has some.
    fn reason(&self) -> Option<String> {
        let echoed = match self.flags & NLM_F_CAPPED {
            0 => usize::try_from(message::u32_at(self.body, 4)?).ok()?,
            _ => HEAD,
        };
        let words = self.body.get(4 + echoed..).filter(|_| self.flags & NLM_F_ACK_TLVS != 0)?;
        wire::find(words, NLMSGERR_ATTR_MSG).map(wire::text)
    }
}

#[cfg(test)]
pub(crate) fn read_all(datagram: &[u8]) {
    answers(datagram).for_each(|answer| drop((answer.cause(), answer.reason())));
}
