//! The changes of the last five minutes, numbered, and the live broadcast of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ets_model::WallTime;
use tokio::sync::broadcast;

use crate::{Change, ChangeBody, ChangeId, Subscription};

/// How long a change is kept.
const KEPT: Duration = Duration::from_secs(300);
/// How many changes are kept at most, whatever their age.
const LIMIT: usize = 50_000;
/// How far a follower may fall behind.
const LAG: usize = 4_096;

/// The ring.
#[derive(Debug)]
pub(crate) struct Ring {
    instance: u64,
    seq: u64,
    kept: VecDeque<Arc<Change>>,
    live: broadcast::Sender<Arc<Change>>,
}

impl Ring {
    pub(crate) fn new(instance: u64) -> Self {
        Self { instance, seq: 0, kept: VecDeque::new(), live: broadcast::Sender::new(LAG) }
    }

    /// The last change.
    pub(crate) fn last(&self) -> ChangeId {
        ChangeId { instance: self.instance, seq: self.seq }
    }

    /// Numbers these changes; nothing is told yet.
    pub(crate) fn number(&mut self, told: Vec<(WallTime, ChangeBody)>) -> Vec<Arc<Change>> {
        let number = |(at, body)| {
            self.seq += u64::from(body != ChangeBody::Tick);
            Arc::new(Change { id: self.last(), at, body })
        };
        told.into_iter().map(number).collect()
    }

    /// Keeps and tells what was numbered.
    pub(crate) fn tell(&mut self, changes: Vec<Arc<Change>>, now: WallTime) {
        for change in changes {
            if change.body != ChangeBody::Tick {
                self.kept.push_back(change.clone());
            }
            // An error means that nobody follows.
            let _ = self.live.send(change);
        }
        let old = |change: &Arc<Change>| now.since(change.at) > KEPT;
        while self.kept.len() > LIMIT || self.kept.front().is_some_and(old) {
            self.kept.pop_front();
        }
    }

    pub(crate) fn subscribe(&self, after: Option<ChangeId>) -> Subscription {
        let live = self.live.subscribe();
        let Some(after) = after else {
            return Subscription { missed: Vec::new(), reset: false, live };
        };
        let first = self.kept.front().map_or(self.seq + 1, |change| change.id.seq);
        let here =
            after.instance == self.instance && after.seq <= self.seq && after.seq + 1 >= first;
        if !here {
            return Subscription { missed: Vec::new(), reset: true, live };
        }
        let at = self.kept.partition_point(|change| change.id.seq <= after.seq);
        Subscription { missed: self.kept.range(at..).cloned().collect(), reset: false, live }
    }

    /// The last changes that a person wants to see, newest first.
    pub(crate) fn recent(&self, limit: usize) -> Vec<Arc<Change>> {
        let told = |change: &&Arc<Change>| {
            matches!(
                change.body,
                ChangeBody::State { .. }
                    | ChangeBody::OutageOpened { .. }
                    | ChangeBody::OutageClosed { .. }
                    | ChangeBody::Trunk { .. }
                    | ChangeBody::Netd { .. }
            )
        };
        self.kept.iter().rev().filter(told).take(limit).cloned().collect()
    }

    pub(crate) fn bytes(&self) -> u64 {
        (self.kept.capacity() * 8 + self.kept.len() * (size_of::<Change>() + 16)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(ring: &mut Ring, second: i64) {
        let changes = ring.number(vec![
            (WallTime(second * 1_000_000), ChangeBody::Registry { generation: 1 }),
            (WallTime(second * 1_000_000), ChangeBody::Tick),
        ]);
        ring.tell(changes, WallTime(second * 1_000_000));
    }

    #[test]
    fn a_follower_who_comes_back_gets_exactly_what_it_missed() {
        let mut ring = Ring::new(7);
        (1..=10).for_each(|second| told(&mut ring, second));
        let back = ring.subscribe(Some(ChangeId { instance: 7, seq: 6 }));
        let missed: Vec<_> = back.missed.iter().map(|change| change.id.seq).collect();
        assert_eq!((missed, back.reset), (vec![7, 8, 9, 10], false));
        assert!(ring.subscribe(Some(ChangeId { instance: 7, seq: 10 })).missed.is_empty());
        assert!(!ring.subscribe(Some(ChangeId { instance: 7, seq: 10 })).reset);
    }

    #[test]
    fn a_follower_of_another_life_or_of_long_ago_starts_anew() {
        let mut ring = Ring::new(7);
        (1..=1_000).for_each(|second| told(&mut ring, second));
        assert!(ring.subscribe(Some(ChangeId { instance: 8, seq: 6 })).reset);
        assert!(ring.subscribe(Some(ChangeId { instance: 7, seq: 6 })).reset);
        assert!(ring.subscribe(Some(ChangeId { instance: 7, seq: 2_000 })).reset);
        assert_eq!(ring.kept.len(), 301, "five minutes");
        assert!(!ring.subscribe(None).reset);
    }
}
