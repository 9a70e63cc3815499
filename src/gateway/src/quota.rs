//! Volumes and bandwidths held: what passed is held against what may pass, new connections of a
//! segment that has had its volume are refused and its open ones cut.

use std::collections::HashSet;
use std::sync::Arc;

use ets_model::SegmentNo;
use jiff::Zoned;

use crate::gateway::{Gateway, Resolve, Ruled};
use crate::lane::Lane;
use crate::meters::{Level, Used};
use crate::policy::{Allowance, Per, Policy, Why};

/// At so many per cent of a volume it is told.
pub const WARN_PERCENT: u64 = 80;

/// How a segment stands with one volume.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Whose.
    pub segment: SegmentNo,
    /// The place of the limit.
    pub limit: usize,
    /// The period.
    pub per: Per,
    /// What may pass in it.
    pub bytes: u64,
    /// What has passed in it.
    pub used: u64,
    /// When the next one begins.
    pub until: Option<Zoned>,
}

/// That a segment came to a level of its volume, for the journal.
#[derive(Clone, Debug)]
pub struct Notice {
    /// How it stands.
    pub standing: Standing,
    /// Which level.
    pub level: Level,
    /// The rules that say so.
    pub policy: Arc<Policy>,
}

/// What holding found.
#[derive(Debug, Default)]
pub struct Held {
    /// So many tunnels were cut.
    pub cut: usize,
    /// What is to be told; until [`Gateway::told`] it is told again.
    pub notices: Vec<Notice>,
}

impl Standing {
    /// The part that has passed; 1 where all of it has.
    pub fn ratio(&self) -> f64 {
        self.used as f64 / self.bytes.max(1) as f64
    }

    /// Whether nothing more may pass.
    pub fn is_spent(&self) -> bool {
        self.used >= self.bytes
    }

    fn level(&self) -> Level {
        let warned =
            u128::from(self.used) * 100 >= u128::from(self.bytes) * u128::from(WARN_PERCENT);
        match (self.is_spent(), warned) {
            (true, _) => Level::Spent,
            (false, true) => Level::Warned,
            (false, false) => Level::Free,
        }
    }
}

impl<R: Resolve> Gateway<R> {
    /// Holds what passed against what may, for every segment that anybody came from since the start.
    pub fn hold(&self) -> Held {
        let (policy, now) = (self.policy(), self.now());
        let lanes = self.meters().lanes().all();
        self.hold_these(&policy, &now, &lanes)
    }

    /// How segments stand with their volumes; nothing of those that have none.
    pub fn standings(&self, segments: &[SegmentNo]) -> Vec<Standing> {
        let (policy, now) = (self.policy(), self.now());
        let limited: Vec<(SegmentNo, Allowance)> =
            segments.iter().map(|no| (*no, policy.allowance(*no))).filter(has_volume).collect();
        self.stand(&limited, &now).into_iter().flat_map(|(all, _)| all).collect()
    }

    /// Notes that a notice was told; nothing where its period has ended meanwhile, as of the next one
    /// nothing was told yet.
    pub fn told(&self, notice: &Notice) {
        let Standing { segment, per, until, .. } = &notice.standing;
        if until.as_ref().is_none_or(|until| self.now() < *until) {
            self.meters().tell(*segment, *per, notice.level);
        }
    }

    /// Why nothing may pass for a segment; none while something may. The limits of a segment that
    /// nobody came from before are looked at first.
    pub(crate) fn spent(&self, segment: SegmentNo) -> Option<Arc<Ruled>> {
        let (lane, is_new) = self.meters().lanes().of(segment);
        if is_new {
            let (policy, now) = (self.policy(), self.now());
            self.hold_these(&policy, &now, &[(segment, Arc::clone(&lane))]);
        }
        lane.spent()
    }

    fn hold_these(
        &self,
        policy: &Arc<Policy>,
        now: &Zoned,
        lanes: &[(SegmentNo, Arc<Lane>)],
    ) -> Held {
        let (mut held, mut over) = (Held::default(), HashSet::new());
        let (mut limited, mut with_volume) = (Vec::new(), Vec::new());
        for (segment, lane) in lanes {
            let allowance = policy.allowance(*segment);
            if has_volume(&(*segment, allowance)) {
                limited.push((*segment, allowance));
                with_volume.push(lane);
            } else {
                lane.set_spent(None);
                lane.set(None, allowance.bandwidth);
            }
        }
        for (lane, ((segment, allowance), (standings, told))) in
            with_volume.into_iter().zip(limited.iter().zip(self.stand(&limited, now)))
        {
            let left = standings.iter().map(|one| one.bytes.saturating_sub(one.used)).min();
            // Of several that are used up the one that lasts longest is told.
            let spent = standings.iter().rfind(|one| one.is_spent());
            lane.set_spent(spent.map(|one| Ruled {
                why: Why::Quota(one.limit),
                until: one.until.clone(),
                policy: Arc::clone(policy),
            }));
            lane.set(left, allowance.bandwidth);
            if spent.is_some() {
                over.insert(*segment);
            }
            let notices = standings.into_iter().zip(told).filter_map(|(standing, told)| {
                let level = standing.level();
                let policy = Arc::clone(policy);
                (level > told).then_some(Notice { standing, level, policy })
            });
            held.notices.extend(notices);
        }
        if !over.is_empty() {
            held.cut = self.book().cut_where(|open| over.contains(&open.segment));
        }
        held
    }

    /// How each of some segments stands, and what was told of each volume.
    fn stand(
        &self,
        limited: &[(SegmentNo, Allowance)],
        now: &Zoned,
    ) -> Vec<(Vec<Standing>, Vec<Level>)> {
        let running = self.meters().begin(Per::ALL.map(|per| per.number(now)));
        if limited.is_empty() {
            return Vec::new();
        }
        let segments: Vec<SegmentNo> = limited.iter().map(|(segment, _)| *segment).collect();
        let used = self.meters().used(&segments);
        let ends = Per::ALL.map(|per| per.end(running[per as usize], now));
        let of = |((segment, allowance), used): (&(SegmentNo, Allowance), Used)| {
            let volumes = Per::ALL.into_iter().zip(allowance.volumes);
            let some = volumes.filter_map(|(per, volume)| {
                let ((bytes, limit), (used, told)) = (volume?, used[per as usize]);
                let (limit, until) = (usize::from(limit), ends[per as usize].clone());
                Some((Standing { segment: *segment, limit, per, bytes, used, until }, told))
            });
            some.unzip()
        };
        limited.iter().zip(used).map(of).collect()
    }
}

fn has_volume((_, allowance): &(SegmentNo, Allowance)) -> bool {
    allowance.volumes.iter().any(Option::is_some)
}

#[cfg(test)]
pub(crate) mod tests;
