//! The registry as a CSV file (RFC 4180): a preview that changes nothing, an import that takes
//! all or nothing, an export that comes back byte for byte.
//!
//! One row is one segment; the fields of its institution stand in each of its rows, or in one of
//! them while the others leave all of them empty.

mod export;
mod parents;
mod parse;
mod plan;
mod reader;

use ets_model::{Institution, Segment, SegmentId};
use serde::Serialize;

pub(crate) use export::{for_import, for_people};
pub(crate) use parents::parents;
pub(crate) use plan::preview;

use crate::{Fault, Field};

/// The largest file that is taken, in bytes.
pub const CSV_LIMIT: usize = 16 << 20;

/// What an import would do. Nothing was changed yet.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Preview {
    /// Names this preview; the import wants it back and refuses when anything moved meanwhile.
    pub digest: String,
    /// Segments that would be added, in the order of the file.
    pub new: Vec<Row>,
    /// Segments (or their institutions) that would change.
    pub changed: Vec<Row>,
    /// Segments that stay as they are.
    pub unchanged: Vec<SegmentId>,
    /// Active segments of the registry that the file does not name; they stay as they are.
    pub absent: Vec<SegmentId>,
    /// What is wrong, by line and column. An import is possible only when there is none.
    pub faults: Vec<Fault>,
    /// What is unusual but taken.
    pub warnings: Vec<Fault>,
}

/// One line of the file that would change something.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The line, from 1.
    pub line: u64,
    /// The segment as it would become.
    pub segment: Segment,
    /// Its institution as it would become.
    pub institution: Institution,
    /// What is different from the registry; all filled fields for a new one.
    pub diffs: Vec<Diff>,
}

/// One field that would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Which.
    pub field: Field,
    /// What stands in the registry; empty for a new segment.
    pub before: String,
    /// What the file says.
    pub after: String,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Segments added.
    pub new: usize,
    /// Segments changed.
    pub changed: usize,
    /// Segments left as they were.
    pub unchanged: usize,
}

impl Preview {
    /// Whether the import can go on.
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }
}
