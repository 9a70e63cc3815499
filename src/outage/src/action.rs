//! What a book is fed with and what it asks to be written down.

use ets_model::{Evidence, OutageKind, SegmentNo, WallTime};

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
    /// It began before this moment.
    pub began_before: WallTime,
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
        /// It began before this moment; never earlier than `began_after`.
        began_before: WallTime,
        /// What was seen, in order of time.
        evidence: Vec<Evidence>,
    },
    /// More was seen of the open outage of `subject`: append it.
    Amend {
        /// What is out.
        subject: Subject,
        /// What more was seen; never empty.
        evidence: Vec<Evidence>,
    },
    /// The open outage of `subject` ended.
    Close {
        /// What was out.
        subject: Subject,
        /// The first good probe; never earlier than `began_before`, also where the wall clock
        /// was set back meanwhile.
        ended: WallTime,
        /// What more was seen: append it. May be empty.
        evidence: Vec<Evidence>,
    },
}

impl Subject {
    /// What kind of outage it has.
    pub fn kind(&self) -> OutageKind {
        match self {
            Self::Segment(_) => OutageKind::Segment,
            Self::Trunk(_) => OutageKind::Hub,
        }
    }

    /// The segment, where it is one.
    pub fn segment(&self) -> Option<SegmentNo> {
        match self {
            Self::Segment(no) => Some(*no),
            Self::Trunk(_) => None,
        }
    }
}

impl Action {
    /// What it is about.
    pub fn subject(&self) -> &Subject {
        match self {
            Self::Open { subject, .. }
            | Self::Amend { subject, .. }
            | Self::Close { subject, .. } => subject,
        }
    }
}
