//! Why the rules were not changed, each with what to do.

use std::time::Duration;

use ets_model::WallTime;

use crate::DraftFault;

/// Why something was not done. Nothing was changed, unless the sentence says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Edits do not fit, or what they make cannot be put in force; all faults are listed.
    #[error("{}", list(.0))]
    Invalid(Vec<DraftFault>),
    /// The draft has no edits.
    #[error("your draft is empty: make an edit first")]
    EmptyDraft,
    /// Restoring would overwrite edits.
    #[error("your draft holds {0} edits: apply or discard them first")]
    DraftNotEmpty(usize),
    /// No such edit.
    #[error("your draft has no edit {0}: look at it again")]
    NoEdit(u64),
    /// The draft changes nothing.
    #[error("the draft changes nothing: the rights are already as it wants them")]
    Nothing,
    /// A change waits for its confirmation.
    #[error(
        "change {change} of {author} waits for its confirmation until {}: wait for its end, or \
         have it confirmed or withdrawn",
        clock(*until)
    )]
    Waits {
        /// Which change.
        change: u64,
        /// Whose.
        author: String,
        /// Until when.
        until: WallTime,
    },
    /// What was reviewed is not what would be put in force now.
    #[error("rights or registry changed after you looked: look at the draft again and apply then")]
    Changed,
    /// Only the author confirms.
    #[error("change {change} was made by {author}, who alone may confirm it; you may withdraw it")]
    NotYours {
        /// Which change.
        change: u64,
        /// Whose.
        author: String,
    },
    /// Nothing waits under this number.
    #[error("change {0} does not wait for a confirmation: look at what became of it")]
    NotWaiting(u64),
    /// No such version.
    #[error("there is no version {0}: look at the list of versions")]
    NoVersion(u64),
    /// A time to confirm that is too short or too long.
    #[error("{} s is no time to confirm a change: choose from 10 s to 30 minutes", .0.as_secs())]
    Within(Duration),
    /// `netd` refused the change; it is kept as refused.
    #[error("change {change} was not put in force: {why}")]
    Refused {
        /// Which change.
        change: u64,
        /// Why not, with what to do.
        why: String,
    },
    /// `netd` did not answer; the change may be in force.
    #[error(
        "change {change} was handed to netd, whose answer did not come: whether it is in force is \
         shown as soon as netd answers"
    )]
    Unsure {
        /// Which change.
        change: u64,
    },
    /// `netd` cannot be asked, or refuses.
    #[error(transparent)]
    Netd(#[from] ets_netd_api::Error),
    /// `netd` does not answer in time.
    #[error("netd does not answer: look at its log and try again")]
    Silent,
    /// The registry's difference that was to be tried again is not there.
    #[error("rights, registry and rules agree: there is nothing to try again")]
    Agree,
    /// The rights that an empty hub was to begin with.
    #[error("the rights to begin with cannot be used: {0}")]
    Seed(String),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] ets_store::Error),
    /// The journal did not take it.
    #[error(transparent)]
    Journal(#[from] ets_journal::Error),
    /// A stored version cannot be understood.
    #[error("version {0} in the database cannot be read: restore a backup or correct the row")]
    Unreadable(u64),
    /// A stored draft cannot be understood.
    #[error("the draft of {0} in the database cannot be read: restore a backup or delete its rows")]
    UnreadableDraft(String),
    /// A stored offence cannot be understood.
    #[error("offence {0} in the database cannot be read: restore a backup or correct the row")]
    UnreadableOffence(u64),
    /// The change was cut off inside the process.
    #[error("the change was cut off: look whether it was made, then repeat it")]
    CutOff,
}

fn list(faults: &[DraftFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// For a sentence of a log or a command; pages write times in the reader's zone.
fn clock(at: WallTime) -> String {
    let seconds = jiff::Timestamp::from_second(at.0.div_euclid(1_000_000));
    seconds.map_or_else(|_| at.to_string(), |at| at.to_string())
}
