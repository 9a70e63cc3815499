//! The queues that hold segments to their rates: an HTB qdisc at each port where somebody is shaped,
//! one class for each of them (`net/sched/sch_htb.c`, `linux/pkt_sched.h`, rtnetlink(7)).
//!
//! The packet filter puts the class into the packet's priority, which HTB takes as it is: no filter
//! is asked. Packets without a class pass it by. What is as wanted stays untouched, so that no
//! packet in a queue is lost when rules are applied anew.

use std::collections::BTreeMap;
use std::io;

use crate::Error;
use crate::message::{attributes, put_attribute, u32_at};
use crate::rtnetlink::{CREATE, REPLACE, Rtnetlink};

/// A segment's class at one port: its number.
pub type Class = u16;
/// Which classes a port has, each with its rate in kbit/s.
pub type Shape = BTreeMap<Class, u64>;

const ROOT: u32 = 0xffff_ffff;
/// `1:`, the qdisc of ours; the packet filter's classes are below it.
const HANDLE: u32 = 1 << 16;

const TC_HEAD: usize = 20;
const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const TCA_HTB_PARMS: u16 = 1;
const TCA_HTB_INIT: u16 = 2;
const TCA_HTB_RATE64: u16 = 6;
const TCA_HTB_CEIL64: u16 = 7;
const HTB_VERSION: u32 = 3;
/// `TC_LINKLAYER_ETHERNET`: sizes as they are, no table of them.
const ETHERNET: u8 = 1;

const TCA_FQ_CODEL_LIMIT: u16 = 2;
const TCA_FQ_CODEL_FLOWS: u16 = 5;
/// Flows that a segment's queue keeps apart; each takes 64 bytes.
const FLOWS: u32 = 64;

/// A queue is no longer than this at its rate, in milliseconds.
const LONGEST_MS: u64 = 100;
const FULL_PACKET: u64 = 1_500;
/// Packets that a queue holds in any case, and at most.
const PACKETS: (u64, u64) = (16, 1_000);

/// Reads and sets queues, in the network namespace of the thread that opened it.
pub struct Queues(Rtnetlink);

impl Queues {
    /// # Errors
    /// When the kernel refuses a socket.
    pub fn open() -> Result<Self, Error> {
        Rtnetlink::open().map(Self).map_err(|(what, cause)| Error::Socket(what, cause))
    }

