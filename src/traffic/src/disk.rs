//! The statements: totals, parts, blocks, and how far packing has come.

use std::collections::HashMap;

use ets_model::WallTime;
use ets_store::{Row, Store, Tx, Value, values};

use crate::Error;
use crate::block::Block;
use crate::ledger::{Ledger, Life};
use crate::memory::Closed;
use crate::part::Part;
use crate::roll::Roll;

/// Values in one statement.
pub(crate) const MANY: usize = 1_000;

/// How far the parts of an hour are in its blocks: parts up to `packed` for every segment, parts
/// up to `upto` for chunks below `chunk`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packing {
    pub(crate) packed: i64,
    pub(crate) upto: i64,
    pub(crate) chunk: i64,
}

impl Packing {
    /// Whether a part's share of a chunk is in the blocks.
    pub(crate) fn holds(&self, part: i64, chunk: u32) -> bool {
        part <= self.packed || (part <= self.upto && i64::from(chunk) < self.chunk)
    }

    fn from_row(row: &Row) -> Result<Self, ets_store::Error> {
        Ok(Self { packed: row.int("packed")?, upto: row.int("upto")?, chunk: row.int("chunk")? })
    }
}

pub(crate) fn unreadable(what: impl Into<String>) -> Error {
    Error::Unreadable { what: what.into() }
}

/// What stood on disk at the start: totals, the next part's number, parts that are in no block.
pub(crate) async fn load(store: &Store) -> Result<(Ledger, i64, Vec<Part>), Error> {
    let ledger = Ledger::new(load_lives(store).await?);
    let row = store.query_one("SELECT part FROM traffic_next WHERE one = 1", &[]).await?;
    let mut parts = Vec::new();
    let sql = "SELECT id, minute, block FROM traffic_minute ORDER BY id";
    for row in store.query(sql, &[]).await? {
        let minute = row.int("minute")?;
        let part = Part::unpack(row.int("id")?, minute, row.blob("block")?);
        parts.push(part.ok_or_else(|| unreadable(format!("minute {minute}")))?);
    }
    let next = parts.iter().map(|part| part.id + 1).max().unwrap_or(1);
    Ok((ledger, next.max(row.int("part")?), parts))
}

async fn load_lives(store: &Store) -> Result<Vec<Life>, Error> {
    let mut lives = Vec::new();
    let sql = "SELECT life, counted_by, known FROM traffic_life ORDER BY place";
    for row in store.query(sql, &[]).await? {
        let id = row.int("life")?;
        let known = WallTime(row.int("known")?);
        let mut life = Life::new(id.cast_unsigned(), row.text("counted_by")?, known);
        let sql = "SELECT block FROM traffic_total WHERE life = $1";
        for total in store.query(sql, &values![id]).await? {
            life.restore(total.blob("block")?).ok_or_else(|| unreadable("the last totals"))?;
        }
        lives.push(life);
    }
    Ok(lives)
}

/// Writes closed parts and the totals that they lead to, in one transaction. Doing it again
/// changes nothing.
pub(crate) async fn write(store: &Store, closed: Closed) -> Result<(), Error> {
    store.write(move |tx| Box::pin(async move { write_in(tx, &closed).await })).await
}

async fn write_in(tx: &mut Tx<'_>, closed: &Closed) -> Result<(), Error> {
    for part in &closed.parts {
        let sql = "INSERT INTO traffic_minute (id, minute, block) VALUES ($1, $2, $3)
            ON CONFLICT (id) DO NOTHING";
        tx.execute(sql, &values![part.id, part.minute, part.bytes()]).await?;
    }
    for ((life, chunk), block) in &closed.totals {
        let sql = "INSERT INTO traffic_total (life, chunk, block) VALUES ($1, $2, $3)
            ON CONFLICT (life, chunk) DO UPDATE SET block = excluded.block";
        tx.execute(sql, &values![life.cast_signed(), *chunk, &**block]).await?;
    }
    for (place, life) in (0i64..).zip(&closed.lives) {
        let sql = "INSERT INTO traffic_life (life, place, counted_by, known)
            VALUES ($1, $2, $3, $4) ON CONFLICT (life) DO UPDATE SET place = excluded.place,
                counted_by = excluded.counted_by, known = excluded.known";
        let life = values![life.id.cast_signed(), place, life.by.as_str(), life.known.0];
        tx.execute(sql, &life).await?;
    }
    for gap in &closed.gaps {
        gap.insert(tx).await?;
    }
    forget_lives(tx, closed).await?;
    tx.execute("UPDATE traffic_next SET part = $1 WHERE one = 1", &values![closed.next_part])
        .await?;
    Ok(())
}

/// Deletes the lives that are no longer remembered.
async fn forget_lives(tx: &mut Tx<'_>, closed: &Closed) -> Result<(), Error> {
    if closed.lives.is_empty() {
        return Ok(());
    }
    let lives: Vec<Value> =
        closed.lives.iter().map(|one| Value::Int(one.id.cast_signed())).collect();
    let list = placeholders(lives.len(), 1);
    if tx.execute(&format!("DELETE FROM traffic_life WHERE life NOT IN ({list})"), &lives).await?
        > 0
    {
        tx.execute(&format!("DELETE FROM traffic_total WHERE life NOT IN ({list})"), &lives)
            .await?;
    }
    Ok(())
}

/// How far the packing of an hour has come.
pub(crate) async fn packing(store: &Store, hour: i64) -> Result<Packing, Error> {
    let sql = "SELECT packed, upto, chunk FROM traffic_pack WHERE hour = $1";
    let row = store.query_optional(sql, &values![hour]).await?;
    Ok(row.as_ref().map(Packing::from_row).transpose()?.unwrap_or_default())
}

