//! What enrolment keeps in `state.db`. A restart loses nothing but nonces.

use ets_store::Migration;

/// The migrations, for `state.db`.
pub const MIGRATIONS: &[Migration] = &[ENROLMENT, RENEWALS];

const ENROLMENT: Migration = Migration {
    owner: "enrol",
    version: 1,
    name: "keys, accounts, orders, secrets",
    sqlite: "
CREATE TABLE acme_key (
    kid TEXT PRIMARY KEY,
    institution TEXT NOT NULL,
    names TEXT NOT NULL,
    secret BLOB,
    accounts INTEGER NOT NULL,
    created INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    revoked INTEGER
) STRICT;
CREATE TABLE acme_account (
    id TEXT PRIMARY KEY,
    kid TEXT NOT NULL REFERENCES acme_key (kid),
    thumbprint TEXT NOT NULL UNIQUE,
    jwk TEXT NOT NULL,
    contact TEXT NOT NULL,
    status TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX acme_account_kid ON acme_account (kid);
CREATE TABLE acme_order (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES acme_account (id),
    names TEXT NOT NULL,
    status TEXT NOT NULL,
    problem TEXT,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    serial TEXT,
    certificate TEXT
) STRICT;
CREATE INDEX acme_order_account ON acme_order (account, created);
CREATE INDEX acme_order_serial ON acme_order (serial);
CREATE TABLE acme_authorization (
    id TEXT PRIMARY KEY,
    place INTEGER NOT NULL,
    account TEXT NOT NULL,
    order_id TEXT NOT NULL REFERENCES acme_order (id),
    name TEXT NOT NULL,
    seed TEXT NOT NULL,
    status TEXT NOT NULL,
    challenge TEXT,
    problem TEXT,
    decided INTEGER,
    expires INTEGER NOT NULL
) STRICT;
CREATE INDEX acme_authorization_order ON acme_authorization (order_id, place);
CREATE INDEX acme_authorization_account ON acme_authorization (account, status, decided);
CREATE TABLE est_secret (
    name TEXT PRIMARY KEY,
    hash BLOB NOT NULL,
    created INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires INTEGER NOT NULL,
    used INTEGER,
    serial TEXT
) STRICT;
",
    postgres: "
CREATE TABLE acme_key (
    kid TEXT PRIMARY KEY,
    institution TEXT NOT NULL,
    names TEXT NOT NULL,
    secret BYTEA,
    accounts BIGINT NOT NULL,
    created BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    revoked BIGINT
);
CREATE TABLE acme_account (
    id TEXT PRIMARY KEY,
    kid TEXT NOT NULL REFERENCES acme_key (kid),
    thumbprint TEXT NOT NULL UNIQUE,
    jwk TEXT NOT NULL,
    contact TEXT NOT NULL,
    status TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX acme_account_kid ON acme_account (kid);
CREATE TABLE acme_order (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES acme_account (id),
    names TEXT NOT NULL,
    status TEXT NOT NULL,
    problem TEXT,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    serial TEXT,
    certificate TEXT
);
CREATE INDEX acme_order_account ON acme_order (account, created);
CREATE INDEX acme_order_serial ON acme_order (serial);
CREATE TABLE acme_authorization (
    id TEXT PRIMARY KEY,
    place BIGINT NOT NULL,
    account TEXT NOT NULL,
    order_id TEXT NOT NULL REFERENCES acme_order (id),
    name TEXT NOT NULL,
    seed TEXT NOT NULL,
    status TEXT NOT NULL,
    challenge TEXT,
    problem TEXT,
    decided BIGINT,
    expires BIGINT NOT NULL
);
CREATE INDEX acme_authorization_order ON acme_authorization (order_id, place);
CREATE INDEX acme_authorization_account ON acme_authorization (account, status, decided);
CREATE TABLE est_secret (
    name TEXT PRIMARY KEY,
    hash BYTEA NOT NULL,
    created BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    expires BIGINT NOT NULL,
    used BIGINT,
    serial TEXT
);
",
};

/// Which certificate of a router renewed which; `nth` tells two apart that are asked for at once.
const RENEWALS: Migration = Migration {
    owner: "enrol",
    version: 2,
    name: "renewals of routers",
    sqlite: "
CREATE TABLE est_renewal (
    new_serial TEXT PRIMARY KEY,
    old_serial TEXT NOT NULL,
    nth INTEGER NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (old_serial, nth)
) STRICT;
",
    postgres: "
CREATE TABLE est_renewal (
    new_serial TEXT PRIMARY KEY,
    old_serial TEXT NOT NULL,
    nth BIGINT NOT NULL,
    at BIGINT NOT NULL,
    UNIQUE (old_serial, nth)
);
",
};
