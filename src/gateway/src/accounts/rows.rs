//! The table of who went where, in `series.db`.

use std::collections::HashMap;

use ets_store::{Migration, Store, Tx, Value, values};

use super::{Key, Sum};
use crate::Error;

/// The migrations, for `series.db`.
pub const SERIES_MIGRATIONS: &[Migration] = &[Migration {
    owner: "gateway_use",
    version: 1,
    name: "who went where, by hour",
    sqlite: "
CREATE TABLE gateway_use (
    hour INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    person TEXT NOT NULL,
    host TEXT NOT NULL,
    rule TEXT NOT NULL,
    verdict TEXT NOT NULL,
    tunnels INTEGER NOT NULL,
    up INTEGER NOT NULL,
    down INTEGER NOT NULL,
    PRIMARY KEY (hour, segment, person, host, rule, verdict)
) STRICT, WITHOUT ROWID;
",
    postgres: "
CREATE TABLE gateway_use (
    hour BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    person TEXT NOT NULL,
    host TEXT NOT NULL,
    rule TEXT NOT NULL,
    verdict TEXT NOT NULL,
    tunnels BIGINT NOT NULL,
    up BIGINT NOT NULL,
    down BIGINT NOT NULL,
    PRIMARY KEY (hour, segment, person, host, rule, verdict)
);
",
}];

/// Rows in one statement.
const ROWS: usize = 50;
/// Rows in one transaction, so that others have their turn between.
const BATCH: usize = 2_000;

/// Adds to what is kept. What was written is taken out of `all` batch by batch, so that after an
/// error what is left is what is not on the disk.
pub(crate) async fn write(store: &Store, all: &mut HashMap<Key, Sum>) -> Result<(), Error> {
    while !all.is_empty() {
        let mut batch: Vec<(Key, Sum)> =
            all.iter().take(BATCH).map(|(key, sum)| (key.clone(), *sum)).collect();
        // Neighbours in the table go into it one after the other.
        batch.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let keys: Vec<Key> = batch.iter().map(|(key, _)| key.clone()).collect();
        store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    for rows in batch.chunks(ROWS) {
                        add(tx, rows).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        for key in keys {
            all.remove(&key);
        }
    }
    Ok(())
}

async fn add(tx: &mut Tx<'_>, rows: &[(Key, Sum)]) -> Result<(), Error> {
    const COLUMNS: usize = 9;
    let places: Vec<String> = (0..rows.len())
        .map(|row| {
            let places = (1..=COLUMNS).map(|column| format!("${}", row * COLUMNS + column));
            format!("({})", places.collect::<Vec<_>>().join(", "))
        })
        .collect();
    let sql = format!(
        "INSERT INTO gateway_use
         (hour, segment, person, host, rule, verdict, tunnels, up, down) VALUES {}
         ON CONFLICT (hour, segment, person, host, rule, verdict) DO UPDATE SET
         tunnels = gateway_use.tunnels + excluded.tunnels,
         up = gateway_use.up + excluded.up, down = gateway_use.down + excluded.down",
        places.join(", ")
    );
    let mut cells: Vec<Value> = Vec::with_capacity(rows.len() * COLUMNS);
    for (key, sum) in rows {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let text = |text: &str| text.to_owned();
        cells.extend(values![
            key.hour,
            i64::from(key.segment.0),
            text(&key.person),
            text(&key.host),
            text(&key.rule),
            text(key.verdict),
            number(sum.tunnels),
            number(sum.up),
            number(sum.down)
        ]);
    }
    tx.execute(&sql, &cells).await?;
    Ok(())
}

/// Deletes what is older than an hour, one batch of it; whether there may be more.
pub(crate) async fn sweep(store: &Store, before: i64) -> Result<bool, Error> {
    let sql = format!(
        "DELETE FROM gateway_use WHERE (hour, segment, person, host, rule, verdict) IN
         (SELECT hour, segment, person, host, rule, verdict FROM gateway_use
          WHERE hour < $1 ORDER BY hour LIMIT {BATCH})"
    );
    store
        .write(move |tx: &mut Tx<'_>| {
            Box::pin(async move { Ok::<_, Error>(tx.execute(&sql, &values![before]).await? > 0) })
        })
        .await
}
