//! A change on its way: written down, handed to `netd`, settled by its answer. Once it is written
//! down it goes on even when the one who asked for it is gone.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use ets_journal::{Entry, Subject, append};
use ets_model::{Policy, PolicyChange, ServiceNo};
use ets_netd_api::{Apply, RulesNow};
use ets_store::Tx;
use serde_json::json;

use crate::inner::{Inner, locked};
use crate::pack::pack;
use crate::rows::{self, Fresh};
use crate::{Author, Back, Cause, Error, Rights, Version, VersionState, settle, words};

/// How long a change that takes something away waits for its confirmation, unless said otherwise.
pub const CONFIRM_WITHIN: Duration = Duration::from_secs(120);

/// What may be said otherwise.
pub const CONFIRM_WITHIN_LIMITS: RangeInclusive<Duration> =
    Duration::from_secs(10)..=Duration::from_secs(30 * 60);

/// Changes named in one entry of the journal; the rest is counted, and kept in the version.
const NAMED: usize = 200;

/// How a draft is to be applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// How long the change waits for its confirmation; `None`: [`CONFIRM_WITHIN`]. A change that
    /// takes nothing away does not wait.
    pub within: Option<Duration>,
    /// [`crate::Review::digest`] of what was looked at; refused when it is not that any more.
    /// `None`: whatever it is now.
    pub digest: Option<String>,
}

/// A change that is ready to be made.
pub(crate) struct Ready {
    pub(crate) author: Author,
    pub(crate) cause: Cause,
    pub(crate) rights: Arc<Rights>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) within: Duration,
    /// The edits of the author's draft up to this one are in it.
    pub(crate) draft_upto: Option<u64>,
}

impl Inner {
    /// Applies the author's draft.
    pub(crate) async fn apply(
        self: &Arc<Self>,
        author: &Author,
        wish: Wish,
    ) -> Result<Version, Error> {
        let within = within(wish.within)?;
        let guard = self.changing.clone().lock_owned().await;
        let now = self.look().await?;
        free(&now)?;
        let draft = self.draft(&author.actor);
        if draft.is_empty() {
            return Err(Error::EmptyDraft);
        }
        let review = self.review(author, None);
        if !review.faults.is_empty() {
            return Err(Error::Invalid(review.faults));
        }
        if wish.digest.is_some_and(|digest| digest != review.digest) {
            return Err(Error::Changed);
        }
        if review.changes.is_empty() && review.rights.same(&self.state().rights) {
            return Err(Error::Nothing);
        }
        let ready = Ready {
            author: author.clone(),
            cause: Cause::Draft,
            rights: review.rights,
            policy: review.policy,
            within,
            draft_upto: Some(draft.last()),
        };
        self.go(guard, ready, now).await
    }

    /// Tries what rights and registry ask for once more, in the name of a person.
    pub(crate) async fn again(
        self: &Arc<Self>,
        author: &Author,
        wish: Wish,
    ) -> Result<Version, Error> {
        let within = within(wish.within)?;
        let guard = self.changing.clone().lock_owned().await;
        let now = self.look().await?;
        free(&now)?;
        let rights = self.state().rights.clone();
        let policy = Arc::new(self.wanted(&rights));
        let faults = policy.faults();
        if !faults.is_empty() {
            let fault =
                |fault| crate::DraftFault { edit: None, fault: crate::Fault::Policy(fault) };
            return Err(Error::Invalid(faults.into_iter().map(fault).collect()));
        }
        if now.policy.as_ref() == Some(&*policy) {
            return Err(Error::Agree);
        }
        let (author, cause) = (author.clone(), Cause::Registry);
        let ready = Ready { author, cause, rights, policy, within, draft_upto: None };
        self.go(guard, ready, now).await
    }

    /// Goes on without its caller.
    async fn go(
        self: &Arc<Self>,
        guard: tokio::sync::OwnedMutexGuard<()>,
        ready: Ready,
        now: Arc<RulesNow>,
    ) -> Result<Version, Error> {
        let inner = self.clone();
        let made = tokio::spawn(async move {
            let made = inner.put_in_force(ready, &now).await;
            drop(guard);
            inner.nudge.notify_one();
            made
        });
        made.await.map_err(|_| Error::CutOff)?
    }

