//! The one migrator: forward only, all or nothing, and never over a database that is too new.

use sha2::{Digest as _, Sha256};

use crate::driver::Lent;
use crate::fault::Place;
use crate::{Engine, Error, Migration, Release, values};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS ets_migration (
    owner TEXT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at BIGINT NOT NULL,
    PRIMARY KEY (owner, version)
);
CREATE TABLE IF NOT EXISTS ets_release (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    number BIGINT NOT NULL,
    minimum_reader BIGINT NOT NULL
);";

/// Looks before anything is touched: is it ours, and may we read it?
pub(crate) async fn may_read(
    connection: &mut Lent<'_>,
    release: Release,
    place: &Place,
) -> Result<(), Error> {
    if !has_table(connection, "ets_release", place).await? {
        return empty_or_foreign(connection, place).await;
    }
    let row = connection
        .query("SELECT number, minimum_reader FROM ets_release WHERE id = 1", &[], place)
        .await?;
    let Some(row) = row.first() else { return Ok(()) };
    let (found, minimum) = (row.int("number")?, row.int("minimum_reader")?);
    if minimum > release.number {
        let place = place.name.clone();
        return Err(Error::TooNew { place, found, minimum, ours: release.number });
    }
    Ok(())
}

async fn empty_or_foreign(connection: &mut Lent<'_>, place: &Place) -> Result<(), Error> {
    if connection.engine() == Engine::Postgres {
        return Ok(());
    }
    let tables = connection.query("SELECT name FROM sqlite_master LIMIT 1", &[], place).await?;
    if tables.is_empty() { Ok(()) } else { Err(place.foreign()) }
}

async fn has_table(connection: &mut Lent<'_>, table: &str, place: &Place) -> Result<bool, Error> {
    let sql = match connection.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name = $1",
        Engine::Postgres => {
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1"
        }
    };
    Ok(!connection.query(sql, &values![table], place).await?.is_empty())
}

/// Brings the tables forward in one transaction.
pub(crate) async fn migrate(
    connection: &mut Lent<'_>,
    migrations: &[Migration],
    release: Release,
    place: &Place,
) -> Result<(), Error> {
    well_formed(migrations)?;
    let begin = match connection.engine() {
        Engine::Sqlite => "BEGIN IMMEDIATE",
        Engine::Postgres => "BEGIN",
    };
    connection.script(begin, place).await?;
    let done = forward(connection, migrations, release, place).await;
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = connection.script(end, place).await;
    done.and(ended)
}

async fn forward(
    connection: &mut Lent<'_>,
    migrations: &[Migration],
    release: Release,
    place: &Place,
) -> Result<(), Error> {
    connection.script(TABLES, place).await?;
    may_read(connection, release, place).await?;
    for migration in migrations {
        apply(connection, migration, place).await.map_err(|error| match error {
            bad @ Error::BadMigration { .. } => bad,
            source => Error::Migration {
                place: place.name.clone(),
                owner: migration.owner.to_owned(),
                version: migration.version,
                source: Box::new(source),
            },
        })?;
    }
    let numbers = values![release.number, release.minimum_reader];
    let sql = "INSERT INTO ets_release (id, number, minimum_reader) VALUES (1, $1, $2)
        ON CONFLICT (id) DO UPDATE
        SET number = excluded.number, minimum_reader = excluded.minimum_reader
        WHERE excluded.number > ets_release.number";
    connection.execute(sql, &numbers, place).await?;
    Ok(())
}

async fn apply(
    connection: &mut Lent<'_>,
    migration: &Migration,
    place: &Place,
) -> Result<(), Error> {
    let text = match connection.engine() {
        Engine::Sqlite => migration.sqlite,
        Engine::Postgres => migration.postgres,
    };
    let checksum = hex::encode(Sha256::digest(text));
    let sql = "SELECT checksum FROM ets_migration WHERE owner = $1 AND version = $2";
    let key = values![migration.owner, migration.version];
    if let Some(row) = connection.query(sql, &key, place).await?.first() {
        return if row.text("checksum")? == checksum {
            Ok(())
        } else {
            Err(bad(migration, "its text was changed after it had been applied: write a new one"))
        };
    }
    connection.script(text, place).await?;
    tracing::info!(
        place = place.name,
        owner = migration.owner,
        version = migration.version,
        name = migration.name,
        "tables brought forward"
    );
    let now = ets_runtime::wall_now().0;
    let row = values![migration.owner, migration.version, migration.name, checksum, now];
    let sql = "INSERT INTO ets_migration (owner, version, name, checksum, applied_at)
        VALUES ($1, $2, $3, $4, $5)";
    connection.execute(sql, &row, place).await.map(drop)
}

/// Each owner's numbers run from 1 without gaps, in order.
fn well_formed(migrations: &[Migration]) -> Result<(), Error> {
    for (index, migration) in migrations.iter().enumerate() {
        let before = migrations[..index].iter().filter(|other| other.owner == migration.owner);
        let expected = before.map(|other| other.version).max().unwrap_or(0) + 1;
        if migration.version != expected {
            return Err(bad(migration, "the numbers of one owner run from 1 without gaps"));
        }
    }
    Ok(())
}

fn bad(migration: &Migration, what: &'static str) -> Error {
    Error::BadMigration { owner: migration.owner.to_owned(), version: migration.version, what }
}
