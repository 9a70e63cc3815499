//! What answers and losses do to the link.

use std::time::Duration;

use ets_model::{BootTime, Obstacle};

use super::{ENDLESS, Effect, Link, Machine, Recovery, Suspicion};
use crate::input::Pace;
use crate::moment::Moment;
use crate::params::Params;
use crate::rtt::micros;

impl Machine {
    pub(super) fn answered(
        &mut self,
        params: &Params,
        now: BootTime,
        sent: BootTime,
        rtt: Duration,
    ) -> Effect<'static> {
        self.measure(params, now, sent, rtt);
        self.last_good = self.last_good.max(Moment::at(sent));
        if self.dark.get().is_some_and(|dark| sent > dark) {
            self.light(now);
        }
        let pace = match self.link {
            _ if self.dark.is_ever() => None,
            Link::Alive => {
                self.answered_alive(params, now, sent);
                None
            }
            Link::Down | Link::Unknown => self.answered_waiting(params, now, sent, rtt),
        };
        Effect { pace, carrier: None }
    }

    pub(super) fn lost(
        &mut self,
        params: &Params,
        now: BootTime,
        sent: BootTime,
    ) -> Effect<'static> {
        if self.is_ours(params, sent) {
            return Effect::default();
        }
        self.last_lost = self.last_lost.max(Moment::at(sent));
        let pace = match self.link {
            Link::Alive => {
                self.count_loss(params, now, sent);
                self.suspect(params, now, sent)
            }
            Link::Unknown => self.suspect(params, now, sent),
            Link::Down => {
                self.lost_down(sent);
                None
            }
        };
        Effect { pace, carrier: None }
    }

    /// A probe that never left proves a lost way only where there was one.
    pub(super) fn unsent(
        &mut self,
        params: &Params,
        now: BootTime,
        at: BootTime,
        obstacle: Obstacle,
    ) -> Effect<'static> {
        self.hints().obstacle = Some(obstacle);
        if self.is_unheard() {
            return Effect::default();
        }
        let before = self.suspicion.lost;
        let effect = self.lost(params, now, at);
        if self.suspicion.lost > before {
            self.suspicion.unsent += 1;
        }
        effect
    }

    /// The link is held to be down; probes newer than the last good one decide when it is back.
    pub(super) fn fall(&mut self, params: &Params, now: BootTime, proof_from: BootTime) -> Pace {
        self.link = Link::Down;
        self.recovery = Recovery::from(proof_from);
        self.recovery.last_lost = self.last_lost.get().unwrap_or(proof_from).max(proof_from);
        self.flap.down(params, now);
        Pace::Fast
    }

    /// Feeds the estimator. What came while the link was not known to work may have lain in a
    /// queue, unless it was sent after the first answer had come.
    fn measure(&mut self, params: &Params, now: BootTime, sent: BootTime, rtt: Duration) {
        let queued = match self.recovery.first.get() {
            Some(came) => sent < came,
            None => self.link != Link::Alive && self.rtt.smoothed().is_some(),
        };
        if queued {
            self.rtt.sample_queued(rtt);
        } else {
            self.rtt.sample(params, now, rtt);
        }
    }

    fn answered_alive(&mut self, params: &Params, now: BootTime, sent: BootTime) {
        if self.loss.answered_late(params, now, sent) {
            self.clear(sent);
            return;
        }
        if !self.is_burst(sent) || (!self.suspicion.first.is_ever() && sent > self.cleared) {
            self.loss.answered(params, now);
        }
        self.clear(sent);
    }

    /// An answer to a probe as new as the first suspicious one clears the suspicion.
    fn clear(&mut self, sent: BootTime) {
        if self.suspicion.first.is_ever() && Moment::at(sent) >= self.suspicion.first {
            self.suspicion = Suspicion::default();
            self.cleared = sent;
        }
    }

    /// Counts answers towards recovery. A segment never seen is up at its first answer.
    fn answered_waiting(
        &mut self,
        params: &Params,
        now: BootTime,
        sent: BootTime,
        rtt: Duration,
    ) -> Option<Pace> {
        if self.link == Link::Unknown {
            self.clear(sent);
        }
        if sent < self.recovery.proof_from {
            return None;
        }
        self.recovery.ends = self.recovery.ends << 1 | 1;
        if !self.recovery.first.is_ever() {
            self.recovery.first = Moment::at(now.min(sent + rtt));
            self.recovery.first_rtt = micros(rtt);
        }
        let needed = if self.link == Link::Down { u32::from(params.recovery_answers) } else { 1 };
        ((self.recovery.ends & 0xf).count_ones() >= needed).then(|| self.rise(sent))
    }

    fn rise(&mut self, sent: BootTime) -> Pace {
        self.link = Link::Alive;
        self.carrier_lost = false;
        self.suspicion = Suspicion::default();
        self.cleared = sent;
        Pace::Regular
    }

    fn lost_down(&mut self, sent: BootTime) {
        self.recovery.ends <<= 1;
        if self.recovery.ends & 0xf == 0 {
            self.recovery.first = Moment::NEVER;
        }
        if !self.recovery.first.is_ever() {
            self.recovery.last_lost = self.recovery.last_lost.max(sent);
        }
    }

    /// The loss of a probe that the burst did not send, or of a burst that has nothing to confirm
    /// any more, is a fair sample. A burst that still confirms is asked for by a loss and is none.
    fn count_loss(&mut self, params: &Params, now: BootTime, sent: BootTime) {
        if !self.is_burst(sent) || (!self.suspicion.first.is_ever() && sent > self.cleared) {
            self.loss.lost(params, now, sent);
        }
    }

    /// A probe newer than the newest good one was lost: confirm it, and fall when confirmed.
    fn suspect(&mut self, params: &Params, now: BootTime, sent: BootTime) -> Option<Pace> {
        if Moment::at(sent) < self.last_good || self.dark.is_ever() {
            return None;
        }
        let began = !self.suspicion.first.is_ever();
        let first = self.suspicion.first.get().map_or(sent, |first| first.min(sent));
        self.suspicion.first = Moment::at(first);
        self.suspicion.lost = self.suspicion.lost.saturating_add(1);
        if self.is_unheard() && now.since(first) < params.first_patience {
            return None;
        }
        if self.suspicion.lost >= u32::from(params.down_losses) {
            return Some(self.fall(params, now, first));
        }
        (began || sent > self.burst.1).then(|| self.burst(params, now))
    }

    /// Whether the hub cannot see, or could not while the probe was under way.
    fn is_ours(&self, params: &Params, sent: BootTime) -> bool {
        let (from, to) = self.blind;
        let within = sent <= to && sent + self.timeout(params) >= from;
        self.dark.is_ever() || to == ENDLESS || within
    }
}
