//! What rights and registry ask for beyond the rules in force is put in force by itself, once for
//! each thing that they ask for.

use std::sync::Arc;
use std::time::Duration;

use ets_model::Policy;
use ets_netd_api::RulesNow;
use ets_store::values;
use tokio::time::Instant;

use crate::change::{CONFIRM_WITHIN, Ready};
use crate::inner::{Inner, locked};
use crate::pack::digest;
use crate::rows::{self, Kept, int};
use crate::{Author, Cause, Differs, Error, REGISTRY, Version, VersionState};

/// How often `netd` is asked although nothing happened.
const ROUND: Duration = Duration::from_secs(15);
/// How soon again while it is away.
const AWAY: Duration = Duration::from_secs(1);
/// Pauses between tries of what was refused: the first and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(600));

impl Inner {
    /// Looks, and follows the registry. Answers when it is to be done again by itself.
    pub(crate) async fn sync(&self) -> Duration {
        let _guard = self.changing.lock().await;
        let now = match self.look().await {
            Ok(now) => now,
            Err(Error::Netd(_) | Error::Silent) => return AWAY,
            Err(error) => {
                tracing::error!(%error, "the rules cannot be written down; it is tried again");
                return AWAY;
            }
        };
        match self.follow_registry(now).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "rules do not follow the registry yet");
                AWAY
            }
        }
    }

    async fn follow_registry(&self, now: Arc<RulesNow>) -> Result<Duration, Error> {
        if let Some(pending) = &now.pending {
            if pending.author == REGISTRY && self.is_undone(pending.back_to).await? {
                self.take_back(pending.change, &Author::new(REGISTRY)).await?;
                return Ok(Duration::ZERO);
            }
            let left = pending.until.boot.since(self.clock.boot());
            return Ok(ROUND.min(left + Duration::from_millis(100)));
        }
        let state = self.state();
        let wanted = self.wanted(&state.rights);
        if now.policy.as_ref() == Some(&wanted) {
            *locked(&self.retry) = None;
            self.differ(None);
            return Ok(ROUND);
        }
        let faults = wanted.faults();
        let changes = now.policy.clone().unwrap_or_default().changes_to(&wanted);
        let last = self.last_own().await?;
        let same = last.filter(|last| last.policy == digest(&wanted));
        let mut differs = Differs { changes, faults, tried: None, why: String::new() };
        if let Some((fault, more)) = differs.faults.split_first() {
            let more = if more.is_empty() { "" } else { " (and more)" };
            differs.why = format!("{fault}{more}");
        } else if !now.problem.is_empty() {
            differs.why.clone_from(&now.problem);
        } else if let Some(why) = same.as_ref().and_then(|last| self.held(&last.version)) {
            differs.tried = same.map(|last| last.version.no);
            differs.why = why;
        } else {
            return self.follow(same, wanted, &now, differs).await;
        }
        self.differ(Some(differs));
        Ok(self.until_retry().unwrap_or(ROUND).min(ROUND))
    }

    /// Whether what a waiting change followed was taken back: a retired segment was restored.
    async fn is_undone(&self, back_to: u64) -> Result<bool, Error> {
        let wanted = digest(&self.wanted(&self.state().rights));
        let before = rows::version(&self.store, back_to).await?;
        Ok(before.is_some_and(|kept| kept.policy == wanted))
    }

    /// Puts in force what rights and registry ask for, in nobody's name.
    async fn follow(
        &self,
        same: Option<Kept>,
        wanted: Policy,
        now: &RulesNow,
        mut differs: Differs,
    ) -> Result<Duration, Error> {
        let wanted = Arc::new(wanted);
        // What was refused is tried again under its own number, so that a fault of the machine
        // does not fill the history.
        let again = same.filter(|last| {
            matches!(last.version.state, VersionState::Refused { .. })
                && last.version.no > now.change
                && last.version.base == now.change
        });
        let made = match again {
            Some(last) => self.resend(last.version.no, wanted).await,
            None => {
                let first = now.change == 0 && self.state().version.is_none();
                let cause = if first { Cause::First } else { Cause::Registry };
                let ready = Ready {
                    author: Author::new(REGISTRY),
                    cause,
                    rights: self.state().rights.clone(),
                    policy: wanted,
                    within: CONFIRM_WITHIN,
                    draft_upto: None,
                };
                self.put_in_force(ready, now).await
            }
        };
        match made {
            Ok(_) => {
                *locked(&self.retry) = None;
                self.differ(None);
                Ok(Duration::ZERO)
            }
            Err(Error::Refused { change, why }) => {
                self.pause_longer();
                (differs.tried, differs.why) = (Some(change), why);
                self.differ(Some(differs));
                Ok(self.until_retry().unwrap_or(ROUND).min(ROUND))
            }
            Err(error) => Err(error),
        }
    }

    async fn resend(&self, no: u64, policy: Arc<Policy>) -> Result<Version, Error> {
        let work = self.store.write(move |tx| {
            Box::pin(async move {
                let sql = "UPDATE rules_version SET state = 'sent' WHERE no = $1";
                tx.execute(sql, &values![int(no)]).await.map(drop)
            })
        });
        let written: Result<(), ets_store::Error> = work.await;
        written?;
        self.hand_over(no, policy).await
    }

    /// The newest change that followed the registry.
    async fn last_own(&self) -> Result<Option<Kept>, Error> {
        let clause = "WHERE cause IN ('first', 'registry') ORDER BY no DESC LIMIT 1";
        Ok(rows::versions(&self.store, clause, &[]).await?.pop())
    }

    /// Why the same is not tried again at present.
    fn held(&self, last: &Version) -> Option<String> {
        match &last.state {
            VersionState::Reverted { why, .. } => Some(format!(
                "change {} went back ({why}): change the registry or the rights, or try it again",
                last.no
            )),
            VersionState::Refused { why, .. } => self.until_retry().map(|_| why.clone()),
            _ => None,
        }
    }

    fn until_retry(&self) -> Option<Duration> {
        let (due, _) = (*locked(&self.retry))?;
        let left = due.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    fn pause_longer(&self) {
        let mut retry = locked(&self.retry);
        let pause = retry.map_or(PAUSES.0, |(_, last)| (last * 2).min(PAUSES.1));
        *retry = Some((Instant::now() + pause, pause));
    }

    fn differ(&self, differs: Option<Differs>) {
        let differs = differs.map(Arc::new);
        if self.state.borrow().differs == differs {
            return;
        }
        if let Some(differs) = &differs {
            let (count, why) = (differs.changes.len(), &differs.why);
            tracing::warn!(
                count,
                why,
                "rights and registry ask for other rules than those in force"
            );
        }
        self.state.send_modify(|state| Arc::make_mut(state).differs = differs);
    }
}
