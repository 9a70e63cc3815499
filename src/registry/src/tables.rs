//! The registry's tables.

use ets_store::Migration;

/// The migrations of the registry, for `state.db`.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        owner: "registry",
        version: 1,
        name: "institutions, provider points, segments, photographs",
        sqlite: SQLITE,
        postgres: POSTGRES,
    },
    Migration {
        owner: "registry",
        version: 2,
        name: "hardware addresses of routers",
        sqlite: HARDWARE,
        postgres: HARDWARE,
    },
];

const HARDWARE: &str = "ALTER TABLE registry_segment ADD COLUMN router_hardware TEXT;";

const SQLITE: &str = "
CREATE TABLE registry_state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL
) STRICT;
INSERT INTO registry_state (one, generation) VALUES (1, 0);
CREATE TABLE registry_institution (
    id TEXT PRIMARY KEY,
    name_kk TEXT NOT NULL, name_ru TEXT NOT NULL, name_en TEXT NOT NULL,
    kind TEXT NOT NULL, budget_level TEXT NOT NULL, district TEXT NOT NULL,
    address TEXT NOT NULL, head TEXT NOT NULL, duty TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE registry_parent (
    id TEXT PRIMARY KEY,
    name_kk TEXT NOT NULL, name_ru TEXT NOT NULL, name_en TEXT NOT NULL,
    provider TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE registry_segment (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    institution TEXT NOT NULL REFERENCES registry_institution (id),
    label_kk TEXT NOT NULL, label_ru TEXT NOT NULL, label_en TEXT NOT NULL,
    prefixes TEXT NOT NULL, interface TEXT NOT NULL,
    probe_address TEXT NOT NULL, method TEXT NOT NULL,
    provider TEXT NOT NULL, technology TEXT NOT NULL,
    down_kbps INTEGER NOT NULL, up_kbps INTEGER NOT NULL, contract TEXT NOT NULL,
    router_management TEXT, router_snmp TEXT NOT NULL,
    parent TEXT REFERENCES registry_parent (id),
    criticality TEXT NOT NULL, maintenance_until INTEGER, notes TEXT NOT NULL,
    retired INTEGER, version INTEGER NOT NULL
) STRICT;
CREATE TABLE registry_photo (
    segment INTEGER PRIMARY KEY REFERENCES registry_segment (no),
    bytes BLOB NOT NULL
) STRICT;
";

const POSTGRES: &str = "
CREATE TABLE registry_state (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    generation BIGINT NOT NULL
);
INSERT INTO registry_state (one, generation) VALUES (1, 0);
CREATE TABLE registry_institution (
    id TEXT PRIMARY KEY,
    name_kk TEXT NOT NULL, name_ru TEXT NOT NULL, name_en TEXT NOT NULL,
    kind TEXT NOT NULL, budget_level TEXT NOT NULL, district TEXT NOT NULL,
    address TEXT NOT NULL, head TEXT NOT NULL, duty TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE TABLE registry_parent (
    id TEXT PRIMARY KEY,
    name_kk TEXT NOT NULL, name_ru TEXT NOT NULL, name_en TEXT NOT NULL,
    provider TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE TABLE registry_segment (
    no BIGINT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    institution TEXT NOT NULL REFERENCES registry_institution (id),
    label_kk TEXT NOT NULL, label_ru TEXT NOT NULL, label_en TEXT NOT NULL,
    prefixes TEXT NOT NULL, interface TEXT NOT NULL,
    probe_address TEXT NOT NULL, method TEXT NOT NULL,
    provider TEXT NOT NULL, technology TEXT NOT NULL,
    down_kbps BIGINT NOT NULL, up_kbps BIGINT NOT NULL, contract TEXT NOT NULL,
    router_management TEXT, router_snmp TEXT NOT NULL,
    parent TEXT REFERENCES registry_parent (id),
    criticality TEXT NOT NULL, maintenance_until BIGINT, notes TEXT NOT NULL,
    retired BIGINT, version BIGINT NOT NULL
);
CREATE TABLE registry_photo (
    segment BIGINT PRIMARY KEY REFERENCES registry_segment (no),
    bytes BYTEA NOT NULL
);
";
