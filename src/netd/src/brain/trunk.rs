//! What the brain holds of the hub's ports and trunks, and the rules by which a trunk is dark.
//!
//! A trunk is dark when all its ports have lost their carrier at about the same time, or when all
//! its segments have fallen silent together. Then the hub is blind, not everybody down: one
//! outage of the hub's own, and the segments' state is unknown. So that nobody is called down
//! first, a lost carrier is held back for a moment ([`HOLD`]), and a silent segment's "down" as
//! long as there is no proof that the trunk is alive: an answer, from any segment behind it, to a
//! probe that left after the silent one had to be answered.

use std::time::Duration;

use ets_liveness::TransitionDraft;
use ets_model::BootTime;

/// How long a lost carrier is held back to see whether the other ports follow.
pub(crate) const HOLD: Duration = Duration::from_millis(100);

/// While ports go on falling, the hold goes on, but no longer than this.
const LONGEST_HOLD: Duration = Duration::from_secs(1);

/// From this many fallen ports on the hold goes on.
const MANY: usize = 3;

/// Ports that fell within this time fell together.
const TOGETHER: Duration = Duration::from_secs(5);

/// How long a silent segment's "down" is held back at most.
pub(crate) const LONGEST_SILENCE: Duration = Duration::from_secs(2);

/// The fewest segments whose common silence says anything about the trunk.
pub(crate) const FEWEST: usize = 3;

/// How long segments of a trunk that is back may take to answer before they are judged again.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// How long a trunk whose carrier is back stays dark without an answer, if it has too few
/// segments to be judged by their silence.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// One interface of the hub that leads to segments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Port {
    pub(crate) name: String,
    /// `None`: there is no such interface.
    pub(crate) carrier: Option<bool>,
    /// When it was last lost.
    pub(crate) lost_at: Option<BootTime>,
    pub(crate) trunk: Option<usize>,
    pub(crate) segments: Vec<u32>,
}

/// Ports of the hub that hang on one thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trunk {
    pub(crate) name: String,
    pub(crate) ports: Vec<usize>,
    pub(crate) segments: Vec<u32>,
    /// How many of its segments are neither known to be down nor under maintenance.
    pub(crate) candidates: usize,
    /// When the newest answered probe of any of its segments left.
    pub(crate) alive_sent: BootTime,
    /// When the newest answer came.
    pub(crate) alive_at: BootTime,
    /// Ports that fell just now and whose segments have not been told yet.
    pub(crate) falls: Option<Falls>,
    /// Segments whose "down" is held back, since when.
    pub(crate) held: Vec<u32>,
    pub(crate) held_since: BootTime,
    pub(crate) dark: Option<Dark>,
    /// The last silence of all its segments.
    pub(crate) gap: Option<Gap>,
    /// Until then, segments that have not answered since the trunk came back are left alone.
    pub(crate) grace: Option<BootTime>,
    /// When its other segments were last asked for a sign of life, and who is next.
    pub(crate) asked: BootTime,
    pub(crate) next_witness: usize,
}

/// Ports whose carrier was lost at about the same time.
#[derive(Clone, Debug)]
pub(crate) struct Falls {
    pub(crate) since: BootTime,
    pub(crate) until: BootTime,
    pub(crate) ports: Vec<usize>,
}

/// A time in which no probe that left was answered, though answers were due. Each end as the time
/// at which the answered probe left and that at which its answer came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gap {
    pub(crate) from: (BootTime, BootTime),
    pub(crate) to: (BootTime, BootTime),
}

/// A trunk is dark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dark {
    /// The last sign of life.
    pub(crate) since: BootTime,
    /// When a carrier came back, for a trunk that had lost them all.
    pub(crate) carrier_back: Option<BootTime>,
}

impl Gap {
    /// Whether every probe that a "down" stands on left in the gap, with this timeout.
    pub(crate) fn covers(&self, draft: &TransitionDraft, timeout: Duration) -> bool {
        draft.first_after > self.from.0 && draft.decided - timeout <= self.to.0
    }
}

impl Trunk {
    /// Takes in that a port fell; its segments are told when the hold is over.
    pub(crate) fn port_fell(&mut self, port: usize, now: BootTime) {
        let falls = self.falls.get_or_insert_with(|| Falls {
            since: now,
            until: now + HOLD,
            ports: Vec::new(),
        });
        if !falls.ports.contains(&port) {
            falls.ports.push(port);
        }
        if falls.ports.len() >= MANY {
            falls.until = (now + HOLD).min(falls.since + LONGEST_HOLD);
        }
    }

    /// A port that fell just now is back before anybody was told.
    pub(crate) fn port_is_back(&mut self, port: usize) {
        if let Some(falls) = &mut self.falls {
            falls.ports.retain(|fallen| *fallen != port);
            if falls.ports.is_empty() {
                self.falls = None;
            }
        }
    }

