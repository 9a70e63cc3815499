//! Taking over a desired state: only what differs is touched.

use std::collections::HashMap;

use ets_liveness::{Input, Machine, Pace};
use ets_model::{BootTime, LinkState, SegmentNo, Stamp, Transition};
use ets_netd_api::{Desired, EventBody, Target};

use super::segment::Segment;
use super::trunk::{Port, Trunk, matches};
use super::{Brain, Prober, Round, can_be_restored};

/// What was known of segments before a restart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// State and since when, on this boot's clock.
    pub(crate) states: HashMap<SegmentNo, (LinkState, Stamp)>,
    /// When the former process was last alive.
    pub(crate) seen: BootTime,
}

impl Brain {
    /// Takes over `desired`, which keeps to the rules of [`crate::refuse`]. `known` is what a
    /// former process knew.
    pub(crate) fn configure<P: Prober>(
        &mut self,
        round: &mut Round<'_, P>,
        desired: &Desired,
        known: &Known,
    ) {
        self.generation = desired.generation;
        self.remove_missing(round, desired);
        for target in &desired.targets {
            self.set(round, target, known);
        }
        self.index_addresses();
        self.wire(round.now.boot, desired);
        self.settle(round);
        let targets = u32::try_from(desired.targets.len()).unwrap_or(u32::MAX);
        round.events.push(EventBody::Configured { generation: desired.generation, targets });
        self.tell_trunks(round);
        self.changed = true;
        self.slots.shrink_to_fit();
    }

    fn remove_missing<P: Prober>(&mut self, round: &mut Round<'_, P>, desired: &Desired) {
        let wanted: HashMap<SegmentNo, &Target> =
            desired.targets.iter().map(|target| (target.no, target)).collect();
        for slot in self.all_slots() {
            let Some(segment) = self.segment(slot) else {
                continue;
            };
            let no = segment.no;
            if wanted.get(&no).is_some_and(|target| !segment.is_other_subject(target)) {
                continue;
            }
            let published = segment.published;
            if segment.fast {
                self.fast -= 1;
            }
            if wanted.contains_key(&no) && published != LinkState::Unknown {
                round.events.push(EventBody::Transition(forgotten(no, published, round.now)));
            }
            round.prober.remove(slot);
            self.slots[slot as usize] = None;
            self.by_no.remove(&no);
            self.free.push(slot);
        }
    }

    fn set<P: Prober>(&mut self, round: &mut Round<'_, P>, target: &Target, known: &Known) {
        let params = self.params;
        let slot = match self.by_no.get(&target.no) {
            Some(slot) => *slot,
            None => self.insert(round.now, target, known),
        };
        let Some(segment) = self.segment(slot) else {
            return;
        };
        segment.criticality = target.criticality;
        round.prober.set_target(segment.probe_target(slot, &params));
        if segment.maintenance != target.maintenance {
            segment.maintenance = target.maintenance;
            self.step(round, slot, Input::Maintenance { on: target.maintenance });
        }
    }

