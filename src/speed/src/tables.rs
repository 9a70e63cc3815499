//! What was measured, in `state.db`: one row each.

use std::time::Duration;

use ets_model::{SegmentNo, WallTime};
use ets_netd_api::Direction;
use ets_store::{Migration, Row, Store, values};

use crate::{Error, Limit, Measured};

/// So long a measurement is kept.
const KEPT: Duration = Duration::from_secs(3 * 366 * 86_400);
/// And so many of a segment, both ways together: who measures without rest pushes out his own.
const MOST: i64 = 10_000;

/// The migrations, for `state.db`.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "speed",
    version: 1,
    name: "what was measured",
    sqlite: "
CREATE TABLE speed_measured (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    segment INTEGER NOT NULL,
    at INTEGER NOT NULL,
    direction TEXT NOT NULL,
    rate INTEGER NOT NULL,
    work INTEGER NOT NULL,
    contracted INTEGER,
    idle_us INTEGER,
    loaded_us INTEGER,
    bound TEXT NOT NULL,
    asked_from TEXT NOT NULL
) STRICT;
CREATE INDEX speed_measured_segment ON speed_measured (segment, id);
",
    postgres: "
CREATE TABLE speed_measured (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    segment BIGINT NOT NULL,
    at BIGINT NOT NULL,
    direction TEXT NOT NULL,
    rate BIGINT NOT NULL,
    work BIGINT NOT NULL,
    contracted BIGINT,
    idle_us BIGINT,
    loaded_us BIGINT,
    bound TEXT NOT NULL,
    asked_from TEXT NOT NULL
);
CREATE INDEX speed_measured_segment ON speed_measured (segment, id);
",
}];

/// Keeps one, and forgets those of its segment that are too old or too many.
pub(crate) async fn insert(store: &Store, measured: Measured) -> Result<(), Error> {
    keep(store, measured, MOST).await
}

async fn keep(store: &Store, measured: Measured, most: i64) -> Result<(), Error> {
    store
        .write::<_, Error, _>(move |tx| {
            Box::pin(async move {
                let sql = "DELETE FROM speed_measured WHERE segment = $1 AND (at < $2 OR id <= (
                    SELECT id FROM speed_measured WHERE segment = $1
                    ORDER BY id DESC LIMIT 1 OFFSET $3))";
                let segment = i64::from(measured.segment.0);
                let oldest = measured.at.minus(KEPT).0;
                tx.execute(sql, &values![segment, oldest, most - 1]).await?;
                let sql = "INSERT INTO speed_measured
                    (segment, at, direction, rate, work, contracted, idle_us, loaded_us, bound,
                     asked_from)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
                let row = values![
                    segment,
                    measured.at.0,
                    direction_code(measured.direction),
                    signed(measured.rate),
                    signed(measured.work),
                    measured.contracted.map(signed),
                    measured.idle.map(micros),
                    measured.loaded.map(micros),
                    measured.limit.code(),
                    measured.from.to_string(),
                ];
                tx.execute(sql, &row).await?;
                Ok(())
            })
        })
        .await
}

/// The last ones of a segment, newest first.
pub(crate) async fn last(
    store: &Store,
    segment: SegmentNo,
    most: u16,
) -> Result<Vec<Measured>, Error> {
    let sql =
        "SELECT id, segment, at, direction, rate, work, contracted, idle_us, loaded_us, bound,
            asked_from
        FROM speed_measured WHERE segment = $1 ORDER BY id DESC LIMIT $2";
    let rows = store.query(sql, &values![i64::from(segment.0), i64::from(most)]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Measured, Error> {
    let time = |column| -> Result<_, Error> {
        let micros = row.opt_int(column)?.map(i64::unsigned_abs);
        Ok(micros.map(Duration::from_micros))
    };
    let unreadable = || Error::Unreadable(row.int("id").unwrap_or_default());
    Ok(Measured {
        segment: SegmentNo(row.number("segment")?),
        at: WallTime(row.int("at")?),
        direction: [Direction::Down, Direction::Up]
            .into_iter()
            .find(|one| row.text("direction").is_ok_and(|code| code == direction_code(*one)))
            .ok_or_else(unreadable)?,
        rate: row.number("rate")?,
        work: row.number("work")?,
        contracted: row.opt_int("contracted")?.map(i64::unsigned_abs),
        idle: time("idle_us")?,
        loaded: time("loaded_us")?,
        limit: Limit::ALL
            .into_iter()
            .find(|one| row.text("bound").is_ok_and(|code| code == one.code()))
            .ok_or_else(unreadable)?,
        from: row.text("asked_from")?.parse().map_err(|_| unreadable())?,
    })
}

fn direction_code(direction: Direction) -> &'static str {
    match direction {
        Direction::Down => "down",
        Direction::Up => "up",
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use ets_store::testing::TestStore;

    use super::*;

    fn measured(segment: u32, at: i64) -> Measured {
        Measured {
            segment: SegmentNo(segment),
            at: WallTime(at),
            direction: Direction::Up,
            rate: 48_000_000,
            work: 1_000_000,
            contracted: Some(50_000_000),
            idle: Some(Duration::from_micros(4_200)),
            loaded: None,
            limit: Limit::Work,
            from: "fd16::7".parse().unwrap(),
        }
    }

    async fn is_read_as_written(store: &TestStore) {
        let day = 86_400_000_000;
        let now = 2_000 * day;
        for one in [measured(7, now - 1_200 * day), measured(8, 5), measured(7, now - day)] {
            insert(store, one).await.unwrap();
        }
        insert(store, Measured { direction: Direction::Down, ..measured(7, now) }).await.unwrap();
        let found = last(store, SegmentNo(7), 10).await.unwrap();
        let newest = Measured { direction: Direction::Down, ..measured(7, now) };
        assert_eq!(found, [newest, measured(7, now - day)], "newest first, the old one forgotten");
        assert_eq!(last(store, SegmentNo(8), 10).await.unwrap(), [measured(8, 5)]);
        keep(store, measured(7, now + day), 2).await.unwrap();
        let found = last(store, SegmentNo(7), 10).await.unwrap();
        let times: Vec<i64> = found.iter().map(|one| one.at.0).collect();
        assert_eq!(times, [now + day, now], "no more than so many");
        assert_eq!(last(store, SegmentNo(8), 10).await.unwrap(), [measured(8, 5)]);
    }

    /// covers: N8.1, S9
    #[tokio::test]
    async fn what_was_measured_is_read_as_written_on_sqlite() {
        is_read_as_written(&TestStore::sqlite(MIGRATIONS).await).await;
    }

    /// covers: N8.1, S9
    #[tokio::test]
    async fn what_was_measured_is_read_as_written_on_postgresql() {
        is_read_as_written(&TestStore::postgres(MIGRATIONS).await).await;
    }
}
