//! Definitions of tables: who owns them, in which order they are made, which release may read them.

/// The number of this release of the database's shape. Raised by one with each release that
/// changes a table.
pub const RELEASE: Release = Release { number: 1, minimum_reader: 1 };

/// Which release migrates, and the oldest one that can read what it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its number.
    pub number: i64,
    /// The oldest release that can read it; by our rule `number - 1`, unless something older can.
    pub minimum_reader: i64,
}

/// One step forward of one owner's tables. There is no way back.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// The room that owns the tables; their names start with it.
    pub owner: &'static str,
    /// Counts from 1 for each owner, without gaps.
    pub version: i64,
    /// What it does, in a few words.
    pub name: &'static str,
    /// Definitions for SQLite: several statements, STRICT tables.
    pub sqlite: &'static str,
    /// The same for PostgreSQL 15.
    pub postgres: &'static str,
}
