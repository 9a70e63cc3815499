//! The targets and when each is due.
//!
//! A target has its phase within its interval, spread by the golden ratio over the slots, so that
//! probes leave evenly whatever the number of targets. A few slots in a row, which mostly lie behind
//! the same link, share a phase. It is tied to the clock: a round that comes late neither shifts it
//! nor is made up for.

use std::net::IpAddr;
use std::time::Duration;

use ets_model::Method;

use crate::ProbeTarget;
use crate::wheel::{SPAN, Wheel};

const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(4_000);
/// Slots in a row that are due together: the kernel looks up routes and rules of neighbours at a
/// fifth less CPU than in scattered order, and under a kilobyte at once troubles no channel.
const NEIGHBOURS: u32 = 8;

/// One target. Durations in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) address: IpAddr,
    pub(crate) method: Method,
    pub(crate) active: bool,
    pub(crate) generation: u16,
    timeout_us: u32,
    interval_us: u32,
    burst_spacing_us: u32,
    burst_left: u8,
    due: u64,
}

/// All targets, by slot.
#[derive(Debug)]
pub(crate) struct Targets {
    slots: Vec<Option<Target>>,
    wheel: Wheel,
    active: usize,
}

impl Targets {
    pub(crate) fn new(now: u64) -> Self {
        Self { slots: Vec::new(), wheel: Wheel::new(now), active: 0 }
    }

    /// The target at `slot`, if there is one.
    pub(crate) fn get(&self, slot: u32) -> Option<&Target> {
        self.slots.get(slot as usize)?.as_ref().filter(|target| target.active)
    }

    /// The target at `slot` if it is still the one of that generation.
    pub(crate) fn of_generation(&self, slot: u32, generation: u16) -> Option<&Target> {
        self.get(slot).filter(|target| target.generation == generation)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.active
    }

    /// Adds or changes a target.
    pub(crate) fn set(&mut self, target: ProbeTarget, timeout: Duration, now: u64) {
        let index = target.slot as usize;
        if index >= self.slots.len() {
            self.slots.resize(index + 1, None);
        }
        let old = self.slots[index];
        if let Some(old) = old.filter(|old| old.is_same(&target)) {
            if old.interval_us != micros(target.interval) {
                self.set_interval(target.slot, target.interval, now);
            }
            return;
        }
        self.active += usize::from(!old.is_some_and(|old| old.active));
        let interval_us = micros(target.interval);
        let due = next_on_grid(target.slot, interval_us, now);
        self.slots[index] = Some(Target {
            address: target.address,
            method: target.method,
            active: true,
            generation: old.map_or(0, |old| old.generation.wrapping_add(1)),
            timeout_us: micros(timeout),
            interval_us,
            burst_spacing_us: 0,
            burst_left: 0,
            due,
        });
        self.wheel.insert(target.slot, due);
    }

    /// Forgets a target.
    pub(crate) fn remove(&mut self, slot: u32) {
        if let Some(Some(target)) = self.slots.get_mut(slot as usize)
            && target.active
        {
            target.active = false;
            target.generation = target.generation.wrapping_add(1);
            self.active -= 1;
            self.wheel.remove(slot);
        }
    }

    pub(crate) fn set_timeout(&mut self, slot: u32, timeout: Duration) {
        if let Some(target) = self.get_mut(slot) {
            target.timeout_us = micros(timeout);
        }
    }

    /// Changes the interval; a burst under way ends first.
    pub(crate) fn set_interval(&mut self, slot: u32, interval: Duration, now: u64) {
        let Some(target) = self.get_mut(slot) else { return };
        let interval_us = micros(interval);
        if target.interval_us == interval_us {
            return;
        }
        target.interval_us = interval_us;
        if target.burst_left == 0 {
            let due = next_on_grid(slot, interval_us, now);
            target.due = due;
            self.wheel.insert(slot, due);
        }
    }

    /// Starts a burst; the first probe is due at `now`.
    pub(crate) fn burst(&mut self, slot: u32, count: u8, spacing: Duration, now: u64) {
        let Some(target) = self.get_mut(slot) else { return };
        if count == 0 {
            return;
        }
        (target.burst_left, target.burst_spacing_us, target.due) = (count, micros(spacing), now);
        self.wheel.insert(slot, now);
    }

    /// A target whose probe is due at `now`; its next one is scheduled.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<u32> {
        loop {
            let slot = self.wheel.pop(now)?;
            let Some(target) = self.get_mut(slot) else { continue };
            if target.due > now {
                // Further ahead than the wheel reaches.
                let due = target.due;
                self.wheel.insert(slot, due);
                continue;
            }
            target.burst_left = target.burst_left.saturating_sub(1);
            target.due = if target.burst_left > 0 {
                // From when it was due, so that rounds do not stretch the burst.
                let spacing = u64::from(target.burst_spacing_us) * 1_000;
                target.due.max(now.saturating_sub(spacing)) + spacing
            } else {
                next_on_grid(slot, target.interval_us, now)
            };
            let due = target.due;
            self.wheel.insert(slot, due);
            return Some(slot);
        }
    }

    /// When the next target is due.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.wheel.next()
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Option<Target>>() + self.wheel.bytes()
    }

    fn get_mut(&mut self, slot: u32) -> Option<&mut Target> {
        self.slots.get_mut(slot as usize)?.as_mut().filter(|target| target.active)
    }
}

impl Target {
    /// How long a probe is waited for, in nanoseconds.
    pub(crate) fn timeout(&self) -> u64 {
        u64::from(self.timeout_us) * 1_000
    }

    fn is_same(&self, target: &ProbeTarget) -> bool {
        self.active && self.address == target.address && self.method == target.method
    }
}

/// The first moment after `now` that lies on the grid of the slot and its neighbours, a step of
/// which is `interval_us`.
fn next_on_grid(slot: u32, interval_us: u32, now: u64) -> u64 {
    const GOLDEN_RATIO: u32 = 0x9e37_79b9;
    let interval = u64::from(interval_us) * 1_000;
    let fraction = u64::from((slot / NEIGHBOURS).wrapping_mul(GOLDEN_RATIO));
    let phase = (u128::from(interval) * u128::from(fraction)) >> 32;
    let phase = u64::try_from(phase).expect("less than the interval");
    match now.checked_sub(phase) {
        Some(past) => phase + (past / interval + 1) * interval,
        None => phase,
    }
}

fn micros(duration: Duration) -> u32 {
    let duration = duration.clamp(SHORTEST, LONGEST);
    u32::try_from(duration.as_micros()).expect("clamped to what fits")
}

const _: () = assert!(SPAN > 2_000_000_000, "a second's targets and the window fit the wheel");

#[cfg(test)]
#[path = "targets_tests.rs"]
mod tests;
