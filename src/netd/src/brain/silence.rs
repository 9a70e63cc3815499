//! Holding "down" back while the whole trunk may be dark, and signs of life that decide it.

use std::time::Duration;

use ets_liveness::{Input, TransitionDraft};
use ets_model::{BlindReason, BootTime, LinkState};
use ets_netd_api::EventBody;

use super::trunk::{Dark, FEWEST, GRACE, Gap};
use super::{Brain, Prober, Round};

/// With fewer segments than this behind a trunk their own probes do not show soon enough that it
/// is alive, and some are asked.
const MANY: usize = 64;

/// How many are asked at once, and how often at most.
const WITNESSES: usize = 3;
const ASKED_APART: Duration = Duration::from_millis(50);

/// A silence shorter than this brings nobody down.
const SHORTEST_SILENCE: Duration = Duration::from_millis(250);

/// So many answers that did not come are no chance.
const MISSED: f64 = 3.0;

/// How many segments of a dark trunk are probed ten times a second, so that its end is seen.
const LOOKOUTS: usize = 64;

impl Brain {
    /// Whether a change has to wait: a "down" while the segment's port is just falling, or without
    /// proof that its trunk is alive.
    pub(super) fn must_wait(&self, slot: u32, draft: &TransitionDraft) -> bool {
        let Some(segment) = self.slots.get(slot as usize).and_then(Option::as_ref) else {
            return false;
        };
        let Some(trunk) = segment.trunk.and_then(|index| self.trunks.get(index)) else {
            return false;
        };
        if draft.to != LinkState::Down || segment.carrier_lost || !segment.is_candidate() {
            return false;
        }
        let falling = trunk
            .falls
            .as_ref()
            .is_some_and(|falls| segment.port.is_some_and(|port| falls.ports.contains(&port)));
        let alive = trunk.alive_sent >= draft.first_after;
        falling || (!alive && trunk.candidates >= FEWEST)
    }

    /// Holds a "down" back and sees whether it was the last one missing.
    pub(super) fn hold<P: Prober>(
        &mut self,
        round: &mut Round<'_, P>,
        slot: u32,
        draft: TransitionDraft,
    ) {
        let Some(segment) = self.segment(slot) else {
            return;
        };
        segment.held = Some(Box::new(draft));
        let Some(index) = segment.trunk else { return };
        let trunk = &mut self.trunks[index];
        if trunk.held.is_empty() {
            trunk.held_since = round.now.boot;
        }
        trunk.held.push(slot);
        self.ask_for_life(round, slot);
        self.judge_silence(round, index);
    }

    /// Tells a "down" that was held back for this segment.
    pub(super) fn release<P>(&mut self, round: &mut Round<'_, P>, slot: u32) {
        let Some(segment) = self.segment(slot) else {
            return;
        };
        let trunk = segment.trunk;
        if let Some(draft) = segment.held.take() {
            if let Some(trunk) = trunk {
                self.trunks[trunk].held.retain(|held| *held != slot);
            }
            self.publish(round, slot, *draft);
        }
    }

    /// Tells every "down" held back on a trunk that need not wait any longer; every one if `all`.
    pub(super) fn release_ripe<P>(&mut self, round: &mut Round<'_, P>, trunk: usize, all: bool) {
        for slot in std::mem::take(&mut self.trunks[trunk].held) {
            let segment = self.slots.get(slot as usize).and_then(Option::as_ref);
            let Some(draft) = segment.and_then(|segment| segment.held.as_ref()) else {
                continue;
            };
            if !all && self.must_wait(slot, draft) {
                self.trunks[trunk].held.push(slot);
                continue;
            }
            let draft = self.segment(slot).and_then(|segment| segment.held.take());
            if let Some(draft) = draft {
                self.publish(round, slot, *draft);
            }
        }
    }

