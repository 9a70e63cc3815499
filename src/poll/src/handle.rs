//! How everything stands, for pages, the API and figures. Cheap to clone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ets_model::{HealthState, ServiceId, WallTime};
use ets_store::Store;
use tokio::sync::watch;

use crate::{Change, Error, Reason, Target, history};

/// See the head of the file.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) picture: watch::Receiver<Arc<Picture>>,
    pub(crate) store: Store,
}

/// All services that have checks, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// How each is.
    pub services: BTreeMap<ServiceId, Arc<Health>>,
    /// Counts what a reader would see as news: changes of state and of what is checked.
    pub turns: u64,
}

/// How one service is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// Down when of one of its checks no server answers, up when each check has one that does.
    pub state: HealthState,
    /// Since when; `None` before anything was known.
    pub since: Option<WallTime>,
    /// Why it is not up, where that is known.
    pub reason: Option<Reason>,
    /// Each check of each server.
    pub lines: Vec<Line>,
}

/// One check of one server, and what it heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What is asked.
    pub target: Target,
    /// What the answers in a row say.
    pub state: HealthState,
    /// Since when; `None` before anything was known.
    pub since: Option<WallTime>,
    /// When it was asked last.
    pub asked: Option<WallTime>,
    /// How long the last good answer took.
    pub took: Option<Duration>,
    /// Why the last one was not good; `None` where it was.
    pub reason: Option<Reason>,
    /// When and why it was last not good.
    pub failed: Option<(WallTime, Reason)>,
}

impl Handle {
    /// Everything as it stands now.
    pub fn picture(&self) -> Arc<Picture> {
        self.picture.borrow().clone()
    }

    /// The picture and every one that follows.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Picture>> {
        self.picture.clone()
    }

    /// How one service is; `None` where it has no checks.
    pub fn health(&self, service: &ServiceId) -> Option<Arc<Health>> {
        self.picture.borrow().services.get(service).cloned()
    }

    /// The changes of a service's state in the last 90 days, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn history(&self, service: &ServiceId, limit: u32) -> Result<Vec<Change>, Error> {
        history::list(&self.store, service, limit).await
    }
}

impl Health {
    /// How long the slowest of the last good answers took.
    pub fn took(&self) -> Option<Duration> {
        self.lines.iter().filter_map(|line| line.took).max()
    }

    /// How many of its lines are in a state.
    pub fn count(&self, state: HealthState) -> usize {
        self.lines.iter().filter(|line| line.state == state).count()
    }
}
