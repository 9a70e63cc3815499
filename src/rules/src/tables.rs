//! The tables of the rules.

use ets_store::Migration;

/// The migrations of the rules, for `state.db`.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "rules",
    version: 1,
    name: "versions, drafts, numbers of services, offences",
    sqlite: SQLITE,
    postgres: POSTGRES,
}];

const SQLITE: &str = "
CREATE TABLE rules_state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    current INTEGER NOT NULL
) STRICT;
INSERT INTO rules_state (one, current) VALUES (1, 0);
CREATE TABLE rules_blob (
    digest TEXT PRIMARY KEY,
    body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rules_version (
    no INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    author TEXT NOT NULL, on_behalf TEXT, from_segment TEXT, why TEXT NOT NULL,
    cause TEXT NOT NULL, base INTEGER NOT NULL,
    changes INTEGER NOT NULL, takes_away INTEGER NOT NULL,
    confirm_within INTEGER, draft_upto INTEGER,
    rights TEXT NOT NULL REFERENCES rules_blob (digest),
    policy TEXT NOT NULL REFERENCES rules_blob (digest),
    state TEXT NOT NULL, until INTEGER, asked_by TEXT,
    settled INTEGER, settled_by TEXT, reason TEXT
) STRICT;
CREATE INDEX rules_version_state ON rules_version (state);
CREATE TABLE rules_number (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE rules_edit (
    author TEXT NOT NULL,
    no INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (author, no)
) STRICT, WITHOUT ROWID;
CREATE TABLE rules_offence (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instance INTEGER NOT NULL, began INTEGER NOT NULL,
    interface TEXT NOT NULL, segment INTEGER NOT NULL, kind TEXT NOT NULL,
    since INTEGER NOT NULL, seen INTEGER NOT NULL, over INTEGER NOT NULL,
    packets INTEGER NOT NULL, examples TEXT NOT NULL,
    UNIQUE (instance, began, interface, segment, kind)
) STRICT;
CREATE INDEX rules_offence_segment ON rules_offence (segment, id);
CREATE INDEX rules_offence_open ON rules_offence (id) WHERE over = 0;
";

const POSTGRES: &str = "
CREATE TABLE rules_state (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    current BIGINT NOT NULL
);
INSERT INTO rules_state (one, current) VALUES (1, 0);
CREATE TABLE rules_blob (
    digest TEXT PRIMARY KEY,
    body BYTEA NOT NULL
);
CREATE TABLE rules_version (
    no BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    author TEXT NOT NULL, on_behalf TEXT, from_segment TEXT, why TEXT NOT NULL,
    cause TEXT NOT NULL, base BIGINT NOT NULL,
    changes BIGINT NOT NULL, takes_away BIGINT NOT NULL,
    confirm_within BIGINT, draft_upto BIGINT,
    rights TEXT NOT NULL REFERENCES rules_blob (digest),
    policy TEXT NOT NULL REFERENCES rules_blob (digest),
    state TEXT NOT NULL, until BIGINT, asked_by TEXT,
    settled BIGINT, settled_by TEXT, reason TEXT
);
CREATE INDEX rules_version_state ON rules_version (state);
CREATE TABLE rules_number (
    no BIGINT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE
);
CREATE TABLE rules_edit (
    author TEXT NOT NULL,
    no BIGINT NOT NULL,
    at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (author, no)
);
CREATE TABLE rules_offence (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance BIGINT NOT NULL, began BIGINT NOT NULL,
    interface TEXT NOT NULL, segment BIGINT NOT NULL, kind TEXT NOT NULL,
    since BIGINT NOT NULL, seen BIGINT NOT NULL, over BIGINT NOT NULL,
    packets BIGINT NOT NULL, examples TEXT NOT NULL,
    UNIQUE (instance, began, interface, segment, kind)
);
CREATE INDEX rules_offence_segment ON rules_offence (segment, id);
CREATE INDEX rules_offence_open ON rules_offence (id) WHERE over = 0;
";