    /// A segment of the trunk answered.
    pub(super) fn sign_of_life<P: Prober>(
        &mut self,
        round: &mut Round<'_, P>,
        index: usize,
        sent: BootTime,
        rtt: Duration,
    ) {
        if self.trunks[index].dark.is_none() {
            self.end_of_gap(round, index, sent, rtt);
        }
        let trunk = &mut self.trunks[index];
        trunk.alive_sent = trunk.alive_sent.max(sent);
        trunk.alive_at = trunk.alive_at.max(sent + rtt);
        match trunk.dark {
            Some(dark) if sent >= dark.since => self.light(round, index, sent + rtt),
            _ if !trunk.held.is_empty() => self.release_ripe(round, index, false),
            _ => {}
        }
    }

    /// Notes a silence of the whole trunk that is over now, too short for all its segments to be
    /// missed. A "down" held back that it explains was none.
    fn end_of_gap<P: Prober>(
        &mut self,
        round: &mut Round<'_, P>,
        index: usize,
        sent: BootTime,
        rtt: Duration,
    ) {
        let trunk = &self.trunks[index];
        let gap = Gap { from: (trunk.alive_sent, trunk.alive_at), to: (sent, sent + rtt) };
        let length = sent.since(gap.from.0);
        if length < SHORTEST_SILENCE || gap.from.0 == BootTime::default() {
            return;
        }
        let held = || trunk.held.iter().filter(|slot| self.explains(gap, **slot));
        let silenced = held().count();
        let others = u32::try_from(trunk.candidates.saturating_sub(silenced)).unwrap_or(0);
        let asked = length.as_secs_f64() / self.params.normal_interval.as_secs_f64();
        if silenced < FEWEST && asked * f64::from(others) < MISSED {
            return;
        }
        self.trunks[index].gap = Some(gap);
        if silenced > 0 {
            self.flicker(round, index);
        }
    }

    /// Whether all that speaks for the "down" held back for a segment happened in the gap.
    fn explains(&self, gap: Gap, slot: u32) -> bool {
        let segment = self.slots.get(slot as usize).and_then(Option::as_ref);
        segment.is_some_and(|segment| {
            let timeout = segment.machine.timeout(&self.params);
            segment.held.as_ref().is_some_and(|draft| gap.covers(draft, timeout))
        })
    }

    /// Whether a "down" is explained by the trunk's last gap.
    pub(super) fn is_explained(&self, slot: u32, draft: &TransitionDraft) -> Option<usize> {
        let segment = self.slots.get(slot as usize)?.as_ref()?;
        let index = segment.trunk?;
        let gap = self.trunks[index].gap?;
        let timeout = segment.machine.timeout(&self.params);
        let explained =
            draft.to == LinkState::Down && !segment.carrier_lost && gap.covers(draft, timeout);
        explained.then_some(index)
    }

    /// The trunk was dark for a moment: told afterwards, as one short outage of the hub's own.
    pub(super) fn flicker<P: Prober>(&mut self, round: &mut Round<'_, P>, index: usize) {
        if let Some(gap) = self.trunks[index].gap.take() {
            self.darken(round, index, gap.from.1);
            self.light(round, index, gap.to.1);
        }
    }

    /// Probes a few other segments of the same trunk at once: their answers prove that it is
    /// alive, so that a "down" of this one need not wait.
    pub(super) fn ask_for_life<P: Prober>(&mut self, round: &mut Round<'_, P>, slot: u32) {
        let now = round.now.boot;
        let Some(index) = self.segment(slot).and_then(|segment| segment.trunk) else {
            return;
        };
        let trunk = &mut self.trunks[index];
        let others = trunk.segments.len();
        if others > MANY || trunk.dark.is_some() || now.since(trunk.asked) < ASKED_APART {
            return;
        }
        trunk.asked = now;
        let begin = trunk.next_witness;
        let order: Vec<u32> =
            (0..others).map(|step| trunk.segments[(begin + step) % others]).collect();
        let chosen: Vec<u32> = order
            .into_iter()
            .filter(|other| *other != slot && self.is_witness(*other))
            .take(WITNESSES)
            .collect();
        chosen.iter().for_each(|other| round.prober.burst(*other, 1, ASKED_APART));
        self.trunks[index].next_witness = (begin + WITNESSES) % others.max(1);
    }

    fn is_witness(&self, slot: u32) -> bool {
        let segment = self.slots.get(slot as usize).and_then(Option::as_ref);
        segment.is_some_and(|segment| segment.is_candidate() && segment.held.is_none())
    }