    /// Writes the change down, hands it to `netd` and settles it. Called with `changing` held.
    pub(crate) async fn put_in_force(
        &self,
        ready: Ready,
        now: &RulesNow,
    ) -> Result<Version, Error> {
        let changes = now.policy.clone().unwrap_or_default().changes_to(&ready.policy);
        let takes_away = changes.iter().any(PolicyChange::takes_away);
        // Where nothing was in force, nobody had anything.
        let agreed = |change: &PolicyChange| self.is_of_quota(change);
        let waits = changes.iter().any(|change| change.takes_away() && !agreed(change))
            && now.policy.is_some();
        let version = Version {
            no: now.change + 1,
            at: self.clock.wall(),
            author: ready.author.actor.clone(),
            on_behalf: ready.author.on_behalf.clone(),
            from_segment: ready.author.from_segment.clone(),
            why: ready.author.reason.clone(),
            cause: ready.cause,
            base: now.change,
            changes: changes.len() as u64,
            takes_away,
            confirm_within: waits.then_some(ready.within),
            state: VersionState::Sent,
        };
        let no = self.record(version, &ready, &changes).await?;
        self.hand_over(no, ready.policy).await
    }

    async fn record(
        &self,
        version: Version,
        ready: &Ready,
        changes: &[PolicyChange],
    ) -> Result<u64, Error> {
        let numbers: Vec<_> =
            ready.rights.services.iter().map(|one| (one.no, one.id.to_string())).collect();
        let (rights, policy) = (pack(&*ready.rights), pack(&*ready.policy));
        let detail = json!({
            "cause": version.cause.name(),
            "base": version.base,
            "takes_away": version.takes_away,
            "confirm_within_s": version.confirm_within.map(|within| within.as_secs()),
            "count": changes.len(),
            "changes": changes.iter().take(NAMED).map(words).collect::<Vec<_>>(),
        });
        let entry = settle::entry(&ready.author, "rules.apply", version.no, detail);
        let fresh = Fresh { version, rights, policy, draft_upto: ready.draft_upto, numbers };
        let given = fresh.numbers.clone();
        let no = self.store.write(move |tx| Box::pin(record(tx, fresh, entry))).await?;
        self.remember_numbers(given);
        Ok(no)
    }

    /// Services keep their numbers, whatever becomes of the change.
    fn remember_numbers(&self, given: Vec<(ServiceNo, String)>) {
        let mut numbers = locked(&self.numbers);
        let known = Arc::make_mut(&mut numbers);
        let named = given.into_iter().filter_map(|(no, id)| Some((id.parse().ok()?, no)));
        for (id, no) in named {
            known.0.entry(id).or_insert(no);
        }
    }

    /// Hands a version that is written down to `netd`. Called with `changing` held.
    pub(crate) async fn hand_over(&self, no: u64, policy: Arc<Policy>) -> Result<Version, Error> {
        let kept = rows::version(&self.store, no).await?.ok_or(Error::NoVersion(no))?;
        let apply = Apply {
            change: no,
            author: kept.version.author.clone(),
            policy: Arc::unwrap_or_clone(policy),
            confirm_within: kept.version.confirm_within,
        };
        match self.ask(self.netd.apply(apply)).await {
            Ok(now) => {
                self.settle(now).await?;
                let kept = rows::version(&self.store, no).await?.ok_or(Error::NoVersion(no))?;
                Ok(kept.version)
            }
            Err(Error::Netd(ets_netd_api::Error::Refused(why))) => {
                let (at, told) = (self.clock.wall(), why.clone());
                let work = self.store.write(move |tx| {
                    Box::pin(async move { settle::refused(tx, no, &told, at).await })
                });
                work.await?;
                Err(Error::Refused { change: no, why })
            }
            Err(error) => {
                tracing::warn!(%error, change = no, "netd took a change and gave no answer");
                self.nudge.notify_one();
                Err(Error::Unsure { change: no })
            }
        }
    }

