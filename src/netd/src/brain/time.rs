//! What is due by time alone.

use ets_liveness::Pace;
use ets_model::{BootTime, Outcome, Sample};
use ets_netd_api::{EngineCounters, Tick};

use super::segment::Segment;
use super::trunk::{FEWEST, PATIENCE};
use super::{Brain, Prober, Round};

impl Brain {
    /// Does what is due by now.
    pub(crate) fn pass<P: Prober>(&mut self, round: &mut Round<'_, P>) {
        let now = round.now.boot;
        for index in 0..self.trunks.len() {
            if self.trunks[index].next_timer().is_some_and(|due| due <= now) {
                self.end_of_falls(round, index);
                self.end_of_silence(round, index);
                self.end_of_patience(round, index);
                self.end_of_grace(round, index);
            }
        }
    }

    /// The next moment at which [`pass`](Self::pass) has something to do.
    pub(crate) fn next_timer(&self) -> Option<BootTime> {
        self.trunks.iter().filter_map(super::Trunk::next_timer).min()
    }

    /// The ends of the second that is over.
    pub(crate) fn tick(&mut self, now: BootTime, engine: EngineCounters) -> Tick {
        while let Some(loss) = self.losses.next_final(now) {
            self.close_loss(loss.slot);
            // The slot may belong to another segment by now.
            if self.by_no.get(&loss.segment) == Some(&loss.slot) {
                self.tick.push(Sample { segment: loss.segment, outcome: Outcome::Lost });
            }
        }
        Tick { obstacles: self.obstacles(), ..self.tick.build(engine) }
    }

    /// Gives the fast pace to segments that had to go without it, as far as there is room now.
    pub(crate) fn promote<P: Prober>(&mut self, round: &mut Round<'_, P>) {
        if !std::mem::take(&mut self.starved) {
            return;
        }
        for slot in self.all_slots() {
            let waits = |segment: &Segment| !segment.fast && segment.machine.pace() == Pace::Fast;
            if self.segment(slot).is_some_and(|segment| waits(segment)) {
                self.set_fast(round, slot, true);
            }
        }
    }

    /// Ports that fell and did not come back, while others stayed: their segments are told.
    fn end_of_falls<P: Prober>(&mut self, round: &mut Round<'_, P>, index: usize) {
        let over = |falls: &super::trunk::Falls| falls.until <= round.now.boot;
        if !self.trunks[index].falls.as_ref().is_some_and(over) {
            return;
        }
        let Some(falls) = self.trunks[index].falls.take() else {
            return;
        };
        falls.ports.into_iter().for_each(|port| self.tell_port(round, port));
        self.release_ripe(round, index, false);
    }

    /// Held back long enough: the trunk is dark, or they are down one by one.
    fn end_of_silence<P: Prober>(&mut self, round: &mut Round<'_, P>, index: usize) {
        let trunk = &self.trunks[index];
        let due = trunk.held_since + super::trunk::LONGEST_SILENCE;
        if trunk.held.is_empty() || due > round.now.boot {
            return;
        }
        self.judge_silence(round, index);
        self.release_ripe(round, index, true);
    }

    /// The carrier is back and nobody answers. Enough segments may go on being judged by their
    /// silence; few ones are judged one by one.
    fn end_of_patience<P: Prober>(&mut self, round: &mut Round<'_, P>, index: usize) {
        let now = round.now.boot;
        let trunk = &mut self.trunks[index];
        let Some(back) = trunk.dark.and_then(|dark| dark.carrier_back) else {
            return;
        };
        if back + PATIENCE > now {
            return;
        }
        if trunk.segments.len() < FEWEST {
            self.light(round, index, back);
        } else if let Some(dark) = &mut trunk.dark {
            dark.carrier_back = None;
        }
    }

    /// Whoever has not answered since the trunk came back is judged again.
    fn end_of_grace<P: Prober>(&mut self, round: &mut Round<'_, P>, index: usize) {
        let trunk = &mut self.trunks[index];
        if trunk.grace.is_none_or(|grace| grace > round.now.boot) {
            return;
        }
        trunk.grace = None;
        let (segments, ports) = (trunk.segments.clone(), trunk.ports.clone());
        segments.into_iter().for_each(|slot| self.sight(round, slot));
        ports.into_iter().for_each(|port| self.tell_port(round, port));
    }
}
