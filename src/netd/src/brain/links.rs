//! Carrier and neighbours: what the kernel tells of the hub's own side.

use std::net::IpAddr;
use std::time::Duration;

use ets_dataplane::Change;
use ets_liveness::Input;
use ets_model::{BootTime, NeighbourState};
use ets_netd_api::EventBody;

use super::{Brain, Prober, Round};

/// Probes sent at once to a segment whose port is back on a dark trunk.
const LOOK: (u8, Duration) = (3, Duration::from_millis(30));

impl Brain {
    /// Takes in one change of the kernel's tables.
    pub(crate) fn kernel<P: Prober>(&mut self, round: &mut Round<'_, P>, change: Change) {
        match change {
            Change::Carrier { interface, up } => self.carrier(round, interface, up),
            Change::Neighbour { address, state } => self.neighbour(round, address, state),
        }
    }

    fn carrier<P: Prober>(&mut self, round: &mut Round<'_, P>, interface: String, up: bool) {
        self.links.insert(interface.clone(), up);
        let Some(&port) = self.port_names.get(&interface) else {
            return;
        };
        if self.ports[port].carrier == Some(up) {
            return;
        }
        self.ports[port].carrier = Some(up);
        round.events.push(EventBody::Link { interface, up });
        if up { self.port_back(round, port) } else { self.port_lost(round, port) }
    }

    fn port_lost<P: Prober>(&mut self, round: &mut Round<'_, P>, port: usize) {
        let now = round.now.boot;
        self.ports[port].lost_at = Some(now);
        let Some(index) = self.ports[port].trunk else {
            return self.tell_port(round, port);
        };
        let trunk = &mut self.trunks[index];
        if let Some(dark) = &mut trunk.dark {
            dark.carrier_back = None;
            return;
        }
        trunk.port_fell(port, now);
        self.judge_carrier(round, index);
    }

    fn port_back<P: Prober>(&mut self, round: &mut Round<'_, P>, port: usize) {
        let now = round.now.boot;
        let dark = self.ports[port].trunk.is_some_and(|index| {
            let trunk = &mut self.trunks[index];
            trunk.port_is_back(port);
            if let Some(dark) = &mut trunk.dark {
                dark.carrier_back.get_or_insert(now);
            }
            trunk.dark.is_some()
        });
        self.tell_port(round, port);
        if dark {
            let (count, spacing) = LOOK;
            let segments = &self.ports[port].segments;
            segments.iter().for_each(|slot| round.prober.burst(*slot, count, spacing));
        }
    }

    /// Whether the ports make the trunk dark.
    pub(super) fn judge_carrier<P: Prober>(&mut self, round: &mut Round<'_, P>, index: usize) {
        let now = round.now.boot;
        if let Some(since) = self.trunks[index].dark_by_carrier(&self.ports, now) {
            self.darken(round, index, since);
        }
    }

    /// Tells every segment behind a port how its carrier stands, if it does not know.
    pub(super) fn tell_port<P: Prober>(&mut self, round: &mut Round<'_, P>, port: usize) {
        let Some(up) = self.ports[port].carrier else {
            return;
        };
        let name = self.ports[port].name.clone();
        for slot in self.ports[port].segments.clone() {
            let Some(segment) = self.segment(slot) else {
                continue;
            };
            if segment.carrier_lost == up {
                segment.carrier_lost = !up;
                self.step(round, slot, Input::Carrier { up, interface: &name });
            }
        }
    }

    /// Only what matters is told: a neighbour that fails, moves, or is back after a failure.
    /// Entries of healthy neighbours change all the time.
    fn neighbour<P: Prober>(
        &mut self,
        round: &mut Round<'_, P>,
        address: IpAddr,
        state: NeighbourState,
    ) {
        let Some(slots) = self.by_address.get(&address).cloned() else {
            return;
        };
        for slot in slots {
            let Some(segment) = self.segment(slot) else {
                continue;
            };
            let news = match state {
                NeighbourState::Failed => !segment.neighbour_failed,
                NeighbourState::Reachable => segment.neighbour_failed,
                NeighbourState::Moved => true,
                NeighbourState::Stale | NeighbourState::Probing => false,
            };
            if !news {
                continue;
            }
            segment.neighbour_failed = state == NeighbourState::Failed;
            let no = segment.no;
            round.events.push(EventBody::Neighbour { segment: no, address, state });
            self.step(round, slot, Input::Neighbour { address, state });
        }
    }

    /// The hub has no such link any more.
    pub(crate) fn link_gone(&mut self, interface: &str) {
        self.links.remove(interface);
    }

    /// Takes over which links there are, before the first configuration.
    pub(crate) fn set_links(&mut self, links: impl IntoIterator<Item = (String, bool)>) {
        self.links = links.into_iter().collect();
    }

    /// The moment as of which ports that have no carrier now are held to have lost it, when
    /// nothing better is known.
    pub(super) fn adopt_port(&self, name: &str, now: BootTime) -> super::Port {
        let carrier = self.links.get(name).copied();
        super::Port {
            name: name.to_owned(),
            carrier,
            lost_at: (carrier == Some(false)).then_some(now),
            ..super::Port::default()
        }
    }
}
