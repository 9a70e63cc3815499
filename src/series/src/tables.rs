//! The tables of measurements.
//!
//! - `series_minute`: minutes of all segments that wait to be packed, in parts;
//! - `series_hour`: 60 minutes of one segment and metric in a block;
//! - `series_day`: the same time as 24 hours in a block;
//! - `series_pack`: which parts are in the blocks of an hour already;
//! - `series_progress`: which of `netd`'s events are in all of these.
//!
//! Times are in units of their table since the epoch: minutes, hours, days. Metric 1 is the probe.

use ets_store::Migration;

/// The migrations of measurements.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "series",
    version: 1,
    name: "minutes, hours and days",
    sqlite: "
CREATE TABLE series_minute (
    id INTEGER PRIMARY KEY,
    minute INTEGER NOT NULL,
    block BLOB NOT NULL
) STRICT;
CREATE TABLE series_hour (
    segment INTEGER NOT NULL,
    metric INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    block BLOB NOT NULL,
    PRIMARY KEY (segment, metric, hour)
) STRICT, WITHOUT ROWID;
CREATE TABLE series_day (
    segment INTEGER NOT NULL,
    metric INTEGER NOT NULL,
    day INTEGER NOT NULL,
    block BLOB NOT NULL,
    PRIMARY KEY (segment, metric, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE series_pack (
    hour INTEGER PRIMARY KEY,
    packed INTEGER NOT NULL,
    upto INTEGER NOT NULL,
    segment INTEGER NOT NULL
) STRICT;
CREATE TABLE series_progress (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    instance INTEGER NOT NULL,
    ranges TEXT NOT NULL,
    next_part INTEGER NOT NULL
) STRICT;
INSERT INTO series_progress (id, instance, ranges, next_part) VALUES (1, 0, '', 1);
",
    postgres: "
CREATE TABLE series_minute (
    id BIGINT PRIMARY KEY,
    minute BIGINT NOT NULL,
    block BYTEA NOT NULL
);
CREATE TABLE series_hour (
    segment BIGINT NOT NULL,
    metric BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    block BYTEA NOT NULL,
    PRIMARY KEY (segment, metric, hour)
);
CREATE TABLE series_day (
    segment BIGINT NOT NULL,
    metric BIGINT NOT NULL,
    day BIGINT NOT NULL,
    block BYTEA NOT NULL,
    PRIMARY KEY (segment, metric, day)
);
CREATE TABLE series_pack (
    hour BIGINT PRIMARY KEY,
    packed BIGINT NOT NULL,
    upto BIGINT NOT NULL,
    segment BIGINT NOT NULL
);
CREATE TABLE series_progress (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    instance BIGINT NOT NULL,
    ranges TEXT COLLATE \"C\" NOT NULL,
    next_part BIGINT NOT NULL
);
INSERT INTO series_progress (id, instance, ranges, next_part) VALUES (1, 0, '', 1);
",
}];

/// The metric of the probe.
pub(crate) const PROBE: i64 = 1;
