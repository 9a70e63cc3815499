//! The brain: probe ends, link events and time in; events and orders to the prober out. Without
//! any I/O of its own, so that whole histories can be played to it in tests.

mod configure;
mod links;
mod losses;
mod segment;
mod silence;
#[cfg(test)]
mod tests;
mod time;
mod trunk;

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use ets_liveness::{Input, Pace, Params, Step, TransitionDraft};
use ets_model::{
    BlindReason, BootTime, Evidence, Fact, IcmpErrorKind, LinkState, Obstacle, Outcome, Sample,
    SegmentNo, Source, Stamp, Transition,
};
use ets_netd_api::{EngineCounters, EventBody, SegmentNow, TickBuilder};
use ets_probe::{Ended, ProbeTarget, Unsent};

pub(crate) use configure::Known;
use losses::{Loss, Losses};
use segment::Segment;
use trunk::{Port, Trunk};

/// The most segments probed ten times a second at once: a bound on what a great failure may cost.
/// Those above it are probed at their own interval until there is room.
const MOST_FAST: usize = 4_000;

/// ICMP errors of one segment are told at most this often.
const ERRORS_APART: Duration = Duration::from_secs(1);

/// What the brain orders of the engine.
pub(crate) trait Prober {
    /// See [`ets_probe::Engine::set_target`].
    fn set_target(&mut self, target: ProbeTarget);
    /// See [`ets_probe::Engine::remove`].
    fn remove(&mut self, slot: u32);
    /// See [`ets_probe::Engine::burst`].
    fn burst(&mut self, slot: u32, count: u8, spacing: Duration);
    /// See [`ets_probe::Engine::set_interval`].
    fn set_interval(&mut self, slot: u32, interval: Duration);
    /// See [`ets_probe::Engine::set_timeout`].
    fn set_timeout(&mut self, slot: u32, timeout: Duration);
}

/// One round: when it is, whom to order, where to tell.
pub(crate) struct Round<'a, P> {
    pub(crate) now: Stamp,
    pub(crate) prober: &'a mut P,
    pub(crate) events: &'a mut Vec<EventBody>,
}

/// All that is known of the segments, ports and trunks.
#[derive(Debug, Default)]
pub(crate) struct Brain {
    params: Params,
    generation: u64,
    slots: Vec<Option<Segment>>,
    free: Vec<u32>,
    by_no: HashMap<SegmentNo, u32>,
    by_address: HashMap<IpAddr, Vec<u32>>,
    /// Carrier of every link of the hub.
    links: HashMap<String, bool>,
    ports: Vec<Port>,
    port_names: HashMap<String, usize>,
    trunks: Vec<Trunk>,
    losses: Losses,
    tick: TickBuilder,
    fast: usize,
    /// A segment that wants the fast pace goes without it.
    starved: bool,
    /// A state changed since [`take_changed`](Self::take_changed).
    changed: bool,
}

impl Brain {
    /// Takes in how a probe ended, or what the engine says of itself.
    pub(crate) fn ended<P: Prober>(&mut self, round: &mut Round<'_, P>, ended: Ended) {
        match ended {
            Ended::Answered { slot, sent, rtt } => self.answered(round, slot, sent, rtt),
            Ended::Lost { slot, sent } => self.lost(round, slot, sent),
            Ended::Unsent { slot, at, reason } => self.unsent(round, slot, at, reason),
            Ended::Void { .. } => {}
            Ended::Error { slot, sent, from, kind } => {
                self.icmp_error(round, slot, sent, (from, kind));
            }
            Ended::Stalled { from, to } => {
                self.trunks.iter_mut().for_each(|trunk| trunk.put_off(to.since(from)));
                self.blind(round, (from, to), BlindReason::Stalled);
            }
            Ended::Overflowed { from, to, .. } => {
                self.blind(round, (from, to), BlindReason::QueueOverflow);
            }
        }
    }

    /// Every segment's state as told.
    pub(crate) fn board(&self) -> impl Iterator<Item = SegmentNow> {
        self.slots.iter().flatten().map(|segment| SegmentNow {
            segment: segment.no,
            state: segment.published,
            since: segment.since,
        })
    }

    /// Whether a state changed since the last call.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The generation of the desired state in force, and how many segments it has.
    pub(crate) fn generation(&self) -> (u64, usize) {
        (self.generation, self.by_no.len())
    }

    /// Interfaces that lead to segments.
    pub(crate) fn ports(&self) -> impl Iterator<Item = &str> {
        self.port_names.keys().map(String::as_str)
    }

    /// Whether an interface leads to a segment.
    pub(crate) fn has_port(&self, interface: &str) -> bool {
        self.port_names.contains_key(interface)
    }

    /// Names of the trunks that are dark.
    pub(crate) fn dark_trunks(&self) -> Vec<String> {
        let dark = self.trunks.iter().filter(|trunk| trunk.dark.is_some());
        dark.map(|trunk| trunk.name.clone()).collect()
    }

