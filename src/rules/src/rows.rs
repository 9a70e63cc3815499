//! Versions, packed contents, edits and numbers: into rows and back.

use std::collections::BTreeMap;
use std::time::Duration;

use ets_model::{ServiceNo, WallTime};
use ets_store::{Row, Store, Tx, Value, values};
use serde::de::DeserializeOwned;

use crate::pack::{Packed, unpack};
use crate::{Back, Cause, Draft, Error, Numbers, Step, Version, VersionState};

/// Edits go into one statement so many at a time: three parameters each, and both databases take
/// more than a thousand.
const EDITS: usize = 300;

/// A version about to be written down, as sent.
#[derive(Clone, Debug)]
pub(crate) struct Fresh {
    pub(crate) version: Version,
    pub(crate) rights: Packed,
    pub(crate) policy: Packed,
    /// The edits of the author's draft up to this one are in it.
    pub(crate) draft_upto: Option<u64>,
    /// Numbers that it gives to services.
    pub(crate) numbers: Vec<(ServiceNo, String)>,
}

/// The version and the digests of its contents.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) version: Version,
    pub(crate) rights: String,
    pub(crate) policy: String,
}

/// Numbers are counted, so they fit.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) async fn insert(tx: &mut Tx<'_>, fresh: &Fresh) -> Result<(), Error> {
    for packed in [&fresh.rights, &fresh.policy] {
        let sql = "INSERT INTO rules_blob (digest, body) VALUES ($1, $2) \
            ON CONFLICT (digest) DO NOTHING";
        tx.execute(sql, &values![&packed.digest, packed.body.as_slice()]).await?;
    }
    for (no, id) in &fresh.numbers {
        let sql = "INSERT INTO rules_number (no, id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.execute(sql, &values![no.0, id]).await?;
    }
    let one = &fresh.version;
    let sql = "INSERT INTO rules_version (no, at, author, on_behalf, from_segment, why, cause, \
        base, changes, takes_away, confirm_within, draft_upto, rights, policy, state) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let values = values![
        int(one.no),
        one.at.0,
        &one.author,
        one.on_behalf.as_deref(),
        one.from_segment.as_ref().map(ToString::to_string),
        &one.why,
        one.cause.name(),
        int(one.base),
        int(one.changes),
        one.takes_away,
        one.confirm_within.map(|within| int(within.as_secs())),
        fresh.draft_upto.map(int),
        &fresh.rights.digest,
        &fresh.policy.digest,
        one.state.name(),
    ];
    tx.execute(sql, &values).await?;
    Ok(())
}

/// The versions for which `clause` holds.
pub(crate) async fn versions(
    store: &Store,
    clause: &str,
    values: &[Value],
) -> Result<Vec<Kept>, Error> {
    let sql = format!("SELECT * FROM rules_version {clause}");
    store.query(&sql, values).await?.iter().map(kept).collect()
}

/// The same inside a transaction.
pub(crate) async fn versions_in(
    tx: &mut Tx<'_>,
    clause: &str,
    values: &[Value],
) -> Result<Vec<Kept>, Error> {
    let sql = format!("SELECT * FROM rules_version {clause}");
    tx.query(&sql, values).await?.iter().map(kept).collect()
}

pub(crate) async fn version_in(tx: &mut Tx<'_>, no: u64) -> Result<Option<Kept>, Error> {
    Ok(versions_in(tx, "WHERE no = $1", &values![int(no)]).await?.pop())
}

pub(crate) async fn version(store: &Store, no: u64) -> Result<Option<Kept>, Error> {
    Ok(versions(store, "WHERE no = $1", &values![int(no)]).await?.pop())
}

const CURRENT: &str = "SELECT current FROM rules_state WHERE one = 1";

/// The version that is in force as far as the database knows; 0: none.
pub(crate) async fn current(store: &Store) -> Result<u64, Error> {
    Ok(store.query_one(CURRENT, &[]).await?.number("current")?)
}

/// The same inside a transaction.
pub(crate) async fn current_in(tx: &mut Tx<'_>) -> Result<u64, Error> {
    Ok(tx.query_one(CURRENT, &[]).await?.number("current")?)
}

/// The highest number so far.
pub(crate) async fn last_no(tx: &mut Tx<'_>) -> Result<u64, Error> {
    let row = tx.query_one("SELECT COALESCE(MAX(no), 0) AS no FROM rules_version", &[]).await?;
    Ok(row.number("no")?)
}

/// A packed content.
pub(crate) async fn content<T: DeserializeOwned>(
    store: &Store,
    digest: &str,
    version: u64,
) -> Result<T, Error> {
    let sql = "SELECT body FROM rules_blob WHERE digest = $1";
    let row = store.query_one(sql, &values![digest]).await?;
    unpack(row.blob("body")?).ok_or(Error::Unreadable(version))
}

