//! What the rest of `serve` holds of the rules. Cheap to clone; complete: pages, API and command
//! line need nothing else.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ets_model::{Policy, SegmentId, SegmentNo, Service, ServiceId};
use ets_netd_api::{Cursor, Event, EventBody, Plan, Reach};
use ets_store::Tx;
use tokio::sync::watch;

use crate::inner::{Inner, locked};
use crate::{
    Author, Comparison, Draft, Edit, Error, Listing, OffenceFilter, Offences, Page, Restored,
    Review, Rights, State, Version, Wish, compare, history, offence, rows,
};

/// See the head of the file.
#[derive(Clone, Debug)]
pub struct Handle(pub(crate) Arc<Inner>);

/// Feeds a handle by hand, without `netd`: for tests and demonstrations.
#[derive(Clone, Debug)]
pub struct Feeder(Arc<Inner>);

impl Feeder {
    /// Puts a state in the place of the one before.
    pub fn put(&self, state: State) {
        self.0.state.send_replace(Arc::new(state));
    }
}

/// The state.
impl Handle {
    /// Feeds this handle by hand, where its [`crate::Part`] does not run.
    pub fn feeder(&self) -> Feeder {
        Feeder(self.0.clone())
    }

    /// Everything as it stands now.
    pub fn state(&self) -> Arc<State> {
        self.0.state()
    }

    /// The state and every state that follows.
    pub fn subscribe(&self) -> watch::Receiver<Arc<State>> {
        self.0.state.subscribe()
    }

    /// The rights in force.
    pub fn rights(&self) -> Arc<Rights> {
        self.0.state().rights.clone()
    }

    /// The services in force, retired ones too, by number.
    pub fn services(&self) -> Vec<Service> {
        self.rights().services.clone()
    }

    /// One service in force, retired or not.
    pub fn service(&self, id: &ServiceId) -> Option<Service> {
        self.rights().service(id).cloned()
    }

    /// The services granted to a segment, besides those open to everyone.
    pub fn grants(&self, segment: &SegmentId) -> Vec<ServiceId> {
        self.rights().granted(segment).cloned().collect()
    }

    /// The policy that the rights in force make with the registry as it is now: what should be
    /// in force, as [`State::policy`] is what is.
    pub fn wanted(&self) -> Policy {
        self.0.wanted(&self.rights())
    }

    /// Who may reach what, computed by `netd` from the rules that the kernel has; asked once for
    /// each state of the rules.
    ///
    /// # Errors
    /// When `netd` or the kernel cannot be asked.
    pub async fn reach(&self) -> Result<Arc<Reach>, Error> {
        self.0.reach().await
    }

    /// The rules as the kernel has them, as text for people.
    ///
    /// # Errors
    /// When `netd` or the kernel cannot be asked.
    pub async fn rules_text(&self) -> Result<String, Error> {
        self.0.ask(self.0.netd.rules_text()).await
    }

    /// What segments did that they must not, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn offences(&self, filter: &OffenceFilter) -> Result<Offences, Error> {
        offence::list(&self.0.store, filter).await
    }
}

/// Drafts: one for each author, saved as they are edited.
impl Handle {
    /// The author's draft; empty when there is none.
    pub fn draft(&self, author: &str) -> Arc<Draft> {
        self.0.draft(author)
    }

    /// All drafts that have edits, by author.
    pub fn drafts(&self) -> Vec<Arc<Draft>> {
        let drafts = locked(&self.0.drafts);
        drafts.values().filter(|draft| !draft.is_empty()).cloned().collect()
    }

    /// Adds edits to the author's draft, and begins one where there is none. All of them, or none
    /// when one does not fit on the rights in force and the edits before it.
    ///
    /// # Errors
    /// [`Error::Invalid`], numbered as in the list, or the database's.
    pub async fn edit(&self, author: &Author, edits: Vec<Edit>) -> Result<Arc<Draft>, Error> {
        self.0.edit(author, edits).await
    }

    /// Takes one edit out of the author's draft.
    ///
    /// # Errors
    /// [`Error::NoEdit`], or the database's.
    pub async fn undo(&self, author: &str, edit: u64) -> Result<Arc<Draft>, Error> {
        self.0.undo(author, Some(edit)).await
    }

    /// Throws the author's draft away.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn discard(&self, author: &str) -> Result<(), Error> {
        self.0.undo(author, None).await.map(drop)
    }

    /// What applying the author's draft now would do: differences in words, faults, and who would
    /// be cut off from what. `from`: the address from which the author works, where it is known.
    pub fn review(&self, author: &Author, from: Option<IpAddr>) -> Review {
        self.0.review(author, from)
    }

    /// What applying the author's draft now would change in the kernel, in rules.
    ///
    /// # Errors
    /// When `netd` cannot be asked, or the draft has faults.
    pub async fn plan(&self, author: &Author) -> Result<Plan, Error> {
        let review = self.0.review(author, None);
        if !review.faults.is_empty() {
            return Err(Error::Invalid(review.faults));
        }
        self.0.ask(self.0.netd.plan(Arc::unwrap_or_clone(review.policy))).await
    }
}