    /// Memory taken, in bytes, about.
    pub(crate) fn bytes(&self) -> usize {
        let indices = self.by_no.capacity() * 9 + self.by_address.capacity() * 64;
        self.slots.capacity() * size_of::<Option<Segment>>() + indices + self.losses.bytes()
    }

    fn segment(&mut self, slot: u32) -> Option<&mut Segment> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    fn answered<P: Prober>(
        &mut self,
        round: &mut Round<'_, P>,
        slot: u32,
        sent: BootTime,
        rtt: Duration,
    ) {
        let Some(segment) = self.segment(slot) else {
            return;
        };
        segment.refused = None;
        let (no, trunk, late) = (segment.no, segment.trunk, segment.open_losses > 0);
        if late && self.losses.withdraw(slot, sent) {
            self.close_loss(slot);
        }
        self.tick.push(Sample { segment: no, outcome: Outcome::Answered(rtt) });
        if let Some(trunk) = trunk {
            self.sign_of_life(round, trunk, sent, rtt);
        }
        self.sight(round, slot);
        self.step(round, slot, Input::Answered { sent, rtt });
    }

    fn lost<P: Prober>(&mut self, round: &mut Round<'_, P>, slot: u32, sent: BootTime) {
        let Some(segment) = self.segment(slot) else {
            return;
        };
        segment.open_losses = segment.open_losses.saturating_add(1);
        segment.refused = None;
        let segment = segment.no;
        self.losses.add(Loss { slot, segment, sent });
        self.step(round, slot, Input::Lost { sent });
    }

    /// A probe that could not be sent is no lost one: nothing was measured.
    fn unsent<P: Prober>(
        &mut self,
        round: &mut Round<'_, P>,
        slot: u32,
        at: BootTime,
        reason: Unsent,
    ) {
        let Some(reason) = refusal(reason) else { return };
        let Some(segment) = self.segment(slot) else {
            return;
        };
        segment.refused = Some(reason);
        let obstacle = self.obstacle(slot).unwrap_or(reason);
        self.step(round, slot, Input::Unsent { at, obstacle });
    }

    /// What keeps probes from reaching a segment, as far as the hub's own side shows. Without its
    /// port a segment cannot be reached even where probes leave by another way.
    fn obstacle(&self, slot: u32) -> Option<Obstacle> {
        let segment = self.slots.get(slot as usize)?.as_ref()?;
        let port = segment.port.and_then(|port| self.ports.get(port));
        let missing = port.is_some_and(|port| !self.links.contains_key(&port.name));
        if missing { Some(Obstacle::NoPort) } else { segment.refused }
    }

    /// The segments that do not answer because nothing reaches them, by number.
    pub(super) fn obstacles(&self) -> Vec<(SegmentNo, Obstacle)> {
        let silent = |state: LinkState| matches!(state, LinkState::Down | LinkState::Unknown);
        let mut all: Vec<_> = self
            .by_no
            .iter()
            .filter(|(_, slot)| {
                self.slots[**slot as usize].as_ref().is_some_and(|one| silent(one.published))
            })
            .filter_map(|(no, slot)| Some((*no, self.obstacle(*slot)?)))
            .collect();
        all.sort_unstable_by_key(|(no, _)| *no);
        all
    }

    fn close_loss(&mut self, slot: u32) {
        if let Some(segment) = self.segment(slot) {
            segment.open_losses = segment.open_losses.saturating_sub(1);
        }
    }

    fn icmp_error<P: Prober>(
        &mut self,
        round: &mut Round<'_, P>,
        slot: u32,
        sent: BootTime,
        (from, kind): (IpAddr, IcmpErrorKind),
    ) {
        let now = round.now.boot;
        let Some(segment) = self.segment(slot) else {
            return;
        };
        if segment.error_told.is_none_or(|told| now.since(told) >= ERRORS_APART) {
            segment.error_told = Some(now);
            round.events.push(EventBody::IcmpError { segment: segment.no, from, kind });
        }
        self.step(round, slot, Input::IcmpError { sent, from, kind });
    }

    /// The hub did not see between two moments, and sees again.
    fn blind<P: Prober>(
        &mut self,
        round: &mut Round<'_, P>,
        (from, to): (BootTime, BootTime),
        reason: BlindReason,
    ) {
        let (begin, end) = (round.now.at(from), round.now.at(to));
        round.events.push(EventBody::Blind(ets_model::Blind {
            from: begin,
            to: end,
            reason,
            trunk: String::new(),
        }));
        for slot in self.all_slots() {
            self.step(round, slot, Input::Blind { from, reason });
            self.step(round, slot, Input::Sighted { reason });
        }
    }