fn kept(row: &Row) -> Result<Kept, Error> {
    let no = row.number("no")?;
    let segment = row.opt_text("from_segment")?.map(str::parse).transpose();
    let within = row.opt_int("confirm_within")?.and_then(|secs| u64::try_from(secs).ok());
    let version = Version {
        no,
        at: WallTime(row.int("at")?),
        author: row.text("author")?.to_owned(),
        on_behalf: row.opt_text("on_behalf")?.map(str::to_owned),
        from_segment: segment.map_err(|_| Error::Unreadable(no))?,
        why: row.text("why")?.to_owned(),
        cause: Cause::read(row.text("cause")?).ok_or(Error::Unreadable(no))?,
        base: row.number("base")?,
        changes: row.number("changes")?,
        takes_away: row.flag("takes_away")?,
        confirm_within: within.map(Duration::from_secs),
        state: state(row, no)?,
    };
    let (rights, policy) = (row.text("rights")?.to_owned(), row.text("policy")?.to_owned());
    Ok(Kept { version, rights, policy })
}

fn state(row: &Row, no: u64) -> Result<VersionState, Error> {
    let at = WallTime(row.opt_int("settled")?.unwrap_or_default());
    let reason = row.opt_text("reason")?;
    Ok(match row.text("state")? {
        "sent" => VersionState::Sent,
        "waiting" => {
            VersionState::Waiting { until: WallTime(row.opt_int("until")?.unwrap_or_default()) }
        }
        "in_force" => VersionState::InForce { at },
        "confirmed" => {
            let by = row.opt_text("settled_by")?.unwrap_or_default().to_owned();
            VersionState::Confirmed { at, by }
        }
        "reverted" => {
            let read = |text| serde_json::from_str(text).map_err(|_| Error::Unreadable(no));
            let why = reason.map(read).transpose()?.unwrap_or(Back::Unknown);
            VersionState::Reverted { at, why }
        }
        "refused" => VersionState::Refused { at, why: reason.unwrap_or_default().to_owned() },
        _ => return Err(Error::Unreadable(no)),
    })
}

/// Every number that was given to a service.
pub(crate) async fn numbers(store: &Store) -> Result<Numbers, Error> {
    let rows = store.query("SELECT no, id FROM rules_number", &[]).await?;
    let read = |row: &Row| {
        let id = row.text("id")?.parse().map_err(|_| Error::Unreadable(0))?;
        Ok::<_, Error>((id, ServiceNo(row.number("no")?)))
    };
    Ok(Numbers(rows.iter().map(read).collect::<Result<_, _>>()?))
}

/// Every draft, by author, and the numbers that edits in a version had.
pub(crate) async fn drafts(store: &Store) -> Result<BTreeMap<String, Draft>, Error> {
    let sql = "SELECT author, no, at, body FROM rules_edit ORDER BY author, no";
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    for row in store.query(sql, &[]).await? {
        let author = row.text("author")?;
        let unreadable = |_| Error::UnreadableDraft(author.to_owned());
        let edit = serde_json::from_str(row.text("body")?).map_err(unreadable)?;
        let step = Step { no: row.number("no")?, at: WallTime(row.int("at")?), edit };
        let draft = drafts.entry(author.to_owned()).or_insert_with(|| Draft::of(author));
        draft.steps.push(step);
    }
    let sql = "SELECT author, MAX(draft_upto) AS upto FROM rules_version \
        WHERE draft_upto IS NOT NULL GROUP BY author";
    for row in store.query(sql, &[]).await? {
        let author = row.text("author")?;
        let draft = drafts.entry(author.to_owned()).or_insert_with(|| Draft::of(author));
        draft.floor = row.number("upto")?;
    }
    Ok(drafts)
}

pub(crate) async fn add_edits(
    tx: &mut Tx<'_>,
    author: &str,
    steps: &[Step],
) -> Result<(), ets_store::Error> {
    for some in steps.chunks(EDITS) {
        let mut sql = "INSERT INTO rules_edit (author, no, at, body) VALUES ".to_owned();
        let mut values = Vec::from(values![author]);
        for (at, step) in some.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let first = 3 * at + 2;
            sql += &format!("{comma}($1, ${first}, ${}, ${})", first + 1, first + 2);
            let body = serde_json::to_string(&step.edit);
            let body = body.expect("an edit has no keys that JSON does not know");
            values.extend(values![int(step.no), step.at.0, body]);
        }
        tx.execute(&sql, &values).await?;
    }
    Ok(())
}

/// Takes edits out of a draft: one, or all up to one.
pub(crate) async fn drop_edits(
    tx: &mut Tx<'_>,
    author: &str,
    (first, last): (u64, u64),
) -> Result<(), ets_store::Error> {
    let sql = "DELETE FROM rules_edit WHERE author = $1 AND no >= $2 AND no <= $3";
    tx.execute(sql, &values![author, int(first), int(last)]).await?;
    Ok(())
}
