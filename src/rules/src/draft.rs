//! A draft: the edits of one author that are not in force yet. It stands on the rights in force,
//! whatever they become meanwhile; what no longer fits is named and changes nothing.

use ets_model::WallTime;
use serde::Serialize;

use crate::edit::Ground;
use crate::{Edit, Fault, Rights};

/// The edits of one author, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// Whose it is.
    pub author: String,
    /// The edits; each can be undone by itself.
    pub steps: Vec<Step>,
    /// The highest number that an edit of this author ever had: numbers are not used again, as a
    /// change on its way names the edits that are in it.
    #[serde(skip)]
    pub(crate) floor: u64,
}

/// One edit of a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its number in the draft, rising; what [`crate::Handle::undo`] names.
    pub no: u64,
    /// When it was made.
    pub at: WallTime,
    /// What it does.
    #[serde(flatten)]
    pub edit: Edit,
}

/// What is wrong with a draft: with one of its edits, or with all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftFault {
    /// The number of the edit; for edits that are not in the draft yet, counted from 1 in the
    /// list. `None`: what all edits make together.
    pub edit: Option<u64>,
    /// What is wrong.
    pub fault: Fault,
}

impl Draft {
    /// An empty draft.
    pub(crate) fn of(author: &str) -> Self {
        Self { author: author.to_owned(), ..Self::default() }
    }

    /// Whether it has no edits.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// When the last edit was made.
    pub fn changed(&self) -> Option<WallTime> {
        self.steps.last().map(|step| step.at)
    }

    /// The highest number so far.
    pub(crate) fn last(&self) -> u64 {
        self.steps.last().map_or(0, |step| step.no).max(self.floor)
    }

    /// The rights that it makes of `rights`, and the edits that do not fit.
    pub(crate) fn over(&self, rights: &Rights, ground: &Ground<'_>) -> (Rights, Vec<DraftFault>) {
        let mut rights = rights.clone();
        let mut faults = Vec::new();
        for step in &self.steps {
            if let Err(fault) = rights.take(&step.edit, ground) {
                faults.push(DraftFault { edit: Some(step.no), fault });
            }
        }
        (rights, faults)
    }
}

impl std::fmt::Display for DraftFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.edit {
            Some(no) => write!(f, "edit {no}: {}", self.fault),
            None => self.fault.fmt(f),
        }
    }
}
