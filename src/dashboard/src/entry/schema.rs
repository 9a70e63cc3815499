//! The tables of entry: one-time links and sessions, by hash.

use ets_store::Migration;

/// The dashboard's definitions for `state.db`.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "dashboard",
    version: 1,
    name: "entry links and sessions",
    sqlite: "CREATE TABLE dashboard_entry_link (
        hash BLOB NOT NULL PRIMARY KEY,
        made INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        made_by TEXT NOT NULL,
        used INTEGER
    ) STRICT;
    CREATE TABLE dashboard_session (
        hash BLOB NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        opened INTEGER NOT NULL,
        seen INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        agent TEXT NOT NULL
    ) STRICT;",
    postgres: "CREATE TABLE dashboard_entry_link (
        hash BYTEA NOT NULL PRIMARY KEY,
        made BIGINT NOT NULL,
        expires BIGINT NOT NULL,
        made_by TEXT NOT NULL,
        used BIGINT
    );
    CREATE TABLE dashboard_session (
        hash BYTEA NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        opened BIGINT NOT NULL,
        seen BIGINT NOT NULL,
        expires BIGINT NOT NULL,
        agent TEXT NOT NULL
    );",
}];
