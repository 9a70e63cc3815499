//! The life of a token (T1.2 to T1.4): ordered, confirmed by a second person where that is wanted,
//! issued, handed over, lost and found, replaced, renewed by its owner, returned; and the notices of
//! its end.
//!
//! What an order keeps is what the certificate cannot know. Where it stands is read off both, so
//! that the token's view and the authority's can never disagree.

mod beside;
mod desk;
mod error;
mod expiry;
mod order;
mod renewal;
mod stage;
mod tables;

pub use desk::{Desk, Rules, of_owners};
pub use error::Error;
pub use expiry::{Expiry, Notices, Told, told};
pub use order::{Contact, New, Order, OrderId, Request};
pub use renewal::Renewal;
pub use stage::Stage;
pub use tables::MIGRATIONS;
pub(crate) use tables::pending;
