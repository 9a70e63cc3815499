use ets_model::SegmentId;

use crate::policy::Fault;

/// What can go wrong in the gateway.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Rules that may not be in force, with each fault.
    #[error("the rules have {} faults, the first: {}", .0.len(), .0[0])]
    Rules(Vec<Fault>),
    /// Somebody changed the rules meanwhile.
    #[error(
        "the rules are at version {0} now, and yours begin at another one: look at what changed, then apply again"
    )]
    Changed(u64),
    /// There is no such version.
    #[error("there is no version {0} of the rules")]
    NoVersion(u64),
    /// There is no such segment.
    #[error("there is no segment {0}")]
    NoSegment(SegmentId),
    /// Names cannot be looked up at all.
    #[error("the resolver cannot be set up: {0}")]
    Resolver(String),
    /// A version that this release cannot read.
    #[error("version {0} of the rules in the database cannot be read")]
    Unreadable(u64, #[source] serde_json::Error),
    /// The task that wrote them ended before them.
    #[error("the rules were not applied: try again")]
    Abandoned,
    /// What passes cannot be counted there.
    #[error("{} cannot hold the meters of the gateway: give it room", .0.display())]
    Meters(std::path::PathBuf, #[source] std::io::Error),
    /// A listening socket cannot be used.
    #[error("a listening socket cannot be used")]
    Listener(#[from] std::io::Error),
    /// The same of one by TLS.
    #[error("a listening socket cannot be used")]
    Encrypted(#[from] ets_listen::Error),
    /// The journal's.
    #[error("the change cannot be entered in the journal")]
    Journal(#[from] ets_journal::Error),
    /// The database's.
    #[error("the rules cannot be read or kept")]
    Store(#[from] ets_store::Error),
}
