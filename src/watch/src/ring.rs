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
/// How many changes that a person wants to see are kept, whatever their age.
const LATELY: usize = 256;
/// How far a follower may fall behind.
const LAG: usize = 4_096;

/// The ring.
#[derive(Debug)]
pub(crate) struct Ring {
    instance: u64,
    seq: u64,
    kept: VecDeque<Arc<Change>>,
    /// Those that a person wants to see, oldest first.
    lately: VecDeque<Arc<Change>>,
    live: broadcast::Sender<Arc<Change>>,
}

impl Ring {
    pub(crate) fn new(instance: u64) -> Self {
        let (kept, lately) = (VecDeque::new(), VecDeque::new());
        Self { instance, seq: 0, kept, lately, live: broadcast::Sender::new(LAG) }
    }

    /// Puts changes of earlier lives before those of this one; oldest first.
    pub(crate) fn remember(&mut self, earlier: Vec<(WallTime, ChangeBody)>) {
        let room = LATELY.saturating_sub(self.lately.len());
        let id = ChangeId { instance: self.instance, seq: 0 };
        for (at, body) in earlier.into_iter().rev().take(room) {
            self.lately.push_front(Arc::new(Change { id, at, body }));
        }
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
            if is_for_people(&change.body) {
                self.lately.push_back(change.clone());
            }
            // An error means that nobody follows.
            let _ = self.live.send(change);
        }
        let old = |change: &Arc<Change>| now.since(change.at) > KEPT;
        while self.kept.len() > LIMIT || self.kept.front().is_some_and(old) {
            self.kept.pop_front();
        }
        let more = self.lately.len().saturating_sub(LATELY);
        self.lately.drain(..more);
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
        self.lately.iter().rev().take(limit).cloned().collect()
    }

    /// Bytes held; what stands in both lists counts twice, which is 256 changes at most.
    pub(crate) fn bytes(&self) -> u64 {
        let lists = [&self.kept, &self.lately];
        let list = |one: &VecDeque<_>| one.capacity() * 8 + one.len() * (size_of::<Change>() + 16);
        lists.into_iter().map(|one| list(one) as u64).sum()
    }
}

fn is_for_people(body: &ChangeBody) -> bool {
    matches!(
        body,
        ChangeBody::State { .. }
            | ChangeBody::OutageOpened { .. }
            | ChangeBody::OutageClosed { .. }
            | ChangeBody::Trunk { .. }
            | ChangeBody::Netd { .. }
    )
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
    fn what_people_see_outlives_the_five_minutes_and_earlier_lives_come_before_this_one() {
        let mut ring = Ring::new(7);
        let trunk = |dark| ChangeBody::Trunk { name: "main".into(), dark };
        let changes = ring.number(vec![(WallTime(2), trunk(false))]);
        ring.tell(changes, WallTime(600_000_000));
        ring.remember(vec![(WallTime(0), trunk(false)), (WallTime(1), trunk(true))]);
        let at = |limit| ring.recent(limit).iter().map(|one| one.at.0).collect::<Vec<_>>();
        assert_eq!((at(9), at(2)), (vec![2, 1, 0], vec![2, 1]));
        for second in 3..1_000 {
            let changes = ring.number(vec![(WallTime(second), trunk(false))]);
            ring.tell(changes, WallTime(second));
        }
        assert_eq!((ring.lately.len(), ring.recent(1)[0].at.0), (LATELY, 999));
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
