//! What the resolver knows of the world around it.

use std::net::IpAddr;

use ets_model::SegmentNo;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// Somebody in a segment.
    Segment(SegmentNo),
    /// The hub itself.
    Own,
    /// Anybody else: no answer.
    Stranger,
}

/// What an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anybody's.
    Outside,
    /// Private (RFC 1918, RFC 4193), and not known as ours.
    Private,
    /// Ours, or nobody's that can be meant: loopback, link-local, the hub's, a segment's.
    Inner,
}

/// The composition fills it in.
pub trait World: Send + Sync + 'static {
    /// Who asks from an address.
    fn client(&self, address: IpAddr) -> Client;
    /// What an address is.
    fn kind(&self, address: IpAddr) -> Kind;
    /// Whether somebody in a segment may look a name up: in lower case, without the final dot.
    fn may_look_up(&self, segment: SegmentNo, name: &str) -> bool;
    /// The addresses of a name of the closed network's zone, without the zone's name; `None` where
    /// there is no such name. An empty list stands for the hub's own addresses.
    fn addresses(&self, name: &str) -> Option<Vec<IpAddr>>;
    /// The name of an address, without the zone's name.
    fn name_of(&self, address: IpAddr) -> Option<String>;
}
