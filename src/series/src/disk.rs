//! The statements: parts, blocks, how far packing and the stream have come.

use std::collections::HashMap;

use ets_store::{Row, Store, Tx, Value, values};

use crate::block::Block;
use crate::memory::Closed;
use crate::minute::Part;
use crate::tables::PROBE;
use crate::{Error, Progress};

/// How far the parts of an hour are in its blocks: parts up to `packed` for every segment, parts
/// up to `upto` for segments up to `segment`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packing {
    pub(crate) packed: i64,
    pub(crate) upto: i64,
    pub(crate) segment: i64,
}

impl Packing {
    /// Whether a part's share of a segment is in the block.
    pub(crate) fn holds(&self, part: i64, segment: i64) -> bool {
        part <= self.packed || (part <= self.upto && segment <= self.segment)
    }

    fn from_row(row: &Row) -> Result<Self, ets_store::Error> {
        Ok(Self {
            packed: row.int("packed")?,
            upto: row.int("upto")?,
            segment: row.int("segment")?,
        })
    }
}

/// What stood on disk at the start.
pub(crate) async fn load(store: &Store) -> Result<(Progress, i64, Vec<Part>), Error> {
    let sql = "SELECT instance, ranges, next_part FROM series_progress WHERE id = 1";
    let row = store.query_one(sql, &[]).await?;
    let instance = row.int("instance")?.cast_unsigned();
    let unreadable = |what: String| Error::Unreadable { what };
    let progress = Progress::from_text(instance, row.text("ranges")?)
        .ok_or_else(|| unreadable("the place in the stream".into()))?;
    let mut parts = Vec::new();
    for part in store.query("SELECT id, minute, block FROM series_minute ORDER BY id", &[]).await? {
        let minute = part.int("minute")?;
        let unpacked = Part::unpack(part.int("id")?, minute, part.blob("block")?);
        parts.push(unpacked.ok_or_else(|| unreadable(format!("minute {minute}")))?);
    }
    let next = parts.iter().map(|part| part.id + 1).max().unwrap_or(1);
    Ok((progress, next.max(row.int("next_part")?), parts))
}

/// Writes closed parts and how far the stream had come, in one transaction. Doing it again
/// changes nothing.
pub(crate) async fn write(store: &Store, closed: Closed) -> Result<(), Error> {
    store.write(move |tx| Box::pin(async move { write_in(tx, &closed).await })).await
}

async fn write_in(tx: &mut Tx<'_>, closed: &Closed) -> Result<(), Error> {
    for part in &closed.parts {
        let sql = "INSERT INTO series_minute (id, minute, block) VALUES ($1, $2, $3)
            ON CONFLICT (id) DO NOTHING";
        tx.execute(sql, &values![part.id, part.minute, part.bytes()]).await?;
    }
    let sql = "UPDATE series_progress SET instance = $1, ranges = $2, next_part = $3 WHERE id = 1";
    let progress = &closed.progress;
    let place = values![progress.instance.cast_signed(), progress.to_text(), closed.next_part];
    tx.execute(sql, &place).await?;
    Ok(())
}

/// How far the packing of an hour has come.
pub(crate) async fn packing(store: &Store, hour: i64) -> Result<Packing, Error> {
    let sql = "SELECT packed, upto, segment FROM series_pack WHERE hour = $1";
    let row = store.query_optional(sql, &values![hour]).await?;
    Ok(row.as_ref().map(Packing::from_row).transpose()?.unwrap_or_default())
}

/// The packings of all hours from `from` to `to` (not included).
pub(crate) async fn packings_in(
    tx: &mut Tx<'_>,
    from: i64,
    to: i64,
) -> Result<HashMap<i64, Packing>, Error> {
    let sql = "SELECT hour, packed, upto, segment FROM series_pack WHERE hour >= $1 AND hour < $2";
    let rows = tx.query(sql, &values![from, to]).await?;
    let pairs = rows.iter().map(|row| Ok((row.int("hour")?, Packing::from_row(row)?)));
    pairs.collect()
}

pub(crate) async fn set_packing(tx: &mut Tx<'_>, hour: i64, packing: Packing) -> Result<(), Error> {
    let sql = "INSERT INTO series_pack (hour, packed, upto, segment) VALUES ($1, $2, $3, $4)
        ON CONFLICT (hour) DO UPDATE SET packed = excluded.packed, upto = excluded.upto,
            segment = excluded.segment";
    tx.execute(sql, &values![hour, packing.packed, packing.upto, packing.segment]).await?;
    Ok(())
}

/// Deletes the parts of an hour that are in blocks.
pub(crate) async fn delete_parts(tx: &mut Tx<'_>, ids: &[i64]) -> Result<(), Error> {
    for some in ids.chunks(500) {
        let list = placeholders(some.len(), 1);
        let ids: Vec<Value> = some.iter().map(|id| Value::Int(*id)).collect();
        tx.execute(&format!("DELETE FROM series_minute WHERE id IN ({list})"), &ids).await?;
    }
    Ok(())
}

