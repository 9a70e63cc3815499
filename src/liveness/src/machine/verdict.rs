//! What the machine concludes: the state, the interval in which it began, and on what it stands.

use std::time::Duration;

use ets_model::{BlindReason, BootTime, Fact, LinkState};

use super::{Link, Machine};
use crate::moment::Moment;
use crate::params::Params;
use crate::transition::{Seen, TransitionDraft};

impl Machine {
    /// Compares the state with the one before the input.
    pub(super) fn conclude(
        &mut self,
        params: &Params,
        now: BootTime,
        carrier: Option<&str>,
    ) -> Option<TransitionDraft> {
        let measured = self.reckon();
        if measured != self.measured {
            self.interval = self.began(measured, now, carrier.is_some());
            self.measured = measured;
        }
        let shown = if self.maintenance { LinkState::Maintenance } else { measured };
        if shown == self.shown {
            return None;
        }
        let draft = self.draft(params, shown, now, carrier);
        (self.shown, self.since) = (shown, now);
        Some(draft)
    }

    pub(super) fn reckon(&self) -> LinkState {
        match self.link {
            _ if self.dark.is_ever() => LinkState::Unknown,
            Link::Unknown => LinkState::Unknown,
            Link::Down => LinkState::Down,
            Link::Alive if self.loss.is_bad() || self.flap.is_flapping() => LinkState::Degraded,
            Link::Alive => LinkState::Up,
        }
    }

    /// The last moment of the state before and the first of `state`.
    fn began(&self, state: LinkState, now: BootTime, by_carrier: bool) -> (BootTime, BootTime) {
        let recovered = self.recovery.first.get();
        let was_out = matches!(self.measured, LinkState::Down | LinkState::Unknown);
        let (last, first) = match state {
            LinkState::Down => {
                (self.last_good.get().unwrap_or(self.since), self.first_lost(now, by_carrier))
            }
            LinkState::Unknown => {
                (self.last_good.get().unwrap_or(self.since), self.dark.get().unwrap_or(now))
            }
            _ if was_out => (self.recovery.last_lost, recovered.unwrap_or(now)),
            LinkState::Degraded => (self.loss.began(), now),
            _ => (self.last_lost.get().unwrap_or(self.since), now),
        };
        let first = first.min(now);
        (last.min(first), first)
    }

    /// The latest moment at which the first lost probe's answer was due.
    fn first_lost(&self, now: BootTime, by_carrier: bool) -> BootTime {
        match self.suspicion.first.get() {
            Some(first) if self.suspicion.lost > 0 => first + self.rtt.longest(),
            _ if by_carrier => now,
            _ => self.recovery.proof_from,
        }
    }

    fn draft(
        &self,
        params: &Params,
        shown: LinkState,
        now: BootTime,
        carrier: Option<&str>,
    ) -> TransitionDraft {
        let (last_before, first_after) = match shown {
            LinkState::Maintenance => (now, now),
            _ => self.interval,
        };
        let mut evidence = Vec::new();
        if self.maintenance || self.shown == LinkState::Maintenance {
            evidence.push(Seen { at: now, fact: Fact::Maintenance { on: self.maintenance } });
        }
        self.evidence(params, shown, now, carrier, &mut evidence);
        evidence.sort_by_key(|seen| seen.at);
        TransitionDraft {
            from: self.shown,
            to: shown,
            decided: now,
            last_before,
            first_after,
            evidence,
        }
    }

    fn evidence(
        &self,
        params: &Params,
        shown: LinkState,
        now: BootTime,
        carrier: Option<&str>,
        into: &mut Vec<Seen>,
    ) {
        let mut see = |at, fact| into.push(Seen { at, fact });
        match shown {
            LinkState::Maintenance => {}
            LinkState::Unknown => {
                let at = self.dark.get().unwrap_or(now);
                see(at, Fact::Blind { reason: BlindReason::TrunkDark });
            }
            LinkState::Down => self.evidence_of_loss(params, now, carrier, &mut see),
            LinkState::Up | LinkState::Degraded => self.evidence_of_life(params, now, &mut see),
        }
    }

    fn evidence_of_loss(
        &self,
        params: &Params,
        now: BootTime,
        carrier: Option<&str>,
        see: &mut impl FnMut(BootTime, Fact),
    ) {
        if let Some(interface) = carrier {
            see(now, Fact::Carrier { interface: interface.to_owned(), up: false });
        }
        // Only probes that left were waited for.
        let unsent = self.suspicion.unsent;
        let lost = self.suspicion.lost.saturating_sub(unsent);
        if lost > 0 {
            see(now, Fact::ProbesLost { lost, timeout: self.timeout(params) });
        }
        let Some(hints) = &self.hints else { return };
        if let Some(obstacle) = hints.obstacle.filter(|_| unsent > 0) {
            see(now, Fact::NotSent { probes: unsent, obstacle });
        }
        let fresh = |at: BootTime| Moment::at(at) > self.last_good;
        if let Some((at, from, kind)) = hints.icmp_error.filter(|(at, ..)| fresh(*at)) {
            see(at, Fact::IcmpError { from, kind });
        }
        if let Some((at, address, state)) = hints.neighbour.filter(|(at, ..)| fresh(*at)) {
            see(at, Fact::Neighbour { address, state });
        }
    }

    fn evidence_of_life(
        &self,
        params: &Params,
        now: BootTime,
        see: &mut impl FnMut(BootTime, Fact),
    ) {
        let was_out = !matches!(self.shown, LinkState::Up | LinkState::Degraded);
        if let Some(came) = self.recovery.first.get().filter(|_| was_out) {
            see(
                came,
                Fact::Answered { rtt: Duration::from_micros(self.recovery.first_rtt.into()) },
            );
        }
        if self.flap.is_flapping() {
            let changes = self.flap.count(params, now);
            see(now, Fact::Flapping { changes, window: params.flap_window });
        }
        if self.loss.is_bad() || !was_out {
            let (lost, sent) = self.loss.recent();
            see(now, Fact::LossRate { sent, lost });
        }
    }
}
