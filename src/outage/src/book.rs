//! The book of open outages.
//!
//! An outage opens when a segment goes down and closes when it is seen to answer. Not to know, and
//! maintenance, neither open nor close one: after a blind time or a restart of either process the
//! same outage goes on until an answer was seen.

use std::collections::BTreeMap;

use ets_model::{
    BlindReason, Evidence, Fact, LinkState, SegmentNo, Source, Stamp, Transition, WallTime,
};

use crate::action::{Action, Place, Standing, Subject};

/// An outage takes up to this many pieces of evidence while it lasts; its end is always added.
const EVIDENCE_LIMIT: usize = 64;

/// The open outages and the place up to which the stream was taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    open: BTreeMap<Subject, Open>,
    place: Option<Place>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Open {
    began_before: WallTime,
    evidence: Vec<Evidence>,
}

impl Book {
    /// The book as the database has it: the place in the stream and the open outages.
    pub fn restore(place: Option<Place>, standing: impl IntoIterator<Item = Standing>) -> Self {
        let open = standing.into_iter().map(|one| {
            (one.subject, Open { began_before: one.began_before, evidence: one.evidence })
        });
        Self { open: open.collect(), place }
    }

    /// Takes in a change of state. Events of one life come in order; those up to the book's place
    /// are ignored, so that a replay changes nothing.
    pub fn transition(&mut self, place: Place, transition: &Transition) -> Vec<Action> {
        if !self.advance(place) {
            return Vec::new();
        }
        let subject = Subject::Segment(transition.segment);
        let evidence = transition.evidence.as_slice();
        match transition.to {
            LinkState::Down => {
                let interval = (transition.last_before.wall, transition.first_after.wall);
                self.out(subject, interval, evidence)
            }
            LinkState::Up | LinkState::Degraded => {
                self.back(subject, transition.first_after.wall, evidence)
            }
            LinkState::Unknown | LinkState::Maintenance => self.amend(subject, evidence),
        }
    }

    /// Takes in that a trunk went dark or came back at `at`. After each start `netd` reports every
    /// trunk once, so that an outage that ended in between is closed.
    pub fn trunk(&mut self, place: Place, name: &str, dark: bool, at: Stamp) -> Vec<Action> {
        if !self.advance(place) {
            return Vec::new();
        }
        let subject = Subject::Trunk(name.to_owned());
        if !dark {
            return self.back(subject, at.wall, &[]);
        }
        let fact = Fact::Blind { reason: BlindReason::TrunkDark };
        let seen = Evidence { at, source: Source::Carrier, fact };
        if self.open.contains_key(&subject) {
            return Vec::new();
        }
        self.out(subject, (at.wall, at.wall), &[seen])
    }

    /// Takes in something else that was seen of segments: an ICMP error, a neighbour entry, the
    /// carrier of an interface. It is appended to the outage of each of them that is out, unless
    /// the same was seen before.
    pub fn note(&mut self, place: Place, segments: &[SegmentNo], seen: &Evidence) -> Vec<Action> {
        if !self.advance(place) {
            return Vec::new();
        }
        let amended = segments.iter().flat_map(|no| {
            let subject = Subject::Segment(*no);
            let known = self.open.get(&subject).is_some_and(|open| open.has_fact(seen));
            if known { Vec::new() } else { self.amend(subject, std::slice::from_ref(seen)) }
        });
        amended.collect()
    }

    /// Takes in what `netd` says of a segment now, where events before it are lost for good: after
    /// a gap in the stream or with a new life of `netd`. `since` is when that state began, `known`
    /// the last moment of which the database knows.
    pub fn settle(
        &mut self,
        segment: SegmentNo,
        state: LinkState,
        since: Stamp,
        known: WallTime,
    ) -> Vec<Action> {
        let subject = Subject::Segment(segment);
        let is_open = self.open.contains_key(&subject);
        match state {
            LinkState::Up | LinkState::Degraded => self.back(subject, since.wall, &[]),
            LinkState::Down if !is_open => {
                let fact = Fact::Blind { reason: BlindReason::Restarted };
                let seen = Evidence { at: since, source: Source::Monitor, fact };
                self.out(subject, (known.min(since.wall), since.wall), &[seen])
            }
            LinkState::Down | LinkState::Unknown | LinkState::Maintenance => Vec::new(),
        }
    }

    /// The subject is no longer watched as of `at`: its outage ends there.
    pub fn retire(&mut self, subject: &Subject, at: WallTime) -> Vec<Action> {
        self.back(subject.clone(), at, &[])
    }

    /// Whether an outage of the subject is open.
    pub fn is_open(&self, subject: &Subject) -> bool {
        self.open.contains_key(subject)
    }

    /// What is out.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.open.keys()
    }

    /// The place up to which the stream was taken in.
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// Whether the place is a new one; then it is the book's.
    fn advance(&mut self, place: Place) -> bool {
        let old = self.place.is_some_and(|at| at.instance == place.instance && at.seq >= place.seq);
        if !old {
            self.place = Some(place);
        }
        !old
    }

    fn out(
        &mut self,
        subject: Subject,
        (after, before): (WallTime, WallTime),
        evidence: &[Evidence],
    ) -> Vec<Action> {
        if self.open.contains_key(&subject) {
            return self.amend(subject, evidence);
        }
        let (began_after, began_before) = (after.min(before), before);
        let evidence = evidence.to_vec();
        let open = Open { began_before, evidence: evidence.clone() };
        self.open.insert(subject.clone(), open);
        vec![Action::Open { subject, began_after, began_before, evidence }]
    }

    fn back(&mut self, subject: Subject, at: WallTime, evidence: &[Evidence]) -> Vec<Action> {
        let Some(open) = self.open.remove(&subject) else {
            return Vec::new();
        };
        let ended = at.max(open.began_before);
        vec![Action::Close { subject, ended, evidence: evidence.to_vec() }]
    }

    fn amend(&mut self, subject: Subject, evidence: &[Evidence]) -> Vec<Action> {
        let Some(open) = self.open.get_mut(&subject) else {
            return Vec::new();
        };
        let room = EVIDENCE_LIMIT.saturating_sub(open.evidence.len());
        let news = evidence.iter().filter(|seen| !open.evidence.contains(seen));
        let news: Vec<_> = news.take(room).cloned().collect();
        if news.is_empty() {
            return Vec::new();
        }
        open.evidence.extend(news.iter().cloned());
        vec![Action::Amend { subject, evidence: news }]
    }
}

impl Open {
    fn has_fact(&self, seen: &Evidence) -> bool {
        self.evidence.iter().any(|old| old.source == seen.source && old.fact == seen.fact)
    }
}
