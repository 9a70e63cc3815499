//! The book of open outages.

use std::collections::BTreeMap;

use ets_model::{Evidence, SegmentNo, Stamp, Transition, WallTime};

/// A place in the stream of `netd`: which life of it, and the number of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Drawn anew at each start of `netd`.
    pub instance: u64,
    /// Number of the event in that life, rising.
    pub seq: u64,
}

/// What is out. At most one outage of a subject is open at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A segment.
    Segment(SegmentNo),
    /// One of the hub's own trunks, by name.
    Trunk(String),
}

/// An outage that is open, as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What is out.
    pub subject: Subject,
    /// Everything seen of it so far.
    pub evidence: Vec<Evidence>,
}

/// What to write down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new outage of `subject`; none of it is open.
    Open {
        /// What is out.
        subject: Subject,
        /// It began after this moment.
        began_after: WallTime,
        /// It began before this moment.
        began_before: WallTime,
        /// What was seen.
        evidence: Vec<Evidence>,
    },
    /// More was seen of the open outage of `subject`: append it.
    Amend {
        /// What is out.
        subject: Subject,
        /// What more was seen.
        evidence: Vec<Evidence>,
    },
    /// The open outage of `subject` ended.
    Close {
        /// What was out.
        subject: Subject,
        /// The first good probe.
        ended: WallTime,
        /// What more was seen: append it.
        evidence: Vec<Evidence>,
    },
}

/// The open outages and the place up to which the stream was taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    open: BTreeMap<Subject, Vec<Evidence>>,
    place: Option<Place>,
}

impl Book {
    /// The book as the database has it: the place in the stream and the open outages.
    pub fn restore(place: Option<Place>, standing: impl IntoIterator<Item = Standing>) -> Self {
        let open = standing.into_iter().map(|one| (one.subject, one.evidence)).collect();
        Self { open, place }
    }

    /// Takes in a change of state. Events of one life come in order; those up to the book's place
    /// are ignored, so that a replay changes nothing.
    pub fn transition(&mut self, _place: Place, _transition: &Transition) -> Vec<Action> {
        Vec::new()
    }

    /// Takes in that a trunk went dark or came back at `at`. After each start `netd` reports every
    /// trunk once, so that an outage that ended in between is closed.
    pub fn trunk(&mut self, _place: Place, _name: &str, _dark: bool, _at: Stamp) -> Vec<Action> {
        Vec::new()
    }

    /// Takes in something else that was seen of a segment: an ICMP error, its neighbour entry, its
    /// carrier. It is appended to the segment's outage while one is open.
    pub fn note(&mut self, _place: Place, _segment: SegmentNo, _seen: Evidence) -> Vec<Action> {
        Vec::new()
    }

    /// The subject is no longer watched as of `at`: its outage ends there.
    pub fn retire(&mut self, _subject: &Subject, _at: WallTime) -> Vec<Action> {
        Vec::new()
    }

    /// Whether an outage of the subject is open.
    pub fn is_open(&self, subject: &Subject) -> bool {
        self.open.contains_key(subject)
    }

    /// The place up to which the stream was taken in.
    pub fn place(&self) -> Option<Place> {
        self.place
    }
}
