//! Turns changes of state into outages, and outages into availability.
//!
//! Pure: the caller feeds what `netd` reported and carries out the [`Action`]s in the same database
//! transaction in which it keeps the place in the stream.

mod action;
mod availability;
mod book;
mod common;

pub use action::{Action, Place, Standing, Subject};
pub use availability::{Availability, Span, availability, strip, union};
pub use book::Book;
pub use common::{is_common, together};
