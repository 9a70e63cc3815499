//! The changes of state, in `state.db`: for 90 days, and so many of a service at the most.

use std::time::Duration;

use ets_model::{HealthState, ServiceId, WallTime};
use ets_store::{Migration, Row, Store, Tx, values};

use crate::{Error, Reason};

/// So long a change is kept.
const KEPT: Duration = Duration::from_secs(90 * 86_400);
/// And so many of a service: one that flaps pushes out its own.
const MOST: i64 = 10_000;

/// The migrations, for `state.db`.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "poll",
    version: 1,
    name: "changes of the services' health",
    sqlite: "
CREATE TABLE poll_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    at INTEGER NOT NULL,
    came_from TEXT NOT NULL,
    became TEXT NOT NULL,
    reason TEXT
) STRICT;
CREATE INDEX poll_change_service ON poll_change (service, id);
CREATE INDEX poll_change_at ON poll_change (at);
",
    postgres: "
CREATE TABLE poll_change (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service TEXT NOT NULL,
    at BIGINT NOT NULL,
    came_from TEXT NOT NULL,
    became TEXT NOT NULL,
    reason TEXT
);
CREATE INDEX poll_change_service ON poll_change (service, id);
CREATE INDEX poll_change_at ON poll_change (at);
",
}];

/// A change of a service's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of which service.
    pub service: ServiceId,
    /// When.
    pub at: WallTime,
    /// What it was.
    pub from: HealthState,
    /// What it became.
    pub to: HealthState,
    /// Why, where it did not come up.
    pub reason: Option<Reason>,
}

/// Writes changes down and forgets what is too old.
pub(crate) async fn write(
    store: &Store,
    changes: &[Change],
    now: WallTime,
) -> Result<(), ets_store::Error> {
    let (changes, oldest) = (changes.to_vec(), before(now));
    let work = store.write(move |tx| {
        Box::pin(async move {
            for change in &changes {
                insert(tx, change).await?;
                trim(tx, &change.service).await?;
            }
            tx.execute("DELETE FROM poll_change WHERE at < $1", &values![oldest]).await
        })
    });
    work.await.map(drop)
}

fn before(now: WallTime) -> i64 {
    now.0.saturating_sub(i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX))
}

async fn insert(tx: &mut Tx<'_>, change: &Change) -> Result<(), ets_store::Error> {
    let reason = change.reason.as_ref().and_then(|reason| serde_json::to_string(reason).ok());
    let sql = "INSERT INTO poll_change (service, at, came_from, became, reason) \
               VALUES ($1, $2, $3, $4, $5)";
    let (from, to) = (change.from.as_str(), change.to.as_str());
    let values = values![change.service.as_str(), change.at.0, from, to, reason];
    tx.execute(sql, &values).await.map(drop)
}

async fn trim(tx: &mut Tx<'_>, service: &ServiceId) -> Result<(), ets_store::Error> {
    let sql = "DELETE FROM poll_change WHERE service = $1 AND id <= \
               (SELECT id FROM poll_change WHERE service = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)";
    tx.execute(sql, &values![service.as_str(), MOST]).await.map(drop)
}

/// The last changes of a service, newest first.
pub(crate) async fn list(
    store: &Store,
    service: &ServiceId,
    limit: u32,
) -> Result<Vec<Change>, Error> {
    let sql = "SELECT service, at, came_from, became, reason FROM poll_change \
               WHERE service = $1 ORDER BY id DESC LIMIT $2";
    let rows = store.query(sql, &values![service.as_str(), i64::from(limit)]).await?;
    rows.iter().map(|row| read(row).map_err(Error::from)).collect()
}

/// The last change of each service.
pub(crate) async fn last(store: &Store) -> Result<Vec<Change>, Error> {
    let sql = "SELECT service, at, came_from, became, reason FROM poll_change WHERE id IN \
               (SELECT MAX(id) FROM poll_change GROUP BY service)";
    let rows = store.query(sql, &[]).await?;
    rows.iter().map(|row| read(row).map_err(Error::from)).collect()
}

fn read(row: &Row) -> Result<Change, ets_store::Error> {
    let reason = row.opt_text("reason")?;
    Ok(Change {
        service: row.text("service")?.parse().map_err(|_| ets_store::Error::NoRow)?,
        at: WallTime(row.int("at")?),
        from: state(row.text("came_from")?),
        to: state(row.text("became")?),
        reason: reason.map(|text| serde_json::from_str(text).unwrap_or(Reason::Unknown)),
    })
}

/// What a later release calls a state of its own is nothing that this one knows.
fn state(text: &str) -> HealthState {
    HealthState::ALL.into_iter().find(|state| state.as_str() == text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(at: i64, to: HealthState) -> Change {
        let (from, service) = (HealthState::Unknown, "mail".parse().unwrap());
        let reason = (to == HealthState::Down).then_some(Reason::Status { code: 500 });
        Change { service, at: WallTime(at), from, to, reason }
    }

    // covers: N7.1
    ets_store::on_both_databases!(
        what_was_written_is_read_back_newest_first_and_old_changes_go,
        MIGRATIONS,
        |store: ets_store::testing::TestStore| async move {
            let day = 86_400_000_000;
            let all = [change(1, HealthState::Up), change(80 * day, HealthState::Down)];
            write(&store, &all, WallTime(80 * day)).await.unwrap();
            let id = "mail".parse().unwrap();
            let read = list(&store, &id, 10).await.unwrap();
            assert_eq!(read, [all[1].clone(), all[0].clone()]);
            assert_eq!(last(&store).await.unwrap(), [all[1].clone()]);
            write(&store, &[change(100 * day, HealthState::Up)], WallTime(100 * day))
                .await
                .unwrap();
            assert_eq!(list(&store, &id, 10).await.unwrap().len(), 2, "the oldest is too old");
        }
    );
}
