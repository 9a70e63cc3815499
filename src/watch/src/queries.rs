//! Questions to `state.db`: outages, blind times, availability.

use ets_model::{Blind, Outage, OutageId, OutageKind, SegmentNo, WallTime};
use ets_outage::{Span, Subject, availability, union};
use ets_store::{Row, Store, Value, values};

use crate::scribe::{evidence, subject};
use crate::{BlindRow, Day, Error, OutageFilter, OutageRow, Page, PageKey, Phase};

const COLUMNS: &str =
    "SELECT id, subject, segment, began_after, began_before, ended, maintenance FROM watch_outage";

/// A page of outages, newest first.
pub(crate) async fn outages(
    store: &Store,
    filter: &OutageFilter,
) -> Result<Page<OutageRow>, Error> {
    let limit = match filter.limit {
        0 => 50,
        more => more.min(1_000),
    };
    let (clauses, mut values) = conditions(filter);
    values.push(i64::from(limit + 1).into());
    let place = values.len();
    let sql = format!(
        "{COLUMNS} WHERE 1 = 1{clauses} ORDER BY began_before DESC, id DESC LIMIT ${place}"
    );
    let rows = store.query(&sql, &values).await?;
    let mut rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|row| PageKey { began: row.outage.began_before, id: row.outage.id });
    Ok(Page { rows, next })
}

fn conditions(filter: &OutageFilter) -> (String, Vec<Value>) {
    let mut clauses = String::new();
    let mut values: Vec<Value> = Vec::new();
    let mut add = |clause: &str, given: &[i64]| {
        let mut clause = clause.to_owned();
        for value in given {
            values.push((*value).into());
            clause = clause.replacen('?', &format!("${}", values.len()), 1);
        }
        clauses.push_str(" AND ");
        clauses.push_str(&clause);
    };
    match filter.phase {
        Phase::Any => {}
        Phase::Open => add("ended IS NULL", &[]),
        Phase::Closed => add("ended IS NOT NULL", &[]),
    }
    if let Some(no) = filter.segment {
        add("segment = ?", &[i64::from(no.0)]);
    }
    if let Some(from) = filter.from {
        add("(ended IS NULL OR ended >= ?)", &[from.0]);
    }
    if let Some(to) = filter.to {
        add("began_before < ?", &[to.0]);
    }
    if let Some(PageKey { began, id }) = filter.after {
        add("(began_before < ? OR (began_before = ? AND id < ?))", &[began.0, began.0, id.0]);
    }
    (clauses, values)
}

/// One outage with its evidence.
pub(crate) async fn outage(store: &Store, id: OutageId) -> Result<Option<OutageRow>, Error> {
    let row = store.query_optional(&format!("{COLUMNS} WHERE id = $1"), &values![id.0]).await?;
    let Some(mut row) = row.as_ref().map(read).transpose()? else { return Ok(None) };
    row.outage.evidence = evidence(store, id).await?;
    Ok(Some(row))
}

/// How many outages of each kind are open: of segments, and of the hub.
pub(crate) async fn open(store: &Store) -> Result<(u64, u64), Error> {
    let sql = "SELECT COUNT(*) AS outages, COUNT(segment) AS of_segments FROM watch_outage \
        WHERE ended IS NULL";
    let row = store.query_one(sql, &[]).await?;
    let (all, segments): (u64, u64) = (row.number("outages")?, row.number("of_segments")?);
    Ok((segments, all - segments))
}

fn read(row: &Row) -> Result<OutageRow, Error> {
    let id = row.int("id")?;
    let (kind, trunk) = match subject(row.text("subject")?).ok_or(Error::Unreadable(id))? {
        Subject::Segment(_) => (OutageKind::Segment, String::new()),
        Subject::Trunk(name) => (OutageKind::Hub, name),
    };
    let segment = row.opt_int("segment")?.and_then(|no| u32::try_from(no).ok()).map(SegmentNo);
    let outage = Outage {
        id: OutageId(id),
        kind,
        segment,
        began_after: WallTime(row.int("began_after")?),
        began_before: WallTime(row.int("began_before")?),
        ended: row.opt_int("ended")?.map(WallTime),
        evidence: Vec::new(),
    };
    Ok(OutageRow { outage, trunk, maintenance: row.flag("maintenance")? })
}

