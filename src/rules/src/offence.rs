//! What segments do that they must not, as `netd` saw it: each once, with the evidence.

use std::net::IpAddr;

use ets_model::{SegmentNo, WallTime};
use ets_netd_api::{Cursor, Offence, OffenceKind};
use ets_store::{Row, Store, Tx, values};
use serde::Serialize;

use crate::Error;
use crate::rows::int;

/// An offence as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OffenceRow {
    /// Its number.
    pub id: u64,
    /// Which segment; `None` when only the interface is known.
    pub segment: Option<SegmentNo>,
    /// The interface from which it came.
    pub interface: String,
    /// What it does.
    pub kind: OffenceKind,
    /// When it was first seen.
    pub since: WallTime,
    /// When it was last told of.
    pub seen: WallTime,
    /// Whether it goes on.
    pub open: bool,
    /// Packets refused so far.
    pub packets: u64,
    /// Examples: destination, protocol number and port.
    pub examples: Vec<(IpAddr, u8, u16)>,
}

/// Which offences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffenceFilter {
    /// Of this segment only.
    pub segment: Option<SegmentNo>,
    /// Those that go on only.
    pub open: bool,
    /// With a smaller number than this; `None` begins with the newest.
    pub before: Option<u64>,
    /// At most so many, 1 to 1,000.
    pub limit: u32,
}

impl Default for OffenceFilter {
    fn default() -> Self {
        Self { segment: None, open: false, before: None, limit: 50 }
    }
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offences {
    /// Newest first.
    pub rows: Vec<OffenceRow>,
    /// [`OffenceFilter::before`] of the next page; `None` on the last.
    pub next: Option<u64>,
}

/// Writes down how an offence stands. Answers whether it is new.
pub(crate) async fn put(
    tx: &mut Tx<'_>,
    cursor: Cursor,
    seen: WallTime,
    offence: &Offence,
) -> Result<bool, ets_store::Error> {
    close_lost(tx, cursor.instance).await?;
    let key = values![
        cursor.instance.cast_signed(),
        offence.since.boot.0.cast_signed(),
        &offence.interface,
        offence.segment.map_or(0, |no| no.0),
        name(offence.kind),
    ];
    let known = "SELECT id FROM rules_offence WHERE instance = $1 AND began = $2 \
        AND interface = $3 AND segment = $4 AND kind = $5";
    let new = tx.query_optional(known, &key).await?.is_none();
    let examples = serde_json::to_string(&offence.examples).expect("addresses and numbers");
    let sql = "INSERT INTO rules_offence (instance, began, interface, segment, kind, since, seen, \
        over, packets, examples) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
        ON CONFLICT (instance, began, interface, segment, kind) DO UPDATE SET \
        seen = excluded.seen, over = excluded.over, packets = excluded.packets, \
        examples = excluded.examples";
    let mut all = Vec::from(key);
    let rest = values![offence.since.wall.0, seen.0, offence.over, int(offence.packets), examples];
    all.extend(rest);
    tx.execute(sql, &all).await?;
    Ok(new)
}

/// Ends what an earlier life of `netd` began: nobody will tell its end any more.
pub(crate) async fn close_lost(tx: &mut Tx<'_>, instance: u64) -> Result<u64, ets_store::Error> {
    let sql = "UPDATE rules_offence SET over = 1 WHERE over = 0 AND instance <> $1";
    tx.execute(sql, &values![instance.cast_signed()]).await
}

pub(crate) async fn list(store: &Store, filter: &OffenceFilter) -> Result<Offences, Error> {
    let limit = filter.limit.clamp(1, 1_000) as usize;
    let before = int(filter.before.unwrap_or(u64::MAX));
    let open = if filter.open { " AND over = 0" } else { "" };
    let sql = format!(
        "SELECT id, interface, segment, kind, since, seen, over, packets, examples \
         FROM rules_offence WHERE id < $1 AND ($2 < 0 OR segment = $2){open} \
         ORDER BY id DESC LIMIT {}",
        limit + 1
    );
    let segment = filter.segment.map_or(-1, |no| i64::from(no.0));
    let found = store.query(&sql, &values![before, segment]).await?;
    let rows: Vec<_> = found.iter().take(limit).map(read).collect::<Result<_, _>>()?;
    let next = rows.last().filter(|_| found.len() > limit).map(|row| row.id);
    Ok(Offences { rows, next })
}

fn read(row: &Row) -> Result<OffenceRow, Error> {
    let id = row.number("id")?;
    let segment: u32 = row.number("segment")?;
    let unreadable = || Error::UnreadableOffence(id);
    Ok(OffenceRow {
        id,
        segment: (segment > 0).then_some(SegmentNo(segment)),
        interface: row.text("interface")?.to_owned(),
        kind: kind(row.text("kind")?).ok_or_else(unreadable)?,
        since: WallTime(row.int("since")?),
        seen: WallTime(row.int("seen")?),
        open: !row.flag("over")?,
        packets: row.number("packets")?,
        examples: serde_json::from_str(row.text("examples")?).map_err(|_| unreadable())?,
    })
}

const KINDS: [(OffenceKind, &str); 4] = [
    (OffenceKind::Flood, "flood"),
    (OffenceKind::Scan, "scan"),
    (OffenceKind::Spoof, "spoof"),
    (OffenceKind::Neighbour, "neighbour"),
];

/// As it stands in the database and in the journal.
pub(crate) fn name(kind: OffenceKind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("other", |(_, name)| name)
}

fn kind(name: &str) -> Option<OffenceKind> {
    KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
}