    fn all_slots(&self) -> Vec<u32> {
        let mut slots: Vec<u32> = self.by_no.values().copied().collect();
        slots.sort_unstable();
        slots
    }

    /// Feeds one machine and carries out what it wants.
    fn step<P: Prober>(&mut self, round: &mut Round<'_, P>, slot: u32, input: Input<'_>) {
        let params = self.params;
        let Some(segment) = self.segment(slot) else {
            return;
        };
        let Step { transition, pace } = segment.machine.step(&params, round.now.boot, input);
        round.prober.set_timeout(slot, segment.machine.timeout(&params));
        if let Some(draft) = transition {
            self.decide(round, slot, draft);
        }
        if let Some(pace) = pace {
            self.pace(round, slot, pace);
        }
    }

    /// Tells a change, unless it is a "down" that has to wait until it is known whether the whole
    /// trunk is dark.
    fn decide<P: Prober>(&mut self, round: &mut Round<'_, P>, slot: u32, draft: TransitionDraft) {
        self.release(round, slot);
        if let Some(trunk) = self.is_explained(slot, &draft) {
            self.flicker(round, trunk);
        } else if self.must_wait(slot, &draft) {
            self.hold(round, slot, draft);
        } else {
            self.publish(round, slot, draft);
        }
    }

    /// Tells a change of what everybody knows.
    fn publish<P>(&mut self, round: &mut Round<'_, P>, slot: u32, draft: TransitionDraft) {
        let now = round.now;
        let Some(segment) = self.segment(slot) else {
            return;
        };
        if segment.published == draft.to {
            return;
        }
        let (trunk, could_tell) = (segment.trunk, segment.is_candidate());
        let from = std::mem::replace(&mut segment.published, draft.to);
        let can_tell = segment.is_candidate();
        let mut change = draft.stamp(segment.no, segment.method, now);
        change.from = from;
        segment.since = change.first_after;
        let port = segment.port;
        if change.to == LinkState::Down {
            self.add_carrier(port, &mut change);
        }
        round.events.push(EventBody::Transition(change));
        self.changed = true;
        if let Some(trunk) = trunk.and_then(|index| self.trunks.get_mut(index)) {
            trunk.candidates += usize::from(can_tell);
            trunk.candidates -= usize::from(could_tell).min(trunk.candidates);
        }
    }

    /// A port without a signal is told with every "down", also where the signal never was there.
    fn add_carrier(&self, port: Option<usize>, change: &mut Transition) {
        let Some(port) = port.and_then(|port| self.ports.get(port)) else { return };
        let told = change.evidence.iter().any(|one| one.source == Source::Carrier);
        if port.carrier == Some(false) && !told {
            let fact = Fact::Carrier { interface: port.name.clone(), up: false };
            let seen = Evidence { at: change.decided, source: Source::Carrier, fact };
            change.evidence.push(seen);
        }
    }

    fn pace<P: Prober>(&mut self, round: &mut Round<'_, P>, slot: u32, pace: Pace) {
        match pace {
            Pace::Regular => self.set_fast(round, slot, false),
            Pace::Fast => self.set_fast(round, slot, true),
            Pace::Burst { count, spacing } => {
                round.prober.burst(slot, count, spacing);
                self.ask_for_life(round, slot);
            }
        }
    }

    fn set_fast<P: Prober>(&mut self, round: &mut Round<'_, P>, slot: u32, fast: bool) {
        let params = self.params;
        let room = self.fast < MOST_FAST;
        let Some(segment) = self.segment(slot) else {
            return;
        };
        let before = segment.fast;
        segment.fast = fast && (before || room);
        let after = segment.fast;
        round.prober.set_interval(slot, segment.interval(&params));
        self.starved |= fast && !after;
        match (before, after) {
            (false, true) => self.fast += 1,
            (true, false) => self.fast -= 1,
            _ => {}
        }
    }
}

/// The engine's counters as they go over the wire.
pub(crate) fn counters(engine: ets_probe::Counters) -> EngineCounters {
    EngineCounters {
        sent: engine.sent,
        answered: engine.answered,
        lost: engine.lost,
        overflowed: engine.overflowed,
        forged: engine.forged,
        duplicate: engine.duplicate,
        late: engine.late,
        send_errors: engine.send_errors,
        blind_ns: engine.blind_ns,
    }
}

/// What stood in the way of a probe; `None` for a fault of the hub itself that says nothing of the
/// segment.
fn refusal(reason: Unsent) -> Option<Obstacle> {
    match reason {
        Unsent::NoRoute => Some(Obstacle::NoRoute),
        Unsent::Prohibited => Some(Obstacle::Forbidden),
        Unsent::Resource => None,
    }
}

/// A state in which nothing was decided: what a machine is restored to.
pub(crate) fn can_be_restored(state: LinkState) -> bool {
    matches!(state, LinkState::Up | LinkState::Degraded | LinkState::Down)
}
