//! The journal's tables. The database itself refuses to change or delete an entry, so that a
//! mistake in our own code cannot; against an intruder stands the chain.

use ets_store::Migration;

/// The journal's migrations.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "journal",
    version: 1,
    name: "entries and their head",
    sqlite: "
CREATE TABLE journal_entry (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    on_behalf TEXT,
    why TEXT NOT NULL,
    from_segment TEXT,
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX journal_entry_subject ON journal_entry (subject_kind, subject_id, seq);
CREATE INDEX journal_entry_actor ON journal_entry (actor, seq);
CREATE INDEX journal_entry_on_behalf ON journal_entry (on_behalf, seq);
CREATE INDEX journal_entry_at ON journal_entry (at);
CREATE TABLE journal_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
INSERT INTO journal_head (id, seq, hash) VALUES (1, 0, zeroblob(32));
CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_entry_no_delete BEFORE DELETE ON journal_entry
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
",
    postgres: "
CREATE TABLE journal_entry (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT COLLATE \"C\" NOT NULL,
    on_behalf TEXT COLLATE \"C\",
    why TEXT COLLATE \"C\" NOT NULL,
    from_segment TEXT COLLATE \"C\",
    action TEXT COLLATE \"C\" NOT NULL,
    subject_kind TEXT COLLATE \"C\" NOT NULL,
    subject_id TEXT COLLATE \"C\" NOT NULL,
    detail TEXT COLLATE \"C\" NOT NULL,
    hash BYTEA NOT NULL
);
CREATE INDEX journal_entry_subject ON journal_entry (subject_kind, subject_id, seq);
CREATE INDEX journal_entry_actor ON journal_entry (actor, seq);
CREATE INDEX journal_entry_on_behalf ON journal_entry (on_behalf, seq);
CREATE INDEX journal_entry_at ON journal_entry (at);
CREATE TABLE journal_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
INSERT INTO journal_head (id, seq, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));
CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$;
CREATE TRIGGER journal_entry_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_entry
FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse();
",
}];
