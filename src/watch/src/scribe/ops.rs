//! What the scribe writes into `state.db`, one [`Op`] each, and how.

use std::sync::Arc;

use ets_model::{Blind, Evidence, Fact, OutageId, SegmentNo, WallTime};
use ets_netd_api::{Cursor, Event};
use ets_outage::{Action, Standing, Subject};
use ets_store::{Row, Store, Tx, values};

use super::Mark;
use crate::{Error, Share};

/// One thing to write down.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// What the book of outages says.
    Outage(Action),
    /// A time in which the hub could not see.
    Blind(Blind),
    /// A segment is seen from this moment on: for the first time, or again.
    Watched(SegmentNo, WallTime),
    /// A segment is no longer watched from this moment on.
    Unwatched(SegmentNo, WallTime),
    /// An event that another room writes down.
    Share(Cursor, Arc<Event>),
}

/// What stands after an [`Op`] was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Opened(OutageId, Option<SegmentNo>),
    Closed(OutageId, Option<SegmentNo>),
    Blind,
    Share,
    Nothing,
}

/// What the database knows when the process starts.
pub(crate) struct Known {
    pub(crate) mark: Mark,
    pub(crate) standing: Vec<(OutageId, Standing)>,
    pub(crate) watched: Vec<SegmentNo>,
}

/// Writes everything and the place in the stream, or nothing.
pub(crate) async fn write(
    tx: &mut Tx<'_>,
    ops: &[Op],
    mark: Mark,
    share: Option<&dyn Share>,
) -> Result<Vec<Written>, ets_store::Error> {
    let mut written = Vec::with_capacity(ops.len());
    for op in ops {
        written.push(op.write(tx, share).await?);
    }
    let sql = "INSERT INTO watch_cursor (one, instance, seq, tick_boot, tick_wall, blind_boot, \
        blind_wall) VALUES (1, $1, $2, $3, $4, $5, $6) ON CONFLICT (one) DO UPDATE SET \
        instance = excluded.instance, seq = excluded.seq, tick_boot = excluded.tick_boot, \
        tick_wall = excluded.tick_wall, blind_boot = excluded.blind_boot, \
        blind_wall = excluded.blind_wall";
    let (instance, seq) = mark.cursor.map_or((0, 0), |at| (at.instance, at.seq));
    let tick = mark.tick.unwrap_or_default();
    let values = values![
        instance.cast_signed(),
        seq.cast_signed(),
        tick.boot.0.cast_signed(),
        tick.wall.0,
        mark.blind.map(|from| from.boot.0.cast_signed()),
        mark.blind.map(|from| from.wall.0),
    ];
    tx.execute(sql, &values).await?;
    Ok(written)
}

impl Op {
    async fn write(
        &self,
        tx: &mut Tx<'_>,
        share: Option<&dyn Share>,
    ) -> Result<Written, ets_store::Error> {
        match self {
            Self::Outage(Action::Open { subject, began_after, began_before, evidence }) => {
                open(tx, subject, (*began_after, *began_before), evidence).await
            }
            Self::Outage(Action::Amend { subject, evidence }) => {
                let id = standing(tx, subject).await?;
                add(tx, id, evidence).await?;
                Ok(Written::Nothing)
            }
            Self::Outage(Action::Close { subject, ended, evidence }) => {
                let id = standing(tx, subject).await?;
                add(tx, id, evidence).await?;
                let sql = "UPDATE watch_outage SET ended = $1 WHERE id = $2";
                tx.execute(sql, &values![ended.0, id]).await?;
                Ok(Written::Closed(OutageId(id), segment(subject)))
            }
            Self::Blind(blind) => {
                let sql = "INSERT INTO watch_blind (since, until, body) VALUES ($1, $2, $3)";
                tx.execute(sql, &values![blind.from.wall.0, blind.to.wall.0, json(blind)]).await?;
                Ok(Written::Blind)
            }
            Self::Share(cursor, event) => {
                if let Some(share) = share {
                    share.write(tx, *cursor, event).await?;
                }
                Ok(Written::Share)
            }
            Self::Watched(no, since) => {
                let sql = "UPDATE watch_gap SET until = CASE WHEN since > $2 THEN since ELSE $2 \
                    END WHERE segment = $1 AND until IS NULL";
                tx.execute(sql, &values![no.0, since.0]).await?;
                let sql = "INSERT INTO watch_since (segment, since) VALUES ($1, $2) \
                    ON CONFLICT (segment) DO NOTHING";
                tx.execute(sql, &values![no.0, since.0]).await?;
                Ok(Written::Nothing)
            }
            Self::Unwatched(no, since) => {
                let sql = "INSERT INTO watch_gap (segment, since, until) VALUES ($1, $2, NULL) \
                    ON CONFLICT (segment, since) DO NOTHING";
                tx.execute(sql, &values![no.0, since.0]).await?;
                Ok(Written::Nothing)
            }
        }
    }
}

