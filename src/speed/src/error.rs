use std::net::IpAddr;
use std::time::Duration;

/// Why nothing is measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Who asks sits in no segment.
    #[error("{0} belongs to no segment: open this page on a computer of a segment")]
    Stranger(IpAddr),
    /// The segment is being measured, or was just now.
    #[error("this segment was measured a moment ago: try again in {} seconds", .0.as_secs().max(1))]
    TooSoon(Duration),
    /// Enough segments are being measured.
    #[error("other segments are being measured: try again in {} seconds", .0.as_secs().max(1))]
    Full(Duration),
    /// Nobody counts what passes, so nobody could give way.
    #[error("the hub does not count what passes just now: try again in a minute")]
    Blind,
    /// A row that this release cannot read.
    #[error("measurement {0} in the database cannot be read")]
    Unreadable(i64),
    /// The database's.
    #[error("what was measured cannot be read or kept")]
    Store(#[from] ets_store::Error),
}
