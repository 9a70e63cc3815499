//! The database: SQLite or PostgreSQL behind one enum, one writer, one migrator.
//!
//! All writing goes through one task. It takes what waits, runs each piece of work under a
//! savepoint in one transaction, commits, and only then answers. Reading goes through a pool beside
//! it. Statements are one text for both databases with `$1` placeholders; definitions of tables are
//! written for each. What differs between the two is collected in `traps.rs`.

mod connect;
mod driver;
mod error;
mod fault;
mod migrate;
mod migration;
mod open;
mod reserve;
mod row;
mod sqlite;
mod state;
mod store;
mod target;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod traps;
mod tx;
mod value;
mod work;
mod writer;

pub use error::{ConstraintKind, Error};
pub use fault::Disk;
pub use futures_util::future::BoxFuture;
pub use migration::{Migration, RELEASE, Release};
pub use row::Row;
pub use store::{Health, ReserveState, Store};
pub use target::{Durability, Engine, Target};
pub use tx::Tx;
pub use value::{Type, Typed, Value};
