//! What the predicate answers.

use ets_model::{PersonId, WallTime};

use crate::Scope;

/// Whether somebody may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// He may.
    Allowed {
        /// The number of the grant that says so.
        grant: i64,
        /// For whom he acts, where the grant is another's.
        acting_for: Option<PersonId>,
    },
    /// He may not.
    Denied {
        /// The right that is missing.
        missing: String,
        /// The names of those who can give it, at most five; empty where nobody can but the
        /// network administrator.
        whom_to_ask: Vec<String>,
    },
}

impl Decision {
    /// Whether he may.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

/// What a person may, for the page that tells him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The grant's number.
    pub grant: i64,
    /// The role.
    pub role: String,
    /// What people call it; empty for those that every hub has.
    pub title: String,
    /// Its rights.
    pub rights: Vec<String>,
    /// Where.
    pub scope: Scope,
    /// Until when; of a substitution, until its end.
    pub until: Option<WallTime>,
    /// For whom, where the grant is another's: who he is and his name.
    pub acting_for: Option<(PersonId, String)>,
}
