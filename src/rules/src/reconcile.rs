//! What `netd` has in force is the truth: the database is brought in line with it.

use std::sync::Arc;
use std::time::Duration;

use ets_journal::append;
use ets_model::WallTime;
use ets_netd_api::RulesNow;
use ets_store::{Tx, values};
use serde_json::json;

use crate::inner::Inner;
use crate::pack::{Packed, pack};
use crate::rows::{self, Fresh, Kept, int};
use crate::settle::{self, NETD, Spent};
use crate::{Author, Back, Cause, Error, State, Version, VersionState, Waiting};

/// How long the reason of a revert is waited for, also after the start: it comes with the events.
const REASON: Duration = Duration::from_secs(10);
/// How the database is brought in line.
#[derive(Clone, Copy)]
struct Ask {
    /// The change that `netd` told before; `None`: it was not heard.
    heard: Option<u64>,
    /// Whether reasons of reverts may still come.
    patient: bool,
    at: WallTime,
}

/// What stands in the database after it was brought in line.
struct Line {
    current: u64,
    spent: Spent,
}

impl Inner {
    /// Asks `netd` and brings everything in line. Called with `changing` held.
    pub(crate) async fn look(&self) -> Result<Arc<RulesNow>, Error> {
        match self.ask(self.netd.rules()).await {
            Ok(now) => self.settle(now).await,
            Err(error) => {
                let away = error.to_string();
                if self.state.borrow().away != away {
                    tracing::warn!(%error, "netd cannot be asked for its rules");
                    self.state.send_modify(|state| Arc::make_mut(state).away = away);
                }
                Err(error)
            }
        }
    }

    /// Brings everything in line with what `netd` says. Called with `changing` held.
    pub(crate) async fn settle(&self, now: RulesNow) -> Result<Arc<RulesNow>, Error> {
        let now = Arc::new(now);
        let (told, at) = (now.clone(), self.clock.wall());
        let packed = self.contents_if_unknown(&now).await?;
        let heard = self.state().rules.as_ref().map(|rules| rules.change);
        let ask = Ask { heard, patient: self.started.elapsed() < REASON, at };
        let work = self
            .store
            .write(move |tx| Box::pin(async move { line_up(tx, &told, packed, ask).await }));
        let line: Line = work.await?;
        self.spend(line.spent).await;
        self.publish(now.clone(), line.current).await?;
        Ok(now)
    }

    /// The contents of a change that the database does not know: the rights as they stand, the
    /// policy as `netd` has it.
    async fn contents_if_unknown(&self, now: &RulesNow) -> Result<Option<(Packed, Packed)>, Error> {
        let policy = now.policy.as_ref().filter(|_| now.change > 0);
        let Some(policy) = policy else { return Ok(None) };
        if self.state().change() == now.change
            || rows::version(&self.store, now.change).await?.is_some()
        {
            return Ok(None);
        }
        Ok(Some((pack(&*self.state().rights), pack(policy))))
    }

    async fn publish(&self, now: Arc<RulesNow>, current: u64) -> Result<(), Error> {
        let before = self.state();
        let version = rows::version(&self.store, current).await?;
        let rights = match &version {
            None => self.seed.clone(),
            Some(_) if before.change() == current => before.rights.clone(),
            Some(kept) => Arc::new(rows::content(&self.store, &kept.rights, current).await?),
        };
        let waiting = now.pending.as_ref().map(|pending| Waiting {
            change: pending.change,
            author: pending.author.clone(),
            until: pending.until,
            back_to: pending.back_to,
        });
        let same = |old: &Arc<RulesNow>| (old.change, &old.policy) == (now.change, &now.policy);
        let differs = before.differs.clone().filter(|_| before.rules.as_ref().is_some_and(same));
        let state = State {
            rights,
            version: version.map(|kept| Arc::new(kept.version)),
            rules: Some(now.clone()),
            waiting,
            away: String::new(),
            differs,
            earlier: None,
        };
        let same = |old: &Arc<RulesNow>| same(old) && old.drift == now.drift;
        if !before.rules.as_ref().is_some_and(same) {
            self.rules_changed();
        }
        if *before != state {
            self.state.send_replace(Arc::new(state));
        }
        Ok(())
    }
}

