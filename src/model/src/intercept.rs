//! What the gateway takes for itself of what segments send outside.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::SegmentNo;

/// Whose flows to the outside are handed to the gateway's transparent sockets, although whoever opens
/// them does not know of a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intercept {
    /// The segments, ordered by number.
    pub segments: Vec<SegmentNo>,
    /// Networks that are left alone besides the hub's own addresses and the segments': those behind the
    /// hub, and addresses that are no host's outside.
    pub kept: Vec<IpNet>,
    /// The port on which the transparent sockets listen, TCP and UDP.
    pub port: u16,
}

impl Intercept {
    /// The most networks that are kept.
    const MOST_KEPT: usize = 4_096;
    /// The most segments.
    const MOST_SEGMENTS: usize = 65_536;

    /// What is wrong with it, as a sentence; `None` where nothing is.
    pub fn fault(&self) -> Option<String> {
        if self.port == 0 {
            return Some("the port of transparent sockets is not 0".to_owned());
        }
        if self.segments.len() > Self::MOST_SEGMENTS || self.kept.len() > Self::MOST_KEPT {
            let (segments, kept) = (Self::MOST_SEGMENTS, Self::MOST_KEPT);
            return Some(format!(
                "at most {segments} segments are intercepted, with {kept} networks kept"
            ));
        }
        None
    }
}
