//! What the writer tells about itself.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::{Engine, ReserveState};

/// Shared between the writer and the handles.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) engine: Engine,
    pub(crate) disk_full: AtomicBool,
    pub(crate) reachable: AtomicBool,
    pub(crate) commits: AtomicU64,
    pub(crate) works: AtomicU64,
    last_commit_us: AtomicU64,
    reserve: AtomicU8,
    damage: Mutex<Option<String>>,
}

impl State {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            disk_full: AtomicBool::new(false),
            reachable: AtomicBool::new(true),
            commits: AtomicU64::new(0),
            works: AtomicU64::new(0),
            last_commit_us: AtomicU64::new(0),
            reserve: AtomicU8::new(0),
            damage: Mutex::new(None),
        }
    }

    pub(crate) fn committed(&self, works: usize, took: Duration) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.works.fetch_add(works as u64, Ordering::Relaxed);
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.last_commit_us.store(took, Ordering::Relaxed);
        self.reachable.store(true, Ordering::Relaxed);
    }

    pub(crate) fn last_commit(&self) -> Duration {
        Duration::from_micros(self.last_commit_us.load(Ordering::Relaxed))
    }

    pub(crate) fn set_reserve(&self, state: ReserveState) {
        let number = match state {
            ReserveState::None => 0,
            ReserveState::Kept => 1,
            ReserveState::GivenUp => 2,
        };
        self.reserve.store(number, Ordering::Relaxed);
    }

    pub(crate) fn reserve(&self) -> ReserveState {
        match self.reserve.load(Ordering::Relaxed) {
            1 => ReserveState::Kept,
            2 => ReserveState::GivenUp,
            _ => ReserveState::None,
        }
    }

    pub(crate) fn set_damage(&self, found: String) {
        *self.damage.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
    }

    pub(crate) fn damage(&self) -> Option<String> {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
