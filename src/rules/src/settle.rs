//! What becomes of a version, written down with its entry in the journal. Each of these changes
//! nothing when it was written before, so that the answer of `netd`, its event and a later
//! question may come in any order.

use ets_journal::{Entry, Subject, append};
use ets_model::WallTime;
use ets_store::{Tx, values};
use serde_json::{Value, json};

use crate::rows::{self, Kept, int};
use crate::{Author, Back, Error, VersionState};

/// Who reports what nobody asked for.
pub(crate) const NETD: &str = "netd";

/// The edits of a draft that are in force now and no longer edits: whose, and up to which.
pub(crate) type Spent = Option<(String, u64)>;

/// An entry of the journal about a version.
pub(crate) fn entry(author: &Author, action: &str, no: u64, detail: Value) -> Entry {
    author.entry(action, Subject::new("rules", no.to_string())).detail(detail)
}

/// `netd` has the change in force. `until`: it waits for its confirmation.
pub(crate) async fn accepted(
    tx: &mut Tx<'_>,
    kept: &Kept,
    until: Option<WallTime>,
    at: WallTime,
) -> Result<Spent, Error> {
    let no = int(kept.version.no);
    if let VersionState::Waiting { until: known } = kept.version.state {
        if let Some(until) = until.filter(|until| *until != known) {
            let sql = "UPDATE rules_version SET until = $2 WHERE no = $1";
            tx.execute(sql, &values![no, until.0]).await?;
        }
        return Ok(None);
    }
    let (state, settled) = if until.is_some() { ("waiting", None) } else { ("in_force", Some(at)) };
    let sql = "UPDATE rules_version SET state = $2, until = $3, settled = $4, reason = NULL \
        WHERE no = $1 AND state IN ('sent', 'refused', 'reverted')";
    let values = values![no, state, until.map(|until| until.0), settled.map(|at| at.0)];
    if tx.execute(sql, &values).await? == 0 {
        return Ok(None);
    }
    let row = tx
        .query_one("SELECT author, draft_upto FROM rules_version WHERE no = $1", &values![no])
        .await?;
    let Some(upto) = row.opt_int("draft_upto")?.and_then(|upto| u64::try_from(upto).ok()) else {
        return Ok(None);
    };
    let author = row.text("author")?.to_owned();
    rows::drop_edits(tx, &author, (0, upto)).await?;
    Ok(Some((author, upto)))
}

/// Who asks for a confirmation or a withdrawal, before `netd` is told.
pub(crate) async fn asked(tx: &mut Tx<'_>, no: u64, actor: &str) -> Result<(), Error> {
    let sql = "UPDATE rules_version SET asked_by = $2 WHERE no = $1";
    tx.execute(sql, &values![int(no), actor]).await?;
    Ok(())
}

/// The change was confirmed. Answers whether this was news.
pub(crate) async fn confirmed(
    tx: &mut Tx<'_>,
    no: u64,
    by: Option<&Author>,
    at: WallTime,
) -> Result<bool, Error> {
    let sql = "UPDATE rules_version SET state = 'confirmed', settled = $2, reason = NULL, \
        settled_by = COALESCE($3, asked_by, author) \
        WHERE no = $1 AND state IN ('sent', 'waiting') RETURNING settled_by";
    let named = by.map(|by| by.actor.as_str());
    let Some(row) = tx.query_optional(sql, &values![int(no), at.0, named]).await? else {
        return Ok(false);
    };
    let by = match by {
        Some(by) => by.clone(),
        None => Author::new(row.text("settled_by")?),
    };
    append(tx, at, entry(&by, "rules.confirm", no, json!({ "change": no }))).await?;
    Ok(true)
}

/// The change went back. Without a reason the journal waits until one is known. The version that
/// came back is the one in force if this one was.
pub(crate) async fn reverted(
    tx: &mut Tx<'_>,
    no: u64,
    back_to: u64,
    why: Option<(Back, &Author)>,
    at: WallTime,
) -> Result<bool, Error> {
    let reason = why.as_ref().map(|(why, _)| {
        serde_json::to_string(why).expect("a reason has no keys that JSON does not know")
    });
    let open = if reason.is_some() {
        "(state IN ('sent', 'waiting', 'refused') OR (state = 'reverted' AND reason IS NULL) \
         OR (state = 'reverted' AND reason = '{\"why\":\"unknown\"}'))"
    } else {
        "state IN ('sent', 'waiting')"
    };
    let sql = format!(
        "UPDATE rules_version SET state = 'reverted', reason = $2, \
         settled = CASE WHEN state = 'reverted' THEN settled ELSE $3 END \
         WHERE no = $1 AND {open}"
    );
    let touched = tx.execute(&sql, &values![int(no), reason, at.0]).await?;
    let sql = "UPDATE rules_state SET current = $2 WHERE one = 1 AND current = $1";
    tx.execute(sql, &values![int(no), int(back_to)]).await?;
    if touched > 0
        && let Some((why, author)) = why
    {
        let sentence = why.to_string();
        let detail =
            json!({ "change": no, "back_to": back_to, "reason": why, "sentence": sentence });
        append(tx, at, entry(author, "rules.revert", no, detail)).await?;
    }
    Ok(touched > 0)
}

/// The change never was in force. The journal has it once, however often it is tried.
pub(crate) async fn refused(
    tx: &mut Tx<'_>,
    no: u64,
    why: &str,
    at: WallTime,
) -> Result<bool, Error> {
    let sql = "UPDATE rules_version SET state = 'refused', reason = $2, settled = $3 \
        WHERE no = $1 AND state = 'sent'";
    let before = "SELECT settled, reason FROM rules_version WHERE no = $1";
    let before = tx.query_optional(before, &values![int(no)]).await?;
    let told = before.map(|row| row.opt_text("reason").map(|known| known == Some(why)));
    let touched = tx.execute(sql, &values![int(no), why, at.0]).await? > 0;
    if touched && !told.transpose()?.unwrap_or(false) {
        let detail = json!({ "change": no, "reason": why });
        append(tx, at, entry(&Author::new(NETD), "rules.refuse", no, detail)).await?;
    }
    Ok(touched)
}