async fn open(
    tx: &mut Tx<'_>,
    subject: &Subject,
    (after, before): (WallTime, WallTime),
    evidence: &[Evidence],
) -> Result<Written, ets_store::Error> {
    let sql = "INSERT INTO watch_outage (subject, segment, began_after, began_before, ended, \
        maintenance) VALUES ($1, $2, $3, $4, NULL, 0) RETURNING id";
    let no = segment(subject);
    let values = values![name(subject), no.map(|no| no.0), after.0, before.0];
    let id = tx.query_one(sql, &values).await?.int("id")?;
    add(tx, id, evidence).await?;
    Ok(Written::Opened(OutageId(id), no))
}

/// The open outage of a subject; the book says that there is one.
async fn standing(tx: &mut Tx<'_>, subject: &Subject) -> Result<i64, ets_store::Error> {
    let sql = "SELECT id FROM watch_outage WHERE subject = $1 AND ended IS NULL";
    tx.query_one(sql, &values![name(subject)]).await?.int("id")
}

async fn add(tx: &mut Tx<'_>, id: i64, evidence: &[Evidence]) -> Result<(), ets_store::Error> {
    for piece in evidence {
        let sql = "INSERT INTO watch_evidence (outage, body) VALUES ($1, $2)";
        tx.execute(sql, &values![id, json(piece)]).await?;
        if piece.fact == (Fact::Maintenance { on: true }) {
            let sql = "UPDATE watch_outage SET maintenance = 1 WHERE id = $1";
            tx.execute(sql, &values![id]).await?;
        }
    }
    Ok(())
}

/// What the database knows.
pub(crate) async fn load(store: &Store) -> Result<Known, Error> {
    let sql = "SELECT instance, seq, tick_boot, tick_wall, blind_boot, blind_wall \
        FROM watch_cursor WHERE one = 1";
    let mark = store.query_optional(sql, &[]).await?;
    let mark = mark.as_ref().map(Mark::read).transpose()?.unwrap_or_default();
    let sql = "SELECT id, subject, began_before FROM watch_outage WHERE ended IS NULL ORDER BY id";
    let mut standing = Vec::new();
    for row in store.query(sql, &[]).await? {
        let id = row.int("id")?;
        let evidence = evidence(store, OutageId(id)).await?;
        let began_before = WallTime(row.int("began_before")?);
        let subject = subject(row.text("subject")?).ok_or(Error::Unreadable(id))?;
        standing.push((OutageId(id), Standing { subject, began_before, evidence }));
    }
    let sql = "SELECT segment FROM watch_since WHERE segment NOT IN \
        (SELECT segment FROM watch_gap WHERE until IS NULL)";
    let watched = store.query(sql, &[]).await?;
    let watched = watched.iter().map(|row| row.number("segment").map(SegmentNo));
    Ok(Known { mark, standing, watched: watched.collect::<Result<_, _>>()? })
}

/// Everything that was seen of an outage, in order.
pub(crate) async fn evidence(store: &Store, id: OutageId) -> Result<Vec<Evidence>, Error> {
    let sql = "SELECT body FROM watch_evidence WHERE outage = $1 ORDER BY id";
    let read =
        |row: &Row| serde_json::from_str(row.text("body")?).map_err(|_| Error::Unreadable(id.0));
    store.query(sql, &values![id.0]).await?.iter().map(read).collect()
}

/// A subject as it stands in the database.
fn name(subject: &Subject) -> String {
    match subject {
        Subject::Segment(no) => format!("segment:{no}"),
        Subject::Trunk(name) => format!("trunk:{name}"),
    }
}

/// The subject of this name.
pub(crate) fn subject(name: &str) -> Option<Subject> {
    match name.split_once(':')? {
        ("segment", no) => no.parse().ok().map(|no| Subject::Segment(SegmentNo(no))),
        ("trunk", name) => Some(Subject::Trunk(name.to_owned())),
        _ => None,
    }
}

fn segment(subject: &Subject) -> Option<SegmentNo> {
    match subject {
        Subject::Segment(no) => Some(*no),
        Subject::Trunk(_) => None,
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("the model's types have no keys that JSON does not know")
}
