//! What the kernel and the hub itself have to say.

use std::net::IpAddr;

use ets_model::{BlindReason, BootTime, IcmpErrorKind, NeighbourState};

use super::{ENDLESS, Effect, Link, Machine, Recovery, Suspicion};
use crate::input::Pace;
use crate::moment::Moment;
use crate::params::Params;

impl Machine {
    /// Lost carrier is certain, except for a segment that has never answered: its port may not be
    /// connected yet. Carrier that is back is only a reason to look.
    pub(super) fn carrier<'a>(
        &mut self,
        params: &Params,
        now: BootTime,
        up: bool,
        interface: &'a str,
    ) -> Effect<'a> {
        let news = self.carrier_lost == up;
        self.carrier_lost = !up;
        if !news || self.dark.is_ever() {
            return Effect::default();
        }
        let pace = match (up, self.link) {
            (true, _) => Some(self.burst(params, now)),
            (false, Link::Down) => {
                self.recovery = Recovery::from(now);
                None
            }
            (false, _) if self.is_unheard() => None,
            (false, _) => Some(self.fall(params, now, now)),
        };
        Effect { pace, carrier: Some(interface) }
    }

    /// A neighbour that does not answer is a reason to look.
    pub(super) fn neighbour(
        &mut self,
        params: &Params,
        now: BootTime,
        address: IpAddr,
        state: NeighbourState,
    ) -> Effect<'static> {
        self.hints().neighbour = Some((now, address, state));
        let look = state == NeighbourState::Failed;
        Effect { pace: look.then(|| self.look(params, now)).flatten(), carrier: None }
    }

    /// An error about a probe newer than the newest good one is a reason to look.
    pub(super) fn icmp_error(
        &mut self,
        params: &Params,
        now: BootTime,
        sent: BootTime,
        from: IpAddr,
        kind: IcmpErrorKind,
    ) -> Effect<'static> {
        self.hints().icmp_error = Some((now, from, kind));
        let fresh = Moment::at(sent) > self.last_good;
        let pace = if fresh && self.link != Link::Down { self.look(params, now) } else { None };
        if pace.is_some() && !self.suspicion.first.is_ever() {
            self.suspicion.first = Moment::at(sent);
        }
        Effect { pace, carrier: None }
    }

    /// Blindness forgets what it may have caused. A dark trunk says that nothing can be known.
    pub(super) fn blind(
        &mut self,
        params: &Params,
        now: BootTime,
        from: BootTime,
        reason: BlindReason,
    ) -> Effect<'static> {
        if self.link != Link::Down {
            self.suspicion = Suspicion::default();
        }
        if reason != BlindReason::TrunkDark {
            let goes_on = from <= self.blind.1 + params.timeout_cap;
            let began = if goes_on { from.min(self.blind.0) } else { from };
            self.blind = (began, ENDLESS);
            return Effect::default();
        }
        if !self.dark.is_ever() {
            self.dark = Moment::at(from.min(now));
            self.loss.acquit(from.min(now));
        }
        Effect { pace: Some(Pace::Regular), carrier: None }
    }

    /// After a dark trunk nothing is known until the burst tells.
    pub(super) fn sighted(
        &mut self,
        params: &Params,
        now: BootTime,
        reason: BlindReason,
    ) -> Effect<'static> {
        if reason != BlindReason::TrunkDark {
            self.blind.1 = self.blind.1.min(now);
            return Effect::default();
        }
        if !self.dark.is_ever() {
            return Effect::default();
        }
        self.light(now);
        Effect { pace: Some(self.burst(params, now)), carrier: None }
    }

    /// The dark is over, nothing is known, and only what was sent since it began proves anything.
    /// What was sent in it and is lost is our loss.
    pub(super) fn light(&mut self, now: BootTime) {
        let dark = self.dark.get().unwrap_or_default();
        self.recovery = Recovery::from(dark);
        if self.blind.1 != ENDLESS {
            self.blind = (dark, now);
        }
        self.dark = Moment::NEVER;
        self.link = Link::Unknown;
        self.suspicion = Suspicion::default();
    }

    /// Asks for a burst unless one is under way or the link is down anyway.
    fn look(&mut self, params: &Params, now: BootTime) -> Option<Pace> {
        let idle = self.link != Link::Down && !self.dark.is_ever() && now > self.burst.1;
        idle.then(|| self.burst(params, now))
    }
}
