//! Why the registry refused.

use crate::Fault;

/// Why the registry did not do what was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The entry breaks rules; all of them are listed.
    #[error("{}", list(.0))]
    Invalid(Vec<Fault>),
    /// Somebody else changed the entry meanwhile.
    #[error(
        "{id} was changed meanwhile (version {current}, yours is {yours}): look at it again and \
         repeat your change"
    )]
    Conflict {
        /// Which entry.
        id: String,
        /// The version that the change was made on.
        yours: i64,
        /// The version that stands.
        current: i64,
    },
    /// No such entry.
    #[error("there is no {kind} {id}: look at the list for the right identifier")]
    NotFound {
        /// `segment`, `institution`, `provider point` or `photograph`.
        kind: &'static str,
        /// What was asked for.
        id: String,
    },
    /// The registry changed between the preview and the import.
    #[error(
        "the registry changed after this preview: look at the new preview and confirm that one"
    )]
    Changed,
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] ets_store::Error),
    /// The journal did not take it.
    #[error(transparent)]
    Journal(#[from] ets_journal::Error),
    /// A row of the database cannot be understood.
    #[error("the {table} {id} in the database cannot be read: restore a backup or correct the row")]
    Unreadable {
        /// Which table.
        table: &'static str,
        /// Which row.
        id: String,
    },
    /// The change was cut off inside the process.
    #[error("the change was cut off: look whether it was made, then repeat it")]
    CutOff,
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
