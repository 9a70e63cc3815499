//! A change of state before it has wall times and a segment.

use ets_model::{
    BootTime, Evidence, Fact, LinkState, Method, SegmentNo, Source, Stamp, Transition,
};

/// One thing that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: BootTime,
    /// What.
    pub fact: Fact,
}

/// A change of state, on the boot clock alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitionDraft {
    /// What it was.
    pub from: LinkState,
    /// What it is.
    pub to: LinkState,
    /// When it was decided.
    pub decided: BootTime,
    /// The last moment at which the old state was still seen: before a loss, when the last good
    /// probe left.
    pub last_before: BootTime,
    /// The first moment at which the new state was seen: the latest moment at which the first
    /// lost probe's answer was due, the first answer. The truth lies between the two.
    pub first_after: BootTime,
    /// What the decision stands on, in order of time.
    pub evidence: Vec<Seen>,
}

impl TransitionDraft {
    /// The change of `segment`, probed by `method`, with wall times reckoned from `now`, which is
    /// both clocks read together.
    pub fn stamp(self, segment: SegmentNo, method: Method, now: Stamp) -> Transition {
        Transition {
            segment,
            from: self.from,
            to: self.to,
            decided: now.at(self.decided),
            last_before: now.at(self.last_before),
            first_after: now.at(self.first_after),
            evidence: self.evidence.into_iter().map(|seen| seen.stamp(method, now)).collect(),
        }
    }
}

impl Seen {
    /// The evidence with wall time, reckoned from `now`, and its source.
    pub fn stamp(self, method: Method, now: Stamp) -> Evidence {
        Evidence { at: now.at(self.at), source: source(&self.fact, method), fact: self.fact }
    }
}

fn source(fact: &Fact, method: Method) -> Source {
    match fact {
        Fact::ProbesLost { .. } | Fact::Answered { .. } | Fact::LossRate { .. } => match method {
            Method::Icmp => Source::Icmp,
            Method::Tcp(_) => Source::Tcp,
        },
        Fact::IcmpError { .. } => Source::Icmp,
        Fact::Carrier { .. } => Source::Carrier,
        Fact::Neighbour { .. } => Source::Neighbour,
        Fact::Flapping { .. } | Fact::Blind { .. } | Fact::NotSent { .. } => Source::Monitor,
        Fact::Maintenance { .. } => Source::Registry,
    }
}
