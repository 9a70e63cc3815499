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
    /// Certificates that open the hub itself are no matter of a desk.
    #[error(
        "certificates of profile {0} open the hub itself: they are issued on its own machine (ets-hub ca issue)"
    )]
    OfTheHub(String),
    /// The order has a request, and that is what was confirmed.
    #[error("order {0} has a request already: order anew for another key")]
    HasRequest(OrderId),
    /// What it stands in for is in use again.
    #[error("order {0} stands in for a token that is in use: refuse it")]
    NotWanted(OrderId),
    /// It was given up while it was signed.
    #[error("the issue on order {0} was given up: look at the order, then issue again")]
    GivenUp(OrderId),
    /// It is too early to renew; the window, in days before the end.
    #[error("a certificate is renewed in its last {0} days: it is too early")]
    Early(u64),
    /// It was renewed already, or is about to be.
    #[error("the certificate is renewed by order {0} already: refuse that one first")]
    Renewed(OrderId),
    /// What was to be renewed opens nothing any more.
    #[error("what order {0} renews was revoked or suspended meanwhile: nothing is issued")]
    Withdrawn(OrderId),
    /// It was replaced already, or is about to be.
    #[error("order {0} is replaced by order {1}: go on there")]
    Replaced(OrderId, OrderId),
    /// The authority's.
    #[error(transparent)]
    Ca(#[from] crate::Error),
    /// The database's.
    #[error(transparent)]
    Store(#[from] ets_store::Error),
    /// A letter cannot be written down.
    #[error(transparent)]
    Notify(#[from] ets_notify::Error),
    /// The journal's.
    #[error(transparent)]
    Journal(#[from] ets_journal::Error),
}
