//! What the life of a token refuses.

use super::{OrderId, Stage};

/// A phrase that says what to do; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such order.
    #[error("there is no order {0}")]
    Unknown(OrderId),
    /// The order stands where that cannot be done.
    #[error("order {0} is {stage}: that cannot be done now", stage = .1.code())]
    NotNow(OrderId, Stage),
    /// A second person is needed, and this is the first.
    #[error("whoever ordered cannot confirm: another officer must")]
    SamePerson,
    /// A second person has not confirmed yet.
    #[error("order {0} is not confirmed yet: another officer must confirm it first")]
    Unconfirmed(OrderId),
    /// A temporary certificate is for at most so long.
    #[error("a temporary certificate is for 1 to {0} hours")]
    TooLong(u64),
    /// It was replaced already, or is about to be.
    #[error("order {0} is replaced by order {1}: go on there")]
    Replaced(OrderId, OrderId),
    /// The authority's.
    #[error(transparent)]
    Ca(#[from] crate::Error),
    /// The database's.
    #[error(transparent)]
    Store(#[from] ets_store::Error),
    /// The journal's.
    #[error(transparent)]
    Journal(#[from] ets_journal::Error),
}
