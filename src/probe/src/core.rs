//! The engine without its sockets: which probe is due, what an answer belongs to, what is lost.
//!
//! No I/O and no clock: every time comes in as an argument, in nanoseconds of boot time.

use std::net::IpAddr;
use std::time::Duration;

use ets_model::{BootTime, IcmpErrorKind, Method};

use crate::cookie::{NUMBERS, Secret};
use crate::packet::{self, EchoId, Family, Heard, Mark, PROBE_LEN, Proof};
use crate::ring::{Probe, Ring, State};
use crate::targets::{Target, Targets};
use crate::wheel::{SPAN, Wheel};
use crate::{Counters, Ended, EngineConfig, Unsent};

/// The wheel may fire this much late; no probe is given up before its timeout has fired.
const TIMEOUT_SLACK: u64 = 4_000_000;

/// A probe about to leave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Staged {
    pub(crate) number: u64,
    pub(crate) address: IpAddr,
    pub(crate) method: Method,
}

/// When something was received: its stamp, and when it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    pub(crate) stamp: BootTime,
    pub(crate) seen: BootTime,
}

/// The state of the engine.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) targets: Targets,
    pub(crate) counters: Counters,
    secret: Secret,
    ring: Ring,
    timeouts: Wheel,
    window: u64,
    /// Probes that wait for their answer or timeout.
    pending: usize,
    /// Probes below this number are not called lost: the hub itself was blind.
    void_below: u64,
}

impl Core {
    pub(crate) fn new(config: &EngineConfig, secret: Secret, now: u64) -> Self {
        Self {
            targets: Targets::new(now),
            counters: Counters::default(),
            secret,
            ring: Ring::new(NUMBERS),
            timeouts: Wheel::new(now),
            window: nanos(config.window).min(SPAN - TIMEOUT_SLACK),
            pending: 0,
            void_below: 0,
        }
    }

    /// The packet of a staged ICMP probe.
    pub(crate) fn packet(&self, staged: Staged) -> [u8; PROBE_LEN] {
        let mark = self.secret.mark(staged.number, staged.address);
        packet::write_probe(Family::of(staged.address), self.secret.echo(staged.number), mark)
    }

    /// Enters the next probe that is due; `None` when none is, or none can be entered.
    pub(crate) fn stage(&mut self, now: u64) -> Option<Staged> {
        if self.ring.is_full() && !self.make_room() {
            return None;
        }
        let slot = self.targets.pop_due(now)?;
        let target = self.targets.get(slot)?;
        let (address, method) = (target.address, target.method);
        let number = self.ring.push(slot, target.generation, now);
        Some(Staged { number, address, method })
    }

    /// A staged probe left between the two moments.
    pub(crate) fn left(&mut self, number: u64, earliest: u64, latest: u64) {
        let place = self.ring.place_of(number);
        let Some(probe) = self.ring.get_mut(number) else { return };
        probe.sent = latest;
        probe.slack = u32::try_from(latest.saturating_sub(earliest)).unwrap_or(u32::MAX);
        let timeout = timeout_of(&self.targets, probe, self.window);
        self.timeouts.insert(place, latest + timeout);
        self.pending += 1;
        self.counters.sent += 1;
    }

    /// A staged probe could not be sent.
    pub(crate) fn unsent(&mut self, number: u64, reason: Unsent, out: &mut Vec<Ended>) {
        let Some(probe) = self.ring.get_mut(number) else { return };
        probe.state = State::Unsent;
        self.counters.send_errors += 1;
        out.push(Ended::Unsent { slot: probe.slot, at: BootTime(probe.sent), reason });
    }

    /// A packet from the raw socket.
    pub(crate) fn hear(
        &mut self,
        family: Family,
        bytes: &[u8],
        source: IpAddr,
        received: Received,
        out: &mut Vec<Ended>,
    ) {
        match packet::parse(family, bytes) {
            Some(Heard::Reply { echo, mark }) if self.is_ours(echo, mark, source) => {
                self.answered(mark.number, received, out);
            }
            Some(Heard::Error { kind, origin, destination, echo, proof }) => {
                let kind = of_our_own(kind, source == origin);
                match self.number_quoted(echo, proof, destination) {
                    Some(number) => self.erred(number, source, kind, out),
                    None => self.counters.forged += 1,
                }
            }
            _ => self.counters.forged += 1,
        }
    }

    /// Whether a mark was made by us for a probe to this address.
    fn is_ours(&self, echo: EchoId, mark: Mark, address: IpAddr) -> bool {
        mark.number < self.ring.head()
            && self.secret.place(echo) == Some(mark.number % NUMBERS)
            && self.secret.mark(mark.number, address) == mark
    }

    fn number_quoted(&self, echo: EchoId, proof: Proof, destination: IpAddr) -> Option<u64> {
        match proof {
            Proof::Mark(mark) => self.is_ours(echo, mark, destination).then_some(mark.number),
            Proof::Checksum(sum) => {
                let number = self.ring.number_of(self.secret.place(echo)?)?;
                let mark = self.secret.mark(number, destination);
                (packet::probe_checksum(echo, mark) == sum).then_some(number)
            }
        }
    }

