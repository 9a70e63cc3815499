//! The journal: who did what, for whom, why and from where. Append-only, every entry chained to
//! the one before it by SHA-256, so that a change of the past shows.

mod append;
mod chain;
mod entry;
mod error;
mod list;
mod tables;
#[cfg(test)]
mod tests;
mod verify;

pub use append::append;
pub use entry::{Entry, Recorded, Subject};
pub use error::Error;
pub use list::{Filter, Listing, Page, list};
pub use tables::MIGRATIONS;
pub use verify::{Anchor, Broken, Fault, Verdict, verify, verify_against};
