//! Who may reach what, kept for ever and put in force with a safety line (requirements N2.1 to
//! N2.3): services, grants, limits and shaping in `state.db`, drafts, versions, and their way to
//! `netd`.
//!
//! What `netd` has in force is the truth; the database says who wanted it, why, and what came
//! before. A change is written down first, then handed to `netd`, then settled by its answer, by
//! its events, or by asking it again: whichever comes, in whatever order.

mod about;
mod change;
mod check;
mod compare;
mod draft;
mod edit;
mod error;
mod events;
mod fault;
mod follow;
mod handle;
mod history;
mod inner;
mod offence;
mod pack;
mod policy;
mod reach;
mod reconcile;
mod rights;
mod rows;
mod seed;
mod service;
mod settle;
mod state;
mod tables;
mod version;
mod words;

pub use change::{CONFIRM_WITHIN, CONFIRM_WITHIN_LIMITS, Wish};
pub use check::{Review, Warning};
pub use compare::{Comparison, Restored};
pub use draft::{Draft, DraftFault, Step};
pub use edit::Edit;
pub use error::Error;
pub use ets_registry::Author;
pub use fault::Fault;
pub use handle::{Feeder, Handle};
pub use history::{Listing, Page};
pub use offence::{OffenceFilter, OffenceRow, Offences};
pub use policy::policy;
pub use rights::{Numbers, Rights, Shaping};
pub use seed::read_seed;
pub use service::{Config, Deps, Part};
pub use state::{Differs, State, Waiting};
pub use tables::MIGRATIONS;
pub use version::{Back, Cause, REGISTRY, Version, VersionState};
pub use words::words;
