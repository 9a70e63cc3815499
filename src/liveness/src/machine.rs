//! The state machine of one segment.

use std::time::Duration;

use ets_model::{BootTime, LinkState};

use crate::{Input, Params, Step};

/// The state machine of one segment. At most 300 bytes.
#[derive(Clone, Debug)]
pub struct Machine {
    state: LinkState,
    since: BootTime,
}

impl Machine {
    /// A machine that knows nothing yet: its state is unknown since `now`.
    pub fn new(now: BootTime) -> Self {
        Self { state: LinkState::Unknown, since: now }
    }

    /// Takes in what was seen at `now`. Inputs come in the order in which they became known.
    pub fn step(&mut self, _params: &Params, _now: BootTime, _input: Input<'_>) -> Step {
        Step::default()
    }

    /// How long the next probe is given.
    pub fn timeout(&self, params: &Params) -> Duration {
        params.timeout_initial
    }

    /// The state to show.
    pub fn state(&self) -> LinkState {
        self.state
    }

    /// Since when the state shown holds.
    pub fn since(&self) -> BootTime {
        self.since
    }

    /// The smoothed round-trip time, once there was an answer.
    pub fn smoothed_rtt(&self) -> Option<Duration> {
        None
    }

    /// How many of the last probes were lost, and of how many (at most 128).
    pub fn recent_loss(&self) -> (u32, u32) {
        (0, 0)
    }
}
