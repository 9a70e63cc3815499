//! Quotas and how segments stand to them, in `state.db`.

use ets_journal::{Entry, Subject};
use ets_model::{SegmentNo, WallTime};
use ets_registry::Author;
use ets_store::{Row, Store, Tx, values};
use serde_json::json;

use crate::Error;
use crate::quota::{Level, Quota, Standing};

/// All quotas, by number.
pub(crate) async fn list(store: &Store) -> Result<Vec<Quota>, Error> {
    let rows = store.query("SELECT id, body, version FROM traffic_quota ORDER BY id", &[]).await?;
    rows.iter().map(quota).collect()
}

fn quota(row: &Row) -> Result<Quota, Error> {
    let (id, version) = (row.int("id")?, row.int("version")?);
    let quota: Quota = serde_json::from_str(row.text("body")?)
        .map_err(|_| Error::Unreadable { what: format!("quota {id}") })?;
    Ok(Quota { id, version, ..quota })
}

/// Adds a quota (number 0) or changes one; both go to the journal.
pub(crate) async fn put(
    store: &Store,
    at: WallTime,
    mut quota: Quota,
    author: &Author,
) -> Result<Quota, Error> {
    quota.name = quota.name.trim().to_owned();
    quota.check()?;
    let author = author.clone();
    store
        .write::<_, Error, _>(move |tx| {
            Box::pin(async move {
                let before = current(tx, &quota).await?;
                quota.version += 1;
                write(tx, &mut quota).await?;
                let action = if before.is_some() { "quota.update" } else { "quota.create" };
                let detail = json!({ "before": before, "after": quota });
                ets_journal::append(tx, at, entry(action, quota.id, detail, &author)).await?;
                Ok(quota)
            })
        })
        .await
}

/// Takes a quota away, and with it how segments stood to it.
pub(crate) async fn remove(
    store: &Store,
    at: WallTime,
    (id, version): (i64, i64),
    author: &Author,
) -> Result<(), Error> {
    let author = author.clone();
    store
        .write::<_, Error, _>(move |tx| {
            Box::pin(async move {
                let before = stored(tx, id).await?.ok_or(Error::NoQuota(id))?;
                same(id, version, before.version)?;
                tx.execute("DELETE FROM traffic_quota WHERE id = $1", &values![id]).await?;
                let detail = json!({ "before": before });
                ets_journal::append(tx, at, entry("quota.remove", id, detail, &author)).await?;
                Ok(())
            })
        })
        .await
}

async fn stored(tx: &mut Tx<'_>, id: i64) -> Result<Option<Quota>, Error> {
    let sql =
        format!("SELECT id, body, version FROM traffic_quota WHERE id = $1{}", tx.for_update());
    tx.query_optional(&sql, &values![id]).await?.as_ref().map(quota).transpose()
}

/// The quota as it stands, if it is an old one and nobody changed it.
async fn current(tx: &mut Tx<'_>, quota: &Quota) -> Result<Option<Quota>, Error> {
    if quota.id == 0 {
        return Ok(None);
    }
    let before = stored(tx, quota.id).await?.ok_or(Error::NoQuota(quota.id))?;
    same(quota.id, quota.version, before.version)?;
    Ok(Some(before))
}

fn same(id: i64, yours: i64, current: i64) -> Result<(), Error> {
    if yours == current { Ok(()) } else { Err(Error::Conflict { id, yours, current }) }
}

async fn write(tx: &mut Tx<'_>, quota: &mut Quota) -> Result<(), Error> {
    let segment = quota.segment.map(|no| no.0);
    let body = json!(quota).to_string();
    if quota.id == 0 {
        let sql = "INSERT INTO traffic_quota (segment, body, version) VALUES ($1, $2, $3)
            RETURNING id";
        quota.id = tx.query_one(sql, &values![segment, body, quota.version]).await?.int("id")?;
    } else {
        let sql = "UPDATE traffic_quota SET segment = $2, body = $3, version = $4 WHERE id = $1";
        tx.execute(sql, &values![quota.id, segment, body, quota.version]).await?;
    }
    Ok(())
}

fn entry(action: &str, id: i64, detail: serde_json::Value, author: &Author) -> Entry {
    let mut entry = Entry::new(&author.actor, action, Subject::new("quota", id.to_string()));
    entry.on_behalf.clone_from(&author.on_behalf);
    entry.from_segment.clone_from(&author.from_segment);
    entry.why.clone_from(&author.reason);
    entry.detail(detail)
}

/// How segments stand, where it is not normal.
pub(crate) async fn standings(store: &Store) -> Result<Vec<Standing>, Error> {
    let sql = "SELECT quota, segment, period, level, since FROM traffic_quota_state
        ORDER BY quota, segment";
    store.query(sql, &[]).await?.iter().map(standing).collect()
}

fn standing(row: &Row) -> Result<Standing, Error> {
    Ok(Standing {
        quota: row.int("quota")?,
        segment: SegmentNo(u32::try_from(row.int("segment")?).unwrap_or(u32::MAX)),
        level: Level::from_number(row.int("level")?),
        since: WallTime(row.int("since")?),
        period: WallTime(row.int("period")?),
    })
}

/// Writes changes of standing and their entries in the journal, in one transaction. A quota that
/// went away in the meantime leaves nothing.
pub(crate) async fn write_standings(
    store: &Store,
    at: WallTime,
    changes: Vec<(Standing, Entry)>,
) -> Result<(), Error> {
    store
        .write::<_, Error, _>(move |tx| {
            Box::pin(async move {
                for (standing, entry) in changes {
                    if stored(tx, standing.quota).await?.is_some() {
                        write_standing(tx, standing).await?;
                        ets_journal::append(tx, at, entry).await?;
                    }
                }
                Ok(())
            })
        })
        .await
}

async fn write_standing(tx: &mut Tx<'_>, one: Standing) -> Result<(), Error> {
    if one.level == Level::Normal {
        let sql = "DELETE FROM traffic_quota_state WHERE quota = $1 AND segment = $2";
        tx.execute(sql, &values![one.quota, one.segment.0]).await?;
        return Ok(());
    }
    let sql = "INSERT INTO traffic_quota_state (quota, segment, period, level, since)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (quota, segment) DO UPDATE SET
            period = excluded.period, level = excluded.level, since = excluded.since";
    let row = values![one.quota, one.segment.0, one.period.0, one.level.number(), one.since.0];
    tx.execute(sql, &row).await?;
    Ok(())
}
