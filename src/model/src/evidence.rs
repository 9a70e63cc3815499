//! What was seen, from where and when: the pieces that a verdict stands on.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Stamp;

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When it was seen.
    pub at: Stamp,
    /// Who saw it.
    pub source: Source,
    /// What was seen.
    pub fact: Fact,
}

/// Which part of the product saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// ICMP echo probes.
    Icmp,
    /// TCP connect probes.
    Tcp,
    /// The carrier of the hub's own interface.
    Carrier,
    /// The neighbour table (ARP, ND).
    Neighbour,
    /// The process itself: its clock, its queues, its restarts.
    Monitor,
    /// The registry, by an administrator.
    Registry,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// `lost` probes in a row were not answered within `timeout` each.
    ProbesLost { lost: u32, timeout: Duration },
    /// A probe was answered after `rtt`.
    Answered { rtt: Duration },
    /// `probes` in a row could not be sent at all, for this reason.
    NotSent { probes: u32, obstacle: Obstacle },
    /// Of the last `sent` probes `lost` were lost.
    LossRate { sent: u32, lost: u32 },
    /// The state changed `changes` times within `window`.
    Flapping { changes: u32, window: Duration },
    /// The carrier of the hub's interface came or went.
    Carrier { interface: String, up: bool },
    /// The kernel's neighbour entry for `address` changed.
    Neighbour { address: IpAddr, state: NeighbourState },
    /// `from` answered a probe with an ICMP error.
    IcmpError { from: IpAddr, kind: IcmpErrorKind },
    /// Nothing can be said: the hub itself was blind.
    Blind { reason: BlindReason },
    /// An administrator began or ended maintenance.
    Maintenance { on: bool },
}

/// What keeps a probe from leaving the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// The hub has no such port.
    NoPort,
    /// The hub has no way to the address.
    NoRoute,
    /// The hub's own rules forbid it.
    Forbidden,
}

impl Obstacle {
    /// The word used in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoPort => "no_port",
            Self::NoRoute => "no_route",
            Self::Forbidden => "forbidden",
        }
    }
}

/// ICMP errors, decoded from both families (RFC 792, RFC 1812, RFC 4443).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IcmpErrorKind {
    /// No route to the network (v4 code 0, v6 code 0).
    NetUnreachable,
    /// The last router cannot reach the host (v4 code 1, v6 code 3).
    HostUnreachable,
    /// The host does not speak the protocol (v4 code 2).
    ProtocolUnreachable,
    /// Nothing listens on the port (v4 code 3, v6 code 4).
    PortUnreachable,
    /// Forbidden by an administrator (v4 codes 9, 10, 13, v6 codes 1, 5, 6).
    Prohibited,
    /// The packet was too big (v4 type 3 code 4, v6 type 2).
    TooBig,
    /// The hop limit ran out: a routing loop (v4 type 11, v6 type 3).
    TimeExceeded,
    /// The hub itself reports that the host is unreachable: the next hop does not answer for its
    /// hardware address.
    NeighbourSilent,
    /// Any other error: its type and code.
    Other { kind: u8, code: u8 },
}

/// Neighbour cache states that matter (RFC 4861, section 7.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeighbourState {
    /// Known and confirmed lately.
    Reachable,
    /// Known, not confirmed lately.
    Stale,
    /// Being asked.
    Probing,
    /// Asked, no answer.
    Failed,
    /// Its link-layer address changed: a replaced router or an address conflict.
    Moved,
}

/// Why the hub could not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlindReason {
    /// The process did not run (stopped, starved, suspended).
    Stalled,
    /// The receive queue overflowed: answers were lost by ourselves.
    QueueOverflow,
    /// Every port of a trunk went dark at once.
    TrunkDark,
    /// The process was not there (restart, crash).
    Restarted,
}