    fn insert(&mut self, now: Stamp, target: &Target, known: &Known) -> u32 {
        let mut segment = Segment::new(target, now);
        if let Some((state, since)) =
            known.states.get(&target.no).filter(|(state, _)| can_be_restored(*state))
        {
            segment.machine = Machine::restore(now.boot, *state, since.boot, known.seen);
            (segment.published, segment.since) = (*state, *since);
            segment.fast = segment.machine.pace() == Pace::Fast;
            self.fast += usize::from(segment.fast);
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        self.slots[slot as usize] = Some(segment);
        self.by_no.insert(target.no, slot);
        slot
    }

    fn index_addresses(&mut self) {
        self.by_address.clear();
        for (slot, segment) in (0..).zip(&self.slots) {
            if let Some(segment) = segment {
                self.by_address.entry(segment.address).or_default().push(slot);
            }
        }
    }

    /// Builds ports and trunks anew, with what is known of those that stay.
    fn wire(&mut self, now: BootTime, desired: &Desired) {
        let ports = std::mem::take(&mut self.ports);
        let mut known_ports: HashMap<String, Port> =
            ports.into_iter().map(|port| (port.name.clone(), port)).collect();
        let mut known_trunks: HashMap<String, Trunk> =
            self.trunks.drain(..).map(|trunk| (trunk.name.clone(), trunk)).collect();
        self.trunks = desired
            .trunks
            .iter()
            .map(|wanted| {
                let known = known_trunks.remove(&wanted.name);
                known.map_or_else(
                    || Trunk { name: wanted.name.clone(), ..Trunk::default() },
                    Trunk::bare,
                )
            })
            .collect();
        self.port_names.clear();
        for segment in self.slots.iter_mut().flatten() {
            (segment.port, segment.trunk) = (None, None);
        }
        for target in desired.targets.iter().filter(|target| !target.interface.is_empty()) {
            let Some(&slot) = self.by_no.get(&target.no) else {
                continue;
            };
            let port = self.port(&target.interface, now, &mut known_ports, desired);
            self.ports[port].segments.push(slot);
            let trunk = self.ports[port].trunk;
            if let Some(trunk) = trunk {
                self.trunks[trunk].segments.push(slot);
            }
            if let Some(segment) = self.segment(slot) {
                (segment.port, segment.trunk) = (Some(port), trunk);
            }
        }
    }

    fn port(
        &mut self,
        name: &str,
        now: BootTime,
        known: &mut HashMap<String, Port>,
        desired: &Desired,
    ) -> usize {
        if let Some(port) = self.port_names.get(name) {
            return *port;
        }
        let index = self.ports.len();
        let mut port = known.remove(name).unwrap_or_else(|| self.adopt_port(name, now));
        port.segments.clear();
        port.trunk = desired
            .trunks
            .iter()
            .position(|trunk| trunk.interfaces.iter().any(|pattern| matches(pattern, name)));
        if let Some(trunk) = port.trunk {
            self.trunks[trunk].ports.push(index);
        }
        self.ports.push(port);
        self.port_names.insert(name.to_owned(), index);
        index
    }

    /// Brings machines and trunks in line with the new wiring.
    fn settle<P: Prober>(&mut self, round: &mut Round<'_, P>) {
        self.count_candidates();
        for slot in self.all_slots() {
            self.release(round, slot);
            let Some(segment) = self.segment(slot) else {
                continue;
            };
            let (knows, trunk) = (segment.dark, segment.trunk);
            let dark = trunk.and_then(|trunk| self.trunks[trunk].dark);
            match (knows, dark) {
                (false, Some(dark)) => self.blindfold(round, slot, dark.since),
                (true, None) => self.sight(round, slot),
                _ => {}
            }
        }
        for index in 0..self.trunks.len() {
            if self.trunks[index].dark.is_none() {
                self.judge_carrier(round, index);
            }
        }
        for port in 0..self.ports.len() {
            let trunk = self.ports[port].trunk;
            if trunk.is_none_or(|trunk| self.trunks[trunk].dark.is_none()) {
                self.tell_port(round, port);
            }
        }
    }

    fn tell_trunks<P>(&self, round: &mut Round<'_, P>) {
        for trunk in &self.trunks {
            let since = trunk.dark.map_or(round.now, |dark| round.now.at(dark.since));
            round.events.push(EventBody::Trunk {
                name: trunk.name.clone(),
                dark: trunk.dark.is_some(),
                since,
            });
        }
    }
}

/// A segment is probed at another address from now on: what was known of it holds no longer.
fn forgotten(segment: SegmentNo, from: LinkState, now: Stamp) -> Transition {
    Transition {
        segment,
        from,
        to: LinkState::Unknown,
        decided: now,
        last_before: now,
        first_after: now,
        evidence: Vec::new(),
    }
}

impl Trunk {
    /// What stays of a trunk that is wired anew.
    fn bare(self) -> Self {
        Self {
            ports: Vec::new(),
            segments: Vec::new(),
            falls: None,
            held: Vec::new(),
            next_witness: 0,
            ..self
        }
    }
}