    /// Counts anew how many segments of each trunk could still tell that it is alive.
    pub(super) fn count_candidates(&mut self) {
        self.trunks.iter_mut().for_each(|trunk| trunk.candidates = 0);
        for segment in self.slots.iter().flatten().filter(|segment| segment.is_candidate()) {
            if let Some(index) = segment.trunk {
                self.trunks[index].candidates += 1;
            }
        }
    }

    /// Whether the held ones make the trunk dark.
    pub(super) fn judge_silence<P: Prober>(&mut self, round: &mut Round<'_, P>, index: usize) {
        let trunk = &self.trunks[index];
        if trunk.dark_by_silence(round.now.boot) {
            let since = trunk.alive_at;
            self.darken(round, index, since);
        }
    }

    /// The trunk is dark: one event, and all its segments unknown.
    pub(super) fn darken<P: Prober>(
        &mut self,
        round: &mut Round<'_, P>,
        index: usize,
        since: BootTime,
    ) {
        let trunk = &mut self.trunks[index];
        // Before the first answer nothing is known of when it began.
        let since = if since == BootTime::default() { trunk.held_since } else { since };
        trunk.dark = Some(Dark { since, carrier_back: None });
        (trunk.falls, trunk.grace) = (None, None);
        trunk.held.clear();
        let (name, segments) = (trunk.name.clone(), trunk.segments.clone());
        tracing::warn!(
            trunk = name,
            segments = segments.len(),
            "trunk dark: the hub is blind there"
        );
        round.events.push(EventBody::Trunk { name, dark: true, since: round.now.at(since) });
        for slot in &segments {
            self.blindfold(round, *slot, since);
        }
        let apart = segments.len().div_ceil(LOOKOUTS).max(1);
        let pace = self.params.fast_interval;
        segments.iter().step_by(apart).for_each(|slot| round.prober.set_interval(*slot, pace));
    }

    /// Tells one machine that its trunk is dark. A "down" that was held back is forgotten.
    pub(super) fn blindfold<P: Prober>(
        &mut self,
        round: &mut Round<'_, P>,
        slot: u32,
        since: BootTime,
    ) {
        let Some(segment) = self.segment(slot) else {
            return;
        };
        segment.held = None;
        segment.dark = true;
        self.step(round, slot, Input::Blind { from: since, reason: BlindReason::TrunkDark });
    }

    /// The trunk is back as of `at`: the blind time is told, everybody is probed, and whoever does
    /// not answer within the grace is judged by its machine again.
    pub(super) fn light<P: Prober>(
        &mut self,
        round: &mut Round<'_, P>,
        index: usize,
        at: BootTime,
    ) {
        let params = self.params;
        let trunk = &mut self.trunks[index];
        let Some(dark) = trunk.dark.take() else {
            return;
        };
        trunk.grace = Some(round.now.boot + GRACE);
        let (name, segments) = (trunk.name.clone(), trunk.segments.clone());
        tracing::info!(trunk = name, "trunk back");
        let (from, to) = (round.now.at(dark.since), round.now.at(at));
        round.events.push(EventBody::Trunk { name: name.clone(), dark: false, since: to });
        let reason = BlindReason::TrunkDark;
        round.events.push(EventBody::Blind(ets_model::Blind { from, to, reason, trunk: name }));
        for slot in segments {
            if let Some(segment) = self.segment(slot) {
                round.prober.set_interval(slot, segment.interval(&params));
                round.prober.burst(slot, 1, ASKED_APART);
            }
        }
    }

    /// Tells one machine that its trunk is back, if that is so and it does not know yet.
    pub(super) fn sight<P: Prober>(&mut self, round: &mut Round<'_, P>, slot: u32) {
        let Some(segment) = self.segment(slot) else {
            return;
        };
        let trunk = segment.trunk;
        if !segment.dark || trunk.is_some_and(|trunk| self.trunks[trunk].dark.is_some()) {
            return;
        }
        if let Some(segment) = self.segment(slot) {
            segment.dark = false;
        }
        self.step(round, slot, Input::Sighted { reason: BlindReason::TrunkDark });
    }
}
