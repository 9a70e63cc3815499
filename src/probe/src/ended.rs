//! What goes in and what comes out: targets, the ends of probes, counters.

use std::net::IpAddr;
use std::time::Duration;

use ets_model::{BootTime, IcmpErrorKind, Method};

/// One target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeTarget {
    /// The caller's dense index of it, from 0 or 1; memory grows with the largest one.
    pub slot: u32,
    /// The address that is probed and that alone may answer. IPv6 link-local addresses cannot be
    /// probed: they name no interface.
    pub address: IpAddr,
    /// By what.
    pub method: Method,
    /// Time between two probes; at least 1 ms.
    pub interval: Duration,
}

/// How a probe ended, or what was learnt on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// An authentic answer. Comes also after [`Ended::Lost`] when the answer is late but within
    /// the window.
    Answered {
        /// Whose.
        slot: u32,
        /// When the probe left.
        sent: BootTime,
        /// Round-trip time by the kernel's stamps.
        rtt: Duration,
    },
    /// The timeout passed. Provisional: an answer may still come within the window.
    Lost {
        /// Whose.
        slot: u32,
        /// When the probe left.
        sent: BootTime,
    },
    /// Nothing can be said of this probe: the hub itself may have lost the answer (its queue
    /// overflowed, or it stood still for long). Neither answered nor lost; an answer may still
    /// come within the window.
    Void {
        /// Whose.
        slot: u32,
        /// When the probe left.
        sent: BootTime,
    },
    /// The kernel refused to send.
    Unsent {
        /// Whose.
        slot: u32,
        /// When it was tried.
        at: BootTime,
        /// Why; says whether it counts as a loss.
        reason: Unsent,
    },
    /// An ICMP error came for a probe under way, at most one a probe. It is evidence and does not
    /// end the probe: [`Ended::Lost`] or [`Ended::Answered`] follows.
    Error {
        /// Whose.
        slot: u32,
        /// When the probe left.
        sent: BootTime,
        /// Who sent the error; the hub's own address where its own neighbour table gave up.
        from: IpAddr,
        /// What it says.
        kind: IcmpErrorKind,
    },
    /// The engine did not run between the two moments (stopped, starved, suspended). No probe
    /// left in that time; answers that came in it have been read and stand before this.
    Stalled {
        /// End of the last round.
        from: BootTime,
        /// Begin of this round.
        to: BootTime,
    },
    /// The receive queue overflowed between the two moments: answers were lost by ourselves.
    /// Probes under way in that time end as [`Ended::Void`] when no answer comes.
    Overflowed {
        /// When the queue was last seen empty.
        from: BootTime,
        /// When it was empty again.
        to: BootTime,
        /// Packets dropped.
        dropped: u64,
    },
}

/// Why a probe did not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unsent {
    /// No route, or its interface is down: the target cannot be reached. Counts as a loss.
    NoRoute,
    /// The hub's own rules forbid it (EPERM, EACCES). Counts as a loss.
    Prohibited,
    /// A queue or table of the hub was full, or descriptors ran out. The hub's own fault: not a
    /// loss.
    Resource,
}

impl Unsent {
    /// Whether the target could not be reached, as opposed to a fault of the hub itself.
    pub fn is_loss(self) -> bool {
        !matches!(self, Self::Resource)
    }
}

/// What the engine counted since it was opened. All monotonic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Probes sent.
    pub sent: u64,
    /// Probes answered, late ones within the window included.
    pub answered: u64,
    /// Probes whose timeout passed, those included that were answered afterwards.
    pub lost: u64,
    /// Probes of which nothing can be said.
    pub void: u64,
    /// Packets dropped by our own full receive queue (`SO_RXQ_OVFL`).
    pub overflowed: u64,
    /// Replies refused: unknown, wrong source, wrong cookie, damaged.
    pub forged: u64,
    /// Replies to a probe that was already answered.
    pub duplicate: u64,
    /// Authentic replies after their probe had been given up.
    pub late: u64,
    /// Sends that the kernel refused.
    pub send_errors: u64,
    /// Nanoseconds in which the engine could not see.
    pub blind_ns: u64,
}
