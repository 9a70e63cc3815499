//! What the tasks of the watch and its handles share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use ets_model::{Stamp, WallTime};
use ets_runtime::Clock;

use crate::health::Notes;
use crate::picture::Picture;
use crate::ring::Ring;
use crate::{Change, ChangeId, Snapshot, Subscription};

/// The picture, its published form, and the changes.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    picture: Mutex<Picture>,
    snapshot: ArcSwap<Snapshot>,
    ring: Mutex<Ring>,
    pub(crate) notes: Notes,
}

impl Shared {
    pub(crate) fn new(clock: Clock, picture: Picture) -> Self {
        let now = clock.stamp();
        let instance = now.wall.0.cast_unsigned();
        let snapshot = ArcSwap::from_pointee(picture.snapshot(now));
        let ring = Mutex::new(Ring::new(instance));
        Self { clock, picture: Mutex::new(picture), snapshot, ring, notes: Notes::new(now.wall) }
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Changes the picture, and publishes it if there is anything to tell.
    pub(crate) fn publish(&self, change: impl FnOnce(&mut Picture)) {
        let mut picture = locked(&self.picture);
        change(&mut picture);
        let now = self.clock.stamp();
        let told = picture.take_told();
        if told.is_empty() {
            return;
        }
        let snapshot = picture.snapshot(now);
        self.put(snapshot, told, now);
    }

    /// Changes the picture; it is published with the next change that is.
    pub(crate) fn quietly<T>(&self, change: impl FnOnce(&mut Picture) -> T) -> T {
        change(&mut locked(&self.picture))
    }

    /// Puts a picture before everybody. Called with the picture locked, so that pictures and
    /// changes come in order.
    pub(crate) fn put(
        &self,
        mut snapshot: Snapshot,
        told: Vec<(WallTime, crate::ChangeBody)>,
        now: Stamp,
    ) {
        let mut ring = locked(&self.ring);
        let changes = ring.number(told);
        snapshot.change = ring.last();
        self.snapshot.store(Arc::new(snapshot));
        ring.tell(changes, now.wall);
    }

    pub(crate) fn subscribe(&self, after: Option<ChangeId>) -> Subscription {
        locked(&self.ring).subscribe(after)
    }

    /// Puts changes of earlier lives before those of this one.
    pub(crate) fn remember(&self, earlier: Vec<(WallTime, crate::ChangeBody)>) {
        locked(&self.ring).remember(earlier);
    }

    pub(crate) fn recent(&self, limit: usize) -> Vec<Arc<Change>> {
        locked(&self.ring).recent(limit)
    }

    /// Bytes of the picture, of its published form, and of the ring of changes.
    pub(crate) fn bytes(&self) -> (u64, u64, u64) {
        let snapshot = self.snapshot.load();
        let published = snapshot.segments.capacity() * size_of::<crate::SegmentNow>();
        (self.quietly(|picture| picture.bytes()), published as u64, locked(&self.ring).bytes())
    }
}

/// A panic under one of these locks leaves figures, not broken structures, behind.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