    /// Confirms the change that waits.
    pub(crate) async fn confirm(&self, no: u64, author: &Author) -> Result<Version, Error> {
        let _guard = self.changing.lock().await;
        let waiting = self.waits(no).await?;
        if waiting.confirmed_by().is_some_and(|by| by != author.actor) {
            return Err(Error::NotYours { change: no, author: waiting.author });
        }
        self.note_asked(no, author).await?;
        let now = self.told(self.netd.confirm(no, &waiting.author)).await?;
        let (at, by) = (self.clock.wall(), author.clone());
        let work = self.store.write(move |tx| {
            Box::pin(async move { settle::confirmed(tx, no, Some(&by), at).await })
        });
        work.await?;
        self.end(no, now).await
    }

    /// Takes the change that waits back. Everybody may: what stood before is known to work.
    pub(crate) async fn withdraw(&self, no: u64, author: &Author) -> Result<Version, Error> {
        let _guard = self.changing.lock().await;
        self.waits(no).await?;
        self.take_back(no, author).await
    }

    /// The same of a change that is known to wait. Called with `changing` held.
    pub(crate) async fn take_back(&self, no: u64, author: &Author) -> Result<Version, Error> {
        self.note_asked(no, author).await?;
        let now = self.told(self.netd.withdraw(no)).await?;
        let (at, by, back_to) = (self.clock.wall(), author.clone(), now.change);
        let work = self.store.write(move |tx| {
            Box::pin(async move {
                let why = Back::Withdrawn { by: by.actor.clone() };
                settle::reverted(tx, no, back_to, Some((why, &by)), at).await
            })
        });
        work.await?;
        self.end(no, now).await
    }

    /// As [`Self::ask`], for what may have been done although no answer came.
    async fn told(
        &self,
        order: impl Future<Output = Result<RulesNow, ets_netd_api::Error>>,
    ) -> Result<RulesNow, Error> {
        let told = self.ask(order).await;
        if told.is_err() {
            self.nudge.notify_one();
        }
        told
    }

    async fn end(&self, no: u64, now: RulesNow) -> Result<Version, Error> {
        self.settle(now).await?;
        self.nudge.notify_one();
        Ok(rows::version(&self.store, no).await?.ok_or(Error::NoVersion(no))?.version)
    }

    /// The version under this number, if it waits for its confirmation.
    async fn waits(&self, no: u64) -> Result<Version, Error> {
        let now = self.look().await?;
        if now.pending.as_ref().is_none_or(|pending| pending.change != no) {
            return Err(Error::NotWaiting(no));
        }
        Ok(rows::version(&self.store, no).await?.ok_or(Error::NotWaiting(no))?.version)
    }

    async fn note_asked(&self, no: u64, author: &Author) -> Result<(), Error> {
        let actor = author.actor.clone();
        let work = self
            .store
            .write(move |tx| Box::pin(async move { settle::asked(tx, no, &actor).await }));
        work.await
    }
}

async fn record(tx: &mut Tx<'_>, mut fresh: Fresh, entry: Entry) -> Result<u64, Error> {
    // A database that is older than what `netd` runs may know a higher number, or a lower one.
    let next = rows::last_no(tx).await? + 1;
    fresh.version.no = fresh.version.no.max(next);
    let no = fresh.version.no;
    rows::insert(tx, &fresh).await?;
    let entry = Entry { subject: Subject::new("rules", no.to_string()), ..entry };
    append(tx, fresh.version.at, entry).await?;
    Ok(no)
}

/// The time to confirm, within its limits.
fn within(wanted: Option<Duration>) -> Result<Duration, Error> {
    let within = wanted.unwrap_or(CONFIRM_WITHIN);
    if CONFIRM_WITHIN_LIMITS.contains(&within) { Ok(within) } else { Err(Error::Within(within)) }
}

/// Refuses a change while another one waits.
fn free(now: &RulesNow) -> Result<(), Error> {
    match &now.pending {
        None => Ok(()),
        Some(pending) => Err(Error::Waits {
            change: pending.change,
            author: pending.author.clone(),
            until: pending.until.wall,
        }),
    }
}
