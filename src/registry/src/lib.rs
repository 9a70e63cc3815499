//! The registry of institutions, provider points and segments (requirements N1.1 and N1.2): kept
//! in `state.db`, checked against one table of [`Rule`]s, live for everyone at each change, every
//! change in the journal in the same transaction.

mod catalog;
mod check;
mod csv;
mod draft;
mod error;
mod fault;
mod field;
mod fold;
mod networks;
mod photo;
mod registry;
mod rows;
mod shared;
mod tables;
mod text;

pub use catalog::{Catalog, Parts};
pub use csv::{Applied, CSV_LIMIT, Diff, Preview, Row};
pub use error::Error;
pub use fault::{Fault, Rule, Scope};
pub use field::Field;
pub use photo::{PHOTO_LIMIT, Photo, PhotoKind};
pub use registry::{Author, Registry};
pub use tables::MIGRATIONS;
