//! The versions of the rules, in `state.db`: each one whole, as JSON; the last is in force.

use ets_model::WallTime;
use ets_store::{Migration, Row, Store, Tx, values};

use crate::policy::Rules;
use crate::{Error, Version};

/// The migrations, for `state.db`.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "gateway",
    version: 1,
    name: "versions of the gateway's rules",
    sqlite: "
CREATE TABLE gateway_version (
    no INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    why TEXT NOT NULL,
    rules TEXT NOT NULL
) STRICT;
",
    postgres: "
CREATE TABLE gateway_version (
    no BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    why TEXT NOT NULL,
    rules TEXT NOT NULL
);
",
}];

/// The number of the last version; 0 before the first.
pub(crate) async fn last_no(tx: &mut Tx<'_>) -> Result<u64, Error> {
    let sql = "SELECT no FROM gateway_version ORDER BY no DESC LIMIT 1";
    let row = tx.query(sql, &[]).await?.into_iter().next();
    Ok(row.map(|row| row.number("no")).transpose()?.unwrap_or(0))
}

/// Keeps a version.
pub(crate) async fn insert(tx: &mut Tx<'_>, version: &Version, rules: String) -> Result<(), Error> {
    let sql = "INSERT INTO gateway_version (no, at, author, why, rules)
        VALUES ($1, $2, $3, $4, $5)";
    let no = i64::try_from(version.no).unwrap_or(i64::MAX);
    let row = values![no, version.at.0, version.author.clone(), version.why.clone(), rules];
    tx.execute(sql, &row).await?;
    Ok(())
}

/// The last version and its rules.
pub(crate) async fn last(store: &Store) -> Result<Option<(Version, Rules)>, Error> {
    let sql = "SELECT no, at, author, why, rules FROM gateway_version ORDER BY no DESC LIMIT 1";
    whole(store.query(sql, &[]).await?)
}

/// A version and its rules.
pub(crate) async fn one(store: &Store, no: u64) -> Result<Option<(Version, Rules)>, Error> {
    let sql = "SELECT no, at, author, why, rules FROM gateway_version WHERE no = $1";
    let no = i64::try_from(no).unwrap_or(i64::MAX);
    whole(store.query(sql, &values![no]).await?)
}

/// The last versions, newest first.
pub(crate) async fn history(store: &Store, most: u16) -> Result<Vec<Version>, Error> {
    let sql = "SELECT no, at, author, why FROM gateway_version ORDER BY no DESC LIMIT $1";
    let rows = store.query(sql, &values![i64::from(most)]).await?;
    rows.iter().map(head).collect()
}

fn whole(rows: Vec<Row>) -> Result<Option<(Version, Rules)>, Error> {
    let Some(row) = rows.first() else { return Ok(None) };
    let version = head(row)?;
    let rules = serde_json::from_str(row.text("rules")?)
        .map_err(|error| Error::Unreadable(version.no, error))?;
    Ok(Some((version, rules)))
}

fn head(row: &Row) -> Result<Version, Error> {
    Ok(Version {
        no: row.number("no")?,
        at: WallTime(row.int("at")?),
        author: row.text("author")?.to_owned(),
        why: row.text("why")?.to_owned(),
    })
}
