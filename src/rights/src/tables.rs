//! The tables. Nothing in them is ever removed: what is over has an end, so that the past is exact.

use ets_store::Migration;

/// The migrations, for `state.db`.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        owner: "rights",
        version: 1,
        name: "people, roles, grants, suspensions, substitutions",
        sqlite: SQLITE,
        postgres: POSTGRES,
    },
    Migration {
        owner: "rights",
        version: 2,
        name: "the second person of a substitution",
        sqlite: SECOND_SQLITE,
        postgres: SECOND_POSTGRES,
    },
];

/// What is over passed on everything while it lasted, and stays so for reports of its days. What
/// stands was confirmed by nobody.
const SECOND_SQLITE: &str = "
ALTER TABLE rights_substitution ADD COLUMN given_person TEXT;
ALTER TABLE rights_substitution ADD COLUMN needs_second INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rights_substitution ADD COLUMN confirmed INTEGER;
ALTER TABLE rights_substitution ADD COLUMN confirmed_by TEXT;
UPDATE rights_substitution SET confirmed = since
    WHERE ended IS NOT NULL OR until <= CAST(strftime('%s', 'now') AS INTEGER) * 1000000;
";

const SECOND_POSTGRES: &str = "
ALTER TABLE rights_substitution ADD COLUMN given_person TEXT;
ALTER TABLE rights_substitution ADD COLUMN needs_second BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rights_substitution ADD COLUMN confirmed BIGINT;
ALTER TABLE rights_substitution ADD COLUMN confirmed_by TEXT;
UPDATE rights_substitution SET confirmed = since
    WHERE ended IS NOT NULL OR until <= CAST(EXTRACT(EPOCH FROM now()) * 1000000 AS BIGINT);
";

const SQLITE: &str = "
CREATE TABLE rights_person (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    organisation TEXT NOT NULL,
    institution TEXT,
    known INTEGER NOT NULL
) STRICT;
CREATE TABLE rights_role (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    rights TEXT NOT NULL,
    needs_second INTEGER NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER
) STRICT;
CREATE TABLE rights_grant (
    no INTEGER PRIMARY KEY,
    person TEXT NOT NULL REFERENCES rights_person (id),
    role TEXT NOT NULL,
    scope_kind TEXT NOT NULL,
    scope_id TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    given INTEGER NOT NULL,
    given_by TEXT NOT NULL,
    given_person TEXT,
    why TEXT NOT NULL,
    needs_second INTEGER NOT NULL,
    confirmed INTEGER,
    confirmed_by TEXT,
    ended INTEGER,
    ended_by TEXT
) STRICT;
CREATE INDEX rights_grant_person ON rights_grant (person, no);
CREATE TABLE rights_suspension (
    no INTEGER PRIMARY KEY,
    person TEXT NOT NULL REFERENCES rights_person (id),
    grant_no INTEGER REFERENCES rights_grant (no),
    since INTEGER NOT NULL,
    until INTEGER,
    suspended_by TEXT NOT NULL,
    why TEXT NOT NULL,
    ended INTEGER,
    ended_by TEXT
) STRICT;
CREATE INDEX rights_suspension_person ON rights_suspension (person, no);
CREATE TABLE rights_substitution (
    no INTEGER PRIMARY KEY,
    of_person TEXT NOT NULL REFERENCES rights_person (id),
    by_person TEXT NOT NULL REFERENCES rights_person (id),
    since INTEGER NOT NULL,
    until INTEGER,
    given_by TEXT NOT NULL,
    why TEXT NOT NULL,
    ended INTEGER,
    ended_by TEXT
) STRICT;
CREATE INDEX rights_substitution_by ON rights_substitution (by_person, no);
";

const POSTGRES: &str = "
CREATE TABLE rights_person (
    no BIGINT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    organisation TEXT NOT NULL,
    institution TEXT,
    known BIGINT NOT NULL
);
CREATE TABLE rights_role (
    no BIGINT PRIMARY KEY,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    rights TEXT NOT NULL,
    needs_second BIGINT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT
);
CREATE TABLE rights_grant (
    no BIGINT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES rights_person (id),
    role TEXT NOT NULL,
    scope_kind TEXT NOT NULL,
    scope_id TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT,
    given BIGINT NOT NULL,
    given_by TEXT NOT NULL,
    given_person TEXT,
    why TEXT NOT NULL,
    needs_second BIGINT NOT NULL,
    confirmed BIGINT,
    confirmed_by TEXT,
    ended BIGINT,
    ended_by TEXT
);
CREATE INDEX rights_grant_person ON rights_grant (person, no);
CREATE TABLE rights_suspension (
    no BIGINT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES rights_person (id),
    grant_no BIGINT REFERENCES rights_grant (no),
    since BIGINT NOT NULL,
    until BIGINT,
    suspended_by TEXT NOT NULL,
    why TEXT NOT NULL,
    ended BIGINT,
    ended_by TEXT
);
CREATE INDEX rights_suspension_person ON rights_suspension (person, no);
CREATE TABLE rights_substitution (
    no BIGINT PRIMARY KEY,
    of_person TEXT NOT NULL REFERENCES rights_person (id),
    by_person TEXT NOT NULL REFERENCES rights_person (id),
    since BIGINT NOT NULL,
    until BIGINT,
    given_by TEXT NOT NULL,
    why TEXT NOT NULL,
    ended BIGINT,
    ended_by TEXT
);
CREATE INDEX rights_substitution_by ON rights_substitution (by_person, no);
";