/// Which blocks: the hours or the days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shelf {
    Hours,
    Days,
}

impl Shelf {
    fn table(self) -> &'static str {
        match self {
            Self::Hours => "series_hour",
            Self::Days => "series_day",
        }
    }

    fn period(self) -> &'static str {
        match self {
            Self::Hours => "hour",
            Self::Days => "day",
        }
    }

    /// The blocks of several segments for one period.
    pub(crate) async fn of_segments(
        self,
        tx: &mut Tx<'_>,
        segments: &[i64],
        period: i64,
    ) -> Result<HashMap<i64, Block>, Error> {
        let (table, column) = (self.table(), self.period());
        let sql = format!(
            "SELECT segment, block FROM {table}
            WHERE metric = {PROBE} AND {column} = $1 AND segment IN ({})",
            placeholders(segments.len(), 2)
        );
        let mut question = vec![Value::Int(period)];
        question.extend(segments.iter().map(|segment| Value::Int(*segment)));
        let rows = tx.query(&sql, &question).await?;
        rows.iter().map(|row| Ok((row.int("segment")?, self.block(row, period)?))).collect()
    }

    /// The blocks of one segment for several periods, `to` not included.
    pub(crate) async fn of_segment(
        self,
        tx: &mut Tx<'_>,
        segment: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, Block)>, Error> {
        let (table, column) = (self.table(), self.period());
        let sql = format!(
            "SELECT {column} AS period, block FROM {table}
            WHERE segment = $1 AND metric = {PROBE} AND {column} >= $2 AND {column} < $3"
        );
        let rows = tx.query(&sql, &values![segment, from, to]).await?;
        let blocks = rows.iter().map(|row| {
            let period = row.int("period")?;
            Ok((period, self.block(row, period)?))
        });
        blocks.collect()
    }

    /// Writes the blocks of several segments for one period.
    pub(crate) async fn put(
        self,
        tx: &mut Tx<'_>,
        period: i64,
        blocks: &[(i64, Block)],
    ) -> Result<(), Error> {
        if blocks.is_empty() {
            return Ok(());
        }
        let (table, column) = (self.table(), self.period());
        let rows: Vec<String> = (0..blocks.len())
            .map(|index| format!("(${}, {PROBE}, $1, ${})", index * 2 + 2, index * 2 + 3))
            .collect();
        let sql = format!(
            "INSERT INTO {table} (segment, metric, {column}, block) VALUES {}
            ON CONFLICT (segment, metric, {column}) DO UPDATE SET block = excluded.block",
            rows.join(", ")
        );
        let mut fields = vec![Value::Int(period)];
        for (segment, block) in blocks {
            fields.push(Value::Int(*segment));
            fields.push(Value::Blob(block.encode()));
        }
        tx.execute(&sql, &fields).await?;
        Ok(())
    }

    /// Deletes what is older than `period` of one segment.
    pub(crate) async fn forget(
        self,
        tx: &mut Tx<'_>,
        segment: i64,
        before: i64,
    ) -> Result<u64, Error> {
        let (table, column) = (self.table(), self.period());
        let sql = format!(
            "DELETE FROM {table} WHERE segment = $1 AND metric = {PROBE} AND {column} < $2"
        );
        Ok(tx.execute(&sql, &values![segment, before]).await?)
    }

    fn block(self, row: &Row, period: i64) -> Result<Block, Error> {
        let what = || format!("{} {period}", self.period());
        Block::decode(row.blob("block")?).ok_or_else(|| Error::Unreadable { what: what() })
    }
}

/// The segments after `segment` that have anything stored, ascending. Skips from one to the next
/// in the key instead of reading all rows.
const SEGMENTS: &str = "WITH RECURSIVE held (segment) AS (
        SELECT MIN(segment) FROM series_day WHERE segment > $1
        UNION ALL
        SELECT (SELECT MIN(segment) FROM series_day WHERE segment > held.segment)
        FROM held WHERE held.segment IS NOT NULL
    )
    SELECT segment FROM held WHERE segment IS NOT NULL LIMIT $2";

/// The next `count` segments after `segment` that have anything stored.
pub(crate) async fn segments_after(
    store: &Store,
    segment: i64,
    count: i64,
) -> Result<Vec<i64>, Error> {
    let rows = store.query(SEGMENTS, &values![segment, count]).await?;
    rows.iter().map(|row| Ok(row.int("segment")?)).collect()
}

/// The same within a transaction, all of them.
pub(crate) async fn segments_in(tx: &mut Tx<'_>) -> Result<Vec<i64>, Error> {
    let rows = tx.query(SEGMENTS, &values![i64::MIN, i64::MAX]).await?;
    rows.iter().map(|row| Ok(row.int("segment")?)).collect()
}

fn placeholders(count: usize, first: usize) -> String {
    let list: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    list.join(", ")
}
