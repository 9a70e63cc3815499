//! How much is kept.

use std::time::Duration;

/// How much is kept, and where recording stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Bytes for the seconds in memory. One second of one segment takes 4 bytes, so 10,000
    /// segments keep an hour in 144 MB; with more segments the window becomes shorter.
    pub seconds_budget: u64,
    /// The longest window of seconds.
    pub seconds_kept: Duration,
    /// How long minutes are kept.
    pub minutes_kept: Duration,
    /// How long hours are kept.
    pub hours_kept: Duration,
    /// Recording stops while the disk has less than so many free bytes: what is left belongs to
    /// `state.db`.
    pub min_free: u64,
    /// How many minutes wait in memory while nothing can be written; older ones are dropped.
    pub waiting_minutes: usize,
}

impl Default for Config {
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        Self {
            seconds_budget: 160_000_000,
            seconds_kept: Duration::from_secs(3_600),
            minutes_kept: day * 90,
            hours_kept: day * (5 * 365 + 1),
            min_free: 256 << 20,
            waiting_minutes: 60,
        }
    }
}
