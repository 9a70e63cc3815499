//! The storage suite: the same tests on SQLite and on a PostgreSQL that they start themselves.

mod basics;
mod crash;
mod disk_full;
mod releases;

use crate::Migration;

/// A table of numbers with a rule.
const TABLE: &[Migration] = &[Migration {
    owner: "test",
    version: 1,
    name: "numbers",
    sqlite: "CREATE TABLE test_number (
        number INTEGER PRIMARY KEY, word TEXT, body BLOB, share REAL, positive INTEGER CHECK (positive > 0)
    ) STRICT;",
    postgres: "CREATE TABLE test_number (
        number BIGINT PRIMARY KEY, word TEXT COLLATE \"C\", body BYTEA, share DOUBLE PRECISION,
        positive BIGINT CHECK (positive > 0)
    );",
}];