    /// Our classes as the kernel has them, by the number of the port. Ports without our qdisc have
    /// none.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn read(&mut self) -> Result<BTreeMap<u32, Shape>, Error> {
        let ports = self.list(libc::RTM_GETQDISC, &head(0, 0, 0), our_qdisc)?;
        let shape = |port: u32| {
            let classes = self.list(libc::RTM_GETTCLASS, &head(port, 0, 0), class)?;
            Ok((port, classes.into_iter().collect()))
        };
        ports.into_iter().map(shape).collect()
    }

    fn list<T>(
        &mut self,
        kind: u16,
        body: &[u8],
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Vec<T>, Error> {
        let listed = self.0.list(kind, body, |_, body| read(body));
        listed.map_err(|cause| Error::Refused("queues", cause))?.ok_or(Error::Unsteady("queues"))
    }

    /// Makes a port's classes what they should be; `have` is what [`Self::read`] found there.
    ///
    /// # Errors
    /// What the kernel says; what was done until then stays.
    pub fn set(&mut self, port: u32, have: Option<&Shape>, wanted: &Shape) -> Result<(), Error> {
        if wanted.is_empty() {
            return if have.is_some() { self.remove(port) } else { Ok(()) };
        }
        if have.is_none() {
            self.add_qdisc(port)?;
        }
        let none = Shape::new();
        let have = have.unwrap_or(&none);
        for class in have.keys().filter(|class| !wanted.contains_key(class)) {
            let gone = self.0.ask(libc::RTM_DELTCLASS, 0, &head(port, handle(*class), HANDLE));
            gone.map_err(|cause| Error::Queue(port, "taking a class away", cause))?;
        }
        for (class, kbps) in wanted.iter().filter(|(class, kbps)| have.get(class) != Some(kbps)) {
            self.put_class(port, *class, *kbps)?;
            self.put_leaf(port, *class, *kbps, !have.contains_key(class))?;
        }
        Ok(())
    }

    fn add_qdisc(&mut self, port: u32) -> Result<(), Error> {
        let mut body = head(port, HANDLE, ROOT);
        put_attribute(&mut body, TCA_KIND, b"htb\0");
        let mut options = Vec::new();
        let init: Vec<u8> =
            [HTB_VERSION, 10, 0, 0, 0].iter().flat_map(|word| word.to_ne_bytes()).collect();
        put_attribute(&mut options, TCA_HTB_INIT, &init);
        put_attribute(&mut body, TCA_OPTIONS, &options);
        let made = self.0.ask(libc::RTM_NEWQDISC, CREATE | REPLACE, &body);
        made.map(drop).map_err(|cause| Error::Queue(port, "making the HTB qdisc", cause))
    }

    fn remove(&mut self, port: u32) -> Result<(), Error> {
        let gone = self.0.ask(libc::RTM_DELQDISC, 0, &head(port, HANDLE, ROOT));
        gone.map(drop).map_err(|cause| Error::Queue(port, "taking the HTB qdisc away", cause))
    }

    fn put_class(&mut self, port: u32, class: Class, kbps: u64) -> Result<(), Error> {
        let mut body = head(port, handle(class), HANDLE);
        put_attribute(&mut body, TCA_KIND, b"htb\0");
        put_attribute(&mut body, TCA_OPTIONS, &class_options(kbps));
        let made = self.0.ask(libc::RTM_NEWTCLASS, CREATE, &body);
        made.map(drop).map_err(|cause| Error::Queue(port, "making a class", cause))
    }

    /// The queue of a class: by flow where the kernel can (RFC 8290), so that one transfer does not
    /// keep a segment's other packets waiting; else one that is short at its rate.
    fn put_leaf(&mut self, port: u32, class: Class, kbps: u64, is_new: bool) -> Result<(), Error> {
        let by_flow = self.leaf(port, class, b"fq_codel\0", &by_flow(kbps, is_new));
        // What an unknown kind is answered with depends on the kernel's release.
        let unknown = |cause: &io::Error| {
            matches!(cause.raw_os_error(), Some(libc::ENOENT | libc::EINVAL | libc::EOPNOTSUPP))
        };
        let done = match by_flow {
            Err(cause) if unknown(&cause) => {
                let limit = u32::try_from(packets(kbps)).unwrap_or(u32::MAX);
                self.leaf(port, class, b"pfifo\0", &limit.to_ne_bytes())
            }
            done => done,
        };
        done.map_err(|cause| Error::Queue(port, "making the queue of a class", cause))
    }

    fn leaf(&mut self, port: u32, class: Class, kind: &[u8], options: &[u8]) -> io::Result<()> {
        // A number of its own for each: above the classes' majors, which are all 1.
        let own = (u32::from(class).wrapping_add(0x10) & 0xffff).max(2) << 16;
        let mut body = head(port, own, handle(class));
        put_attribute(&mut body, TCA_KIND, kind);
        put_attribute(&mut body, TCA_OPTIONS, options);
        self.0.ask(libc::RTM_NEWQDISC, CREATE | REPLACE, &body).map(drop)
    }
}

impl std::fmt::Debug for Queues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queues")
    }
}

/// Packets of full size that leave within [`LONGEST_MS`].
fn packets(kbps: u64) -> u64 {
    (kbps * LONGEST_MS / 8 / FULL_PACKET).clamp(PACKETS.0, PACKETS.1)
}

/// The number of flows can be said only once.
fn by_flow(kbps: u64, is_new: bool) -> Vec<u8> {
    let mut options = Vec::new();
    let limit = u32::try_from(packets(kbps).saturating_mul(4)).unwrap_or(u32::MAX);
    put_attribute(&mut options, TCA_FQ_CODEL_LIMIT, &limit.to_ne_bytes());
    if is_new {
        put_attribute(&mut options, TCA_FQ_CODEL_FLOWS, &FLOWS.to_ne_bytes());
    }
    options
}

