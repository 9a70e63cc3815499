//! What one entry says.

use ets_model::{SegmentId, WallTime};
use serde::{Deserialize, Serialize};

/// What it was done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What kind of thing: `segment`, `institution`, `session`, …
    pub kind: String,
    /// Which one.
    pub id: String,
}

impl Subject {
    /// A subject.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: id.into() }
    }
}

/// An entry before it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Who did it: an administrator's name, a system user, `system`.
    pub actor: String,
    /// For whom, where it was done for somebody else.
    pub on_behalf: Option<String>,
    /// Why, as far as it was said; may be empty.
    pub why: String,
    /// From which segment, where it is known.
    pub from_segment: Option<SegmentId>,
    /// What was done: `segment.create`, `session.begin`, …
    pub action: String,
    /// To what.
    pub subject: Subject,
    /// Everything else: before and after, a file's name, a count.
    pub detail: serde_json::Value,
}

impl Entry {
    /// An entry with the three things that each has.
    pub fn new(actor: impl Into<String>, action: impl Into<String>, subject: Subject) -> Self {
        Self {
            actor: actor.into(),
            on_behalf: None,
            why: String::new(),
            from_segment: None,
            action: action.into(),
            subject,
            detail: serde_json::Value::Null,
        }
    }

    /// For whom.
    #[must_use]
    pub fn on_behalf(mut self, of: impl Into<String>) -> Self {
        self.on_behalf = Some(of.into());
        self
    }

    /// Why.
    #[must_use]
    pub fn why(mut self, reason: impl Into<String>) -> Self {
        self.why = reason.into();
        self
    }

    /// From which segment.
    #[must_use]
    pub fn from_segment(mut self, segment: Option<SegmentId>) -> Self {
        self.from_segment = segment;
        self
    }

    /// Everything else.
    #[must_use]
    pub fn detail(mut self, detail: serde_json::Value) -> Self {
        self.detail = detail;
        self
    }
}

/// An entry as it stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its number, from 1 without gaps.
    pub seq: i64,
    /// When it was written.
    pub at: WallTime,
    /// What it says.
    pub entry: Entry,
    /// SHA-256 over the hash before it and everything above.
    #[serde(with = "hex::serde")]
    pub hash: [u8; 32],
}