    /// Since when the trunk is dark by its carriers: all gone, and gone together. `ports` are all
    /// ports of the hub.
    pub(crate) fn dark_by_carrier(&self, ports: &[Port], now: BootTime) -> Option<BootTime> {
        // A segment may be registered before its port is there: such a port says nothing.
        let mine = || {
            let all = self.ports.iter().filter_map(|port| ports.get(*port));
            all.filter(|port| port.carrier.is_some())
        };
        let there = mine().count();
        if there == 0 || mine().any(|port| port.carrier == Some(true)) {
            return None;
        }
        let recent = |at: &BootTime| now.since(*at) <= TOGETHER;
        let lost: Vec<BootTime> = mine().filter_map(|port| port.lost_at).filter(recent).collect();
        let together = there == 1 || (lost.len() >= 2 && lost.len() * 2 >= there);
        together.then(|| lost.into_iter().min().unwrap_or(now))
    }

    /// Whether the held segments are all that could still answer, and enough to tell.
    pub(crate) fn dark_by_silence(&self, now: BootTime) -> bool {
        let (held, candidates) = (self.held.len(), self.candidates);
        let long = now.since(self.held_since) >= LONGEST_SILENCE;
        held >= FEWEST && (held == candidates || (long && held * 2 >= candidates))
    }

    /// The next moment at which something is due without an event.
    pub(crate) fn next_timer(&self) -> Option<BootTime> {
        let falls = self.falls.as_ref().map(|falls| falls.until);
        let held = (!self.held.is_empty()).then(|| self.held_since + LONGEST_SILENCE);
        let back = self.dark.and_then(|dark| dark.carrier_back).map(|back| back + PATIENCE);
        [falls, held, back, self.grace].into_iter().flatten().min()
    }

    /// The process stood still for `pause`: everything that was due in it is put off.
    pub(crate) fn put_off(&mut self, pause: Duration) {
        if let Some(falls) = &mut self.falls {
            falls.until = falls.until + pause;
        }
        if let Some(back) = self.dark.as_mut().and_then(|dark| dark.carrier_back.as_mut()) {
            *back = *back + pause;
        }
        self.held_since = self.held_since + pause;
        self.grace = self.grace.map(|grace| grace + pause);
    }
}

/// Whether an interface belongs to a pattern; a trailing `*` stands for any ending.
pub(crate) fn matches(pattern: &str, interface: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(stem) => interface.starts_with(stem),
        None => interface == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn ports(lost: &[Option<u64>]) -> (Trunk, Vec<Port>) {
        let ports: Vec<Port> = lost
            .iter()
            .map(|lost| Port {
                carrier: Some(lost.is_none()),
                lost_at: lost.map(|second| BootTime(0) + SECOND * second as u32),
                ..Port::default()
            })
            .collect();
        (Trunk { ports: (0..ports.len()).collect(), ..Trunk::default() }, ports)
    }

    fn dark(lost: &[Option<u64>], now: u32) -> Option<BootTime> {
        let (trunk, ports) = ports(lost);
        trunk.dark_by_carrier(&ports, BootTime(0) + SECOND * now)
    }

    /// covers: N3.3
    #[test]
    fn a_trunk_is_dark_when_its_ports_fell_together_and_only_then() {
        let at = |second| Some(BootTime(0) + SECOND * second);
        assert_eq!(dark(&[None, Some(100)], 100), None, "one port lives");
        assert_eq!(dark(&[Some(99), Some(100)], 100), at(99));
        assert_eq!(dark(&[Some(10), Some(100)], 100), None, "one was down for long");
        assert_eq!(dark(&[Some(10), Some(99), Some(100)], 100), at(99));
        assert_eq!(dark(&[Some(10), Some(11), Some(12), Some(99), Some(100)], 100), None);
        assert_eq!(dark(&[Some(100)], 100), at(100), "the only port");
        assert_eq!(dark(&[], 100), None);
    }

    #[test]
    fn the_hold_of_one_port_is_short_and_goes_on_while_many_fall() {
        let mut trunk = Trunk::default();
        let at = |millis| BootTime(0) + Duration::from_millis(millis);
        trunk.port_fell(0, at(0));
        trunk.port_fell(1, at(50));
        assert_eq!(trunk.next_timer(), Some(at(100)));
        trunk.port_fell(2, at(90));
        assert_eq!(trunk.next_timer(), Some(at(190)));
        trunk.port_fell(3, at(990));
        assert_eq!(trunk.next_timer(), Some(at(1_000)));
        (0..4).for_each(|port| trunk.port_is_back(port));
        assert_eq!(trunk.next_timer(), None);
    }

    #[test]
    fn a_pattern_with_a_star_takes_any_ending() {
        assert!(matches("p*", "p17") && matches("bond0", "bond0") && matches("*", "x"));
        assert!(!matches("p*", "eth0") && !matches("bond0", "bond0.5"));
    }
}
