//! What can go wrong.

/// A fault of this room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The name is in no time zone database.
    #[error("unknown time zone {0:?}: use a name such as Asia/Almaty")]
    UnknownZone(String),
}
