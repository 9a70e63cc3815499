//! The rules of the packet filter, as `serve` speaks of them with `netd` (requirement N2.3).

use std::net::IpAddr;
use std::time::Duration;

use ets_model::{Policy, SegmentNo, ServiceNo, Stamp};
use serde::{Deserialize, Serialize};

/// A policy to be put in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apply {
    /// The number that `serve` gave to this change; above that of the one before.
    pub change: u64,
    /// Who makes it: only they may confirm it.
    pub author: String,
    /// What shall be in force.
    pub policy: Policy,
    /// How long the change waits for its confirmation before it goes back by itself; `None` for a
    /// change that takes nothing away from anybody and needs none.
    pub confirm_within: Option<Duration>,
}

/// What a policy would change in the kernel, as lines for people; a hundred thousand at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Rules and elements that would come.
    pub added: Vec<String>,
    /// Rules and elements that would go.
    pub removed: Vec<String>,
}

/// The state of the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesNow {
    /// The change in force; 0 before the first one.
    pub change: u64,
    /// The policy in force. `None` before the first one: nothing is forwarded then.
    pub policy: Option<Policy>,
    /// The change that waits for confirmation; it is the one in force.
    pub pending: Option<Pending>,
    /// What the kernel has otherwise than it should.
    pub drift: Vec<Drift>,
    /// When the kernel was last compared; `None`: not yet.
    pub compared: Option<Stamp>,
    /// Why rules cannot be put in force on this machine; empty when they can.
    pub problem: String,
}

/// A change that waits for confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Which change.
    pub change: u64,
    /// Who made it.
    pub author: String,
    /// When it goes back by itself.
    pub until: Stamp,
    /// The change that comes back then; 0: none was in force.
    pub back_to: u64,
}

/// One thing that the kernel has otherwise than it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// What: `rule in chain forward`, `element of set sources`, `route to 10.10.1.0/24`, a setting.
    pub what: String,
    /// What should be there; empty: nothing.
    pub wanted: String,
    /// What is there; empty: nothing.
    pub found: String,
}

/// Something happened to the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RulesEvent {
    /// A change is in force.
    Applied { change: u64, author: String, waits: bool },
    /// It was confirmed and stays.
    Confirmed { change: u64 },
    /// It went back; `change` was undone, `back_to` is in force again.
    Reverted { change: u64, back_to: u64, why: Why },
    /// The kernel was found to differ from what should be; it was put right.
    Drifted { found: Vec<Drift>, mended: bool },
}

/// Why a change went back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// Nobody confirmed it in time.
    TimeOut,
    /// Somebody took it back.
    Asked,
    /// Segments that were up before the change fell.
    Veto { fell: Vec<SegmentNo> },
    /// `netd` or the machine started anew before it was confirmed.
    Restarted,
}

/// Who may reach what, computed from the rules that the kernel has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// The change in force.
    pub change: u64,
    /// When the kernel was read.
    pub at: Stamp,
    /// The columns: services, ordered.
    pub services: Vec<ServiceNo>,
    /// The rows: segments, ordered by number.
    pub segments: Vec<Subject>,
    /// Pairs of segments of which the first can send to the second. There should be none.
    pub neighbours: Vec<(SegmentNo, SegmentNo)>,
    /// How many ordered pairs were looked at.
    pub pairs: u64,
}

/// What one segment may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Which segment.
    pub segment: SegmentNo,
    /// For each column whether every port of the service is reached, in the order of
    /// [`Reach::services`], eight to a byte, lowest bit first.
    pub services: Vec<u8>,
    /// Whether anything outside is reached directly. It should not be.
    pub outside: bool,
    /// Whether it could send under an address that is not its own. It should not.
    pub spoofs: bool,
}

/// A segment does what it must not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offence {
    /// Which segment; `None` when only the interface is known.
    pub segment: Option<SegmentNo>,
    /// The interface from which it came.
    pub interface: String,
    /// What it does.
    pub kind: OffenceKind,
    /// When it was first seen.
    pub since: Stamp,
    /// Whether it has ended: nothing was seen for ten seconds.
    pub over: bool,
    /// Packets refused so far.
    pub packets: u64,
    /// Examples: destination, protocol number and port; at most sixteen.
    pub examples: Vec<(IpAddr, u8, u16)>,
}

/// What a segment does that it must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OffenceKind {
    /// More packets or connections than its limits allow.
    Flood,
    /// Many ports or many addresses, one after another.
    Scan,
    /// Sources that are not its own.
    Spoof,
    /// Packets for another segment.
    Neighbour,
}

impl Subject {
    /// Whether column `index` is reached.
    pub fn reaches(&self, index: usize) -> bool {
        self.services.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }

    /// Marks column `index` as reached.
    pub fn set(&mut self, index: usize) {
        if self.services.len() <= index / 8 {
            self.services.resize(index / 8 + 1, 0);
        }
        self.services[index / 8] |= 1 << (index % 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_was_set_is_reached_and_no_other() {
        let mut subject = Subject::default();
        subject.set(9);
        assert!((0..40).all(|index| subject.reaches(index) == (index == 9)));
    }
}