fn handle(class: Class) -> u32 {
    HANDLE | u32::from(class)
}

/// `struct tcmsg`
fn head(port: u32, handle: u32, parent: u32) -> Vec<u8> {
    [0, port, handle, parent, 0].iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// The port of an HTB qdisc that is the root and has our number.
fn our_qdisc(body: &[u8]) -> Option<u32> {
    let (port, handle, parent) = (u32_at(body, 4)?, u32_at(body, 8)?, u32_at(body, 12)?);
    let kind = find(body.get(TC_HEAD..)?, TCA_KIND)?;
    (handle == HANDLE && parent == ROOT && kind == b"htb\0").then_some(port)
}

/// A class of ours and its rate.
fn class(body: &[u8]) -> Option<(Class, u64)> {
    let handle = u32_at(body, 8)?;
    let options = find(body.get(TC_HEAD..)?, TCA_OPTIONS)?;
    let wide = find(options, TCA_HTB_RATE64).and_then(|value| value.first_chunk().copied());
    let bytes = match wide {
        Some(wide) => u64::from_ne_bytes(wide),
        None => u64::from(u32_at(find(options, TCA_HTB_PARMS)?, 8)?),
    };
    let class = Class::try_from(handle & 0xffff).ok().filter(|_| handle & !0xffff == HANDLE)?;
    Some((class, bytes / 125))
}

fn find(from: &[u8], wanted: u16) -> Option<&[u8]> {
    attributes(from, 0).find(|(kind, _)| *kind == wanted).map(|(_, value)| value)
}

/// `struct tc_htb_opt` and the wide rates. A segment borrows from nobody: its ceiling is its rate.
fn class_options(kbps: u64) -> Vec<u8> {
    let bytes = kbps.saturating_mul(125);
    // Four milliseconds at once, and no less than one full packet.
    let burst = (bytes / 250).max(2 * FULL_PACKET);
    let nanos = u128::from(burst) * 1_000_000_000 / u128::from(bytes.max(1));
    // PSCHED_SHIFT: a tick is 64 ns.
    let ticks = u32::try_from(nanos >> 6).unwrap_or(u32::MAX);
    let quantum = u32::try_from((bytes / 10).clamp(FULL_PACKET + 14, 60_000)).unwrap_or(60_000);
    let spec = || {
        let mut spec = vec![0, ETHERNET, 0, 0, 0, 0, 0, 0];
        spec.extend(u32::try_from(bytes).unwrap_or(u32::MAX).to_ne_bytes());
        spec
    };
    let mut parameters = [spec(), spec()].concat();
    for word in [ticks, ticks, quantum, 0, 0] {
        parameters.extend(word.to_ne_bytes());
    }
    let mut options = Vec::new();
    put_attribute(&mut options, TCA_HTB_PARMS, &parameters);
    if bytes >= u64::from(u32::MAX) {
        put_attribute(&mut options, TCA_HTB_RATE64, &bytes.to_ne_bytes());
        put_attribute(&mut options, TCA_HTB_CEIL64, &bytes.to_ne_bytes());
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(class: Class, kbps: u64) -> Vec<u8> {
        let mut body = head(7, handle(class), HANDLE);
        put_attribute(&mut body, TCA_OPTIONS, &class_options(kbps));
        body
    }

    /// covers: N8.1
    #[test]
    fn a_class_reads_as_it_was_written_whatever_its_rate() {
        for kbps in [1, 64, 1_000, 34_359_738, 40_000_000, 400_000_000] {
            assert_eq!(class(&told(9, kbps)), Some((9, kbps)));
        }
        let body = told(9, 1_000);
        for end in 0..body.len() {
            assert_eq!(class(&body[..end]), None);
        }
    }

    #[test]
    fn a_queue_is_short_at_its_rate() {
        assert_eq!((packets(64), packets(10_000), packets(10_000_000)), (16, 83, 1_000));
    }
}
