//! The tables of traffic.
//!
//! In `series.db`:
//! - `traffic_life` and `traffic_total`: what was last read of every counter, by life of the
//!   counters and 256 segments; written with the minutes that lead to it, in one transaction;
//! - `traffic_minute`: minutes of all segments that wait to be packed, in parts;
//! - `traffic_hour`: 60 minutes of one segment in a block;
//! - `traffic_day`: 24 hours (UTC) of one segment in a block;
//! - `traffic_all_day`, `traffic_all_month`: sums of 256 segments for a day and a month of the
//!   hub's own time zone, so that a list of all segments reads few rows;
//! - `traffic_percentile`: the 95th percentile of a month that is over, of one segment;
//! - `traffic_pack`: which parts are in the blocks of an hour already;
//! - `traffic_gap`: times of which not everything is known.
//!
//! A block's number is `segment << 24 | period` (`period << 24 | chunk` where a row has 256
//! segments), so that a table is one tree by whole numbers and a block lies in it as a whole.
//!
//! In `state.db`: quotas, how they stand, and which gaps were told to the journal.

use ets_store::Migration;

/// The migrations of the series, for `series.db`.
pub const SERIES_MIGRATIONS: &[Migration] = &[Migration {
    owner: "traffic",
    version: 1,
    name: "totals, minutes, hours, days and months",
    sqlite: "
CREATE TABLE traffic_life (
    life INTEGER PRIMARY KEY,
    place INTEGER NOT NULL,
    counted_by TEXT NOT NULL,
    known INTEGER NOT NULL
) STRICT;
CREATE TABLE traffic_total (
    life INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    block BLOB NOT NULL,
    PRIMARY KEY (life, chunk)
) STRICT;
CREATE TABLE traffic_next (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    part INTEGER NOT NULL
) STRICT;
INSERT INTO traffic_next (one, part) VALUES (1, 1);
CREATE TABLE traffic_minute (
    id INTEGER PRIMARY KEY,
    minute INTEGER NOT NULL,
    block BLOB NOT NULL
) STRICT;
CREATE TABLE traffic_hour (id INTEGER PRIMARY KEY, block BLOB NOT NULL) STRICT;
CREATE TABLE traffic_day (id INTEGER PRIMARY KEY, block BLOB NOT NULL) STRICT;
CREATE TABLE traffic_all_day (id INTEGER PRIMARY KEY, block BLOB NOT NULL) STRICT;
CREATE TABLE traffic_all_month (id INTEGER PRIMARY KEY, block BLOB NOT NULL) STRICT;
CREATE TABLE traffic_percentile (
    id INTEGER PRIMARY KEY,
    up INTEGER NOT NULL,
    down INTEGER NOT NULL,
    intervals INTEGER NOT NULL,
    spread INTEGER NOT NULL
) STRICT;
CREATE TABLE traffic_pack (
    hour INTEGER PRIMARY KEY,
    packed INTEGER NOT NULL,
    upto INTEGER NOT NULL,
    chunk INTEGER NOT NULL
) STRICT;
CREATE TABLE traffic_gap (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX traffic_gap_until ON traffic_gap (until);
",
    postgres: "
CREATE TABLE traffic_life (
    life BIGINT PRIMARY KEY,
    place BIGINT NOT NULL,
    counted_by TEXT NOT NULL,
    known BIGINT NOT NULL
);
CREATE TABLE traffic_total (
    life BIGINT NOT NULL,
    chunk BIGINT NOT NULL,
    block BYTEA NOT NULL,
    PRIMARY KEY (life, chunk)
);
CREATE TABLE traffic_next (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    part BIGINT NOT NULL
);
INSERT INTO traffic_next (one, part) VALUES (1, 1);
CREATE TABLE traffic_minute (
    id BIGINT PRIMARY KEY,
    minute BIGINT NOT NULL,
    block BYTEA NOT NULL
);
CREATE TABLE traffic_hour (id BIGINT PRIMARY KEY, block BYTEA NOT NULL);
CREATE TABLE traffic_day (id BIGINT PRIMARY KEY, block BYTEA NOT NULL);
CREATE TABLE traffic_all_day (id BIGINT PRIMARY KEY, block BYTEA NOT NULL);
CREATE TABLE traffic_all_month (id BIGINT PRIMARY KEY, block BYTEA NOT NULL);
CREATE TABLE traffic_percentile (
    id BIGINT PRIMARY KEY,
    up BIGINT NOT NULL,
    down BIGINT NOT NULL,
    intervals BIGINT NOT NULL,
    spread BIGINT NOT NULL
);
CREATE TABLE traffic_pack (
    hour BIGINT PRIMARY KEY,
    packed BIGINT NOT NULL,
    upto BIGINT NOT NULL,
    chunk BIGINT NOT NULL
);
CREATE TABLE traffic_gap (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX traffic_gap_until ON traffic_gap (until);
",
}];

/// The migrations of quotas, for `state.db`.
pub const STATE_MIGRATIONS: &[Migration] = &[Migration {
    owner: "traffic",
    version: 1,
    name: "quotas, how they stand, gaps that were told",
    sqlite: "
CREATE TABLE traffic_quota (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    segment INTEGER,
    body TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE TABLE traffic_quota_state (
    quota INTEGER NOT NULL REFERENCES traffic_quota (id) ON DELETE CASCADE,
    segment INTEGER NOT NULL,
    period INTEGER NOT NULL,
    level INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (quota, segment)
) STRICT, WITHOUT ROWID;
CREATE TABLE traffic_told (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    gap INTEGER NOT NULL
) STRICT;
INSERT INTO traffic_told (one, gap) VALUES (1, 0);
",
    postgres: "
CREATE TABLE traffic_quota (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    segment BIGINT,
    body TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE TABLE traffic_quota_state (
    quota BIGINT NOT NULL REFERENCES traffic_quota (id) ON DELETE CASCADE,
    segment BIGINT NOT NULL,
    period BIGINT NOT NULL,
    level BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (quota, segment)
);
CREATE TABLE traffic_told (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    gap BIGINT NOT NULL
);
INSERT INTO traffic_told (one, gap) VALUES (1, 0);
",
}];
