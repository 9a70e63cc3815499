//! The engine: sockets around the core, one [`turn`](Engine::turn) at a time.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use ets_model::BootTime;

use crate::{Counters, Ended, EngineConfig, Error, ProbeTarget};

/// Probes many targets from one plain thread. Whoever owns it calls [`turn`](Self::turn) and then
/// sleeps until [`next_due`](Self::next_due).
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
}

impl Engine {
    /// Opens the sockets. Needs CAP_NET_RAW.
    ///
    /// # Errors
    /// When a socket is refused.
    pub fn open(config: EngineConfig) -> Result<Self, Error> {
        Ok(Self { config })
    }

    /// Adds a target or changes it. An unchanged one keeps its probes under way and its timeout; a
    /// new address or method forgets them.
    pub fn set_target(&mut self, target: ProbeTarget) {
        let _ = target;
    }

    /// Forgets a target and its probes under way.
    pub fn remove(&mut self, slot: u32) {
        let _ = slot;
    }

    /// Sends `count` probes `spacing` apart, the first one at once; then back to the interval.
    pub fn burst(&mut self, slot: u32, count: u8, spacing: Duration) {
        let _ = (slot, count, spacing);
    }

    /// Changes the time between two probes of a target.
    pub fn set_interval(&mut self, slot: u32, interval: Duration) {
        let _ = (slot, interval);
    }

    /// Changes how long a probe of a target is waited for, up to the window.
    pub fn set_timeout(&mut self, slot: u32, timeout: Duration) {
        let _ = (slot, timeout);
    }

    /// One round: reads all answers, times out, sends what is due. Ends are appended to `out`.
    /// `now` is the clock's boot time, read just before the call.
    pub fn turn(&mut self, now: BootTime, out: &mut Vec<Ended>) {
        let _ = (now, out);
    }

    /// When the next [`turn`](Self::turn) is due. Later calls are stalls.
    pub fn next_due(&self) -> BootTime {
        self.config.clock.boot() + self.config.tick
    }

    /// Descriptors that, when readable, are worth an early turn: TCP probes. The raw sockets are
    /// not among them: the kernel stamps their packets.
    pub fn fds(&self) -> Vec<BorrowedFd<'_>> {
        Vec::new()
    }

    /// The counters.
    pub fn counters(&self) -> Counters {
        Counters::default()
    }
}
