//! What can go wrong, told apart as far as a caller can do something about it.

use std::sync::Arc;

/// An error of the database. Cloned to everybody whose work was in the same batch.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No space left. Nothing of the refused work is in the database.
    #[error("the disk of {place} is full: free some space, writing goes on by itself")]
    DiskFull {
        /// The file or the database.
        place: String,
    },
    /// A rule of the table refused the row.
    #[error("the database refused it: {kind} ({constraint})")]
    Constraint {
        /// Which kind of rule.
        kind: ConstraintKind,
        /// The name of the rule as the database gives it; on SQLite `table.column`.
        constraint: String,
    },
    /// The database does not answer. It is tried again with the next work.
    #[error("the database {place} does not answer: check that it runs and lets us in")]
    Unreachable {
        /// The file or the database.
        place: String,
        /// What the driver says.
        source: Arc<sqlx::Error>,
    },
    /// Migrated by a release that this one does not understand.
    #[error(
        "{place} was migrated by release {found} and can be read by release {minimum} or newer, \
         this is release {ours}: start the newer release, or restore a backup made before it"
    )]
    TooNew {
        /// The file or the database.
        place: String,
        /// The release that migrated it last.
        found: i64,
        /// The oldest release that may read it.
        minimum: i64,
        /// This release.
        ours: i64,
    },
    /// The file is damaged.
    #[error("{place} is damaged ({detail}): stop the hub and restore a backup of it")]
    Corrupt {
        /// The file.
        place: String,
        /// What the check found first.
        detail: String,
    },
    /// The file is a database, but not ours.
    #[error("{place} is no database of this product: name another file")]
    Foreign {
        /// The file.
        place: String,
    },
    /// Another process has the file.
    #[error("{place} is in use by another process of the hub: stop that one first")]
    InUse {
        /// The file.
        place: String,
    },
    /// A file or folder cannot be read or made.
    #[error(
        "{place} cannot be opened: check that the folder exists and that the user of the hub may \
         read and write both"
    )]
    File {
        /// The file.
        place: String,
        /// What the system says.
        source: Arc<std::io::Error>,
    },
    /// A migration failed; nothing of it remains.
    #[error("migration {owner} {version} of {place} failed: report this with the log")]
    Migration {
        /// The file or the database.
        place: String,
        /// Whose migration.
        owner: String,
        /// Its number.
        version: i64,
        /// Why.
        source: Box<Error>,
    },
    /// The list of migrations is wrong, or was changed after it had been applied.
    #[error("migration {owner} {version} is wrong: {what}")]
    BadMigration {
        /// Whose migration.
        owner: String,
        /// Its number.
        version: i64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The answer has no such column.
    #[error("the answer has no column {column:?}")]
    NoColumn {
        /// The column.
        column: String,
    },
    /// A field holds something else.
    #[error("column {column:?} holds {found}, not {wanted}")]
    WrongType {
        /// The column.
        column: String,
        /// What was asked for.
        wanted: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// PostgreSQL answered with a type that we do not use; see `traps.rs`.
    #[error(
        "column {column:?} has type {name}: cast it to BIGINT, DOUBLE PRECISION, TEXT or BYTEA"
    )]
    UnknownType {
        /// The column.
        column: String,
        /// The type's name.
        name: String,
    },
    /// The statement and its parameters do not match.
    #[error("the statement wants {wanted} parameters and was given {given}")]
    Parameters {
        /// The highest `$n` in the statement.
        wanted: usize,
        /// How many values came with it.
        given: usize,
    },
    /// PostgreSQL cannot hold a NUL character in a text, so neither database is given one.
    #[error("a text holds a NUL character: remove it")]
    NulInText,
    /// The address of the database or the name of the schema is wrong.
    #[error("{what} is wrong: {remedy}")]
    BadTarget {
        /// Which part.
        what: &'static str,
        /// What to write.
        remedy: &'static str,
    },
    /// The work asked for another transaction of the same store and would wait for itself.
    #[error("the work waits for itself: use the transaction that it was handed")]
    Nested,
    /// The work held the writer for too long and was undone.
    #[error("the work took too long and was undone: try again with less")]
    TooSlow,
    /// One row was expected and none came.
    #[error("there is no such row")]
    NoRow,
    /// The batch was lost through somebody else's work in it. Doing it again is safe.
    #[error("the transaction was lost: try again")]
    BatchLost,
    /// The work itself panicked; nothing of it remains.
    #[error("the work panicked and was undone: report this with the log")]
    Panicked,
    /// The store was closed.
    #[error("the database is closed: the hub is ending")]
    Closed,
    /// Any other refusal, mostly a faulty statement.
    #[error("the database refused the statement: report this with the log")]
    Database(#[source] Arc<sqlx::Error>),
}

/// The kinds of rules that tables have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstraintKind {
    /// UNIQUE or PRIMARY KEY: it exists already.
    Unique,
    /// FOREIGN KEY: the other row is missing, or still needed.
    ForeignKey,
    /// NOT NULL.
    NotNull,
    /// CHECK, or a wrong type in a STRICT table.
    Check,
}

impl std::fmt::Display for ConstraintKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unique => "it exists already",
            Self::ForeignKey => "it refers to something missing, or something refers to it",
            Self::NotNull => "a value is missing",
            Self::Check => "a value is not allowed",
        })
    }
}

impl Error {
    /// Whether it failed because something like it exists already.
    pub fn is_unique(&self) -> bool {
        matches!(self, Self::Constraint { kind: ConstraintKind::Unique, .. })
    }

    /// Whether it failed for want of space.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::DiskFull { .. } => true,
            Self::Migration { source, .. } => source.is_disk_full(),
            _ => false,
        }
    }

    /// Whether the same work may succeed later without a change of it.
    pub fn is_transient(&self) -> bool {
        self.is_disk_full() || matches!(self, Self::Unreachable { .. } | Self::BatchLost)
    }
}
