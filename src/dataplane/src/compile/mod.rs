//! From a policy to the packet filter's rules (requirements N2.1, N2.2). Pure; equal policies give
//! equal rules.
//!
//! How a packet goes through `inet ets`:
//!
//! * `pieces` (prerouting, before fragments are put together) lets a fragment join others only when its
//!   source is the sender's own.
//! * `guard` (prerouting, before connection tracking) knows the sender. A segment's port and source
//!   lead to the segment's number, which becomes the packet's mark: one lookup in a hash map for each
//!   prefix length in use (`from4_24`; `bound4_24` has the hardware address in its key as well). A
//!   source that is in none of them is forged. Then come options, ICMP and neighbour discovery, and the
//!   limit of packets a second.
//! * `intercept` (prerouting, after connection tracking; only while the gateway wants it) hands what a
//!   segment sends outside to the gateway's transparent sockets and marks it, so that it is routed to the
//!   hub itself. It is accepted by nothing else, and never forwarded.
//! * `forward` drops what no rule accepts. A flow that these rules accepted carries their generation
//!   as its connection mark and passes at once. Everything else is asked for its rights: new flows,
//!   and flows that older rules accepted, so that a right that was withdrawn ends its flows and a flow
//!   that keeps its right loses no packet. Only segments open flows, and only towards services. An error
//!   about a flow passes when it comes from a service, or from the very segment whose flow it is.
//! * `input` does the same for services on the hub itself, at the addresses of the port by which the
//!   packet came in.
//! * `refuse_…` counts by interface and mark, sends samples to NFLOG group 69, and drops.
//!
//! No rule on the way of every packet is there more often than there are prefix lengths, so that the
//! cost of a packet does not grow with the number of segments. Intervals are looked up for new flows
//! only, in a map as large as the list of services.
//!
//! `arp ets` lets a sender speak only for its own addresses.

mod arp;
mod forward;
mod ground;
mod guard;
mod intercept;
mod limits;
mod line;
mod local;
mod meter;
mod neighbour;
mod parts;
mod pieces;
mod refuse;
mod services;
mod shape;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;

use ets_model::{Intercept, Policy};

use crate::nft::ir::{Family, Ruleset};
pub use intercept::TAKEN;
pub use meter::METER_SETS;
pub use refuse::refused_sets;

use ground::Ground;
use parts::Parts;

/// Number of the loopback interface, the same in every network namespace (`LOOPBACK_IFINDEX`).
pub(crate) const LOOPBACK: u32 = 1;
/// The name of our tables.
pub const TABLE: &str = "ets";

/// What the rules need to know of the machine's interfaces. An interface of a policy that is not
/// among them is left out: nothing passes by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// The interfaces by name.
    pub ports: BTreeMap<String, Port>,
    /// Whether the rules count the traffic of each segment, because nothing better can.
    pub metered: bool,
    /// Where the hub itself answers those outside, over TCP.
    pub published: Vec<std::net::SocketAddr>,
    /// Whose flows to the outside the hub's gateway takes for itself; `None`: nobody's.
    pub intercept: Option<Intercept>,
}

/// An interface of the hub.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Port {
    /// Its number.
    pub index: u32,
    /// The hub's own addresses on it.
    pub addresses: Vec<IpAddr>,
    /// Routers at its other end that have addresses outside every prefix.
    pub next_hops: Vec<IpAddr>,
}

/// The rules for a policy without faults. `generation` differs from that of all rules whose flows
/// may still be there, and is not 0: a connection's mark is 0 before anybody sets it.
pub fn compile(policy: &Policy, links: &Links, generation: u32) -> Ruleset {
    let ground = Ground::new(policy, links, generation);
    Ruleset { tables: vec![inet(&ground), arp::table(&ground)] }
}

fn inet(ground: &Ground<'_>) -> crate::nft::ir::Table {
    let mut parts = Parts::default();
    refuse::chains(&mut parts);
    sources::sets(ground, &mut parts);
    meter::chains(ground, &mut parts);
    neighbour::chains(ground, &mut parts);
    pieces::chains(ground, &mut parts);
    guard::chains(ground, &mut parts);
    intercept::chains(ground, &mut parts);
    services::chains(ground, &mut parts);
    forward::chains(ground, &mut parts);
    local::chains(ground, &mut parts);
    shape::chains(ground, &mut parts);
    parts.table(Family::Inet, TABLE)
}
