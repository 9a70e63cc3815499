//! The state machine of one segment: its parts, its way through an input, what it tells.

mod events;
mod probes;
mod verdict;

use std::net::IpAddr;
use std::time::Duration;

use ets_model::{BootTime, IcmpErrorKind, LinkState, NeighbourState, Obstacle};

use crate::flap::Flap;
use crate::input::{Input, Pace, Step};
use crate::loss::LossTest;
use crate::moment::Moment;
use crate::params::Params;
use crate::rtt::Estimator;

/// The end of a blindness that lasts.
const ENDLESS: BootTime = BootTime(u64::MAX);

/// The state machine of one segment. At most 304 bytes; a test holds it to that.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The state shown and since when.
    shown: LinkState,
    since: BootTime,
    /// The state measured, whatever is shown over it.
    measured: LinkState,
    /// Between these two moments the measured state began.
    interval: (BootTime, BootTime),
    /// What the probes and the carrier say, hub's blindness and quality aside.
    link: Link,
    maintenance: bool,
    carrier_lost: bool,
    /// A trunk has been dark since then.
    dark: Moment,
    /// Losses of probes under way between these two moments are ours, not the segment's.
    blind: (BootTime, BootTime),
    /// When the newest answered probe left.
    last_good: Moment,
    /// When the newest lost probe left.
    last_lost: Moment,
    suspicion: Suspicion,
    burst: (BootTime, BootTime),
    /// Burst probes sent up to this one are no fair sample of loss.
    cleared: BootTime,
    recovery: Recovery,
    rtt: Estimator,
    loss: LossTest,
    flap: Flap,
    /// Most segments never have any.
    hints: Option<Box<Hints>>,
}

/// What is no proof of anything but worth telling.
#[derive(Clone, Debug, Default)]
struct Hints {
    icmp_error: Option<(BootTime, IpAddr, IcmpErrorKind)>,
    neighbour: Option<(BootTime, IpAddr, NeighbourState)>,
    obstacle: Option<Obstacle>,
}

/// What is known of the link itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Unknown,
    Alive,
    Down,
}

/// Probes newer than the newest good one are being lost.
#[derive(Clone, Copy, Debug, Default)]
struct Suspicion {
    /// When the first of them left; never when there is none.
    first: Moment,
    /// How many were lost, and how many of these never left.
    lost: u32,
    unsent: u32,
}

/// How far the way back to "up" is.
#[derive(Clone, Copy, Debug)]
struct Recovery {
    /// Only answers to probes sent from here on prove anything.
    proof_from: BootTime,
    /// The last four probe ends, set is answered.
    ends: u8,
    /// When the first answer came and how many microseconds it took.
    first: Moment,
    first_rtt: u32,
    /// When the newest probe lost before it had left.
    last_lost: BootTime,
}

/// What a handler did besides changing the machine.
#[derive(Default)]
struct Effect<'a> {
    pace: Option<Pace>,
    /// The interface whose carrier made the change.
    carrier: Option<&'a str>,
}

impl Machine {
    /// A machine that knows nothing yet: its state is unknown since `now`. Probe it at
    /// [`Pace::Regular`].
    pub fn new(now: BootTime) -> Self {
        Self {
            shown: LinkState::Unknown,
            since: now,
            measured: LinkState::Unknown,
            interval: (now, now),
            link: Link::Unknown,
            maintenance: false,
            carrier_lost: false,
            dark: Moment::NEVER,
            blind: (BootTime(0), BootTime(0)),
            last_good: Moment::NEVER,
            last_lost: Moment::NEVER,
            suspicion: Suspicion::default(),
            burst: (BootTime(0), BootTime(0)),
            cleared: now,
            recovery: Recovery::from(now),
            rtt: Estimator::default(),
            loss: LossTest::default(),
            flap: Flap::default(),
            hints: None,
        }
    }

