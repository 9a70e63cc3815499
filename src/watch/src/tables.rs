//! The watch's tables.

use ets_store::Migration;

/// The migrations of the watch, for `state.db`.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        owner: "watch",
        version: 1,
        name: "outages, blind times, the place in netd's stream",
        sqlite: SQLITE,
        postgres: POSTGRES,
    },
    Migration {
        owner: "watch",
        version: 2,
        name: "times in which a segment was not watched",
        sqlite: GAP_SQLITE,
        postgres: GAP_POSTGRES,
    },
    Migration {
        owner: "watch",
        version: 3,
        name: "a blind time whose end is not yet seen",
        sqlite: BLIND_SQLITE,
        postgres: BLIND_POSTGRES,
    },
];

const BLIND_SQLITE: &str = "
ALTER TABLE watch_cursor ADD COLUMN blind_boot INTEGER;
ALTER TABLE watch_cursor ADD COLUMN blind_wall INTEGER;
";

const BLIND_POSTGRES: &str = "
ALTER TABLE watch_cursor ADD COLUMN blind_boot BIGINT;
ALTER TABLE watch_cursor ADD COLUMN blind_wall BIGINT;
";

const GAP_SQLITE: &str = "
CREATE TABLE watch_gap (
    segment INTEGER NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    PRIMARY KEY (segment, since)
) STRICT, WITHOUT ROWID;
";

const GAP_POSTGRES: &str = "
CREATE TABLE watch_gap (
    segment BIGINT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT,
    PRIMARY KEY (segment, since)
);
";

const SQLITE: &str = "
CREATE TABLE watch_outage (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT NOT NULL,
    segment INTEGER,
    began_after INTEGER NOT NULL,
    began_before INTEGER NOT NULL,
    ended INTEGER,
    maintenance INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX watch_outage_open ON watch_outage (subject) WHERE ended IS NULL;
CREATE INDEX watch_outage_began ON watch_outage (began_before, id);
CREATE INDEX watch_outage_segment ON watch_outage (segment, began_before);
CREATE TABLE watch_evidence (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    outage INTEGER NOT NULL REFERENCES watch_outage (id),
    body TEXT NOT NULL
) STRICT;
CREATE INDEX watch_evidence_outage ON watch_evidence (outage, id);
CREATE TABLE watch_blind (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX watch_blind_until ON watch_blind (until);
CREATE TABLE watch_cursor (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    instance INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    tick_boot INTEGER NOT NULL,
    tick_wall INTEGER NOT NULL
) STRICT;
CREATE TABLE watch_since (
    segment INTEGER PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT;
";

const POSTGRES: &str = "
CREATE TABLE watch_outage (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject TEXT NOT NULL,
    segment BIGINT,
    began_after BIGINT NOT NULL,
    began_before BIGINT NOT NULL,
    ended BIGINT,
    maintenance BIGINT NOT NULL
);
CREATE UNIQUE INDEX watch_outage_open ON watch_outage (subject) WHERE ended IS NULL;
CREATE INDEX watch_outage_began ON watch_outage (began_before, id);
CREATE INDEX watch_outage_segment ON watch_outage (segment, began_before);
CREATE TABLE watch_evidence (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    outage BIGINT NOT NULL REFERENCES watch_outage (id),
    body TEXT NOT NULL
);
CREATE INDEX watch_evidence_outage ON watch_evidence (outage, id);
CREATE TABLE watch_blind (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX watch_blind_until ON watch_blind (until);
CREATE TABLE watch_cursor (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    instance BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    tick_boot BIGINT NOT NULL,
    tick_wall BIGINT NOT NULL
);
CREATE TABLE watch_since (
    segment BIGINT PRIMARY KEY,
    since BIGINT NOT NULL
);
";
