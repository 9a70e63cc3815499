//! The part: asks what is due, a bounded number at a time, until shutdown.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ets_model::Service;
use ets_runtime::{Clock, Shutdown};
use ets_store::Store;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

use crate::standing::{No, Standing};
use crate::{Change, Error, Handle, Picture, Reason, ask, history, plan, when};

/// So many are asked at once at the most; what is due meanwhile waits.
const AT_ONCE: usize = 32;
/// Changes that wait for a database that takes nothing; the oldest are forgotten.
const WAITING: usize = 1_000;
/// How long what is not written down yet has when the hub ends.
const LAST: Duration = Duration::from_secs(2);

/// Answers the name of the network that leads to an address, where all of it is dark.
pub type Way = Arc<dyn Fn(IpAddr) -> Option<String> + Send + Sync>;

/// What the part is built from.
pub struct Deps {
    /// `state.db`, opened with [`crate::MIGRATIONS`].
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// The services, retired ones too, and every change of them.
    pub services: watch::Receiver<Arc<Vec<Service>>>,
    /// Where the hub itself listens: its own services are asked there.
    pub own: Vec<SocketAddr>,
    /// See [`Way`]; asked when a check fails.
    pub way: Way,
}

/// The part, ready to run.
pub struct Poll {
    deps: Deps,
    standing: Standing,
    picture: watch::Sender<Arc<Picture>>,
    due: BinaryHeap<Reverse<(Instant, No)>>,
    asking: JoinSet<Result<Duration, Reason>>,
    asked: HashMap<Id, (No, Instant)>,
    unwritten: Vec<Change>,
    /// At most one: changes that are being written down. The database may be slow, the next
    /// question is not.
    writing: JoinSet<Result<(), Vec<Change>>>,
}

impl Poll {
    /// Reads back how the services were.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn build(deps: Deps) -> Result<Self, Error> {
        let standing = Standing::new(history::last(&deps.store).await?);
        let picture = watch::Sender::new(Arc::default());
        let (due, asking, asked, unwritten, writing) = <_>::default();
        Ok(Self { deps, standing, picture, due, asking, asked, unwritten, writing })
    }

    /// The handle for everyone else.
    pub fn handle(&self) -> Handle {
        Handle { picture: self.picture.subscribe(), store: self.deps.store.clone() }
    }

    /// Asks until shutdown.
    ///
    /// # Errors
    /// None: what cannot be written down waits.
    pub async fn run(mut self, shutdown: Shutdown) -> Result<(), Error> {
        self.plan();
        loop {
            let has_room = self.asking.len() < AT_ONCE;
            let next = self.due.peek().filter(|_| has_room).map(|Reverse((at, _))| *at);
            tokio::select! {
                () = shutdown.requested() => break,
                changed = self.deps.services.changed() => match changed {
                    Ok(()) => self.plan(),
                    Err(_) => break,
                },
                Some(done) = self.asking.join_next_with_id() => self.hear(done),
                Some(done) = self.writing.join_next() => self.wrote(done),
                () = at(next), if next.is_some() => self.start(),
            }
        }
        // What does not get there is heard again after the start, as of then.
        drop(timeout(LAST, self.finish()).await);
        Ok(())
    }

    /// Takes over what the services are now; a change takes effect at once.
    fn plan(&mut self) {
        let services = self.deps.services.borrow_and_update().clone();
        let fresh = self.standing.plan(plan::targets(&services, &self.deps.own));
        let now = Instant::now();
        for no in fresh {
            let Some(target) = self.standing.target(no) else { continue };
            self.due.push(Reverse((now + when::first(target), no)));
        }
        self.show();
    }

    fn start(&mut self) {
        let now = Instant::now();
        while self.asking.len() < AT_ONCE
            && let Some(Reverse((at, no))) = self.due.peek().copied()
            && at <= now
        {
            self.due.pop();
            // One that is not planned any more is forgotten here.
            let Some(target) = self.standing.target(no).cloned() else { continue };
            let task = self.asking.spawn(async move { ask::ask(&target).await });
            self.asked.insert(task.id(), (no, now));
        }
    }

    fn hear(&mut self, done: Result<(Id, Result<Duration, Reason>), JoinError>) {
        let (id, answer) = done.unwrap_or_else(|error| {
            (error.id(), Err(Reason::Ours { error: "the check broke".to_owned() }))
        });
        let Some((no, began)) = self.asked.remove(&id) else { return };
        let Some(target) = self.standing.target(no) else { return };
        let next = (began + when::next(target, when::chance())).max(Instant::now());
        self.due.push(Reverse((next, no)));
        let address = target.address.ip();
        let answer = answer.map_err(|reason| match (self.deps.way)(address) {
            Some(network) => Reason::Dark { network },
            None => reason,
        });
        if let Some(change) = self.standing.hear(no, answer, self.deps.clock.wall()) {
            tell(&change);
            self.unwritten.push(change);
        }
        self.show();
        self.write();
    }

    fn show(&self) {
        self.picture.send_replace(Arc::new(self.standing.picture().clone()));
    }

    /// Writes down what waits, unless that is being done.
    fn write(&mut self) {
        let more = self.unwritten.len().saturating_sub(WAITING);
        self.unwritten.drain(..more);
        if self.unwritten.is_empty() || !self.writing.is_empty() {
            return;
        }
        let changes = std::mem::take(&mut self.unwritten);
        let (store, now) = (self.deps.store.clone(), self.deps.clock.wall());
        self.writing.spawn(async move {
            history::write(&store, &changes, now).await.map_err(|error| {
                tracing::warn!(%error, "changes of services are not written down yet");
                changes
            })
        });
    }

    /// What could not be written waits for the next answer, before what was heard since.
    fn wrote(&mut self, done: Result<Result<(), Vec<Change>>, JoinError>) {
        match done {
            Ok(Ok(())) => {
                // The state was shown before the disk had it: now pages can show the history too.
                self.standing.written();
                self.show();
                self.write();
            }
            Ok(Err(changes)) => drop(self.unwritten.splice(..0, changes)),
            Err(error) => tracing::error!(%error, "changes of services are lost"),
        }
    }

    async fn finish(&mut self) {
        self.write();
        while let Some(done) = self.writing.join_next().await {
            self.wrote(done);
        }
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn tell(change: &Change) {
    let service = &change.service;
    match &change.reason {
        Some(reason) => {
            tracing::warn!(%service, why = crate::words(reason), "a service is {}", change.to);
        }
        None => tracing::info!(%service, "a service is {}", change.to),
    }
}