/// Changes and their safety line.
impl Handle {
    /// From now on exactly these segments are held to so many kbit/s both ways, because they
    /// reached a quota. It follows as what the registry asks for does.
    pub fn slow(&self, slowed: BTreeMap<SegmentNo, u64>) {
        *locked(&self.0.slowed) = slowed;
        self.0.nudge.notify_one();
    }

    /// Applies the author's draft; `author.reason` says why. Returns once it is in force: for good
    /// when it takes nothing away, else until it is confirmed.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::EmptyDraft`], [`Error::Nothing`], [`Error::Waits`],
    /// [`Error::Changed`], [`Error::Within`] before anything is done; [`Error::Refused`] when
    /// `netd` does not take it, [`Error::Unsure`] when its answer did not come.
    pub async fn apply(&self, author: &Author, wish: Wish) -> Result<Version, Error> {
        self.0.apply(author, wish).await
    }

    /// Confirms the change that waits, in the name of the one who made it; a change that follows
    /// the registry is confirmed by any administrator.
    ///
    /// # Errors
    /// [`Error::NotWaiting`], [`Error::NotYours`], or `netd`'s.
    pub async fn confirm(&self, change: u64, author: &Author) -> Result<Version, Error> {
        self.0.confirm(change, author).await
    }

    /// Takes the change that waits back, whoever made it.
    ///
    /// # Errors
    /// [`Error::NotWaiting`], or `netd`'s.
    pub async fn withdraw(&self, change: u64, author: &Author) -> Result<Version, Error> {
        self.0.withdraw(change, author).await
    }

    /// Puts in force what rights and registry ask for ([`State::differs`]), in the name of this
    /// person, after it had gone back.
    ///
    /// # Errors
    /// As for [`Self::apply`], and [`Error::Agree`].
    pub async fn try_again(&self, author: &Author, wish: Wish) -> Result<Version, Error> {
        self.0.again(author, wish).await
    }
}

/// History.
impl Handle {
    /// A page of the versions, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn versions(&self, page: Page) -> Result<Listing, Error> {
        history::list(&self.0.store, page).await
    }

    /// One version.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn version(&self, no: u64) -> Result<Option<Version>, Error> {
        Ok(rows::version(&self.0.store, no).await?.map(|kept| kept.version))
    }

    /// The rights of a version.
    ///
    /// # Errors
    /// [`Error::NoVersion`], or when the database cannot be read.
    pub async fn rights_of(&self, no: u64) -> Result<Rights, Error> {
        Ok(compare::whole(&self.0.store, no).await?.rights)
    }

    /// The policy of a version.
    ///
    /// # Errors
    /// As for [`Self::rights_of`].
    pub async fn policy_of(&self, no: u64) -> Result<Policy, Error> {
        Ok(compare::whole(&self.0.store, no).await?.policy)
    }

    /// Two versions side by side: what leads from one to the other.
    ///
    /// # Errors
    /// As for [`Self::rights_of`].
    pub async fn compare(&self, from: u64, to: u64) -> Result<Comparison, Error> {
        compare::compare(&self.0.store, from, to).await
    }

    /// Makes the author's draft lead to the rights of a version, to be looked at and applied.
    ///
    /// # Errors
    /// [`Error::NoVersion`], [`Error::DraftNotEmpty`], [`Error::Nothing`] when they are in force.
    pub async fn restore(&self, no: u64, author: &Author) -> Result<Restored, Error> {
        self.0.restore(no, author).await
    }
}

/// The events of `netd`, from whoever follows them.
impl Handle {
    /// Whether [`Self::enter`] is to be given this event.
    pub fn wants(body: &EventBody) -> bool {
        matches!(body, EventBody::Rules(_) | EventBody::Offence(_))
    }

    /// Writes down what an event says, in the transaction in which the follower writes its place
    /// in the stream: so that each counts once, over every restart of either process.
    ///
    /// # Errors
    /// The database's.
    pub async fn enter(
        &self,
        tx: &mut Tx<'_>,
        cursor: Cursor,
        event: &Event,
    ) -> Result<(), ets_store::Error> {
        self.0.enter(tx, cursor, event).await.map_err(|error| match error {
            Error::Store(error) | Error::Journal(ets_journal::Error::Store(error)) => error,
            // The row itself is at fault: it is of no use to try again.
            other => {
                tracing::error!(error = %other, "an event of the rules cannot be written down");
                ets_store::Error::NoRow
            }
        })
    }

    /// Something happened: [`Self::enter`] wrote, or `netd` is there again. Asks it how the rules
    /// are.
    pub fn look(&self) {
        self.0.rules_changed();
        self.0.nudge.notify_one();
    }
}
