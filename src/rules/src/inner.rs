//! What the handle and the part share, and drafts.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ets_model::{Network, Policy, PolicyChange, PortRange};
use ets_netd_api::Client;
use ets_registry::{Catalog, Registry};
use ets_runtime::Clock;
use ets_store::Store;
use serde_json::json;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::check::Around;
use crate::edit::Ground;
use crate::policy::{Slowed, slow};
use crate::reach::Cached;
use crate::settle::Spent;
use crate::{
    Author, Draft, DraftFault, Edit, Error, Fault, Numbers, Review, Rights, State, Step, pack,
    policy, rows,
};

/// How long `netd` may take for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) registry: Registry,
    pub(crate) netd: Client,
    pub(crate) networks: Vec<Network>,
    pub(crate) dashboard: Vec<PortRange>,
    /// The rights that an empty hub begins with.
    pub(crate) seed: Arc<Rights>,
    /// Held while a change is made or the state is looked at.
    pub(crate) changing: Arc<tokio::sync::Mutex<()>>,
    pub(crate) state: watch::Sender<Arc<State>>,
    pub(crate) drafts: Mutex<BTreeMap<String, Arc<Draft>>>,
    /// Held while a draft is written, so that memory and database stay alike.
    pub(crate) drafting: tokio::sync::Mutex<()>,
    pub(crate) numbers: Mutex<Arc<Numbers>>,
    /// Something happened: look again.
    pub(crate) nudge: Notify,
    pub(crate) reach: tokio::sync::Mutex<Cached>,
    pub(crate) rules_generation: AtomicU64,
    /// Segments that reached a quota.
    pub(crate) slowed: Mutex<Slowed>,
    /// When the registry's change may be tried again after a refusal, and the pause before that.
    pub(crate) retry: Mutex<Option<(Instant, Duration)>>,
    pub(crate) started: Instant,
}

impl Inner {
    pub(crate) fn state(&self) -> Arc<State> {
        self.state.borrow().clone()
    }

