//! The channel of a segment, the router at its end, and what segments share.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{Hardware, Names};

/// The contracted line between a segment and the hub.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Channel {
    /// Who provides it.
    pub provider: String,
    /// Fibre, radio, satellite, …
    pub technology: String,
    /// Contracted rate towards the segment, in kbit/s; 0 when not known.
    pub down_kbps: u64,
    /// Contracted rate from the segment, in kbit/s; 0 when not known.
    pub up_kbps: u64,
    /// Number of the contract.
    pub contract: String,
}

/// The segment's router.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Router {
    /// Where it is managed.
    pub management: Option<IpAddr>,
    /// The name of its SNMP credentials in the configuration; never the secret itself.
    pub snmp: String,
    /// Its hardware address on the link, where the segment is bound to it: on a link with several
    /// segments only this address may then speak for it.
    pub hardware: Option<Hardware>,
}

/// A provider point or uplink shared by several segments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Its identifier, as in [`crate::Segment::parent`].
    pub id: String,
    /// Its name.
    pub name: Names,
    /// Who runs it.
    #[serde(default)]
    pub provider: String,
    /// Counts the changes; an update names the version it saw.
    #[serde(default)]
    pub version: i64,
}
