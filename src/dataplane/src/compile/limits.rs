//! What one segment may use of the hub: packets a second, new connections a second, open connections.

use std::collections::{BTreeMap, BTreeSet};

use ets_model::Limits;

use super::ground::Ground;
use super::line::{Line, above};
use super::parts::Parts;
use super::refuse::Reason;
use crate::nft::ir::{Each, KeyPart, Rule, Verdict};

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Packets a second.
    Packets,
    /// New connections a second.
    Fresh,
    /// Connections open at once.
    Open,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Packets => "packets",
            Self::Fresh => "fresh",
            Self::Open => "open",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Packets => "packets a second",
            Self::Fresh => "new connections a second",
            Self::Open => "connections open at once",
        }
    }

    fn of(self, limits: Limits) -> u32 {
        match self {
            Self::Packets => limits.packets,
            Self::Fresh => limits.new_connections,
            Self::Open => limits.connections,
        }
    }

    fn each(self, value: u32) -> Each {
        match self {
            Self::Packets | Self::Fresh => Each::Limit(above(value)),
            Self::Open => Each::Connections { count: value, over: true },
        }
    }

    /// The rule that refuses what is above, and its set.
    fn rule(self, value: u32, parts: &mut Parts) -> Rule {
        let set = format!("{}_{value}", self.name());
        parts.dynamic(&set, &[KeyPart::Mark]);
        Line::new(format!("more than {value} {}", self.words()))
            .mark(0)
            .dynset(&set, 0, vec![self.each(value)])
            .goto(Reason::Limit.chain())
    }

    /// The rules for all segments: one where all have the same limit, else a map from the segments
    /// with limits of their own to a chain for each value.
    pub(super) fn rules(self, ground: &Ground<'_>, parts: &mut Parts) -> Vec<Rule> {
        let common = self.of(ground.policy.limits);
        let arms = ground.policy.arms.iter();
        let own: BTreeMap<u32, u32> = arms
            .map(|arm| (arm.no.0, self.of(ground.policy.limits_of(arm))))
            .filter(|(_, value)| *value != common)
            .collect();
        match (own.is_empty(), common) {
            (true, 0) => vec![],
            (true, value) => vec![self.rule(value, parts)],
            (false, _) => vec![self.by_segment(common, &own, parts)],
        }
    }

    fn by_segment(self, common: u32, own: &BTreeMap<u32, u32>, parts: &mut Parts) -> Rule {
        let chain = |value: u32| format!("{}_{value}", self.name());
        let values: BTreeSet<u32> = own.values().copied().chain([common]).collect();
        for value in values.into_iter().filter(|value| *value != 0) {
            let rule = self.rule(value, parts);
            parts.chain(chain(value), vec![rule]);
        }
        let verdict = |value: u32| match value {
            0 => Verdict::Continue,
            value => Verdict::Jump(chain(value)),
        };
        let mut verdicts: BTreeMap<Vec<u8>, Verdict> =
            own.iter().map(|(no, value)| (no.to_ne_bytes().to_vec(), verdict(*value))).collect();
        // An empty key stands for all segments that have no limit of their own.
        verdicts.insert(Vec::new(), verdict(common));
        let map = format!("{}_of", self.name());
        parts.verdicts(&map, &[KeyPart::Mark], verdicts);
        Line::new(format!("{} by segment", self.words())).mark(0).vmap(&map, 0)
    }
}