/// Brings the database in line with what `netd` says; all of it or nothing.
async fn line_up(
    tx: &mut Tx<'_>,
    now: &RulesNow,
    unknown: Option<(Packed, Packed)>,
    Ask { heard, patient, at }: Ask,
) -> Result<Line, Error> {
    if let (None, Some((rights, policy))) = (rows::version_in(tx, now.change).await?, unknown) {
        found(tx, now, rights, policy, at).await?;
    }
    let standing = rows::version_in(tx, now.change).await?;
    let base = standing.as_ref().map_or(0, |kept| kept.version.base);
    let open = "WHERE state IN ('sent', 'waiting') AND no <> $1 ORDER BY no";
    for kept in rows::versions_in(tx, open, &values![int(now.change)]).await? {
        left_behind(tx, &kept.version, base, now.change, at).await?;
    }
    let spent = match &standing {
        Some(kept) => stands(tx, kept, now, at).await?,
        None => None,
    };
    let current = rows::current_in(tx).await?;
    if standing.is_some() && current != now.change {
        put_current(tx, current, now.change, at).await?;
    } else if standing.is_none() && current > 0 && heard != Some(0) {
        // What people decided stands, and is put in force again.
        let entry = settle::entry(&Author::new(NETD), "rules.lost", current, json!({}));
        append(tx, at, entry).await?;
    }
    if !patient {
        unexplained(tx, at).await?;
    }
    let current = if standing.is_some() { now.change } else { current };
    Ok(Line { current, spent })
}

/// Another version is in force. That an older one is, with no revert to tell why, is told.
async fn put_current(tx: &mut Tx<'_>, was: u64, is: u64, at: WallTime) -> Result<(), Error> {
    let sql = "UPDATE rules_state SET current = $1 WHERE one = 1";
    tx.execute(sql, &values![int(is)]).await?;
    let stood = rows::version_in(tx, was).await?.is_some_and(|kept| kept.version.state.stood());
    if stood && is < was {
        let detail = json!({ "change": is, "was": was });
        append(tx, at, settle::entry(&Author::new(NETD), "rules.found", is, detail)).await?;
    }
    Ok(())
}

/// The change in force, as far as `netd` says how it stands.
async fn stands(
    tx: &mut Tx<'_>,
    kept: &Kept,
    now: &RulesNow,
    at: WallTime,
) -> Result<Spent, Error> {
    let no = kept.version.no;
    let pending = now.pending.as_ref().filter(|pending| pending.change == no);
    match (&kept.version.state, pending) {
        (VersionState::Waiting { .. }, None) => {
            settle::confirmed(tx, no, None, at).await?;
            Ok(None)
        }
        (VersionState::InForce { .. } | VersionState::Confirmed { .. }, _) => Ok(None),
        (_, Some(pending)) => settle::accepted(tx, kept, Some(pending.until.wall), at).await,
        (_, None) => {
            let spent = settle::accepted(tx, kept, None, at).await?;
            if kept.version.confirm_within.is_some() {
                let sql = "UPDATE rules_version SET state = 'waiting' WHERE no = $1";
                tx.execute(sql, &values![int(no)]).await?;
                settle::confirmed(tx, no, None, at).await?;
            }
            Ok(spent)
        }
    }
}

/// A version that was on its way or waited, and is not the one in force.
async fn left_behind(
    tx: &mut Tx<'_>,
    version: &Version,
    base: u64,
    current: u64,
    at: WallTime,
) -> Result<(), Error> {
    match version.state {
        VersionState::Waiting { .. } if version.no == base && base != 0 => {
            settle::confirmed(tx, version.no, None, at).await?;
        }
        VersionState::Waiting { .. } => {
            let back_to = if current == 0 { version.base } else { current };
            settle::reverted(tx, version.no, back_to, None, at).await?;
        }
        _ => {
            let why = "netd did not take it before the hub was interrupted: apply it again";
            settle::refused(tx, version.no, why, at).await?;
        }
    }
    Ok(())
}

/// `netd` runs a change that this database does not know: the database is younger or older than
/// it. What people decided is taken to stand; that the two differ shows.
async fn found(
    tx: &mut Tx<'_>,
    now: &RulesNow,
    rights: Packed,
    policy: Packed,
    at: WallTime,
) -> Result<(), Error> {
    let author = now.pending.as_ref().map_or(NETD, |pending| &pending.author);
    let version = Version {
        no: now.change,
        at,
        author: author.to_owned(),
        on_behalf: None,
        from_segment: None,
        why: String::new(),
        cause: Cause::Found,
        base: 0,
        changes: 0,
        takes_away: false,
        confirm_within: None,
        state: VersionState::Sent,
    };
    let detail = json!({ "change": now.change, "author": author });
    let fresh = Fresh { version, rights, policy, draft_upto: None, numbers: Vec::new() };
    rows::insert(tx, &fresh).await?;
    append(tx, at, settle::entry(&Author::new(NETD), "rules.found", now.change, detail)).await?;
    Ok(())
}

/// Reverts whose reason does not come any more get their entry in the journal without one.
async fn unexplained(tx: &mut Tx<'_>, at: WallTime) -> Result<(), Error> {
    let clause = "WHERE state = 'reverted' AND reason IS NULL AND settled < $1";
    let old = at.minus(REASON).0;
    for kept in rows::versions_in(tx, clause, &values![old]).await? {
        let author = Author::new(NETD);
        let why = Some((Back::Unknown, &author));
        settle::reverted(tx, kept.version.no, kept.version.base, why, at).await?;
    }
    Ok(())
}