/// The packings of all hours from `from` to `to` (not included).
pub(crate) async fn packings_in(
    tx: &mut Tx<'_>,
    from: i64,
    to: i64,
) -> Result<HashMap<i64, Packing>, Error> {
    let sql = "SELECT hour, packed, upto, chunk FROM traffic_pack WHERE hour >= $1 AND hour < $2";
    let rows = tx.query(sql, &values![from, to]).await?;
    let pairs = rows.iter().map(|row| Ok((row.int("hour")?, Packing::from_row(row)?)));
    pairs.collect()
}

pub(crate) async fn set_packing(tx: &mut Tx<'_>, hour: i64, packing: Packing) -> Result<(), Error> {
    let sql = "INSERT INTO traffic_pack (hour, packed, upto, chunk) VALUES ($1, $2, $3, $4)
        ON CONFLICT (hour) DO UPDATE SET packed = excluded.packed, upto = excluded.upto,
            chunk = excluded.chunk";
    tx.execute(sql, &values![hour, packing.packed, packing.upto, packing.chunk]).await?;
    Ok(())
}

/// Deletes the parts of an hour that are in blocks.
pub(crate) async fn delete_parts(tx: &mut Tx<'_>, ids: &[i64]) -> Result<(), Error> {
    for some in ids.chunks(MANY) {
        let list = placeholders(some.len(), 1);
        let ids: Vec<Value> = some.iter().map(|id| Value::Int(*id)).collect();
        tx.execute(&format!("DELETE FROM traffic_minute WHERE id IN ({list})"), &ids).await?;
    }
    Ok(())
}

/// Which blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shelf {
    /// Minutes of an hour, of one segment.
    Hours,
    /// Hours of a day, of one segment.
    Days,
    /// A day of 256 segments.
    AllDays,
    /// A month of 256 segments.
    AllMonths,
}

/// The number of a row: the first thing is what rows lie side by side by.
pub(crate) fn number(first: i64, second: i64) -> i64 {
    first << 24 | second
}

/// What [`number`] was made of.
pub(crate) fn split_number(number: i64) -> (i64, i64) {
    (number >> 24, number & 0x00FF_FFFF)
}

impl Shelf {
    pub(crate) fn table(self) -> &'static str {
        match self {
            Self::Hours => "traffic_hour",
            Self::Days => "traffic_day",
            Self::AllDays => "traffic_all_day",
            Self::AllMonths => "traffic_all_month",
        }
    }

    /// The rows with these numbers.
    pub(crate) async fn some(self, tx: &mut Tx<'_>, numbers: &[i64]) -> Result<Vec<Row>, Error> {
        let mut found = Vec::with_capacity(numbers.len());
        for some in numbers.chunks(MANY) {
            let list = placeholders(some.len(), 1);
            let sql = format!("SELECT id, block FROM {} WHERE id IN ({list})", self.table());
            let some: Vec<Value> = some.iter().map(|number| Value::Int(*number)).collect();
            found.extend(tx.query(&sql, &some).await?);
        }
        Ok(found)
    }

    /// The rows from one number to another, the last not included, ascending.
    pub(crate) async fn between(
        self,
        tx: &mut Tx<'_>,
        from: i64,
        to: i64,
    ) -> Result<Vec<Row>, Error> {
        let table = self.table();
        let sql = format!("SELECT id, block FROM {table} WHERE id >= $1 AND id < $2 ORDER BY id");
        Ok(tx.query(&sql, &values![from, to]).await?)
    }

    /// The blocks of one segment for several periods, the last not included.
    pub(crate) async fn of_segment(
        self,
        tx: &mut Tx<'_>,
        segment: u32,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, Block)>, Error> {
        let number = |period| number(segment.into(), period);
        let rows = self.between(tx, number(from), number(to)).await?;
        rows.iter().map(|row| self.block(row).map(|(_, period, block)| (period, block))).collect()
    }

    /// Segment, period and block of a row.
    pub(crate) fn block(self, row: &Row) -> Result<(u32, i64, Block), Error> {
        let (segment, period) = split_number(row.int("id")?);
        let block = Block::decode(row.blob("block")?);
        let what = || unreadable(format!("segment {segment}, {} {period}", self.table()));
        Ok((u32::try_from(segment).unwrap_or(u32::MAX), period, block.ok_or_else(what)?))
    }

    /// Period and sums of a row.
    pub(crate) fn roll(self, row: &Row) -> Result<(i64, Roll), Error> {
        let (period, chunk) = split_number(row.int("id")?);
        let what = || unreadable(format!("{} {period}, part {chunk}", self.table()));
        Ok((period, Roll::decode(row.blob("block")?).ok_or_else(what)?))
    }

    /// Writes rows.
    pub(crate) async fn put(self, tx: &mut Tx<'_>, rows: Vec<(i64, Vec<u8>)>) -> Result<(), Error> {
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let mut fields = Vec::new();
            for (number, block) in rows.by_ref().take(MANY / 4) {
                fields.push(Value::Int(number));
                fields.push(Value::Blob(block));
            }
            let list: Vec<String> = (0..fields.len() / 2)
                .map(|at| format!("(${}, ${})", at * 2 + 1, at * 2 + 2))
                .collect();
            let sql = format!(
                "INSERT INTO {} (id, block) VALUES {}
                ON CONFLICT (id) DO UPDATE SET block = excluded.block",
                self.table(),
                list.join(", ")
            );
            tx.execute(&sql, &fields).await?;
        }
        Ok(())
    }
}

/// `$first, $first+1, …`
pub(crate) fn placeholders(count: usize, first: usize) -> String {
    let list: Vec<String> = (first..first + count).map(|index| format!("${index}")).collect();
    list.join(", ")
}
