//! Adding an entry.

use ets_model::WallTime;
use ets_store::{Tx, values};

use crate::chain::{COLUMNS, Stored, hash_of};
use crate::{Entry, Error, Recorded};

/// Adds an entry in the caller's transaction: it stands if and only if what it tells of does. The
/// head of the chain is locked until that transaction ends.
///
/// # Errors
/// The database's, or [`Error::NoHead`].
pub async fn append(tx: &mut Tx<'_>, at: WallTime, entry: Entry) -> Result<Recorded, Error> {
    let sql = format!("SELECT seq, hash FROM journal_head WHERE id = 1{}", tx.for_update());
    let head = tx.query_optional(&sql, &[]).await?.ok_or(Error::NoHead)?;
    let before = hash_of(&head)?.ok_or(Error::NoHead)?;
    let stored = stored(head.int("seq")? + 1, at, &entry);
    let hash = stored.hash(&before);

    let sql = format!(
        "INSERT INTO journal_entry ({COLUMNS}, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    );
    let mut fields = stored.values();
    fields.push(hash.as_slice().into());
    tx.execute(&sql, &fields).await?;
    let sql = "UPDATE journal_head SET seq = $1, hash = $2 WHERE id = 1";
    tx.execute(sql, &values![stored.seq, hash.as_slice()]).await?;
    Ok(Recorded { seq: stored.seq, at, entry, hash })
}

fn stored(seq: i64, at: WallTime, entry: &Entry) -> Stored {
    Stored {
        seq,
        at,
        actor: entry.actor.clone(),
        on_behalf: entry.on_behalf.clone(),
        why: entry.why.clone(),
        from_segment: entry.from_segment.as_ref().map(ToString::to_string),
        action: entry.action.clone(),
        subject_kind: entry.subject.kind.clone(),
        subject_id: entry.subject.id.clone(),
        detail: entry.detail.to_string(),
    }
}