    /// The machine of an earlier life of the process: it showed `state` since `since`, and was last
    /// fed at `seen`. Nothing is taken for changed until probes say so: what was up stays up, and a
    /// loss counts from `seen`. Probe it at [`Machine::pace`].
    pub fn restore(now: BootTime, state: LinkState, since: BootTime, seen: BootTime) -> Self {
        let (since, seen) = (since.min(now), seen.min(now));
        let mut machine = Self::new(now);
        (machine.shown, machine.since) = (state, since);
        machine.maintenance = state == LinkState::Maintenance;
        machine.recovery.last_lost = seen;
        machine.interval = (since, since);
        machine.link = match state {
            LinkState::Up | LinkState::Degraded => Link::Alive,
            LinkState::Down => Link::Down,
            LinkState::Maintenance | LinkState::Unknown => Link::Unknown,
        };
        if machine.link == Link::Alive {
            machine.last_good = Moment::at(seen);
        }
        if state == LinkState::Degraded {
            machine.loss = LossTest::already_bad();
        }
        machine.measured = machine.reckon();
        machine
    }

    /// Takes in what was seen at `now`. Inputs come in the order in which they became known, so
    /// `now` never falls.
    pub fn step(&mut self, params: &Params, now: BootTime, input: Input<'_>) -> Step {
        self.flap.pass(params, now);
        let effect = match input {
            Input::Answered { sent, rtt } => self.answered(params, now, sent, rtt),
            Input::Lost { sent } => self.lost(params, now, sent),
            Input::Unsent { at, obstacle } => self.unsent(params, now, at, obstacle),
            Input::Carrier { up, interface } => self.carrier(params, now, up, interface),
            Input::Neighbour { address, state } => self.neighbour(params, now, address, state),
            Input::IcmpError { sent, from, kind } => self.icmp_error(params, now, sent, from, kind),
            Input::Blind { from, reason } => self.blind(params, now, from, reason),
            Input::Sighted { reason } => self.sighted(params, now, reason),
            Input::Maintenance { on } => {
                self.maintenance = on;
                Effect::default()
            }
        };
        Step { transition: self.conclude(params, now, effect.carrier), pace: effect.pace }
    }

    /// How long the next probe is given.
    pub fn timeout(&self, params: &Params) -> Duration {
        self.rtt.timeout(params)
    }

    /// The pace that holds, bursts aside: [`Pace::Regular`] or [`Pace::Fast`].
    pub fn pace(&self) -> Pace {
        if self.link == Link::Down && !self.dark.is_ever() { Pace::Fast } else { Pace::Regular }
    }

    /// The state to show.
    pub fn state(&self) -> LinkState {
        self.shown
    }

    /// Since when the state shown holds: the moment at which it was decided.
    pub fn since(&self) -> BootTime {
        self.since
    }

    /// The smoothed round-trip time, once there was an answer.
    pub fn smoothed_rtt(&self) -> Option<Duration> {
        self.rtt.smoothed()
    }

    /// How many of the last probes were lost, and of how many (at most 128). Probes of bursts count
    /// only where they are a fair sample; none count while the segment is down.
    pub fn recent_loss(&self) -> (u32, u32) {
        self.loss.recent()
    }

    /// Asks for a burst.
    fn burst(&mut self, params: &Params, now: BootTime) -> Pace {
        let length = params.burst_spacing * u32::from(params.burst_count) + params.burst_spacing;
        self.burst = (now, now + length);
        Pace::Burst { count: params.burst_count, spacing: params.burst_spacing }
    }

    fn hints(&mut self) -> &mut Hints {
        self.hints.get_or_insert_default()
    }

    /// Whether nothing was ever heard of the segment.
    fn is_unheard(&self) -> bool {
        self.link == Link::Unknown && !self.last_good.is_ever()
    }

    fn is_burst(&self, sent: BootTime) -> bool {
        (self.burst.0..=self.burst.1).contains(&sent)
    }
}

impl Recovery {
    fn from(proof_from: BootTime) -> Self {
        Self { proof_from, ends: 0, first: Moment::NEVER, first_rtt: 0, last_lost: proof_from }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_machines_fit_in_three_megabytes() {
        assert!(size_of::<Machine>() <= 304, "{} bytes", size_of::<Machine>());
    }
}
