//! The numbers that the product promises by. They are part of the product, not of its configuration.

use std::time::Duration;

use ets_model::Criticality;

/// How a machine decides. [`Params::default`] is what the product ships.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// Interval of a normal segment: 1 s.
    pub normal_interval: Duration,
    /// Interval of a critical segment: 200 ms.
    pub critical_interval: Duration,
    /// Interval while a segment is down: 100 ms.
    pub fast_interval: Duration,
    /// Probes that confirm a first loss: 10.
    pub burst_count: u8,
    /// This many losses in a row, newer than the newest answered probe, are "down": 10. The first
    /// loss and nine of the burst, so that one probe that could not be sent does no harm.
    pub down_losses: u8,
    /// Time between them: 20 ms.
    pub burst_spacing: Duration,
    /// A probe is given at least this long: 100 ms.
    pub timeout_floor: Duration,
    /// A probe is given at most this long: 2 s, the time for which the engine remembers it.
    pub timeout_cap: Duration,
    /// A probe is given this long before any answer was measured: 1 s (RFC 6298, section 2.1).
    pub timeout_initial: Duration,
    /// A segment that has never answered is unknown, not down, until its probes have gone unanswered
    /// for so long: 5 min. Whoever adds a segment before its link works is not calling for help.
    pub first_patience: Duration,
    /// Answers that end "down", among the last four probe ends: 2.
    pub recovery_answers: u8,
    /// Loss that is still good: 2 % of the probes, 1 % each way.
    pub loss_good: f64,
    /// Loss that is certainly bad: 10 % of the probes.
    pub loss_bad: f64,
    /// Weight of evidence, in nats, that makes a segment degraded: 16. A segment that loses exactly
    /// `loss_good` is called degraded wrongly once in some hundred million probes.
    pub loss_enter: f64,
    /// Weight of evidence, in nats, that makes it good again: 8, some 94 probes without loss.
    pub loss_leave: f64,
    /// This many downs within `flap_window` are flapping: 3.
    pub flap_downs: u8,
    /// See `flap_downs`: 5 min. Flapping ends after the same time without a down.
    pub flap_window: Duration,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            normal_interval: Duration::from_secs(1),
            critical_interval: Duration::from_millis(200),
            fast_interval: Duration::from_millis(100),
            burst_count: 10,
            down_losses: 10,
            burst_spacing: Duration::from_millis(20),
            timeout_floor: Duration::from_millis(100),
            timeout_cap: Duration::from_secs(2),
            timeout_initial: Duration::from_secs(1),
            first_patience: Duration::from_secs(300),
            recovery_answers: 2,
            loss_good: 0.02,
            loss_bad: 0.10,
            loss_enter: 16.0,
            loss_leave: 8.0,
            flap_downs: 3,
            flap_window: Duration::from_secs(300),
        }
    }
}

impl Params {
    /// The interval of [`Pace::Regular`](crate::Pace::Regular).
    pub fn interval(&self, criticality: Criticality) -> Duration {
        match criticality {
            Criticality::Normal => self.normal_interval,
            Criticality::Critical => self.critical_interval,
        }
    }
}