/// The hub's blind times that touch a stretch, newest first.
pub(crate) async fn blinds(
    store: &Store,
    from: WallTime,
    to: WallTime,
    limit: u32,
) -> Result<Vec<BlindRow>, Error> {
    let sql = "SELECT id, body FROM watch_blind WHERE until > $1 AND since < $2 \
        ORDER BY until DESC, id DESC LIMIT $3";
    let read = |row: &Row| -> Result<BlindRow, Error> {
        let id = row.int("id")?;
        let blind: Blind =
            serde_json::from_str(row.text("body")?).map_err(|_| Error::Unreadable(id))?;
        Ok(BlindRow { id, blind })
    };
    store.query(sql, &values![from.0, to.0, limit]).await?.iter().map(read).collect()
}

/// Whose past is asked for.
pub(crate) struct Whose<C> {
    pub(crate) segment: SegmentNo,
    pub(crate) now: WallTime,
    /// Whether a blind time of the hub concerns it.
    pub(crate) concerns: C,
    /// Since when nothing is known of anything, where that is so.
    pub(crate) stale_since: Option<WallTime>,
}

/// How available a segment was in each of the stretches between `borders`.
pub(crate) async fn days(
    store: &Store,
    whose: &Whose<impl Fn(&Blind) -> bool>,
    borders: &[WallTime],
) -> Result<Vec<Day>, Error> {
    let (Some(first), Some(last)) = (borders.first(), borders.last()) else {
        return Ok(Vec::new());
    };
    let (from, to, now) = (*first, *last, whose.now);
    let outages = spans(store, whose.segment, from, to, now).await?;
    let dark = unseen(store, whose, Span { from, to }).await?;
    Ok(borders.windows(2).map(|pair| day(&outages, &dark, pair[0], pair[1].min(now))).collect())
}

/// The times within the window in which nothing was known of a segment, in order: the hub was
/// blind, or the segment was not watched.
pub(crate) async fn unseen(
    store: &Store,
    whose: &Whose<impl Fn(&Blind) -> bool>,
    window: Span,
) -> Result<Vec<Span>, Error> {
    let blinds = blinds(store, window.from, window.to, 100_000).await?;
    let blinds = blinds.iter().map(|row| &row.blind).filter(|blind| (whose.concerns)(blind));
    let mut dark: Vec<_> =
        blinds.map(|one| Span { from: one.from.wall, to: one.to.wall }).collect();
    let first = watched_since(store, whose.segment).await?.unwrap_or(whose.now);
    dark.push(Span { from: WallTime(i64::MIN / 2), to: first });
    dark.extend(gaps(store, whose).await?);
    dark.extend(whose.stale_since.map(|from| Span { from, to: whose.now }));
    Ok(union(&dark, window))
}

/// When a segment was not watched although it had been.
async fn gaps<C>(store: &Store, whose: &Whose<C>) -> Result<Vec<Span>, Error> {
    let sql = "SELECT since, until FROM watch_gap WHERE segment = $1";
    let span = |row: &Row| -> Result<Span, Error> {
        let to = row.opt_int("until")?.map_or(whose.now, WallTime);
        Ok(Span { from: WallTime(row.int("since")?), to })
    };
    store.query(sql, &values![whose.segment.0]).await?.iter().map(span).collect()
}

fn day(outages: &[Span], dark: &[Span], from: WallTime, to: WallTime) -> Day {
    let to = to.max(from);
    let split = availability(outages, dark, Span { from, to });
    let begun = outages.iter().filter(|one| one.from >= from && one.from < to).count();
    Day {
        from,
        to,
        up: split.up,
        down: split.down,
        unknown: split.unknown,
        outages: u32::try_from(begun).unwrap_or(u32::MAX),
    }
}

async fn spans(
    store: &Store,
    segment: SegmentNo,
    from: WallTime,
    to: WallTime,
    now: WallTime,
) -> Result<Vec<Span>, Error> {
    let sql = "SELECT began_before, ended FROM watch_outage WHERE segment = $1 \
        AND (ended IS NULL OR ended > $2) AND began_before < $3 ORDER BY began_before";
    let rows = store.query(sql, &values![segment.0, from.0, to.0]).await?;
    let span = |row: &Row| -> Result<Span, Error> {
        let to = row.opt_int("ended")?.map_or(now, WallTime);
        Ok(Span { from: WallTime(row.int("began_before")?), to })
    };
    rows.iter().map(span).collect()
}

async fn watched_since(store: &Store, segment: SegmentNo) -> Result<Option<WallTime>, Error> {
    let sql = "SELECT since FROM watch_since WHERE segment = $1";
    let row = store.query_optional(sql, &values![segment.0]).await?;
    Ok(row.map(|row| row.int("since")).transpose()?.map(WallTime))
}
