//! Who may do what, where, and from when until when: people, roles, scopes, the one predicate
//! (requirement T3).
//!
//! [`Rights::decide`] answers from a picture in memory. A change is in the database with its entry in the journal, then in the
//! picture, then told ([`Rights::changes`]), so that open streams are judged again at once. What
//! was given is never removed, only closed: [`Rights::report`] of a past day is exact.

mod change;
mod decision;
mod error;
mod grant;
mod people;
mod person;
mod report;
mod right;
mod role;
mod roles;
mod rows;
mod scope;
mod service;
mod span;
mod stand_in;
mod tables;
#[cfg(test)]
mod tests;
mod world;

pub use change::By;
pub use decision::{Decision, Held};
pub use error::Error;
pub use grant::{Grant, Substitution, Suspension, Wanted};
pub use person::Person;
pub use report::Line;
pub use right::{BUILT_IN as BUILT_IN_RIGHTS, Register, Right};
pub use role::{BUILT_IN as BUILT_IN_ROLES, BuiltIn, Role, Version};
pub use scope::{Object, Scope};
pub use service::{Config, Rights};
pub use span::Span;
pub use tables::MIGRATIONS;
