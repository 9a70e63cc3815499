//! The rules as administrators write them.

use std::collections::BTreeMap;

use ets_model::{Names, PortRange, SegmentId};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::hours::Hours;
use super::list::List;
use super::relays::Relay;

/// Everything that the gateway goes by: the first rule that fits decides; where none does, no.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Segments under one name.
    pub groups: BTreeMap<String, Vec<SegmentId>>,
    /// Domains under one name.
    pub lists: BTreeMap<String, List>,
    /// In their order.
    pub rules: Vec<Rule>,
    /// How much; of all that are for a segment the lowest of each kind holds.
    pub limits: Vec<Limit>,
    /// Services that segments reach through the hub alone.
    pub relays: Vec<Relay>,
}

/// Who may, or may not, reach what and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its identifier; stays when it is moved.
    pub id: String,
    /// What people are told that it is.
    pub name: Names,
    /// For whom.
    #[serde(default)]
    pub who: Who,
    /// Whereto.
    #[serde(default)]
    pub to: To,
    /// On which ports; none: on all but those of [`Rule::GUARDED`].
    #[serde(default)]
    pub ports: Vec<PortRange>,
    /// In which hours; none: always.
    #[serde(default)]
    pub hours: Vec<Hours>,
    /// What it decides.
    pub action: Action,
    /// Whom to ask, as the page of a refusal says it; empty: the network's administrator.
    #[serde(default)]
    pub ask: Names,
    /// Left out of use.
    #[serde(default)]
    pub off: bool,
    /// Opens also to those who do not know of a proxy: what they send outside is taken on its way. A
    /// refusal holds for them whatever stands here.
    #[serde(default)]
    pub transparent: bool,
}

/// For whom a rule holds: everybody where it names nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Who {
    /// These segments.
    pub segments: Vec<SegmentId>,
    /// Those of these groups.
    pub groups: Vec<String>,
    /// These persons, as the certificate names them.
    pub persons: Vec<String>,
}

/// Whereto a rule leads: anywhere public where it names nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct To {
    /// These names and those under them.
    pub domains: Vec<String>,
    /// Those of these lists.
    pub lists: Vec<String>,
    /// These addresses; the only way to private ones.
    pub addresses: Vec<IpNet>,
}

/// What a rule decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// May.
    Allow,
    /// May not.
    Refuse,
}

/// How much a segment may have. For a group, or for everybody, each segment has it for itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Its identifier.
    pub id: String,
    /// What people are told that it is; its identifier where it has no name.
    #[serde(default)]
    pub name: Names,
    /// For which segments. Each has its own: a group of ten with a volume of 1 GB has 10 GB in all.
    #[serde(default)]
    pub who: Who,
    /// Connections open at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<u32>,
    /// What may pass in a period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<Volume>,
    /// Bits of payload a second, each way by itself, shared by all connections of the segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<u64>,
    /// Whom to ask, as the page of a refusal says it; empty: the network's administrator.
    #[serde(default)]
    pub ask: Names,
}

/// What may pass in a period of the hub's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Bytes of payload, both ways together.
    pub bytes: u64,
    /// In which period.
    pub per: Per,
}

/// A period of the calendar, in the hub's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first to the first.
    Month,
}

impl Rule {
    /// Ports that a rule must name to open: mail to anybody is how a network gets onto blocklists.
    pub const GUARDED: [PortRange; 1] = [PortRange::tcp(25)];
}
