//! Why watching did not work.

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `netd` cannot be asked.
    #[error("netd does not answer: see whether it runs (`ets-hub doctor`)")]
    Netd(#[source] std::io::Error),
    /// `netd` said no.
    #[error("{0}")]
    Refused(String),
    /// No such segment is watched.
    #[error("there is no active segment of this number")]
    NoSegment,
}
