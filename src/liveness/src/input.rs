//! What a machine is told and what it answers.

use std::net::IpAddr;
use std::time::Duration;

use ets_model::{BlindReason, BootTime, IcmpErrorKind, NeighbourState, Obstacle};

use crate::TransitionDraft;

/// Something that was seen. A probe ends as [`Answered`](Self::Answered) or as
/// [`Lost`](Self::Lost); one that was lost provisionally and is answered after all as both, in
/// this order. A probe whose answer the hub itself may have lost is not told at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The probe sent at `sent` was answered authentically after `rtt`, in time or late.
    Answered {
        /// When the probe left.
        sent: BootTime,
        /// How long the answer took.
        rtt: Duration,
    },
    /// The probe sent at `sent` was not answered within [`Machine::timeout`](crate::Machine).
    Lost {
        /// When the probe left.
        sent: BootTime,
    },
    /// A probe could not be sent at all. It counts as lost, except for a segment that has never
    /// answered: of that one nothing was learnt.
    Unsent {
        /// When it was tried.
        at: BootTime,
        /// What stood in the way.
        obstacle: Obstacle,
    },
    /// The carrier of the hub's interface towards the segment.
    Carrier {
        /// Whether it is there.
        up: bool,
        /// The interface's name, for the evidence.
        interface: &'a str,
    },
    /// The kernel's neighbour entry of the probed address or of the router before it.
    Neighbour {
        /// Whose entry.
        address: IpAddr,
        /// What became of it.
        state: NeighbourState,
    },
    /// An ICMP error about the probe sent at `sent`. It hastens the confirmation and is kept as
    /// evidence; it never decides, since anybody on the way can make one up. The probe itself
    /// still ends as [`Lost`](Self::Lost).
    IcmpError {
        /// When the probe left.
        sent: BootTime,
        /// Who sent the error.
        from: IpAddr,
        /// Which one.
        kind: IcmpErrorKind,
    },
    /// The hub cannot see, since `from`. Give it before the probe ends of the same time: losses
    /// that fall into it are forgotten. Only a dark trunk makes the state unknown; an answer to a
    /// probe sent in the dark ends the dark for this segment. Any other blindness lasts until
    /// [`Sighted`](Self::Sighted), and nothing goes down before.
    Blind {
        /// Since when, at the earliest.
        from: BootTime,
        /// Why.
        reason: BlindReason,
    },
    /// The hub sees again as to `reason`.
    Sighted {
        /// Which blindness is over.
        reason: BlindReason,
    },
    /// Maintenance began or ended.
    Maintenance {
        /// Whether it is on.
        on: bool,
    },
}

/// How to go on probing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At the segment's own interval; see [`Params::interval`](crate::Params::interval).
    Regular,
    /// `count` probes at once, `spacing` apart, on top of the pace that holds.
    Burst {
        /// How many.
        count: u8,
        /// How far apart.
        spacing: Duration,
    },
    /// Ten times a second, so that a recovery is seen as fast as a failure.
    Fast,
}

/// What came of one input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The state changed.
    pub transition: Option<TransitionDraft>,
    /// Probe otherwise from now on.
    pub pace: Option<Pace>,
}