    /// A question to `netd`, with an end.
    pub(crate) async fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, ets_netd_api::Error>>,
    ) -> Result<T, Error> {
        match tokio::time::timeout(PATIENCE, question).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Error::Silent),
        }
    }

    /// The author's draft; empty when there is none.
    pub(crate) fn draft(&self, author: &str) -> Arc<Draft> {
        let known = locked(&self.drafts).get(author).cloned();
        known.unwrap_or_else(|| Arc::new(Draft::of(author)))
    }

    /// Adds edits to a draft: all of them, or none when one does not fit.
    pub(crate) async fn edit(
        &self,
        author: &Author,
        edits: Vec<Edit>,
    ) -> Result<Arc<Draft>, Error> {
        let _guard = self.drafting.lock().await;
        let mut draft = (*self.draft(&author.actor)).clone();
        self.fits(&draft, &edits)?;
        let (at, last) = (self.clock.wall(), draft.last());
        let steps = (last + 1..).zip(edits).map(|(no, edit)| Step { no, at, edit });
        let steps: Vec<Step> = steps.collect();
        draft.steps.extend(steps.iter().cloned());
        let author = author.actor.clone();
        let work = self
            .store
            .write(move |tx| Box::pin(async move { rows::add_edits(tx, &author, &steps).await }));
        let written: Result<(), ets_store::Error> = work.await;
        written?;
        Ok(self.keep_draft(draft))
    }

    /// Every edit must fit on what stands and on the edits before it.
    fn fits(&self, draft: &Draft, edits: &[Edit]) -> Result<(), Error> {
        let (catalog, numbers) = (self.registry.catalog(), locked(&self.numbers).clone());
        let ground = Ground { catalog: &catalog, numbers: &numbers, now: self.clock.wall() };
        let (mut rights, _) = draft.over(&self.state().rights, &ground);
        let mut faults = Vec::new();
        for (no, edit) in (1..).zip(edits) {
            if let Err(fault) = rights.take(edit, &ground) {
                faults.push(DraftFault { edit: Some(no), fault });
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
    }

    /// Takes one edit out of a draft, or all of them.
    pub(crate) async fn undo(&self, author: &str, no: Option<u64>) -> Result<Arc<Draft>, Error> {
        let _guard = self.drafting.lock().await;
        let mut draft = (*self.draft(author)).clone();
        draft.floor = draft.last();
        match no {
            None => draft.steps.clear(),
            Some(no) => {
                let at = draft.steps.iter().position(|step| step.no == no);
                draft.steps.remove(at.ok_or(Error::NoEdit(no))?);
            }
        }
        let range = no.map_or((0, u64::MAX), |no| (no, no));
        let author = author.to_owned();
        let work = self
            .store
            .write(move |tx| Box::pin(async move { rows::drop_edits(tx, &author, range).await }));
        let written: Result<(), ets_store::Error> = work.await;
        written?;
        Ok(self.keep_draft(draft))
    }

    fn keep_draft(&self, draft: Draft) -> Arc<Draft> {
        let draft = Arc::new(draft);
        locked(&self.drafts).insert(draft.author.clone(), draft.clone());
        draft
    }

    /// Forgets edits that are in force now; the database has done so.
    pub(crate) async fn spend(&self, spent: Spent) {
        let Some((author, upto)) = spent else { return };
        let _guard = self.drafting.lock().await;
        let mut draft = (*self.draft(&author)).clone();
        draft.floor = draft.last().max(upto);
        draft.steps.retain(|step| step.no > upto);
        self.keep_draft(draft);
    }

    /// The policy that rights make with the registry as it is.
    pub(crate) fn wanted(&self, rights: &Rights) -> Policy {
        self.policy(rights, &self.registry.catalog())
    }

    /// As [`policy()`], with the segments slowed that reached a quota.
    fn policy(&self, rights: &Rights, catalog: &Catalog) -> Policy {
        let mut policy = policy(rights, catalog, &self.networks);
        slow(&mut policy, &locked(&self.slowed));
        policy
    }

    /// Whether a quota asks for this: it was agreed to when the quota was made, and waits for
    /// nobody.
    pub(crate) fn is_of_quota(&self, change: &PolicyChange) -> bool {
        let PolicyChange::Rate { segment, .. } = change else { return false };
        let catalog = self.registry.catalog();
        let no = catalog.segment(segment.as_str()).map(|one| one.no);
        no.is_some_and(|no| locked(&self.slowed).contains_key(&no))
    }

    /// What applying the author's draft would do now.
    pub(crate) fn review(&self, author: &Author, from: Option<IpAddr>) -> Review {
        let (catalog, numbers) = (self.registry.catalog(), locked(&self.numbers).clone());
        let ground = Ground { catalog: &catalog, numbers: &numbers, now: self.clock.wall() };
        let (state, draft) = (self.state(), self.draft(&author.actor));
        let (rights, mut faults) = draft.over(&state.rights, &ground);
        let new = self.policy(&rights, &catalog);
        let policy_fault = |fault| DraftFault { edit: None, fault: Fault::Policy(fault) };
        faults.extend(new.faults().into_iter().map(policy_fault));
        let old = state.policy();
        let changes = old.changes_to(&new);
        let own = author.from_segment.as_ref().and_then(|id| catalog.segment(id.as_str()));
        let around = Around {
            catalog: &catalog,
            dashboard: &self.dashboard,
            segment: own.map(|one| one.no),
            address: from,
        };
        let warnings = around.warnings(old, &new, &rights);
        let takes_away = changes.iter().any(PolicyChange::takes_away);
        let edits: Vec<u64> = draft.steps.iter().map(|step| step.no).collect();
        let (base, new) = (state.change(), Arc::new(new));
        // Retiring a service names the moment, which is no part of what was looked at.
        let digest = pack::digest(&json!([base, edits, pack::digest(&*new)]));
        let rights = Arc::new(rights);
        Review { base, rights, policy: new, changes, faults, warnings, takes_away, digest }
    }
}

/// A panic under one of these locks leaves whole values behind.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