    /// An authentic answer to probe `number`.
    pub(crate) fn answered(&mut self, number: u64, received: Received, out: &mut Vec<Ended>) {
        let place = self.ring.place_of(number);
        let Some(probe) = self.ring.get_mut(number) else {
            self.counters.late += 1;
            return;
        };
        if self.targets.of_generation(probe.slot, probe.generation).is_none() {
            self.counters.late += 1;
            return;
        }
        match probe.state {
            State::Answered | State::Unsent => {
                self.counters.duplicate += 1;
                return;
            }
            State::Pending => {
                self.pending -= 1;
                self.timeouts.remove(place);
            }
            State::Overdue => {}
        }
        probe.state = State::Answered;
        self.counters.answered += 1;
        let rtt = round_trip(probe, received);
        out.push(Ended::Answered { slot: probe.slot, sent: BootTime(probe.sent), rtt });
    }

    /// An ICMP error for probe `number`.
    pub(crate) fn erred(
        &mut self,
        number: u64,
        from: IpAddr,
        kind: IcmpErrorKind,
        out: &mut Vec<Ended>,
    ) {
        let Some(probe) = self.ring.get_mut(number) else {
            self.counters.late += 1;
            return;
        };
        let known = self.targets.of_generation(probe.slot, probe.generation).is_some();
        let waiting = matches!(probe.state, State::Pending | State::Overdue);
        if !known || !waiting || std::mem::replace(&mut probe.error_seen, true) {
            self.counters.duplicate += 1;
            return;
        }
        out.push(Ended::Error { slot: probe.slot, sent: BootTime(probe.sent), from, kind });
    }

    /// The hub itself was blind: no probe that is under way now will be called lost.
    pub(crate) fn void_under_way(&mut self) {
        self.void_below = self.ring.head();
    }

    /// Times out what waited long enough at `horizon`: everything stamped before it has been read.
    pub(crate) fn expire(&mut self, horizon: u64, out: &mut Vec<Ended>) {
        while let Some(place) = self.timeouts.pop(horizon) {
            let probe = self.ring.at_place(place);
            if probe.state != State::Pending {
                continue;
            }
            let deadline = probe.sent + timeout_of(&self.targets, probe, self.window);
            if deadline > horizon {
                // Its timeout was raised, or the wheel did not reach that far.
                self.timeouts.insert(place, deadline);
                continue;
            }
            probe.state = State::Overdue;
            self.pending -= 1;
            if self.targets.of_generation(probe.slot, probe.generation).is_none() {
                continue;
            }
            let (slot, sent) = (probe.slot, BootTime(probe.sent));
            if probe.number < self.void_below {
                self.counters.void += 1;
                out.push(Ended::Void { slot, sent });
            } else {
                self.counters.lost += 1;
                out.push(Ended::Lost { slot, sent });
            }
        }
        self.ring.give_up(horizon.saturating_sub(self.window + TIMEOUT_SLACK));
    }

    /// When something is due: a probe or a timeout.
    pub(crate) fn next_due(&self) -> Option<u64> {
        [self.targets.next_due(), self.timeouts.next()].into_iter().flatten().min()
    }

    /// Whether answers are waited for.
    pub(crate) fn is_waiting(&self) -> bool {
        self.pending > 0
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.targets.bytes() + self.ring.bytes() + self.timeouts.bytes()
    }

    /// Doubles the ring; places change, so the timeouts are entered anew.
    fn make_room(&mut self) -> bool {
        if !self.ring.grow() {
            return false;
        }
        tracing::debug!(places = self.ring.size(), "more probes under way, the table was doubled");
        let cursor = self.timeouts.next().unwrap_or_else(|| self.timeouts.now());
        self.timeouts = Wheel::new(cursor);
        for probe in self.ring.iter().filter(|probe| probe.state == State::Pending) {
            let timeout = timeout_of(&self.targets, probe, self.window);
            self.timeouts.insert(self.ring.place_of(probe.number), probe.sent + timeout);
        }
        true
    }
}

fn timeout_of(targets: &Targets, probe: &Probe, window: u64) -> u64 {
    let timeout = targets.get(probe.slot).map_or(window, Target::timeout);
    timeout.min(window)
}

/// The round-trip time. When it is not known to the last when the probe left, the shortest one
/// that is possible; bounded by the time that has passed at all.
fn round_trip(probe: &Probe, received: Received) -> Duration {
    let earliest = probe.sent - u64::from(probe.slack);
    let rtt = match received.stamp.0.checked_sub(probe.sent) {
        Some(rtt) => rtt,
        None => received.stamp.0.saturating_sub(earliest),
    };
    // The moment of sending is known to a few microseconds only; no answer takes no time at all.
    Duration::from_nanos(rtt.min(received.seen.0.saturating_sub(earliest)).max(1))
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// An error that the hub sent to itself: its own neighbour table gave up.
fn of_our_own(kind: IcmpErrorKind, own: bool) -> IcmpErrorKind {
    match kind {
        IcmpErrorKind::HostUnreachable if own => IcmpErrorKind::NeighbourSilent,
        other => other,
    }
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;
